/*
 * app_counts - what is counted of one app: for /metrics, the statistics and the dashboard.
 *
 * Counting is one addition an event or a fan-out, never one a delivery.
 *
 * Threads: the event-loop thread only.
 */
#ifndef APP_COUNTS_H
#define APP_COUNTS_H

#include <stddef.h>
#include <stdint.h>

#define DELIVERY_BUCKETS 13

extern const int64_t delivery_bounds_ns[DELIVERY_BUCKETS]; /* upper bounds, rising */

/* What only ever grows. */
struct app_totals {
	uint64_t opened, closed;           /* connections */
	uint64_t received, received_bytes; /* WebSocket messages from clients */
	uint64_t sent, sent_bytes;         /* and to them: one a message and subscriber */
	uint64_t events_http, events_datagram, events_client; /* published, one a channel */
	uint64_t api_requests; /* signed HTTP requests that were let in */
	uint64_t slow;         /* connections closed because they did not read */
};

struct app_counts {
	struct app_totals now;
	struct app_totals saved;          /* as of the last row of the statistics */
	uint64_t peak;                    /* most connections since then */
	uint64_t peak_ever;               /* since the start */
	uint64_t channels, subscriptions; /* now; user channels not counted */
	/* from an event's reaching its channel to its being handed to all sockets */
	uint64_t delivery[DELIVERY_BUCKETS + 1]; /* the last: longer than every bound */
	uint64_t delivery_ns;                    /* all together */
};

int64_t app_counts_clock_ns(void); /* monotonic */
void app_counts_delivered(struct app_counts *c, int64_t took_ns);

#endif
