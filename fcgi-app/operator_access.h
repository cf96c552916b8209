/*
 * operator_access - who may see what is for operators: the rule of the push server's dashboard, for
 * the routes of fcgi-app (design 8).
 *
 * With DASHBOARD_PASSWORD: who has it, by the dashboard's cookie or in Authorization. Without: the
 * person at this machine, in local mode, whom no proxy speaks for. Wrong passwords are counted by
 * address, over all processes: beyond OPERATOR_FAILURES a minute even a right one has to wait.
 *
 * Threads: one request, one thread.
 */
#ifndef OPERATOR_ACCESS_H
#define OPERATOR_ACCESS_H

#include "app.h"

#define OPERATOR_FAILURES 5

/* False: refused, and answered. The caller of q is as far as identity_place fills it. */
bool operator_pass(struct app *a, const struct http_request *q, struct http_response *r) MUST_CHECK;

#endif
