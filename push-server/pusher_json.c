#include "pusher_json.h"

#include "json.h"
#include "limit.h"

enum err
pusher_parse(const char *p, size_t n, struct pusher_message *out)
{
	json_t *root = NULL;
	enum err e = json_parse(p, n, LIMIT_JSON_DEPTH, false, &root, NULL, 0);

	if (e != OK)
		return e;
	if (json_member_string(root, "event") == NULL) {
		json_decref(root);
		return ERR_INVALID;
	}
	*out = (struct pusher_message){
		.event = json_member_string(root, "event"),
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
	return frame_of(json_pack("{s:s, s:{s:s, s:o}}", "event", "pusher:error", "data", "message",
	    text, "code", code != 0 ? json_integer(code) : json_null()));
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
	return frame_of(json_pack("{s:s, s:s, s:O, s:s*}", "event", name, "channel", channel,
	    "data", data, "user_id", user_id));
}
