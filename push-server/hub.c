/*
 * A subscription stands twice: in its channel's members and in its peer's subs, each knowing the
 * other's index. So joining, leaving and finding cost O(1) in the size of the channel, and a
 * fan-out walks one array.
 *
 * While a fan-out runs nobody leaves: whoever overflows is put on the doomed list and leaves when
 * the flush is over.
 */
#include "hub.h"

#include <assert.h>
#include <stdio.h>

#include "ids.h"
#include "keyed_hash.h"

#define HASH_FUNCTION(key, len, hashv) ((hashv) = (unsigned)keyed_hash((key), (len)))
#define uthash_fatal(msg) abort()
#include <uthash.h>
#include <utlist.h>

struct member {
	struct peer *peer;
	uint32_t back; /* its place in peer->subs */
};

struct channel {
	UT_hash_handle hh; /* in app->channels */
	struct app *app;
	struct channel *prev, *next; /* in hub->dirty, while something is pending */
	struct member *members;
	uint32_t member_count, member_cap;
	struct frame **pending;
	uint32_t pending_count, pending_cap;
	size_t pending_bytes;
	size_t name_len;
	char name[];
};

struct hub {
	struct metrics *metrics;
	struct peer **slots; /* by socket id; NULL: free */
	uint32_t *free_slots;
	uint32_t slot_count, slot_cap, free_count;
	struct channel *dirty;
	struct peer *doomed;
	size_t channels, subscriptions;
};

struct hub *
hub_new(struct metrics *m)
{
	struct hub *h = xcalloc(1, sizeof *h);

	keyed_hash_init();
	h->metrics = m;
	return h;
}

void
hub_free(struct hub *h)
{
	if (h == NULL)
		return;
	assert(h->channels == 0);
	free(h->slots);
	free(h->free_slots);
	free(h);
}

/* --- channels ----------------------------------------------------------------------------------
 */

static struct channel *
channel_find(const struct app *app, const char *name, size_t n)
{
	struct channel *c;

	HASH_FIND(hh, app->channels, name, n, c);
	return c;
}

static struct channel *
channel_get(struct hub *h, struct app *app, const char *name, size_t n)
{
	struct channel *c = channel_find(app, name, n);

	if (c != NULL)
		return c;
	c = xcalloc(1, sizeof *c + n + 1);
	c->app = app;
	c->name_len = n;
	memcpy(c->name, name, n);
	HASH_ADD_KEYPTR(hh, app->channels, c->name, n, c);
	h->channels++;
	return c;
}

static void
drop_pending(struct hub *h, struct channel *c)
{
	if (c->pending_count == 0)
		return;
	for (uint32_t i = 0; i < c->pending_count; i++)
		frame_unref(c->pending[i]);
	c->pending_count = 0;
	c->pending_bytes = 0;
	DL_DELETE(h->dirty, c);
}

static void
channel_free(struct hub *h, struct channel *c)
{
	drop_pending(h, c);
	HASH_DEL(c->app->channels, c);
	h->channels--;
	free(c->members);
	free(c->pending);
	free(c);
}

/* --- peers -------------------------------------------------------------------------------------
 */

enum err
hub_attach(struct hub *h, struct app *app, struct peer *p)
{
	if (app->capacity > 0 && app->connections >= (uint64_t)app->capacity)
		return ERR_LIMIT;
	if (h->free_count == 0 && h->slot_count == h->slot_cap) {
		h->slot_cap = h->slot_cap > 0 ? h->slot_cap * 2 : 64;
		h->slots = xrealloc(h->slots, h->slot_cap, sizeof(struct peer *));
		h->free_slots = xrealloc(h->free_slots, h->slot_cap, sizeof *h->free_slots);
	}
	p->slot = h->free_count > 0 ? h->free_slots[--h->free_count] : h->slot_count++;
	h->slots[p->slot] = p;
	random_bytes(&p->nonce, sizeof p->nonce);
	p->app = app;
	app->connections++;
	metric_add(h->metrics, METRIC_CONNECTIONS_OPENED, 1);
	return OK;
}

void
hub_detach(struct hub *h, struct peer *p)
{
	if (p->app == NULL)
		return;
	hub_leave_all(h, p);
	h->slots[p->slot] = NULL;
	h->free_slots[h->free_count++] = p->slot;
	p->app->connections--;
	p->app = NULL;
	metric_add(h->metrics, METRIC_CONNECTIONS_CLOSED, 1);
}

const char *
hub_socket_id(const struct peer *p, char out[SOCKET_ID_SIZE])
{
	(void)snprintf(out, SOCKET_ID_SIZE, "%u.%u", p->nonce, p->slot + 1);
	return out;
}

struct peer *
hub_find(const struct hub *h, const struct app *app, const char *socket_id)
{
	char *dot, *end;
	unsigned long long nonce = strtoull(socket_id, &dot, 10);
	unsigned long long slot = *dot == '.' ? strtoull(dot + 1, &end, 10) : 0;
	struct peer *p;

	if (slot == 0 || *end != '\0' || slot > h->slot_count)
		return NULL;
	p = h->slots[slot - 1];
	return p != NULL && p->app == app && p->nonce == nonce ? p : NULL;
}

struct peer *
hub_peer_at(const struct hub *h, size_t slot)
{
	return slot < h->slot_count ? h->slots[slot] : NULL;
}

size_t
hub_slots(const struct hub *h)
{
	return h->slot_count;
}

/* --- subscriptions -----------------------------------------------------------------------------
 */

static struct subscription *
sub_find(const struct peer *p, const struct channel *c)
{
	for (uint32_t i = 0; i < p->sub_count; i++)
		if (p->subs[i].channel == c)
			return &p->subs[i];
	return NULL;
}

void
hub_subscribe(struct hub *h, struct peer *p, const char *name, size_t n)
{
	struct channel *c = channel_get(h, p->app, name, n);

	if (sub_find(p, c) != NULL)
		return;
	if (c->member_count == c->member_cap) {
		c->member_cap = c->member_cap > 0 ? c->member_cap * 2 : 2;
		c->members = xrealloc(c->members, c->member_cap, sizeof *c->members);
	}
	if (p->sub_count == p->sub_cap) {
		p->sub_cap = p->sub_cap > 0 ? p->sub_cap * 2 : 1;
		p->subs = xrealloc(p->subs, p->sub_cap, sizeof *p->subs);
	}
	c->members[c->member_count] = (struct member){ .peer = p, .back = p->sub_count };
	p->subs[p->sub_count] = (struct subscription){ .channel = c, .at = c->member_count };
	c->member_count++;
	p->sub_count++;
	h->subscriptions++;
}

/* The last of each array fills the hole in it. */
static void
sub_remove(struct hub *h, struct peer *p, struct subscription *sub)
{
	struct channel *c = sub->channel;
	struct member *hole = &c->members[sub->at];
	struct subscription *last_sub;

	*hole = c->members[--c->member_count];
	hole->peer->subs[hole->back].at = sub->at;
	last_sub = &p->subs[--p->sub_count];
	if (last_sub != sub) {
		*sub = *last_sub;
		sub->channel->members[sub->at].back = (uint32_t)(sub - p->subs);
	}
	h->subscriptions--;
	if (c->member_count == 0)
		channel_free(h, c);
}

void
hub_unsubscribe(struct hub *h, struct peer *p, const char *name, size_t n)
{
	const struct channel *c = channel_find(p->app, name, n);
	struct subscription *sub = c != NULL ? sub_find(p, c) : NULL;

	if (sub != NULL)
		sub_remove(h, p, sub);
}

bool
hub_is_member(const struct peer *p, const char *name, size_t n)
{
	const struct channel *c = channel_find(p->app, name, n);

	return c != NULL && sub_find(p, c) != NULL;
}

void
hub_leave_all(struct hub *h, struct peer *p)
{
	while (p->sub_count > 0)
		sub_remove(h, p, &p->subs[p->sub_count - 1]);
	free(p->subs);
	p->subs = NULL;
	p->sub_cap = 0;
}

/* --- events ------------------------------------------------------------------------------------
 */

static void
fan_out(struct hub *h, struct channel *c, struct frame *f, const struct peer *except)
{
	metric_add(h->metrics, METRIC_MESSAGES_SENT, c->member_count * frame_messages(f));
	for (uint32_t i = 0; i < c->member_count; i++) {
		struct peer *p = c->members[i].peer;

		if (p == except || peer_send(p, f) == OK)
			continue;
		metric_add(h->metrics, METRIC_CLOSED_SLOW, 1);
		p->next_doomed = h->doomed;
		h->doomed = p;
	}
}

static void
channel_flush(struct hub *h, struct channel *c)
{
	struct frame *f;

	if (c->pending_count == 0)
		return;
	f = c->pending_count == 1 ? frame_ref(c->pending[0])
				  : frame_join(c->pending, c->pending_count);
	drop_pending(h, c);
	fan_out(h, c, f, NULL);
	frame_unref(f);
}

static void
let_doomed_leave(struct hub *h)
{
	while (h->doomed != NULL) {
		struct peer *p = h->doomed;

		h->doomed = p->next_doomed;
		hub_leave_all(h, p);
	}
}

static void
gather(struct hub *h, struct channel *c, struct frame *f)
{
	if (c->pending_count == c->pending_cap) {
		c->pending_cap = c->pending_cap > 0 ? c->pending_cap * 2 : 2;
		c->pending = xrealloc(c->pending, c->pending_cap, sizeof(struct frame *));
	}
	if (c->pending_count == 0)
		DL_APPEND(h->dirty, c);
	c->pending[c->pending_count++] = frame_ref(f);
	c->pending_bytes += frame_len(f);
	if (c->pending_bytes >= HUB_JOIN_BYTES || c->pending_count >= HUB_JOIN_FRAMES)
		channel_flush(h, c);
}

void
hub_publish(struct hub *h, struct app *app, const char *name, size_t n, struct frame *f,
    const struct peer *except)
{
	struct channel *c = channel_find(app, name, n);

	if (c == NULL)
		return;
	if (except == NULL) {
		gather(h, c, f);
	} else {
		channel_flush(h, c); /* order: what came before goes before */
		fan_out(h, c, f, except);
	}
	let_doomed_leave(h);
}

void
hub_flush(struct hub *h)
{
	while (h->dirty != NULL)
		channel_flush(h, h->dirty);
	let_doomed_leave(h);
}

size_t
hub_evict(struct hub *h, struct app *app, const char *name, size_t n, const char *user_id)
{
	struct channel *c = channel_find(app, name, n);
	size_t count = 0;

	(void)user_id; /* until presence channels: nobody in a channel is known by name */
	if (c == NULL)
		return 0;
	channel_flush(h, c);
	let_doomed_leave(h);
	while ((c = channel_find(app, name, n)) != NULL) {
		struct peer *p = c->members[0].peer;

		peer_end(p, 4200, "Your access has changed, please reconnect");
		hub_leave_all(h, p);
		count++;
	}
	metric_add(h->metrics, METRIC_EVICTED, count);
	return count;
}

size_t
hub_channel_count(const struct hub *h)
{
	return h->channels;
}

size_t
hub_subscription_count(const struct hub *h)
{
	return h->subscriptions;
}

size_t
hub_peer_count(const struct hub *h)
{
	return h->slot_count - h->free_count;
}

size_t
hub_occupancy(struct app *app, const char *name, size_t n)
{
	const struct channel *c = channel_find(app, name, n);

	return c != NULL ? c->member_count : 0;
}
