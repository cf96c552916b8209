/*
 * outbox - the frames that wait for one peer.
 *
 * Owns:    one reference to each frame in it. All zero is an empty outbox.
 * Threads: the event-loop thread only.
 * Limits:  LIMIT_OUTBOX_BYTES of text and LIMIT_OUTBOX_FRAMES messages; a frame that would pass
 *          either is refused with ERR_LIMIT, unless the outbox is empty.
 */
#ifndef OUTBOX_H
#define OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"

struct outbox {
	struct frame **ring; /* cap of them, a power of two; NULL while nothing ever waited */
	uint32_t head, count, cap;
	uint32_t messages;
	size_t bytes;
};

enum err outbox_push(struct outbox *o, struct frame *f) MUST_CHECK; /* takes its own reference */
struct frame *outbox_peek(const struct outbox *o);                  /* borrowed, or NULL */
struct frame *outbox_pop(struct outbox *o);                         /* the caller's, or NULL */
void outbox_clear(struct outbox *o);                                /* and frees the ring */

static inline bool
outbox_is_empty(const struct outbox *o)
{
	return o->count == 0;
}

#endif
