#include "pusher_json.h"

#include "json.h"
#include "limit.h"

/* Some libraries send the data of the protocol's own events as JSON in a string. */
static void
open_string(json_t *root)
{
	json_t *data = json_object_get(root, "data"), *inner = NULL;

	if (json_is_string(data) && json_parse_any(json_string_value(data),
					json_string_length(data), LIMIT_PUSHER_DEPTH, &inner) == OK)
		(void)json_object_set_new(root, "data", inner);
}

enum err
pusher_parse(const char *p, size_t n, struct pusher_message *out)
{
	json_t *root = NULL;
	enum err e = json_parse_any(p, n, LIMIT_PUSHER_DEPTH, &root);
	const char *event = json_member_string(root, "event");

	if (e != OK)
		return e;
	if (event == NULL) {
		json_decref(root);
		return ERR_INVALID;
	}
	if (strncmp(event, "pusher:", 7) == 0)
		open_string(root);
	*out = (struct pusher_message){
		.event = event,
		.channel = json_member_string(root, "channel"),
		.data = json_object_get(root, "data"),
		.root = root,
	};
	return OK;
}

void
pusher_message_clear(struct pusher_message *m)
{
	json_decref(m->root);
	*m = (struct pusher_message){ .root = NULL };
}

/* Steals value. */
static struct frame *
frame_of(json_t *value)
{
	auto_char *text = json_text(value);

	json_decref(value);
	return frame_new(text, strlen(text));
}

struct frame *
pusher_established(const char *socket_id, long activity_seconds)
{
	json_auto_t *inner = json_pack(
	    "{s:s, s:I}", "socket_id", socket_id, "activity_timeout", (json_int_t)activity_seconds);
	auto_char *data = json_text(inner);

	return frame_of(
	    json_pack("{s:s, s:s}", "event", "pusher:connection_established", "data", data));
}

struct frame *
pusher_subscribed(const char *channel, const char *data)
{
	return frame_of(json_pack("{s:s, s:s, s:s}", "event",
	    "pusher_internal:subscription_succeeded", "channel", channel, "data", data));
}

/* An event of the protocol itself in a channel: its data is JSON in a string. */
static struct frame *
internal_event(const char *event, const char *channel, json_t *data)
{
	auto_char *text = json_text(data);

	json_decref(data);
	return frame_of(
	    json_pack("{s:s, s:s*, s:s}", "event", event, "channel", channel, "data", text));
}

struct frame *
pusher_member_added(const char *channel, const char *user_id, json_t *user_info)
{
	json_t *info = user_info != NULL ? json_incref(user_info) : json_object();

	return internal_event("pusher_internal:member_added", channel,
	    json_pack("{s:s, s:o}", "user_id", user_id, "user_info", info));
}

struct frame *
pusher_member_removed(const char *channel, const char *user_id)
{
	return internal_event(
	    "pusher_internal:member_removed", channel, json_pack("{s:s}", "user_id", user_id));
}

struct frame *
pusher_subscription_count(const char *channel, size_t count)
{
	return internal_event("pusher_internal:subscription_count", channel,
	    json_pack("{s:I}", "subscription_count", (json_int_t)count));
}

struct frame *
pusher_cache_miss(const char *channel)
{
	return frame_of(json_pack("{s:s, s:s}", "event", "pusher:cache_miss", "channel", channel));
}

struct frame *
pusher_signed_in(const char *user_data)
{
	return frame_of(json_pack(
	    "{s:s, s:{s:s}}", "event", "pusher:signin_success", "data", "user_data", user_data));
}

static void
add_presence_event(json_t *events, const char *name, json_t *ids)
{
	if (json_array_size(ids) > 0)
		(void)json_array_append_new(
		    events, json_pack("{s:s, s:O}", "name", name, "user_ids", ids));
}

struct frame *
pusher_watchlist(json_t *online, json_t *offline)
{
	json_t *events = json_array();

	add_presence_event(events, "online", online);
	add_presence_event(events, "offline", offline);
	return internal_event(
	    "pusher_internal:watchlist_events", NULL, json_pack("{s:o}", "events", events));
}

struct frame *
pusher_subscription_error(const char *channel, const char *type, const char *text, int status)
{
	return frame_of(
	    json_pack("{s:s, s:s, s:{s:s*, s:s, s:i}}", "event", "pusher:subscription_error",
		"channel", channel, "data", "type", type, "error", text, "status", status));
}

struct frame *
pusher_error(int code, const char *text)
{
	return pusher_channel_error(NULL, code, text);
}

struct frame *
pusher_channel_error(const char *channel, int code, const char *text)
{
	return frame_of(
	    json_pack("{s:s, s:s*, s:{s:s, s:o}}", "event", "pusher:error", "channel", channel,
		"data", "message", text, "code", code != 0 ? json_integer(code) : json_null()));
}

struct frame *
pusher_ping(void)
{
	return frame_of(json_pack("{s:s, s:{}}", "event", "pusher:ping", "data"));
}

struct frame *
pusher_pong(void)
{
	return frame_of(json_pack("{s:s, s:{}}", "event", "pusher:pong", "data"));
}

struct frame *
pusher_event(const char *name, const char *channel, json_t *data, const char *user_id)
{
	return frame_of(json_pack("{s:s, s:s, s:O*, s:s*}", "event", name, "channel", channel,
	    "data", data, "user_id", user_id));
}
