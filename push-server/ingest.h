/*
 * ingest - the bytes of a datagram become events in the hub. Pure but for the log: a line
 * for each event that carries a request id.
 *
 * Lines that are not ours, or name an app that is not there, are counted and dropped; the rest of
 * the datagram is used. Local publishes are exempt from an app's event_bytes.
 */
#ifndef INGEST_H
#define INGEST_H

#include "apps.h"
#include "hub.h"
#include "metrics.h"

struct ingest {
	struct hub *hub;
	const struct apps *apps;
	struct metrics *metrics;
};

void ingest_datagram(const struct ingest *in, const char *p, size_t n);

#endif
