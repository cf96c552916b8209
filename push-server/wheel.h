/*
 * wheel - the deadlines of all connections, on one timer of the loop.
 *
 * A hashed wheel: setting and clearing cost O(1); a deadline farther away than one turn is looked
 * at once a turn. Deadlines are met at most WHEEL_TICK_MS late.
 *
 * Owns:    nothing; nodes live inside what they time and must be cleared before it goes.
 * Threads: the event-loop thread only. Times: monotonic milliseconds, given by the caller.
 * Source:  Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (1987), scheme 6.
 */
#ifndef WHEEL_H
#define WHEEL_H

#include <stdint.h>

#define WHEEL_TICK_MS 500
#define WHEEL_SLOTS 512

struct wheel_node { /* all zero: not set */
	struct wheel_node *prev, *next;
	int64_t at_ms;
};

struct wheel {
	struct wheel_node slots[WHEEL_SLOTS]; /* heads of circular lists */
	int64_t tick;                         /* the first one not yet looked at */
};

void wheel_init(struct wheel *w, int64_t now_ms);
void wheel_set(struct wheel *w, struct wheel_node *n, int64_t at_ms); /* set already: moved */
void wheel_clear(struct wheel_node *n);                               /* not set: nothing */

/* Removes and returns one node whose time has come, or NULL: call until NULL. */
struct wheel_node *wheel_expired(struct wheel *w, int64_t now_ms);

#endif
