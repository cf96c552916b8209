/*
 * fcgi_server - FastCGI requests on one listening socket, served by a fixed pool of threads.
 *
 * Each thread has its own FCGX_Request and its own reading store; no accept mutex. The listening
 * socket is non-blocking and waited for together with an eventfd, so that stopping loses no request
 * in flight (never shutdown() on it: siblings share it). Only user of fcgiapp.h.
 *
 * Owns:    its threads and their stores; the listening fd is the caller's.
 * Errors:  ERR_IO at the start, logged.
 */
#ifndef FCGI_SERVER_H
#define FCGI_SERVER_H

#include "app.h"

struct fcgi_server;

/* base: config and writer are shared by all threads. */
enum err fcgi_server_start(
    struct fcgi_server **out, int listen_fd, const struct app *base) MUST_CHECK;
void fcgi_server_stop(struct fcgi_server *s); /* ends after the requests that run */

/* A Unix socket of our own, mode 0660; a stale one is replaced, a live one refused. */
enum err fcgi_listen(const char *path, int *out_fd) MUST_CHECK;

/* True if fd 0 is a listening socket, i.e. a web server or supervisor started us. */
bool fcgi_is_spawned(void);

#endif
