#include "webhooks.h"

#include <utlist.h>

#include "limit.h"
#include "table.h"
#include "webhook_queue.h"

/*
 * An event that waits for its time, or (event NULL) the memory that one was told. All wait
 * equally long, so the list is in the order of due_ms.
 */
struct hold {
	struct table_entry entry; /* first; in webhooks->holds by key */
	struct hold *prev, *next;
	int64_t due_ms;
	enum webhook_event kind;
	json_t *event;
	size_t key_len, channel_at; /* the channel's place in key */
	char key[];                 /* kind, app id, channel and user id, a NUL behind each */
};

/* The receivers of an app. */
struct hooked_app {
	struct table_entry entry; /* first; in webhooks->apps by id */
	struct webhook_target **targets;
	size_t count;
	unsigned events; /* that anybody wants */
	char id[];
};

struct webhooks {
	struct webhook_transport transport;
	struct webhook_queue queue;
	struct table_entry *apps, *holds;
	struct hold *first;
	size_t hold_count;
};

/* --- life ----------------------------------------------------------------------------------------
 */

struct webhooks *
webhooks_new(const struct webhook_transport *t, struct metrics *m)
{
	struct webhooks *w = xcalloc(1, sizeof *w);

	w->transport = *t;
	w->queue = (struct webhook_queue){ .transport = &w->transport, .metrics = m };
	return w;
}

static void
forget_apps(struct table_entry **apps)
{
	while (*apps != NULL) {
		struct hooked_app *a = (struct hooked_app *)(void *)*apps;

		table_remove(apps, &a->entry);
		free(a->targets);
		free(a);
	}
}

static void
hold_remove(struct webhooks *w, struct hold *h)
{
	table_remove(&w->holds, &h->entry);
	DL_DELETE(w->first, h);
	w->hold_count--;
	json_decref(h->event);
	free(h);
}

void
webhooks_free(struct webhooks *w)
{
	struct webhook_target *t, *next;
	struct hold *h, *next_hold;

	if (w == NULL)
		return;
	forget_apps(&w->apps);
	DL_FOREACH_SAFE(w->first, h, next_hold)
	hold_remove(w, h);
	DL_FOREACH_SAFE(w->queue.targets, t, next)
	webhook_target_drop(&w->queue, t);
	free(w);
}

static void
add_app(struct webhooks *w, const struct app *app, const struct table_entry *old_apps)
{
	size_t n = strlen(app->id);
	const struct hooked_app *old =
	    (const struct hooked_app *)(const void *)table_find(old_apps, app->id, n);
	struct hooked_app *a;

	if (app->webhook_count == 0)
		return;
	a = xcalloc(1, sizeof *a + n + 1);
	memcpy(a->id, app->id, n + 1);
	a->targets = xcalloc(app->webhook_count, sizeof(struct webhook_target *));
	for (size_t i = 0; i < app->webhook_count; i++) {
		a->targets[a->count++] = webhook_target_get(&w->queue, app, &app->webhooks[i],
		    old != NULL ? old->targets : NULL, old != NULL ? old->count : 0);
		a->events |= app->webhooks[i].events;
	}
	table_add(&w->apps, &a->entry, a->id, n);
} /* NOLINT(clang-analyzer-unix.Malloc): the table has it, by its first member */

void
webhooks_configure(struct webhooks *w, const struct apps *apps)
{
	struct table_entry *old = w->apps;
	struct webhook_target *t, *next;
	const struct app *app;

	w->apps = NULL;
	DL_FOREACH(w->queue.targets, t)
	t->is_found = false;
	for (size_t i = 0; (app = apps_at(apps, i)) != NULL; i++)
		add_app(w, app, old);
	forget_apps(&old);
	DL_FOREACH_SAFE(w->queue.targets, t, next)
	if (!t->is_found)
		webhook_target_drop(&w->queue, t);
	w->transport.wake(w->transport.ctx, 0);
}

size_t
webhooks_waiting(const struct webhooks *w)
{
	return w->queue.posts;
}

/* --- to those who want it ------------------------------------------------------------------------
 */

static const struct hooked_app *
find_app(const struct webhooks *w, const char *id)
{
	return (const struct hooked_app *)(const void *)table_find(w->apps, id, strlen(id));
}

static bool
wants(const struct webhook_target *t, enum webhook_event kind, const char *channel)
{
	size_t n = strlen(channel);
	const char *start = t->hook.starts_with, *end = t->hook.ends_with;

	if ((t->hook.events & 1U << kind) == 0)
		return false;
	if (start != NULL && strncmp(channel, start, strlen(start)) != 0)
		return false;
	return end == NULL || (strlen(end) <= n && strcmp(channel + n - strlen(end), end) == 0);
}

static void
tell(struct webhooks *w, const struct hooked_app *a, enum webhook_event kind, const char *channel,
    json_t *event)
{
	int64_t now_ms = w->transport.mono_ms();

	for (size_t i = 0; i < a->count; i++)
		if (wants(a->targets[i], kind, channel))
			webhook_queue_add(&w->queue, a->targets[i], channel, event, now_ms);
	w->transport.wake(w->transport.ctx, 0);
}

/* --- what waits ----------------------------------------------------------------------------------
 */

static struct hold *
hold_new(enum webhook_event kind, const char *app_id, const char *channel, const char *user_id)
{
	size_t a = strlen(app_id) + 1, c = strlen(channel) + 1, u = strlen(user_id) + 1;
	struct hold *h = xcalloc(1, sizeof *h + 1 + a + c + u);
	char *key = h->key;

	*key++ = (char)kind;
	memcpy(key, app_id, a);
	memcpy(key + a, channel, c);
	memcpy(key + a + c, user_id, u);
	h->kind = kind;
	h->channel_at = 1 + a;
	h->key_len = 1 + a + c + u;
	return h;
}

static struct hold *
hold_find(const struct webhooks *w, const struct hold *like)
{
	return (struct hold *)(void *)table_find(w->holds, like->key, like->key_len);
}

/* Takes event. What does not fit is told at once: too early is better than never. */
static void
hold(struct webhooks *w, const struct hooked_app *a, struct hold *h, json_t *event)
{
	if (hold_find(w, h) != NULL || w->hold_count == LIMIT_WEBHOOK_HOLDS) {
		if (event != NULL)
			tell(w, a, h->kind, h->key + h->channel_at, event);
		json_decref(event);
		free(h);
		return;
	}
	h->event = event;
	h->due_ms = w->transport.mono_ms() + LIMIT_WEBHOOK_HOLD_MS;
	table_add(&w->holds, &h->entry, h->key, h->key_len);
	DL_APPEND(w->first, h);
	w->hold_count++;
	w->transport.wake(w->transport.ctx, 0);
}

/* Did it only just leave? Then neither leaving nor coming is told. */
static bool
cancel(struct webhooks *w, enum webhook_event kind, const char *app_id, const char *channel,
    const char *user_id)
{
	struct hold *like = hold_new(kind, app_id, channel, user_id);
	struct hold *h = hold_find(w, like);

	free(like);
	if (h == NULL)
		return false;
	hold_remove(w, h);
	return true;
}

static void
release_due(struct webhooks *w, int64_t now_ms)
{
	while (w->first != NULL && w->first->due_ms <= now_ms) {
		struct hold *h = w->first;
		const struct hooked_app *a = find_app(w, h->key + 1);

		if (a != NULL && h->event != NULL)
			tell(w, a, h->kind, h->key + h->channel_at, h->event);
		hold_remove(w, h);
	}
}

/* --- running -------------------------------------------------------------------------------------
 */

void
webhooks_run(struct webhooks *w)
{
	int64_t now_ms = w->transport.mono_ms(), next_ms;

	release_due(w, now_ms);
	next_ms = webhook_queue_run(&w->queue, now_ms);
	if (w->first != NULL && w->first->due_ms < next_ms)
		next_ms = w->first->due_ms;
	if (next_ms != INT64_MAX)
		w->transport.wake(w->transport.ctx, next_ms > now_ms ? next_ms - now_ms : 0);
}

void
webhooks_done(struct webhooks *w, struct webhook_post *p, bool is_taken)
{
	webhook_queue_done(&w->queue, p, is_taken, w->transport.mono_ms());
	w->transport.wake(w->transport.ctx, 0);
}

/* --- what the hub tells --------------------------------------------------------------------------
 */

/* The receivers of app, if any of them wants one of the kinds; else NULL. */
static const struct hooked_app *
hooked(const struct webhooks *w, const struct app *app, unsigned kinds)
{
	const struct hooked_app *a = w->apps != NULL ? find_app(w, app->id) : NULL;

	return a != NULL && (a->events & kinds) != 0 ? a : NULL;
}

#define BIT(kind) (1U << (kind))
#define CHANNELS (BIT(WEBHOOK_CHANNEL_OCCUPIED) | BIT(WEBHOOK_CHANNEL_VACATED))
#define MEMBERS (BIT(WEBHOOK_MEMBER_ADDED) | BIT(WEBHOOK_MEMBER_REMOVED))

static void
on_occupied(void *ctx, struct app *app, const char *channel)
{
	struct webhooks *w = ctx;
	const struct hooked_app *a = hooked(w, app, CHANNELS);
	json_auto_t *event = NULL;

	if (a == NULL || cancel(w, WEBHOOK_CHANNEL_VACATED, app->id, channel, ""))
		return;
	event = json_pack("{s:s, s:s}", "name", "channel_occupied", "channel", channel);
	tell(w, a, WEBHOOK_CHANNEL_OCCUPIED, channel, event);
}

static void
on_vacated(void *ctx, struct app *app, const char *channel)
{
	struct webhooks *w = ctx;
	const struct hooked_app *a = hooked(w, app, CHANNELS);

	if (a != NULL)
		hold(w, a, hold_new(WEBHOOK_CHANNEL_VACATED, app->id, channel, ""),
		    json_pack("{s:s, s:s}", "name", "channel_vacated", "channel", channel));
}

static void
on_member_added(void *ctx, struct app *app, const char *channel, const char *user_id)
{
	struct webhooks *w = ctx;
	const struct hooked_app *a = hooked(w, app, MEMBERS);
	json_auto_t *event = NULL;

	if (a == NULL || cancel(w, WEBHOOK_MEMBER_REMOVED, app->id, channel, user_id))
		return;
	event = json_pack(
	    "{s:s, s:s, s:s}", "name", "member_added", "channel", channel, "user_id", user_id);
	tell(w, a, WEBHOOK_MEMBER_ADDED, channel, event);
}

static void
on_member_removed(void *ctx, struct app *app, const char *channel, const char *user_id)
{
	struct webhooks *w = ctx;
	const struct hooked_app *a = hooked(w, app, MEMBERS);

	if (a != NULL)
		hold(w, a, hold_new(WEBHOOK_MEMBER_REMOVED, app->id, channel, user_id),
		    json_pack("{s:s, s:s, s:s}", "name", "member_removed", "channel", channel,
			"user_id", user_id));
}

static void
on_client_event(void *ctx, struct app *app, const struct hub_client_event *e)
{
	struct webhooks *w = ctx;
	const struct hooked_app *a = hooked(w, app, BIT(WEBHOOK_CLIENT_EVENT));
	json_auto_t *event = NULL;

	if (a == NULL)
		return;
	event = json_pack("{s:s, s:s, s:s, s:O*, s:s*, s:s*}", "name", "client_event", "channel",
	    e->channel, "event", e->event, "data", e->data, "socket_id", e->socket_id, "user_id",
	    e->user_id);
	tell(w, a, WEBHOOK_CLIENT_EVENT, e->channel, event);
}

static void
on_cache_miss(void *ctx, struct app *app, const char *channel)
{
	struct webhooks *w = ctx;
	const struct hooked_app *a = hooked(w, app, BIT(WEBHOOK_CACHE_MISS));
	json_auto_t *event = NULL;
	struct hold *told;

	if (a == NULL)
		return;
	told = hold_new(WEBHOOK_CACHE_MISS, app->id, channel, "");
	if (hold_find(w, told) == NULL) {
		event = json_pack("{s:s, s:s}", "name", "cache_miss", "channel", channel);
		tell(w, a, WEBHOOK_CACHE_MISS, channel, event);
	}
	hold(w, a, told, NULL);
}

static void
on_subscription_count(void *ctx, struct app *app, const char *channel, size_t n)
{
	struct webhooks *w = ctx;
	const struct hooked_app *a = hooked(w, app, BIT(WEBHOOK_SUBSCRIPTION_COUNT));
	json_auto_t *event = NULL;

	if (a == NULL)
		return;
	event = json_pack("{s:s, s:s, s:I}", "name", "subscription_count", "channel", channel,
	    "subscription_count", (json_int_t)n);
	tell(w, a, WEBHOOK_SUBSCRIPTION_COUNT, channel, event);
}

struct hub_observer
webhooks_observer(struct webhooks *w)
{
	return (struct hub_observer){
		.ctx = w,
		.channel_occupied = on_occupied,
		.channel_vacated = on_vacated,
		.member_added = on_member_added,
		.member_removed = on_member_removed,
		.client_event = on_client_event,
		.cache_miss = on_cache_miss,
		.subscription_count = on_subscription_count,
	};
}
