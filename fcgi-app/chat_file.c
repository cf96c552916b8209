#include "chat_file.h"

#include <stdio.h>

#include "clock.h"
#include "ids.h"
#include "json.h"
#include "limit.h"
#include "utf8.h"

#define NAME_MAX_BYTES 200
#define UID_MAX_BYTES 128

/* The member's text; NULL if it is absent or null. */
static enum err
read_text(const json_t *o, const char *name, size_t max, const char **out, struct field_error *why)
{
	const json_t *value = json_object_get(o, name);

	*out = NULL;
	if (value == NULL || json_is_null(value))
		return OK;
	if (!json_is_string(value) || json_string_length(value) > max)
		return field_error(
		    why, "file", "The %s must be a string of at most %zu bytes.", name, max);
	*out = json_string_value(value);
	return OK;
}

/* --- the chat --- */

static enum err
read_id(const json_t *chat, struct chat_file *out, struct field_error *why)
{
	const json_t *id = json_object_get(chat, "chatId");
	json_int_t n = json_integer_value(id);

	if (json_is_integer(id) && n <= LIMIT_CHAT_NUMBER && n >= -LIMIT_CHAT_NUMBER) {
		(void)snprintf(out->id_text, sizeof out->id_text, "%lld", (long long)n);
		out->chat_id = out->id_text;
		out->id_is_number = true;
		return OK;
	}
	if (id == NULL || json_is_null(id))
		return OK;
	if (!json_is_string(id) ||
	    !id_is_pusher_name(json_string_value(id), json_string_length(id), LIMIT_CHAT_ID_LEN))
		return field_error(why, "file", "The chatId is none of ours.");
	out->chat_id = json_string_value(id);
	return OK;
}

static enum err
read_chat(const json_t *chat, struct chat_file *out, struct field_error *why)
{
	const char *visibility = NULL;
	enum err e;

	if (!json_is_object(chat))
		return field_error(why, "file", "The chat must be an object.");
	if ((e = read_id(chat, out, why)) != OK ||
	    (e = read_text(chat, "title", LIMIT_TITLE_BYTES, &out->title, why)) != OK ||
	    (e = read_text(chat, "lang", 8, &out->lang, why)) != OK ||
	    (e = read_text(chat, "visibility", 8, &visibility, why)) != OK ||
	    (e = read_text(chat, "model", LIMIT_MODEL_BYTES, &out->model, why)) != OK ||
	    (e = read_text(chat, "systemPrompt", LIMIT_PERSONA_BYTES, &out->system_prompt, why)) !=
		OK)
		return e;
	if (out->lang == NULL || (strcmp(out->lang, "en") != 0 && strcmp(out->lang, "es") != 0))
		out->lang = "es";
	out->is_open = visibility != NULL && strcmp(visibility, "open") == 0;
	return OK;
}

/* --- messages --- */

static enum err
read_role(const json_t *o, size_t i, struct file_message *m, struct field_error *why)
{
	const char *role = json_member_string(o, "role");

	if (role != NULL && strcmp(role, "user") == 0)
		m->role = ROLE_USER;
	else if (role != NULL && strcmp(role, "assistant") == 0)
		m->role = ROLE_ASSISTANT;
	else
		return field_error(
		    why, "file", "The messages.%zu.role must be user or assistant.", i);
	return OK;
}

static enum err
read_content(const json_t *o, size_t i, struct file_message *m, struct field_error *why)
{
	const json_t *content = json_object_get(o, "content");
	size_t max = m->role == ROLE_USER ? LIMIT_MESSAGE_BYTES : LIMIT_REPLY_BYTES;

	if (!json_is_string(content))
		return field_error(why, "file", "The messages.%zu.content must be a string.", i);
	m->content = json_string_value(content);
	m->content_len = json_string_length(content);
	if (m->content_len > max)
		return field_error(
		    why, "file", "The messages.%zu.content is longer than %zu bytes.", i, max);
	if (m->role == ROLE_USER && utf8_is_blank(m->content, m->content_len))
		return field_error(why, "file", "The messages.%zu.content is empty.", i);
	return OK;
}

/* What ran when it was exported has stopped by now. */
static void
read_status(const json_t *o, struct file_message *m)
{
	const char *name = json_member_string(o, "status");

	m->status = MESSAGE_COMPLETE;
	for (int st = MESSAGE_COMPLETE; st <= MESSAGE_ERROR && m->role == ROLE_ASSISTANT; st++)
		if (name != NULL && strcmp(message_status_name((enum message_status)st), name) == 0)
			m->status = (enum message_status)st;
	if (message_is_running(m->status))
		m->status = MESSAGE_STOPPED;
}

static int64_t
tokens(const json_t *usage, const char *name)
{
	int64_t n = json_member_int(usage, name, 0);

	return n > 0 && n < INT32_MAX ? n : 0;
}

static enum err
read_rest(const json_t *o, struct file_message *m, struct field_error *why)
{
	const json_t *usage = json_object_get(o, "usage"), *error = json_object_get(o, "error");
	const char *created = NULL, *sentence;
	enum err e;

	if ((e = read_text(json_object_get(o, "author"), "name", NAME_MAX_BYTES, &m->author_name,
		 why)) != OK ||
	    (e = read_text(o, "model", LIMIT_MODEL_BYTES, &m->model, why)) != OK ||
	    (e = read_text(error, "type", LIMIT_MODEL_BYTES, &m->error_type, why)) != OK ||
	    (e = read_text(o, "createdAt", 64, &created, why)) != OK)
		return e;
	if (created != NULL && !clock_parse_rfc3339(created, &m->created_ms))
		return field_error(why, "file", "A createdAt is no time in RFC 3339.");
	m->usage = (struct usage){ tokens(usage, "prompt_tokens"),
		tokens(usage, "completion_tokens"), tokens(usage, "reasoning_tokens"),
		tokens(usage, "cache_read_input_tokens"), tokens(usage, "total_tokens") };
	/* our own sentence about a failure: the same text stands in both places */
	sentence = json_member_string(error, "message");
	m->is_notice = m->error_type != NULL && sentence != NULL && m->content != NULL &&
		       strcmp(sentence, m->content) == 0;
	return OK;
}

/* ids: text -> index of the messages before. */
static enum err
read_place(const json_t *o, size_t i, json_t *ids, struct file_message *m, struct field_error *why)
{
	const char *uid = json_member_string(o, "id"), *parent = NULL;
	enum err e = read_text(o, "parentId", UID_MAX_BYTES, &parent, why);

	if (e != OK)
		return e;
	if (uid == NULL || *uid == '\0' || strlen(uid) > UID_MAX_BYTES ||
	    json_object_get(ids, uid) != NULL)
		return field_error(why, "file", "The messages.%zu.id is missing or not unique.", i);
	m->parent = SIZE_MAX;
	if (parent != NULL) {
		const json_t *at = json_object_get(ids, parent);

		if (at == NULL)
			return field_error(why, "file",
			    "The messages.%zu.parentId names no message before it.", i);
		m->parent = (size_t)json_integer_value(at);
	}
	(void)json_object_set_new(ids, uid, json_integer((json_int_t)i));
	return OK;
}

static enum err
read_message(
    const json_t *o, size_t i, json_t *ids, struct file_message *m, struct field_error *why)
{
	enum err e;

	if (!json_is_object(o))
		return field_error(why, "file", "The messages.%zu must be an object.", i);
	if ((e = read_place(o, i, ids, m, why)) != OK || (e = read_role(o, i, m, why)) != OK ||
	    (e = read_content(o, i, m, why)) != OK)
		return e;
	read_status(o, m);
	return read_rest(o, m, why);
}

static enum err
read_messages(const json_t *root, struct chat_file *out, struct field_error *why)
{
	const json_t *list = json_object_get(root, "messages"), *at;
	const char *head = json_member_string(json_object_get(root, "chat"), "headId");
	json_auto_t *ids = json_object();
	size_t n = json_array_size(list);
	enum err e = OK;

	if (!json_is_array(list) || n > LIMIT_IMPORT_MESSAGES)
		return field_error(why, "file",
		    "The messages must be an array of at most %d items.", LIMIT_IMPORT_MESSAGES);
	out->messages = xcalloc(n + 1, sizeof *out->messages);
	for (; out->count < n && e == OK; out->count++)
		e = read_message(json_array_get(list, out->count), out->count, ids,
		    &out->messages[out->count], why);
	if (e != OK)
		return e;
	out->head = n > 0 ? n - 1 : SIZE_MAX;
	at = head != NULL ? json_object_get(ids, head) : NULL;
	if (at != NULL)
		out->head = (size_t)json_integer_value(at);
	return OK;
}

enum err
chat_file_read(json_t *root, struct chat_file *out, struct field_error *why)
{
	const char *format = json_member_string(root, "format");
	struct chat_file f = { .root = root };
	enum err e;

	if (format == NULL || strcmp(format, "charla-chat") != 0 ||
	    json_member_int(root, "version", 0) != 1)
		e = field_error(
		    why, "file", "This is no chat that Charla has exported (format, version).");
	else if ((e = read_chat(json_object_get(root, "chat"), &f, why)) == OK)
		e = read_messages(root, &f, why);
	if (e == OK) {
		*out = f;
		if (f.id_is_number)
			out->chat_id = out->id_text;
	} else {
		chat_file_free(&f);
	}
	return e;
}

void
chat_file_free(struct chat_file *f)
{
	free(f->messages);
	json_decref(f->root);
	*f = (struct chat_file){ 0 };
}
