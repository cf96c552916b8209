#include "http_call.h"

#include <string.h>

#include "channel_name.h"
#include "ids.h"
#include "json.h"
#include "limit.h"
#include "pusher_json.h"

struct event {
	const char *name, *socket_id, *info; /* borrowed from the root */
	json_t *data;                        /* borrowed */
	const char *channels[LIMIT_CHANNELS_PER_EVENT];
	size_t channel_count;
};

/* A refusal: the status and its sentence. status 0: none. */
struct problem {
	int status;
	const char *text;
};

#define NO_PROBLEM ((struct problem){ 0, NULL })
#define PROBLEM(code, sentence) ((struct problem){ (code), (sentence) })

static bool
has_channel(const struct event *e, const char *name)
{
	for (size_t i = 0; i < e->channel_count; i++)
		if (strcmp(e->channels[i], name) == 0)
			return true;
	return false;
}

static struct problem
add_channel(struct event *e, const struct app *app, const json_t *value)
{
	const char *name = json_string_value(value);

	if (name == NULL)
		return PROBLEM(400, "A channel must be a string.");
	if (!channel_name_is_valid(name, strlen(name), LIMIT_CHANNEL_NAME_LEN_MAX))
		return PROBLEM(
		    400, "A channel name is too long or has characters that are not allowed.");
	if (has_channel(e, name))
		return NO_PROBLEM;
	if (e->channel_count == ARRAY_LEN(e->channels) ||
	    e->channel_count == app->limits.channels_per_event)
		return PROBLEM(400, "An event can have at most 100 channels.");
	e->channels[e->channel_count++] = name;
	return NO_PROBLEM;
}

static struct problem
read_channels(struct event *e, const struct app *app, const json_t *root)
{
	const json_t *list = json_object_get(root, "channels");
	const json_t *one = json_object_get(root, "channel");
	struct problem p;

	if (list == NULL)
		return one != NULL ? add_channel(e, app, one)
				   : PROBLEM(400, "The event needs channel or channels.");
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
read_event(struct event *e, const struct app *app, const json_t *root)
{
	const json_t *socket_id = json_object_get(root, "socket_id");

	e->name = json_member_string(root, "name");
	e->data = json_object_get(root, "data");
	e->socket_id = json_string_value(socket_id);
	e->info = json_member_string(root, "info");
	if (e->name == NULL || *e->name == '\0')
		return PROBLEM(400, "The event needs a name.");
	if (strlen(e->name) > app->limits.event_name_len)
		return PROBLEM(400, "The event name is longer than allowed.");
	if (e->data == NULL || json_is_null(e->data))
		return PROBLEM(400, "The event needs data.");
	if (data_len(e->data) > app->limits.event_bytes)
		return PROBLEM(413, "The data of the event is larger than allowed.");
	if (socket_id != NULL && !json_is_null(socket_id) &&
	    (e->socket_id == NULL || !id_is_socket_id(e->socket_id, strlen(e->socket_id))))
		return PROBLEM(400, "The socket_id is invalid.");
	return read_channels(e, app, root);
}

static void
publish(struct hub *h, struct metrics *m, struct app *app, const struct event *e)
{
	const struct peer *except = e->socket_id != NULL ? hub_find(h, app, e->socket_id) : NULL;

	metric_add(m, METRIC_EVENTS_HTTP, e->channel_count);
	for (size_t i = 0; i < e->channel_count; i++) {
		const char *channel = e->channels[i];
		struct frame *f;

		if (!hub_wants(app, channel, strlen(channel)))
			continue;
		f = pusher_event(e->name, channel, e->data, NULL);
		hub_publish(h, app, channel, strlen(channel), f, except);
		frame_unref(f);
	}
}

static json_t *
answer(struct app *app, const struct event *e)
{
	json_t *channels;

	if (e->info == NULL || strstr(e->info, "subscription_count") == NULL)
		return json_object();
	channels = json_object();
	for (size_t i = 0; i < e->channel_count; i++)
		(void)json_object_set_new(channels, e->channels[i],
		    json_pack("{s:I}", "subscription_count",
			(json_int_t)hub_occupancy(app, e->channels[i], strlen(e->channels[i]))));
	return json_pack("{s:o}", "channels", channels);
}

void
http_post_events(const struct http_call *c, struct http_response *out)
{
	json_auto_t *root = NULL;
	struct event e = { .channel_count = 0 };
	struct problem p;

	if (json_parse(c->request->body, c->request->body_len, LIMIT_JSON_DEPTH, false, &root, NULL,
		0) != OK ||
	    !json_is_object(root))
		p = PROBLEM(400, "The body must be a JSON object.");
	else
		p = read_event(&e, c->app, root);
	if (p.status != 0) {
		http_answer_error(c->api, out, p.status, p.text);
		return;
	}
	publish(c->api->hub, c->api->metrics, c->app, &e);
	http_answer_json(out, 200, answer(c->app, &e));
}
