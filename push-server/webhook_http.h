/*
 * webhook_http - posts webhooks by libcurl on the event loop. Only webhook_*.c use curl.h.
 *
 * Nothing waits: sockets and timers are the loop's, names are resolved in curl's threads. No
 * redirects, no proxy, no cookies, http and https only; certificates are verified. libcurl and the
 * thirty libraries behind it (6 MB) are loaded when the first app with a webhook is configured, and
 * never for a server without.
 *
 * Owns:    transfers and their watchers. The loop is borrowed.
 * Threads: the event-loop thread only.
 * Errors:  ERR_IO: libcurl cannot be loaded or does not start; logged.
 * Limits:  LIMIT_WEBHOOK_CONNECT_MS, LIMIT_WEBHOOK_TOTAL_MS a try, LIMIT_WEBHOOK_ANSWER_BYTES.
 */
#ifndef WEBHOOK_HTTP_H
#define WEBHOOK_HTTP_H

#include "webhooks.h"

struct ev_loop;
struct webhook_http;

struct webhook_http *webhook_http_new(struct metrics *m, struct ev_loop *loop);
void webhook_http_free(struct webhook_http *h); /* may be NULL */

struct hub_observer webhook_http_observer(struct webhook_http *h);

const struct webhooks *webhook_http_queue(const struct webhook_http *h);

/* Takes the receivers of all apps. Not OK: it has those that it had. */
enum err webhook_http_configure(struct webhook_http *h, const struct apps *apps) MUST_CHECK;

#endif
