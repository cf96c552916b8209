/*
 * cgi - one request by the environment, stdin and stdout (RFC 3875), for hosts without FastCGI.
 *
 * The AI never runs here: the request is answered from the database, and a detached worker is
 * started if none runs.
 */
#ifndef CGI_H
#define CGI_H

#include "app.h"

int cgi_run(struct app *a); /* the exit status */

#endif
