/*
 * Publishing by HTTP: events, batch_events and the form that libraries of 2011 use. Pure.
 *
 * A request is checked whole before anything of it is published.
 */
#include <string.h>

#include "channel_name.h"
#include "http_call.h"
#include "http_info.h"
#include "ids.h"
#include "json.h"
#include "limit.h"
#include "pusher_json.h"
#include "utf8.h"

struct event {
	const char *name, *socket_id; /* borrowed from the root */
	json_t *data;                 /* borrowed */
	json_t *channels;             /* owned: an object, in order and each once */
	unsigned info;
	bool has_info;
};

/* A refusal: the status and its sentence. status 0: none. */
struct problem {
	int status;
	const char *text;
};

#define NO_PROBLEM ((struct problem){ 0, NULL })
#define PROBLEM(code, sentence) ((struct problem){ (code), (sentence) })

/* --- reading an event ----------------------------------------------------------------------------
 */

static struct problem
add_channel(struct event *e, const struct app *app, const json_t *value)
{
	const char *name = json_plain_string(value);

	if (name == NULL)
		return PROBLEM(400, "A channel must be a string.");
	if (!app_allows_channel(app, name, strlen(name)))
		return PROBLEM(
		    400, "A channel name is too long or has characters that are not allowed.");
	(void)json_object_set_new(e->channels, name, json_object());
	if (json_object_size(e->channels) > app->limits.channels_per_event)
		return PROBLEM(400, "The event has more channels than allowed.");
	return NO_PROBLEM;
}

static struct problem
read_channels(struct event *e, const struct app *app, const json_t *root)
{
	const json_t *list = json_object_get(root, "channels");
	const json_t *one = json_object_get(root, "channel");
	struct problem p;

	if (list == NULL || json_is_null(list))
		return one != NULL ? add_channel(e, app, one)
				   : PROBLEM(400, "The event needs channel or channels.");
	if (json_is_string(list))
		return add_channel(e, app, list);
	if (!json_is_array(list) || json_array_size(list) == 0)
		return PROBLEM(400, "channels must be a list of names.");
	for (size_t i = 0; i < json_array_size(list); i++)
		if ((p = add_channel(e, app, json_array_get(list, i))).status != 0)
			return p;
	return NO_PROBLEM;
}

static size_t
data_len(const json_t *data)
{
	if (json_is_string(data))
		return json_string_length(data);
	return json_dumpb(data, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
}

static struct problem
check_data(const json_t *data, const struct app *app)
{
	if (data == NULL || json_is_null(data))
		return PROBLEM(400, "The event needs data.");
	if (data_len(data) > app->limits.event_bytes)
		return PROBLEM(413, "The data of the event is larger than allowed.");
	return NO_PROBLEM;
}

/* e is to be freed in each case. */
static struct problem
read_event(struct event *e, const struct app *app, const json_t *root)
{
	const json_t *socket_id = json_object_get(root, "socket_id");
	const char *info = json_member_string(root, "info");
	struct problem p;

	*e = (struct event){
		.name = json_member_string(root, "name"),
		.socket_id = json_plain_string(socket_id),
		.data = json_object_get(root, "data"),
		.channels = json_object(),
		.info = http_info_parse(info),
		.has_info = info != NULL && *info != '\0',
	};
	if (!json_is_object(root))
		return PROBLEM(400, "An event must be a JSON object.");
	if (e->name == NULL || *e->name == '\0')
		return PROBLEM(400, "The event needs a name.");
	if (strlen(e->name) > app->limits.event_name_len)
		return PROBLEM(400, "The event name is longer than allowed.");
	if ((p = check_data(e->data, app)).status != 0)
		return p;
	if (e->socket_id != NULL && *e->socket_id == '\0')
		e->socket_id = NULL;
	else if (socket_id != NULL && !json_is_null(socket_id) &&
		 (e->socket_id == NULL || !id_is_socket_id(e->socket_id, strlen(e->socket_id))))
		return PROBLEM(400, "The socket_id is invalid.");
	return read_channels(e, app, root);
}

static void
event_free(struct event *e)
{
	json_decref(e->channels);
}

/* --- publishing ----------------------------------------------------------------------------------
 */

static void
publish(const struct http_call *c, const struct event *e)
{
	struct hub *h = c->api->hub;
	const struct peer *except = e->socket_id != NULL ? hub_find(h, c->app, e->socket_id) : NULL;
	const char *channel;
	json_t *value;

	metric_add(c->api->metrics, METRIC_EVENTS_HTTP, json_object_size(e->channels));
	c->app->counts.now.events_http += json_object_size(e->channels);
	json_object_foreach(e->channels, channel, value)
	{
		struct frame *f;

		hub_note(h, c->app,
		    &(struct hub_note){
			.kind = HUB_NOTE_API_EVENT, .channel = channel, .event = e->name });
		if (!hub_wants(h, c->app, channel, strlen(channel)))
			continue;
		f = pusher_event(e->name, channel, e->data, NULL);
		hub_publish(h, c->app, channel, strlen(channel), f, except);
		frame_unref(f);
	}
}

/* False: answered with 429. What is allowed is told as soketi does. */
static bool
is_rate_kept(const struct http_call *c, size_t events, struct http_response *out)
{
	long limit = c->app->limits.api_events_per_second;
	bool is_kept;

	if (limit <= 0)
		return true;
	if (c->app->api_second != c->now_s) {
		c->app->api_second = c->now_s;
		c->app->api_events = 0;
	}
	is_kept = c->app->api_events + events <= (size_t)limit;
	if (is_kept)
		c->app->api_events += events;
	http_response_header(out, "X-RateLimit-Limit", "%ld", limit);
	http_response_header(
	    out, "X-RateLimit-Remaining", "%zu", (size_t)limit - c->app->api_events);
	if (is_kept)
		return true;
	http_response_header(out, "Retry-After", "1");
	http_answer_error(c->api, out, 429, "The app publishes more events than allowed.");
	return false;
}

static void
add_attributes(const struct http_call *c, const struct event *e)
{
	const char *channel;
	json_t *attributes;

	json_object_foreach(e->channels, channel, attributes)
	    http_info_add(attributes, c->api->hub, c->app, channel, e->info);
}

/* --- one event -----------------------------------------------------------------------------------
 */

static void
post_one(const struct http_call *c, const json_t *root, struct http_response *out)
{
	struct event e;
	struct problem p = read_event(&e, c->app, root);

	if (p.status != 0) {
		http_answer_error(c->api, out, p.status, p.text);
	} else if (is_rate_kept(c, 1, out)) {
		publish(c, &e);
		add_attributes(c, &e);
		http_answer_json(out, 200,
		    e.has_info ? json_pack("{s:O}", "channels", e.channels) : json_object());
	}
	event_free(&e);
}

/* What the body lacks may stand in the query; "channels[]" and "channels[0]" make a list. */
static void
add_query(json_t *root, const struct http_request *r)
{
	static const char *const names[] = { "name", "channel", "data", "socket_id", "info" };
	json_t *channels = json_array();

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = http_request_param(r, names[i]);

		if (value != NULL && json_object_get(root, names[i]) == NULL)
			(void)json_object_set_new(root, names[i], json_string(value));
	}
	for (size_t i = 0; i < r->param_count; i++)
		if (strncmp(r->params[i].name, "channels[", 9) == 0 ||
		    strcmp(r->params[i].name, "channels") == 0)
			(void)json_array_append_new(channels, json_string(r->params[i].value));
	if (json_array_size(channels) > 0 && json_object_get(root, "channels") == NULL &&
	    json_object_get(root, "channel") == NULL)
		(void)json_object_set(root, "channels", channels);
	json_decref(channels);
}

/* The caller's; NULL: answered with 400. */
static json_t *
read_body(const struct http_call *c, struct http_response *out)
{
	json_t *root = NULL;

	if (c->request->body_len == 0)
		return json_object();
	if (json_parse_any(c->request->body, c->request->body_len, LIMIT_PUSHER_DEPTH, &root) ==
		OK &&
	    json_is_object(root))
		return root;
	json_decref(root);
	http_answer_error(c->api, out, 400, "The body must be a JSON object.");
	return NULL;
}

void
http_post_events(const struct http_call *c, struct http_response *out)
{
	json_auto_t *root = read_body(c, out);

	if (root == NULL)
		return;
	add_query(root, c->request);
	post_one(c, root, out);
}

/* Deprecated: the channel is in the path, the name in the query, and the body is the data. */
void
http_post_channel_events(const struct http_call *c, struct http_response *out)
{
	json_auto_t *root = json_object();

	if (!utf8_is_valid(c->request->body, c->request->body_len)) {
		http_answer_error(c->api, out, 400, "The body must be UTF-8.");
		return;
	}
	(void)json_object_set_new(root, "channel", json_string(c->arg));
	if (c->request->body_len > 0)
		(void)json_object_set_new(
		    root, "data", json_stringn(c->request->body, c->request->body_len));
	add_query(root, c->request);
	post_one(c, root, out);
}

/* --- many ----------------------------------------------------------------------------------------
 */

/* Index for index; NULL: nobody asked. */
static json_t *
batch_answer(const struct http_call *c, const struct event *events, size_t n)
{
	json_t *list = json_array();
	bool has_info = false;

	for (size_t i = 0; i < n; i++) {
		add_attributes(c, &events[i]);
		(void)json_array_append(
		    list, json_object_iter_value(json_object_iter(events[i].channels)));
		has_info |= events[i].has_info;
	}
	if (has_info)
		return json_pack("{s:o}", "batch", list);
	json_decref(list);
	return json_object();
}

static void
post_batch(const struct http_call *c, const json_t *batch, struct http_response *out)
{
	size_t n = json_array_size(batch), read = 0;
	struct event *events = xcalloc(n + 1, sizeof *events);
	struct problem p = NO_PROBLEM;

	for (; read < n && p.status == 0; read++)
		p = read_event(&events[read], c->app, json_array_get(batch, read));
	if (p.status != 0) {
		http_answer_error(c->api, out, p.status, p.text);
	} else if (is_rate_kept(c, n, out)) {
		for (size_t i = 0; i < n; i++)
			publish(c, &events[i]);
		http_answer_json(out, 200, batch_answer(c, events, n));
	}
	for (size_t i = 0; i < read; i++)
		event_free(&events[i]);
	free(events);
}

void
http_post_batch_events(const struct http_call *c, struct http_response *out)
{
	json_auto_t *root = read_body(c, out);
	const json_t *batch;

	if (root == NULL)
		return;
	batch = json_object_get(root, "batch");
	if (!json_is_array(batch))
		http_answer_error(c->api, out, 400, "batch must be a list of events.");
	else if (json_array_size(batch) > c->app->limits.batch_events)
		http_answer_error(c->api, out, 400, "The batch has more events than allowed.");
	else
		post_batch(c, batch, out);
}
