#include "outbox.h"

#include "limit.h"

#define OUTBOX_FIRST_CAP 4

static void
grow(struct outbox *o)
{
	uint32_t cap = o->cap > 0 ? o->cap * 2 : OUTBOX_FIRST_CAP;
	struct frame **ring = xcalloc(cap, sizeof(struct frame *));

	for (uint32_t i = 0; i < o->count; i++)
		ring[i] = o->ring[(o->head + i) & (o->cap - 1)];
	free(o->ring);
	o->ring = ring;
	o->cap = cap;
	o->head = 0;
}

static bool
has_room(const struct outbox *o, const struct frame *f)
{
	return o->count == 0 || (o->bytes + frame_len(f) <= LIMIT_OUTBOX_BYTES &&
				    o->messages + frame_messages(f) <= LIMIT_OUTBOX_FRAMES);
}

enum err
outbox_push(struct outbox *o, struct frame *f)
{
	if (!has_room(o, f))
		return ERR_LIMIT;
	if (o->count == o->cap)
		grow(o);
	o->ring[(o->head + o->count++) & (o->cap - 1)] = frame_ref(f);
	o->bytes += frame_len(f);
	o->messages += (uint32_t)frame_messages(f);
	return OK;
}

struct frame *
outbox_peek(const struct outbox *o)
{
	return o->count > 0 ? o->ring[o->head] : NULL;
}

struct frame *
outbox_pop(struct outbox *o)
{
	struct frame *f = outbox_peek(o);

	if (f == NULL)
		return NULL;
	o->head = (o->head + 1) & (o->cap - 1);
	o->count--;
	o->bytes -= frame_len(f);
	o->messages -= (uint32_t)frame_messages(f);
	return f;
}

void
outbox_clear(struct outbox *o)
{
	while (o->count > 0)
		frame_unref(outbox_pop(o));
	free(o->ring);
	*o = (struct outbox){ .ring = NULL };
}
