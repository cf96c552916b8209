#include "wheel.h"

#include <stddef.h>

static struct wheel_node *
slot_of(struct wheel *w, int64_t tick)
{
	return &w->slots[(uint64_t)tick % WHEEL_SLOTS];
}

void
wheel_init(struct wheel *w, int64_t now_ms)
{
	for (size_t i = 0; i < WHEEL_SLOTS; i++)
		w->slots[i].prev = w->slots[i].next = &w->slots[i];
	w->tick = now_ms / WHEEL_TICK_MS;
}

/* Rounded up, so that a slot is looked at when all of its nodes of this turn are due. */
static int64_t
tick_of(const struct wheel *w, int64_t at_ms)
{
	int64_t tick = (at_ms + WHEEL_TICK_MS - 1) / WHEEL_TICK_MS;

	return tick < w->tick ? w->tick : tick;
}

void
wheel_set(struct wheel *w, struct wheel_node *n, int64_t at_ms)
{
	struct wheel_node *head = slot_of(w, tick_of(w, at_ms));

	wheel_clear(n);
	n->at_ms = at_ms;
	n->prev = head->prev;
	n->next = head;
	head->prev->next = n;
	head->prev = n;
}

void
wheel_clear(struct wheel_node *n)
{
	if (n->next == NULL)
		return;
	n->prev->next = n->next;
	n->next->prev = n->prev;
	n->prev = n->next = NULL;
}

static struct wheel_node *
due_in(struct wheel_node *head, int64_t now_ms)
{
	for (struct wheel_node *n = head->next; n != head; n = n->next)
		if (n->at_ms <= now_ms)
			return n;
	return NULL;
}

struct wheel_node *
wheel_expired(struct wheel *w, int64_t now_ms)
{
	int64_t last = now_ms / WHEEL_TICK_MS;

	/* after a long sleep one turn sees every slot */
	if (last - w->tick > WHEEL_SLOTS)
		w->tick = last - WHEEL_SLOTS;
	for (; w->tick <= last; w->tick++) {
		struct wheel_node *n = due_in(slot_of(w, w->tick), now_ms);

		if (n != NULL) {
			wheel_clear(n);
			return n;
		}
	}
	return NULL;
}
