/*
 * webhook_http - posts webhooks by libcurl on the event loop. Only user of curl.h here.
 *
 * Nothing waits: sockets and timers are the loop's, names are resolved in curl's threads. No
 * redirects, no proxy, no cookies, http and https only; certificates are verified.
 *
 * Owns:    transfers and their watchers. The loop is borrowed.
 * Threads: the event-loop thread only.
 * Limits:  LIMIT_WEBHOOK_CONNECT_MS, LIMIT_WEBHOOK_TOTAL_MS a try, LIMIT_WEBHOOK_ANSWER_BYTES.
 */
#ifndef WEBHOOK_HTTP_H
#define WEBHOOK_HTTP_H

#include "webhooks.h"

struct ev_loop;

struct webhook_http;

/* ERR_IO: libcurl does not start; logged. */
enum err webhook_http_new(
    struct metrics *m, struct ev_loop *loop, struct webhook_http **out) MUST_CHECK;
struct webhooks *webhook_http_hooks(struct webhook_http *h);
void webhook_http_free(struct webhook_http *h); /* may be NULL */

#endif
