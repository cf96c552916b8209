/*
 * metrics - what the push server counts: one counter for every limit and refusal.
 *
 * Threads: the event-loop thread only. Source: Prometheus text exposition format 0.0.4.
 */
#ifndef METRICS_H
#define METRICS_H

#include <stdint.h>

#include "buf.h"

enum metric {
	METRIC_CONNECTIONS_OPENED,
	METRIC_CONNECTIONS_CLOSED,
	METRIC_MESSAGES_RECEIVED,
	METRIC_MESSAGES_SENT, /* deliveries: one a message and subscriber */
	METRIC_EVENTS_HTTP,
	METRIC_EVENTS_DATAGRAM,
	METRIC_EVENTS_CLIENT,
	METRIC_DATAGRAMS,
	METRIC_HTTP_REQUESTS,
	METRIC_EVICTED,
	METRIC_TERMINATED,
	METRIC_CACHE_DROPPED,
	/* connections refused or ended by us */
	METRIC_REFUSED_KEY,
	METRIC_REFUSED_PROTOCOL,
	METRIC_REFUSED_ORIGIN,
	METRIC_REFUSED_CAPACITY,
	METRIC_REFUSED_DISABLED,
	METRIC_REFUSED_UPGRADE,
	METRIC_CLOSED_SLOW,
	METRIC_CLOSED_SILENT,
	METRIC_CLOSED_DRAIN,
	METRIC_CLOSED_TOO_LONG,
	METRIC_CLOSED_FRAGMENTS,
	METRIC_CLOSED_UNAUTHORISED,
	METRIC_CLOSED_SIGNIN,
	/* frames refused in-band */
	METRIC_BAD_MESSAGE,
	METRIC_SUBSCRIBE_BAD_NAME,
	METRIC_SUBSCRIBE_BAD_AUTH,
	METRIC_SUBSCRIBE_TOO_MANY,
	METRIC_SUBSCRIBE_BAD_MEMBER,
	METRIC_SUBSCRIBE_FULL,
	METRIC_CLIENT_EVENT_REFUSED,
	METRIC_CLIENT_EVENT_RATE,
	METRIC_WATCHLIST_CUT,
	/* datagrams */
	METRIC_DATAGRAM_BAD_LINE,
	METRIC_DATAGRAM_TOO_LONG,
	METRIC_DATAGRAM_UNKNOWN_APP,
	METRIC_DATAGRAM_REFUSED_UID,
	/* HTTP API */
	METRIC_HTTP_BAD_SIGNATURE,
	METRIC_HTTP_BAD_REQUEST,
	METRIC_HTTP_FORBIDDEN,
	METRIC_HTTP_NOT_FOUND,
	METRIC_HTTP_TOO_LARGE,
	METRIC_HTTP_TIMEOUT,
	METRIC_HTTP_RATE,
	METRIC_HTTP_BUSY,
	METRIC_COUNT,
};

struct metrics {
	uint64_t count[METRIC_COUNT];
};

/* What is measured at the moment of the question. */
struct metrics_now {
	uint64_t connections, channels, subscriptions;
};

static inline void
metric_add(struct metrics *m, enum metric which, uint64_t n)
{
	m->count[which] += n;
}

enum err metrics_write(
    struct buf *b, const struct metrics *m, const struct metrics_now *now) MUST_CHECK;

#endif
