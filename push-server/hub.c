/* Life, the table of peers, and the ways in which the server ends them. */
#include "hub_internal.h"

#include <assert.h>
#include <stdio.h>

#include "ids.h"

struct hub *
hub_new(struct metrics *m)
{
	struct hub *h = xcalloc(1, sizeof *h);

	keyed_hash_init();
	h->metrics = m;
	hub_join_bus(h);
	return h;
}

void
hub_free(struct hub *h)
{
	if (h == NULL)
		return;
	while (h->apps != NULL)
		hub_forget_app(h, h->apps->app);
	free(h->slots);
	free(h->free_slots);
	free(h);
}

void
hub_observe(struct hub *h, const struct hub_observer *o)
{
	h->on = o != NULL ? *o : (struct hub_observer){ .ctx = NULL };
}

void
hub_take_notes(struct hub *h, hub_note_fn *fn, void *ctx)
{
	h->note = fn;
	h->note_ctx = ctx;
}

void
hub_count_slow(struct hub *h, const struct peer *p)
{
	metric_add(h->metrics, METRIC_CLOSED_SLOW, 1);
	if (p->app == NULL)
		return;
	p->app->counts.now.slow++;
	hub_note(h, p->app, &(struct hub_note){ .kind = HUB_NOTE_SLOW, .peer = p });
}

void
hub_log_notes(struct hub *h, hub_note_fn *fn)
{
	h->log = fn;
}

void
hub_note(const struct hub *h, struct app *app, const struct hub_note *n)
{
	bool is_watched = app->watch != NULL || n->kind >= HUB_NOTE_OCCUPIED;
	struct hub_note note;

	if (!is_watched && h->log == NULL)
		return;
	note = *n;
	note.app = app;
	if (h->log != NULL)
		h->log(NULL, &note);
	if (is_watched && h->note != NULL)
		h->note(h->note_ctx, &note);
}

void
hub_tick(struct hub *h, int64_t now_ms)
{
	struct hub_app *home;

	h->now_ms = now_ms;
	DL_FOREACH(h->apps, home)
	cache_expire(&home->cache, now_ms);
	hub_count_late(h);
	hub_settle(h);
}

/* --- apps --- */

struct hub_app *
hub_app_get(struct hub *h, struct app *app)
{
	struct hub_app *home = app->hub_app;

	if (home != NULL)
		return home;
	home = app->hub_app = xcalloc(1, sizeof *home);
	home->app = app;
	DL_APPEND(h->apps, home);
	return home;
}

void
hub_end_app(struct hub *h, struct app *app, uint16_t code, const char *text)
{
	for (uint32_t i = 0; i < h->slot_count; i++) {
		struct peer *p = h->slots[i];

		if (p == NULL || p->app != app)
			continue;
		peer_end(p, code, text);
		hub_leave(h, p);
	}
	hub_settle(h);
}

void
hub_forget_app(struct hub *h, struct app *app)
{
	struct hub_app *home = app->hub_app;

	if (home == NULL)
		return;
	assert(home->channels == NULL && home->watched == NULL);
	cache_clear(&home->cache);
	DL_DELETE(h->apps, home);
	free(home);
	app->hub_app = NULL;
}

/* --- peers --- */

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
	app->counts.now.opened++;
	if (app->connections > app->counts.peak)
		app->counts.peak = app->connections;
	if (app->connections > app->counts.peak_ever)
		app->counts.peak_ever = app->connections;
	metric_add(h->metrics, METRIC_CONNECTIONS_OPENED, 1);
	hub_note(h, app, &(struct hub_note){ .kind = HUB_NOTE_CONNECTED, .peer = p });
	return OK;
}

void
hub_detach(struct hub *h, struct peer *p)
{
	if (p->app == NULL)
		return;
	hub_leave_all(h, p);
	hub_note(h, p->app, &(struct hub_note){ .kind = HUB_NOTE_DISCONNECTED, .peer = p });
	p->app->counts.now.closed++;
	h->slots[p->slot] = NULL;
	h->free_slots[h->free_count++] = p->slot;
	p->app->connections--;
	p->app = NULL;
	metric_add(h->metrics, METRIC_CONNECTIONS_CLOSED, 1);
}

void
hub_leave_all(struct hub *h, struct peer *p)
{
	hub_leave(h, p);
	hub_settle(h);
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

void
hub_send(struct hub *h, struct peer *p, struct frame *f)
{
	metric_add(h->metrics, METRIC_MESSAGES_SENT, 1);
	p->app->counts.now.sent++;
	p->app->counts.now.sent_bytes += frame_len(f);
	if (peer_give(p, f) != OK)
		hub_doom(h, p);
}

void
hub_doom(struct hub *h, struct peer *p)
{
	hub_count_slow(h, p);
	p->next_doomed = h->doomed;
	h->doomed = p;
}

/* Their leaving is news to others, who may overflow in turn. */
void
hub_settle(struct hub *h)
{
	while (h->doomed != NULL) {
		struct peer *p = h->doomed;

		h->doomed = p->next_doomed;
		hub_leave(h, p);
	}
}

/* --- ending some of a channel --- */

/* In a channel that does not know its members by name, the unknown ones are asked again too. */
static bool
is_meant(const struct channel *c, uint32_t place, const char *user_id)
{
	const char *signed_in = hub_user_id(c->members[place].peer);

	if (user_id == NULL)
		return true;
	if (c->presence != NULL && strcmp(presence_user_at(c->presence, place), user_id) == 0)
		return true;
	return signed_in != NULL ? strcmp(signed_in, user_id) == 0 : c->presence == NULL;
}

size_t
hub_end_members(
    struct hub *h, struct channel *c, const char *user_id, uint16_t code, const char *text)
{
	uint32_t i = 0, left = c->member_count;
	size_t count = 0;

	hub_channel_flush(h, c);
	for (; left > 0; left--) {
		struct peer *p = c->members[i].peer;

		if (!is_meant(c, i, user_id)) {
			i++;
			continue;
		}
		peer_end(p, code, text);
		hub_leave(
		    h, p); /* the last one of the channel stands at i now, or the channel is gone */
		count++;
	}
	hub_settle(h);
	return count;
}

size_t
hub_evict_here(struct hub *h, const struct bus_entry *e)
{
	struct channel *c = hub_channel_find(e->app, e->channel, e->channel_len);
	size_t count;

	if (c == NULL)
		return 0;
	count =
	    hub_end_members(h, c, e->user_id, 4200, "Your access has changed, please reconnect");
	metric_add(h->metrics, METRIC_EVICTED, count);
	return count;
}
