/* What the dashboard asks, and what it does. */
#include "dash_internal.h"

#include <string.h>
#include <time.h>

#include "channel_name.h"
#include "ids.h"
#include "json.h"
#include "limit.h"
#include "log.h"
#include "program.h"

/* --- apps ----------------------------------------------------------------------------------------
 */

/* What one may know: never the secret, nor where its webhooks go. */
static json_t *
app_json(const struct app *app)
{
	char channel[FEED_CHANNEL_MAX];

	feed_channel(app, channel);
	return json_pack("{s:s, s:s, s:s, s:I, s:b, s:b, s:b, s:b, s:I}", "id", app->id, "name",
	    app->name, "channel", channel, "capacity", (json_int_t)app->capacity, "enabled",
	    app->is_enabled, "client_events", app->has_client_messages, "statistics",
	    app->has_statistics, "any_origin", app->allowed_origins == NULL, "webhooks",
	    (json_int_t)app->webhook_count);
}

void
dash_get_state(const struct http_call *c, struct http_response *out)
{
	const struct dash *d = c->api->dash;
	const char *password = c->api->gate->password;
	json_t *apps = json_array();
	const struct app *app;

	for (size_t i = 0; (app = apps_at(c->api->apps, i)) != NULL; i++)
		(void)json_array_append_new(apps, app_json(app));
	http_answer_json(out, 200,
	    json_pack("{s:s, s:s, s:b, s:[i,i], s:o, s:I, s:o}", "version", CHARLA_VERSION, "key",
		feed_app(d->feed)->key, "has_password", password != NULL && *password != '\0',
		"ports", d->port, d->tls_port, "bounds", status_delivery_bounds(), "interval",
		(json_int_t)stats_interval(d->stats), "apps", apps));
}

/* --- channels ------------------------------------------------------------------------------------
 */

struct channels {
	struct hub_channel *list;
	size_t count, cap;
};

static void
take_channel(void *ctx, const struct hub_channel *c)
{
	struct channels *all = ctx;

	if (all->count == all->cap) {
		all->cap = all->cap > 0 ? all->cap * 2 : 64;
		all->list = xrealloc(all->list, all->cap, sizeof *all->list);
	}
	all->list[all->count++] = *c;
}

static int
fullest_first(const void *a, const void *b)
{
	const struct hub_channel *x = a, *y = b;

	if (x->subscriptions != y->subscriptions)
		return x->subscriptions < y->subscriptions ? 1 : -1;
	return strcmp(x->name, y->name);
}

void
dash_get_channels(const struct http_call *c, struct http_response *out)
{
	const char *prefix = http_request_param(c->request, "prefix");
	struct channels all = { .list = NULL };
	json_t *list = json_array();

	hub_each_channel(c->app, prefix != NULL ? prefix : "", take_channel, &all);
	if (all.count > 0)
		qsort(all.list, all.count, sizeof *all.list, fullest_first);
	for (size_t i = 0; i < all.count && i < DASH_CHANNELS; i++) {
		json_t *row = json_pack("{s:s, s:I}", "name", all.list[i].name, "subscriptions",
		    (json_int_t)all.list[i].subscriptions);

		if ((all.list[i].kind & CHANNEL_PRESENCE) != 0)
			(void)json_object_set_new(
			    row, "users", json_integer((json_int_t)all.list[i].users));
		(void)json_array_append_new(list, row);
	}
	http_answer_json(
	    out, 200, json_pack("{s:I, s:o}", "total", (json_int_t)all.count, "channels", list));
	free(all.list);
}

static void
take_socket(void *ctx, const struct peer *p, const char *user_id)
{
	json_t *list = ctx, *row;
	char id[SOCKET_ID_SIZE];

	if (json_array_size(list) >= DASH_SOCKETS)
		return;
	row = json_pack("{s:s}", "socket_id", hub_socket_id(p, id));
	if (user_id != NULL)
		(void)json_object_set_new(row, "user_id", json_string(user_id));
	(void)json_array_append_new(list, row);
}

void
dash_get_channel(const struct http_call *c, struct http_response *out)
{
	const char *name = http_request_param(c->request, "name");
	struct hub_channel info = { .subscriptions = 0 };
	json_t *sockets;

	if (name == NULL || !hub_channel(c->app, name, strlen(name), &info) ||
	    (info.kind & CHANNEL_USER) != 0) {
		http_answer_error(c->api, out, 404, "Nobody is in that channel.");
		return;
	}
	sockets = json_array();
	hub_each_socket(c->app, name, strlen(name), take_socket, sockets);
	http_answer_json(out, 200,
	    json_pack("{s:s, s:I, s:I, s:b, s:o}", "name", name, "subscriptions",
		(json_int_t)info.subscriptions, "users", (json_int_t)info.users, "presence",
		(info.kind & CHANNEL_PRESENCE) != 0, "sockets", sockets));
}

/* --- statistics ----------------------------------------------------------------------------------
 */

static void
take_row(void *ctx, const struct stats_row *row)
{
	json_t *rows = ctx;

	(void)json_array_append_new(
	    rows, json_pack("[I, I, I, I, I, I, I, I]", (json_int_t)row->at_s,
		      (json_int_t)row->peak, (json_int_t)row->websocket, (json_int_t)row->api,
		      (json_int_t)row->sent, (json_int_t)row->received_bytes,
		      (json_int_t)row->sent_bytes, (json_int_t)row->slow));
}

void
dash_get_history(const struct http_call *c, struct http_response *out)
{
	static const struct {
		const char *name;
		enum stats_span span;
	} spans[] = { { "interval", STATS_INTERVAL }, { "hour", STATS_HOUR },
		{ "day", STATS_DAY } };
	const char *name = http_request_param(c->request, "span");
	const char *from = http_request_param(c->request, "from");
	int64_t from_s = from != NULL ? strtoll(from, NULL, 10) : 0;

	for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
		json_t *rows;
		enum err e;

		if (name == NULL || strcmp(name, spans[i].name) != 0)
			continue;
		rows = json_array();
		e = stats_each(c->api->dash->stats, c->app->id, spans[i].span, from_s, DASH_ROWS,
		    take_row, rows);
		http_answer_json(out, e == OK || e == ERR_NOT_FOUND ? 200 : 503,
		    json_pack("{s:b, s:o}", "kept", e == OK, "rows", rows));
		return;
	}
	http_answer_error(c->api, out, 400, "span is interval, hour or day.");
}

struct old_statistics {
	json_t *times, *peaks, *websocket, *api;
};

static void
take_old_row(void *ctx, const struct stats_row *row)
{
	const struct old_statistics *o = ctx;
	time_t s = (time_t)row->at_s;
	char at[32];
	struct tm tm;

	(void)gmtime_r(&s, &tm);
	(void)strftime(at, sizeof at, "%Y-%m-%d %H:%M:%S", &tm);
	(void)json_array_append_new(o->times, json_string(at));
	(void)json_array_append_new(o->peaks, json_integer((json_int_t)row->peak));
	(void)json_array_append_new(o->websocket, json_integer((json_int_t)row->websocket));
	(void)json_array_append_new(o->api, json_integer((json_int_t)row->api));
}

/* The names of version 1 and, where they differ, those of version 2. */
void
dash_get_statistics(const struct http_call *c, struct http_response *out)
{
	static const char form[] = "{s:{s:O,s:O}, s:{s:O,s:O}, s:{s:O,s:O}, s:{s:O,s:O}, "
				   "s:{s:O,s:O}}";
	struct old_statistics o = { json_array(), json_array(), json_array(), json_array() };
	enum err e = stats_each(
	    c->api->dash->stats, c->app->id, STATS_INTERVAL, 0, DASH_OLD_ROWS, take_old_row, &o);

	http_answer_json(out, e == OK || e == ERR_NOT_FOUND ? 200 : 503,
	    json_pack(form, "peak_connections", "x", o.times, "y", o.peaks,
		"websocket_message_count", "x", o.times, "y", o.websocket, "api_message_count", "x",
		o.times, "y", o.api, "websocket_messages_count", "x", o.times, "y", o.websocket,
		"api_messages_count", "x", o.times, "y", o.api));
	json_decref(o.times);
	json_decref(o.peaks);
	json_decref(o.websocket);
	json_decref(o.api);
}

/* --- doing ---------------------------------------------------------------------------------------
 */

/* As POST /apps/ID/events, and says how many connections were sent it. */
void
dash_post_event(const struct http_call *c, struct http_response *out)
{
	json_auto_t *body = dash_read_body(c, out);
	struct app *app = c->app;
	uint64_t before;

	if (body == NULL)
		return;
	hub_flush(c->api->hub);
	before = app->counts.now.sent;
	http_post_events(c, out);
	if (out->status != 200)
		return;
	hub_flush(c->api->hub);
	log_info("operator: event sent app=%s", app->id);
	buf_clear(&out->body);
	http_answer_json(
	    out, 200, json_pack("{s:I}", "delivered", (json_int_t)(app->counts.now.sent - before)));
}

void
dash_post_terminate(const struct http_call *c, struct http_response *out)
{
	json_auto_t *body = dash_read_body(c, out);
	const char *user, *socket;
	size_t n;

	if (body == NULL)
		return;
	user = json_member_string(body, "user_id");
	socket = json_member_string(body, "socket_id");
	if (user != NULL && *user != '\0' && strlen(user) <= LIMIT_USER_ID_LEN) {
		n = hub_terminate_user(c->api->hub, c->app, user);
	} else if (user == NULL && socket != NULL && id_is_socket_id(socket, strlen(socket))) {
		n = hub_terminate_socket(c->api->hub, c->app, socket);
	} else {
		http_answer_error(c->api, out, 400, "user_id or socket_id is missing or invalid.");
		return;
	}
	log_info("operator: connections terminated app=%s count=%zu", c->app->id, n);
	http_answer_json(out, 200, json_pack("{s:I}", "terminated", (json_int_t)n));
}
