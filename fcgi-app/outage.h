/*
 * outage - when the clients of a push server that was away are back.
 *
 * A page heals by history, but a client that was written for the old system has nothing but its
 * MessageSent: an event that is handed to a push server without subscribers is lost for it. Laravel
 * Echo's pusher-js tries at once, or a second after its socket broke, and then 15, 45, 105 s later
 * and each further minute (its sequential strategy waits 15 s for an answer, doubled up to 60). So
 * the end of a reply that was asked for before the push server came back waits for the next of
 * these moments.
 *
 * Pure; a struct outage is a plain value, all zero at first. Times: monotonic milliseconds, except
 * wall_ms and asked_ms.
 */
#ifndef OUTAGE_H
#define OUTAGE_H

#include <stdbool.h>
#include <stdint.h>

struct outage {
	bool is_on;
	int64_t began_ms;
	int64_t until_ms;     /* clients are back by then; 0: there was no outage */
	int64_t over_wall_ms; /* when the push server came back */
};

void outage_begins(struct outage *o, int64_t now_ms); /* nothing if it has begun */
void outage_ends(struct outage *o, int64_t now_ms, int64_t wall_ms);

/* The end of a reply that was asked for at asked_ms waits: for outage_until_ms, or while it lasts.
 */
bool outage_holds(const struct outage *o, int64_t asked_ms, int64_t now_ms);

#endif
