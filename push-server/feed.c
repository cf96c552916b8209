#include "feed_internal.h"

#include <utlist.h>

#include "base64url.h"
#include "clock.h"
#include "ids.h"
#include "limit.h"
#include "pusher_json.h"

#define PREFIX "private-app-"
#define STATUS_TICKS 2

const struct feed_kind feed_kinds[HUB_NOTE_KINDS] = {
	[HUB_NOTE_CONNECTED] = { "connected", "connection", "connected" },
	[HUB_NOTE_DISCONNECTED] = { "disconnected", "disconnection", "disconnected" },
	[HUB_NOTE_SUBSCRIBED] = { "subscribed", "subscribed", "subscribed" },
	[HUB_NOTE_UNSUBSCRIBED] = { "unsubscribed", NULL, NULL },
	[HUB_NOTE_CLIENT_EVENT] = { "client-event", "client-message", "ws-message" },
	[HUB_NOTE_API_EVENT] = { "api-event", "api-message", "api-message" },
	[HUB_NOTE_SLOW] = { "slow", NULL, NULL },
	[HUB_NOTE_OCCUPIED] = { "occupied", "occupied", NULL },
	[HUB_NOTE_VACATED] = { "vacated", "vacated", NULL },
};

const char *
feed_name(enum hub_note_kind kind)
{
	return feed_kinds[kind].name;
}

/* --- who watches ---------------------------------------------------------------------------------
 */

void
feed_channel(const struct app *app, char out[FEED_CHANNEL_MAX])
{
	_Static_assert(
	    sizeof PREFIX + BASE64URL_LEN(LIMIT_APP_FIELD_LEN) <= FEED_CHANNEL_MAX, "too long");
	memcpy(out, PREFIX, sizeof PREFIX);
	base64url_encode(app->id, strlen(app->id), out + sizeof PREFIX - 1);
}

static struct app *
app_of_channel(const struct feed *f, const char *channel)
{
	char id[LIMIT_APP_FIELD_LEN];
	size_t n;

	if (strncmp(channel, PREFIX, sizeof PREFIX - 1) != 0)
		return NULL;
	channel += sizeof PREFIX - 1;
	if (base64url_decode(channel, strlen(channel), id, sizeof id, &n) != OK)
		return NULL;
	return apps_by_id(f->apps, id, n);
}

bool
feed_is_channel(const struct feed *f, const char *name)
{
	return app_of_channel(f, name) != NULL;
}

static bool
is_old(const char *channel)
{
	return strncmp(channel, FEED_OLD_PREFIX, sizeof FEED_OLD_PREFIX - 1) == 0;
}

static void
forget_entries(struct watch *w)
{
	for (size_t i = 0; i < w->count; i++) {
		free(w->entries[i].channel);
		free(w->entries[i].event);
	}
	w->count = 0;
	memset(w->kept, 0, sizeof w->kept);
	memset(w->omitted, 0, sizeof w->omitted);
}

static void
watch_end(struct feed *f, struct watch *w)
{
	if (w->app != NULL)
		w->app->watch = NULL;
	DL_DELETE(f->watches, w);
	forget_entries(w);
	free(w->app_id);
	free(w);
}

/* Somebody came or went: is this app watched? */
static void
look(struct feed *f, struct app *app)
{
	char channel[FEED_CHANNEL_MAX];
	bool is_live, is_old_tool;

	feed_channel(app, channel);
	is_live = hub_occupancy(f->internal, channel, strlen(channel)) > 0;
	is_old_tool = feed_has_old_watchers(app);
	if (!is_live && !is_old_tool) {
		if (app->watch != NULL)
			watch_end(f, app->watch);
		return;
	}
	if (app->watch == NULL) {
		app->watch = xcalloc(1, sizeof *app->watch);
		app->watch->app_id = xstrdup(app->id);
		app->watch->app = app;
		DL_APPEND(f->watches, app->watch);
	}
	app->watch->is_live = is_live;
	app->watch->is_old = is_old_tool;
}

/* --- what happens --------------------------------------------------------------------------------
 */

static char *
copy(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

static void
keep(struct feed *f, struct watch *w, const struct hub_note *n)
{
	struct entry *e;

	if (w->kept[n->kind] == FEED_PER_KIND) {
		w->omitted[n->kind]++;
		return;
	}
	w->kept[n->kind]++;
	e = &w->entries[w->count++];
	*e = (struct entry){ .kind = n->kind,
		.at_ms = f->now_ms,
		.channel = copy(n->channel),
		.event = copy(n->event) };
	if (n->peer != NULL)
		(void)hub_socket_id(n->peer, e->socket_id);
}

static void
on_note(void *ctx, const struct hub_note *n)
{
	struct feed *f = ctx;

	if (n->app == f->internal) {
		struct app *app = n->channel != NULL ? app_of_channel(f, n->channel) : NULL;

		if (app != NULL)
			look(f, app);
		return;
	}
	if (n->channel != NULL && is_old(n->channel)) {
		if (n->kind >= HUB_NOTE_OCCUPIED)
			look(f, n->app);
		return; /* whoever watches does not watch himself */
	}
	if (n->app->watch != NULL)
		keep(f, n->app->watch, n);
}

/* --- telling it ----------------------------------------------------------------------------------
 */

void
feed_publish(
    const struct feed *f, struct app *app, const char *channel, const char *event, json_t *data)
{
	struct frame *frame = pusher_event(event, channel, data, NULL);

	hub_publish(f->hub, app, channel, strlen(channel), frame, NULL);
	frame_unref(frame);
	json_decref(data);
}

void
feed_add_text(json_t *object, const char *name, const char *value)
{
	if (value != NULL && *value != '\0')
		(void)json_object_set_new(object, name, json_string(value));
}

static json_t *
entry_json(const struct entry *e)
{
	json_t *object =
	    json_pack("{s:I, s:s}", "t", (json_int_t)e->at_ms, "type", feed_kinds[e->kind].name);

	feed_add_text(object, "socket", e->socket_id);
	feed_add_text(object, "channel", e->channel);
	feed_add_text(object, "event", e->event);
	return object;
}

static void
tell(const struct feed *f, const struct watch *w)
{
	char channel[FEED_CHANNEL_MAX];
	json_t *events = json_array(), *omitted = json_object();

	for (size_t i = 0; i < w->count; i++)
		(void)json_array_append_new(events, entry_json(&w->entries[i]));
	for (size_t i = 0; i < HUB_NOTE_KINDS; i++)
		if (w->omitted[i] > 0)
			(void)json_object_set_new(
			    omitted, feed_kinds[i].name, json_integer((json_int_t)w->omitted[i]));
	feed_channel(w->app, channel);
	feed_publish(f, f->internal, channel, "feed",
	    json_pack("{s:o, s:o}", "events", events, "omitted", omitted));
}

static void
tell_status(const struct feed *f, const struct watch *w)
{
	char channel[FEED_CHANNEL_MAX];

	feed_channel(w->app, channel);
	feed_publish(f, f->internal, channel, "status",
	    json_pack("{s:I, s:o, s:o}", "now", (json_int_t)f->now_ms, "app", status_app(w->app),
		"server", status_server(f->server)));
}

/* --- the tick ------------------------------------------------------------------------------------
 */

/* The apps may have been read again: a watch is of an id, whichever app has it now. */
static void
follow(struct feed *f, struct watch *w)
{
	struct app *app = apps_by_id(f->apps, w->app_id, strlen(w->app_id));

	if (app == w->app)
		return;
	if (w->app != NULL)
		w->app->watch = NULL;
	w->app = app;
	if (app != NULL)
		app->watch = w;
}

void
feed_tick(struct feed *f, int64_t now_ms)
{
	struct watch *w, *next;

	f->now_ms = now_ms;
	f->ticks++;
	DL_FOREACH_SAFE(f->watches, w, next)
	{
		follow(f, w);
		if (w->app == NULL)
			continue;
		if (w->is_live && w->count > 0)
			tell(f, w);
		if (w->is_live && f->ticks % STATUS_TICKS == 0)
			tell_status(f, w);
		if (w->is_old)
			feed_tell_old(f, w);
		forget_entries(w);
	}
}

/* --- life ----------------------------------------------------------------------------------------
 */

struct feed *
feed_new(struct hub *h, struct apps *apps, const struct status_server *server)
{
	struct feed *f = xcalloc(1, sizeof *f);
	char key[ID_SIZE], secret[ID_SIZE];

	id_random(key);
	id_random(secret);
	f->hub = h;
	f->apps = apps;
	f->server = server;
	f->now_ms = clock_wall_ms();
	f->internal = apps_add_internal(apps, FEED_APP_ID, key, secret);
	f->internal->capacity = LIMIT_DASHBOARDS;
	f->internal->has_user_authentication = true;
	f->internal->limits.channel_name_len = FEED_CHANNEL_MAX;
	f->internal->limits.channels_per_socket = LIMIT_DASHBOARD_APPS;
	hub_take_notes(h, on_note, f);
	return f;
}

void
feed_free(struct feed *f)
{
	if (f == NULL)
		return;
	hub_take_notes(f->hub, NULL, NULL);
	while (f->watches != NULL)
		watch_end(f, f->watches);
	free(f);
}

const struct app *
feed_app(const struct feed *f)
{
	return f->internal;
}
