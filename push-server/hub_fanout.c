/* How an event reaches the members of a channel: gathered, joined, one write a member. */
#include "hub_internal.h"

/* Peers, and what their transport needs, are fetched while those before them are sent to. */
#define AHEAD 2
#define FAR_AHEAD 4

void
hub_fan_out(struct hub *h, struct channel *c, struct frame *f, const struct peer *except)
{
	struct app_totals *t = &c->home->app->counts.now;
	size_t n = c->member_count - (except != NULL && hub_sub_find(except, c) != NULL);

	metric_add(h->metrics, METRIC_MESSAGES_SENT, n * frame_messages(f));
	t->sent += n * frame_messages(f);
	t->sent_bytes += n * frame_len(f);
	for (uint32_t i = 0; i < c->member_count; i++) {
		struct peer *p = c->members[i].peer;

		if (i + FAR_AHEAD < c->member_count)
			__builtin_prefetch(c->members[i + FAR_AHEAD].peer);
		if (i + AHEAD < c->member_count)
			__builtin_prefetch(c->members[i + AHEAD].peer->link);
		if (p != except && peer_send(p, f) != OK)
			hub_doom(h, p);
	}
}

void
hub_drop_pending(struct hub *h, struct channel *c)
{
	if (c->pending_count == 0)
		return;
	for (uint32_t i = 0; i < c->pending_count; i++)
		frame_unref(c->pending[i]);
	c->pending_count = 0;
	c->pending_bytes = 0;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a dirty channel is in the list */
	DL_DELETE(h->dirty, c);
}

void
hub_channel_flush(struct hub *h, struct channel *c)
{
	struct frame *f;
	int64_t came_ns;

	if (c->pending_count == 0)
		return;
	f = c->pending_count == 1 ? frame_ref(c->pending[0])
				  : frame_join(c->pending, c->pending_count);
	came_ns = c->pending_ns;
	hub_drop_pending(h, c);
	hub_fan_out(h, c, f, NULL);
	app_counts_delivered(&c->home->app->counts, app_counts_clock_ns() - came_ns);
	frame_unref(f);
}

void
hub_gather(struct hub *h, struct channel *c, struct frame *f)
{
	if (c->pending_count == c->pending_cap) {
		c->pending_cap = c->pending_cap > 0 ? c->pending_cap * 2 : 2;
		c->pending = xrealloc(c->pending, c->pending_cap, sizeof(struct frame *));
	}
	if (c->pending_count == 0) {
		DL_APPEND(h->dirty, c);
		c->pending_ns = app_counts_clock_ns();
	}
	c->pending[c->pending_count++] = f;
	c->pending_bytes += frame_len(f);
	if (c->pending_bytes >= HUB_JOIN_BYTES || c->pending_count >= HUB_JOIN_FRAMES)
		hub_channel_flush(h, c);
}

void
hub_flush(struct hub *h)
{
	/* that somebody fell behind is news to others, and nobody may flush again for a while */
	do {
		while (h->dirty != NULL)
			hub_channel_flush(h, h->dirty);
		hub_settle(h);
	} while (h->dirty != NULL);
}

/* --- events --- */

static void
remember(struct hub *h, struct app *app, const char *name, size_t n, struct frame *f)
{
	struct cache *cache = &hub_app_get(h, app)->cache;
	size_t dropped =
	    cache_put(cache, name, n, f, h->now_ms, app->limits.cache_seconds * INT64_C(1000));

	metric_add(h->metrics, METRIC_CACHE_DROPPED, dropped);
}

static void
deliver(struct hub *h, struct channel *c, struct frame *f, const struct peer *except)
{
	if (except == NULL) {
		hub_gather(h, c, frame_ref(f));
	} else {
		int64_t came_ns = app_counts_clock_ns();

		hub_channel_flush(h, c); /* order: what came before goes before */
		hub_fan_out(h, c, f, except);
		app_counts_delivered(&c->home->app->counts, app_counts_clock_ns() - came_ns);
	}
	hub_settle(h);
}

void
hub_deliver(struct hub *h, const struct bus_entry *e)
{
	struct channel *c = hub_channel_find(e->app, e->channel, e->channel_len);
	unsigned kind = c != NULL ? c->kind : channel_kind(e->channel, e->channel_len);

	if ((kind & CHANNEL_CACHE) != 0 && !e->is_from_client)
		remember(h, e->app, e->channel, e->channel_len, e->frame);
	if (c != NULL)
		deliver(h, c, e->frame, e->except);
}

void
hub_relay(
    struct hub *h, const struct peer *from, const char *channel, const char *event, json_t *data)
{
	struct channel *c = hub_channel_find(from->app, channel, strlen(channel));
	const struct subscription *sub = c != NULL ? hub_sub_find(from, c) : NULL;
	char id[SOCKET_ID_SIZE];
	struct hub_client_event e = { .channel = channel, .event = event, .data = data };
	struct frame *f;

	if (sub == NULL)
		return;
	e.socket_id = hub_socket_id(from, id);
	e.user_id = c->presence != NULL ? presence_user_at(c->presence, sub->at) : NULL;
	if (h->on.client_event != NULL)
		h->on.client_event(h->on.ctx, from->app, &e);
	from->app->counts.now.events_client++;
	hub_note(h, from->app,
	    &(struct hub_note){
		.kind = HUB_NOTE_CLIENT_EVENT, .channel = channel, .event = event, .peer = from });
	/* rebuilt: what else the client wrote (a user_id) is not ours to vouch for */
	f = pusher_event(event, channel, data, e.user_id);
	hub_publish_from(h, from, channel, f);
	frame_unref(f);
}

void
hub_replay(struct hub *h, struct peer *p, const char *name, size_t n)
{
	struct frame *f;

	if ((channel_kind(name, n) & CHANNEL_CACHE) == 0)
		return;
	f = hub_cached(h, p->app, name, n, NULL);
	if (f != NULL) {
		hub_send(h, p, frame_ref(f));
	} else {
		hub_send(h, p, pusher_cache_miss(name));
		if (h->on.cache_miss != NULL)
			h->on.cache_miss(h->on.ctx, p->app, name);
	}
	hub_settle(h);
}
