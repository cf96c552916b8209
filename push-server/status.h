/*
 * status - how an app and the server are doing now, as JSON for the dashboard. Pure but for
 * getrusage and /proc/self/statm. No secret is in it.
 *
 * Owns:    nothing; what is returned is the caller's.
 * Threads: the event-loop thread only. Units: bytes, milliseconds.
 */
#ifndef STATUS_H
#define STATUS_H

#include <jansson.h>

#include "apps.h"
#include "metrics.h"

struct webhooks;

struct status_server { /* borrowed */
	const struct metrics *metrics;
	const struct webhooks *webhooks; /* NULL: none yet */
	int64_t started_ms;              /* wall clock */
};

/* {"connections","peak","channels","subscriptions","totals":{...},"delivery":[...]} */
json_t *status_app(const struct app *app);

/* {"memory","cpu_ms","refused","closed","webhooks":{"waiting","taken","retried","dropped"}} */
json_t *status_server(const struct status_server *s);

/* Upper bounds of "delivery" in milliseconds; the last of its numbers is beyond all of them. */
json_t *status_delivery_bounds(void);

#endif
