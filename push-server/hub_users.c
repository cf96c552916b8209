/*
 * Who is signed in, and who watches whom.
 *
 * A watch stands twice, as a subscription does: in the watched id's list and in the watching
 * peer's, each knowing the other's index.
 */
#include "hub_internal.h"

#include <stdio.h>

struct watcher {
	struct peer *peer;
	uint32_t back; /* its place in peer->user->watches */
};

/* An id that somebody watches; that user may never have been here. */
struct watched {
	struct table_entry entry; /* in hub_app->watched */
	struct watcher *watchers;
	uint32_t count, cap;
	char id[];
};

struct watch {
	struct watched *watched;
	uint32_t at; /* its place in watched->watchers */
};

static const char *
id_of(const struct channel *user)
{
	return user->name + sizeof CHANNEL_USER_PREFIX - 1;
}

static struct channel *
user_channel(const struct app *app, const char *id)
{
	char name[sizeof CHANNEL_USER_PREFIX + LIMIT_USER_ID_LEN];
	int n = snprintf(name, sizeof name, "%s%s", CHANNEL_USER_PREFIX, id);

	return (size_t)n < sizeof name ? hub_channel_find(app, name, (size_t)n) : NULL;
}

/* --- watching --- */

static struct watched *
watched_find(const struct hub_app *home, const char *id)
{
	return (struct watched *)(void *)table_find(home->watched, id, strlen(id));
}

static struct watched *
watched_get(struct hub_app *home, const char *id)
{
	struct watched *w = watched_find(home, id);
	size_t n = strlen(id);

	if (w != NULL)
		return w;
	w = xcalloc(1, sizeof *w + n + 1);
	memcpy(w->id, id, n);
	table_add(&home->watched, &w->entry, w->id, n);
	return w;
}

static bool
watches_already(const struct signed_in *u, const char *id)
{
	for (uint32_t i = 0; i < u->watch_count; i++)
		if (strcmp(u->watches[i].watched->id, id) == 0)
			return true;
	return false;
}

static void
watch(struct hub_app *home, struct peer *p, const char *id)
{
	struct signed_in *u = p->user;
	struct watched *w = watched_get(home, id);

	if (w->count == w->cap) {
		w->cap = w->cap > 0 ? w->cap * 2 : 2;
		w->watchers = xrealloc(w->watchers, w->cap, sizeof *w->watchers);
	}
	if (u->watch_count == u->watch_cap) {
		u->watch_cap = u->watch_cap > 0 ? u->watch_cap * 2 : 4;
		u->watches = xrealloc(u->watches, u->watch_cap, sizeof *u->watches);
	}
	w->watchers[w->count] = (struct watcher){ .peer = p, .back = u->watch_count };
	u->watches[u->watch_count++] = (struct watch){ .watched = w, .at = w->count++ };
}

static void
unwatch_last(struct hub_app *home, struct signed_in *u)
{
	struct watch last = u->watches[--u->watch_count];
	struct watched *w = last.watched;
	struct watcher *hole = &w->watchers[last.at];

	*hole = w->watchers[--w->count];
	if (hole != &w->watchers[w->count])
		hole->peer->user->watches[hole->back].at = last.at;
	if (w->count > 0)
		return;
	table_remove(&home->watched, &w->entry);
	free(w->watchers);
	free(w);
}

void
hub_watch(struct hub *h, struct peer *p, const char *const *ids, size_t count)
{
	json_t *online = json_array(), *offline = json_array();

	for (size_t i = 0; i < count; i++) {
		bool is_online = user_channel(p->app, ids[i]) != NULL;

		if (p->user->watch_count == LIMIT_WATCHLIST)
			break; /* he has signed in again, with others */
		if (watches_already(p->user, ids[i]))
			continue;
		watch(p->app->hub_app, p, ids[i]);
		(void)json_array_append_new(is_online ? online : offline, json_string(ids[i]));
	}
	if (json_array_size(online) + json_array_size(offline) > 0)
		hub_send(h, p, pusher_watchlist(online, offline));
	json_decref(online);
	json_decref(offline);
	hub_settle(h);
}

void
hub_tell_watchers(struct hub *h, const struct channel *user, bool is_online)
{
	const struct watched *w = watched_find(user->home, id_of(user));
	json_auto_t *ids = NULL, *none = NULL;
	struct frame *f;

	if (w == NULL)
		return;
	ids = json_pack("[s]", w->id);
	none = json_array();
	f = pusher_watchlist(is_online ? ids : none, is_online ? none : ids);
	for (uint32_t i = 0; i < w->count; i++)
		hub_send(h, w->watchers[i].peer, frame_ref(f));
	frame_unref(f);
}

/* --- signing in --- */

const char *
hub_user_id(const struct peer *p)
{
	return p->user != NULL ? id_of(p->user->channel) : NULL;
}

json_t *
hub_user_info(const struct peer *p)
{
	return p->user != NULL ? p->user->info : NULL;
}

enum err
hub_sign_in(struct hub *h, struct peer *p, const char *id, json_t *user_info)
{
	struct hub_app *home = hub_app_get(h, p->app);
	char name[sizeof CHANNEL_USER_PREFIX + LIMIT_USER_ID_LEN];
	int n = snprintf(name, sizeof name, "%s%s", CHANNEL_USER_PREFIX, id);
	struct channel *c;

	if (p->user != NULL)
		return strcmp(hub_user_id(p), id) == 0 ? OK : ERR_CONFLICT;
	if ((size_t)n >= sizeof name)
		return ERR_INVALID;
	c = hub_channel_get(h, home, name, (size_t)n);
	hub_channel_flush(h, c);
	p->user = xcalloc(1, sizeof *p->user);
	p->user->channel = c;
	p->user->info = json_incref(user_info);
	hub_join(h, c, p);
	if (c->member_count == 1)
		hub_tell_watchers(h, c, true);
	hub_settle(h);
	return OK;
}

void
hub_sign_out(struct peer *p)
{
	struct signed_in *u = p->user;

	if (u == NULL)
		return;
	while (u->watch_count > 0)
		unwatch_last(u->channel->home, u);
	p->user = NULL;
	json_decref(u->info);
	free(u->watches);
	free(u);
}

size_t
hub_terminate_here(struct hub *h, const struct bus_entry *e)
{
	struct channel *c = user_channel(e->app, e->user_id);
	size_t count;

	if (c == NULL)
		return 0;
	count = hub_end_members(h, c, NULL, 4009, "The app has terminated your connections.");
	metric_add(h->metrics, METRIC_TERMINATED, count);
	return count;
}

bool
hub_terminate_socket(struct hub *h, struct app *app, const char *socket_id)
{
	struct peer *p = hub_find(h, app, socket_id);

	if (p == NULL || peer_has_ended(p))
		return false;
	peer_end(p, 4009, "The app has terminated your connection.");
	hub_leave_all(h, p);
	metric_add(h->metrics, METRIC_TERMINATED, 1);
	return true;
}
