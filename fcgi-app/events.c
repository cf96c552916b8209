#include "events.h"

#include <stdio.h>

#include "clock.h"
#include "event_names.h"
#include "json.h"
#include "message_json.h"
#include "utf8.h"

/* Members that all of the snake_case events have. */
static json_t *
common(const struct event_context *c, const char *type)
{
	char id[LIMIT_CHAT_ID_LEN + 24];

	/* Unique for each event of a chat, and the same when it is sent again. */
	(void)snprintf(id, sizeof id, "%s-%lld",
	    c->message_uid != NULL ? c->message_uid : c->chat_id, (long long)c->seq);
	return json_pack("{s:s, s:s*, s:s, s:s*, s:s*, s:I, s:o, s:I, s:I}", "id", id,
	    "invocation_id", c->job_uid, "type", type, "message_id", c->message_uid, "parent_id",
	    c->parent_uid, "timestamp", (json_int_t)(c->now_ms / 1000), "chat_id",
	    chat_id_json(c->chat_id, c->id_is_number), "seq", (json_int_t)c->seq, "prev",
	    (json_int_t)c->prev);
}

static enum err
write_object(struct buf *out, json_t *root)
{
	json_auto_t *owned = root;

	return owned != NULL ? json_write(out, owned) : ERR_IO;
}

enum err
event_delta(
    struct buf *out, const struct event_context *c, const char *text, size_t n, int64_t offset)
{
	json_t *root = common(c, EVENT_TEXT_DELTA);

	(void)json_object_set_new(root, "delta", json_stringn(text, n));
	(void)json_object_set_new(root, "offset", json_integer(offset));
	return write_object(out, root);
}

/* {"chatId", "message", "seq", "prev"}: MessageSent, message_created, message_edited. */
static enum err
event_message(struct buf *out, const struct event_context *c, const struct message *m, size_t max,
    json_t *extra)
{
	size_t n = utf8_cut(m->content, m->content_len, max);
	json_t *message = message_json(m, m->content, n, c->app_key);
	json_t *root;
	char href[LIMIT_CHAT_ID_LEN + 80];

	if (n < m->content_len) {
		(void)snprintf(href, sizeof href, "/api/chats/%s/history?after=%lld&limit=1",
		    c->chat_id, (long long)(m->changed_seq - 1));
		(void)json_object_set_new(message, "truncated", json_true());
		(void)json_object_set_new(message, "href", json_string(href));
	}
	root =
	    json_pack("{s:o, s:o, s:I, s:I}", "chatId", chat_id_json(c->chat_id, c->id_is_number),
		"message", message, "seq", (json_int_t)c->seq, "prev", (json_int_t)c->prev);
	if (n < m->content_len) {
		(void)json_object_set_new(root, "truncated", json_true());
		(void)json_object_set_new(root, "href", json_string(href));
	}
	if (extra != NULL)
		(void)json_object_update_missing(root, extra);
	return write_object(out, root);
}

static bool
is_message_event(const char *name)
{
	static const char *const names[] = { EVENT_MESSAGE_SENT, EVENT_MESSAGE_CREATED,
		EVENT_MESSAGE_EDITED };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

enum err
event_of_outbox(struct buf *out, const struct event_context *c, const struct outbox_event *e,
    const struct message *m, size_t max)
{
	json_auto_t *extra = NULL;
	json_t *root;

	if (e->data != NULL &&
	    json_parse(e->data, strlen(e->data), LIMIT_JSON_DEPTH, true, &extra, NULL, 0) != OK)
		return ERR_INVALID;
	if (m != NULL && is_message_event(e->name))
		return event_message(out, c, m, max, extra);
	root = common(c, e->name);
	if (extra != NULL)
		(void)json_object_update(root, extra);
	return write_object(out, root);
}

void
event_channels(const char *chat_id, bool is_private, struct event_channels *out)
{
	static const char *const prefixes[] = { "chat.", "private-chat.", "presence-chat." };

	out->count = 0;
	for (size_t i = is_private ? 1 : 0; i < ARRAY_LEN(prefixes); i++)
		(void)snprintf(
		    out->names[out->count++], sizeof out->names[0], "%s%s", prefixes[i], chat_id);
}
