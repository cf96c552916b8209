/*
 * subscription_count: the members of a channel are told how many they are, on each change; where
 * they are many, at most every LIMIT_COUNT_MS, and what is held back is said when that is over.
 */
#include "hub_internal.h"

static bool
is_counted(const struct channel *c)
{
	return c->home->app->has_subscription_count &&
	       (c->kind & (CHANNEL_PRESENCE | CHANNEL_USER)) == 0;
}

static void
say(struct hub *h, struct channel *c)
{
	hub_count_forget(h, c);
	c->counted_ms = h->now_ms;
	if (h->on.subscription_count != NULL)
		h->on.subscription_count(h->on.ctx, c->home->app, c->name, c->member_count);
	if (c->member_count > 0)
		hub_gather(h, c, pusher_subscription_count(c->name, c->member_count));
}

static bool
is_too_early(const struct hub *h, const struct channel *c)
{
	return c->member_count > LIMIT_COUNTED_AT_ONCE &&
	       h->now_ms - c->counted_ms < LIMIT_COUNT_MS;
}

void
hub_count_changed(struct hub *h, struct channel *c)
{
	if (!is_counted(c))
		return;
	if (!is_too_early(h, c)) {
		say(h, c);
	} else if (!c->is_late) {
		c->is_late = true;
		DL_APPEND2(h->late, c, prev_late, next_late);
	}
}

void
hub_count_forget(struct hub *h, struct channel *c)
{
	if (!c->is_late)
		return;
	c->is_late = false;
	DL_DELETE2(h->late, c, prev_late, next_late);
}

void
hub_count_late(struct hub *h)
{
	struct channel *c, *next;

	DL_FOREACH_SAFE2(h->late, c, next, next_late)
	if (!is_too_early(h, c))
		say(h, c);
}
