#include "validate.h"

#include <stdio.h>

#include "ids.h"
#include "limit.h"
#include "utf8.h"

static enum err
read_chat_id(const json_t *root, struct send_message *out, struct field_error *why)
{
	const json_t *id = json_object_get(root, "chatId");

	if (id == NULL || json_is_null(id))
		return field_error(why, "chatId", "The chat id field is required.");
	if (json_is_integer(id)) {
		json_int_t n = json_integer_value(id);

		if (n > LIMIT_CHAT_NUMBER || n < -LIMIT_CHAT_NUMBER)
			return field_error(why, "chatId", "The chat id must be at most 2^53.");
		(void)snprintf(out->chat_id, sizeof out->chat_id, "%lld", (long long)n);
		out->id_is_number = true;
		return OK;
	}
	if (!json_is_string(id))
		return field_error(why, "chatId", "The chat id must be a string or an integer.");
	if (!id_is_pusher_name(json_string_value(id), json_string_length(id), LIMIT_CHAT_ID_LEN))
		return field_error(why, "chatId",
		    "The chat id must be 1 to %d characters of A-Z a-z 0-9 _ - = @ , . ;",
		    LIMIT_CHAT_ID_LEN);
	(void)snprintf(out->chat_id, sizeof out->chat_id, "%s", json_string_value(id));
	return OK;
}

static enum err
read_role(const json_t *message, size_t i, enum role *out, struct field_error *why)
{
	static const struct {
		const char *name;
		enum role role;
	} roles[] = {
		{ "user", ROLE_USER },
		{ "assistant", ROLE_ASSISTANT },
		{ "model", ROLE_ASSISTANT }, /* Gemini's own name for it */
		{ "system", ROLE_SYSTEM },
	};
	const char *name = json_string_value(json_object_get(message, "role"));

	if (name == NULL)
		return field_error(why, "messages", "The messages.%zu.role field is required.", i);
	for (size_t k = 0; k < ARRAY_LEN(roles); k++)
		if (strcmp(roles[k].name, name) == 0) {
			*out = roles[k].role;
			return OK;
		}
	return field_error(
	    why, "messages", "The messages.%zu.role must be user, assistant or system.", i);
}

/* Joins system turns by a blank line. The body's own cap bounds the sum. */
static void
add_system(struct send_message *out, const char *text)
{
	char *joined = NULL;

	if (utf8_is_blank(text, strlen(text)))
		return;
	if (asprintf(&joined, "%s%s%s", out->system != NULL ? out->system : "",
		out->system != NULL ? "\n\n" : "", text) < 0)
		abort();
	free(out->system);
	out->system = joined;
}

static enum err
read_message(const json_t *message, size_t i, struct send_message *out, struct field_error *why)
{
	const json_t *content = json_object_get(message, "content");
	enum role role = ROLE_USER;
	enum err e;

	if (!json_is_object(message))
		return field_error(why, "messages", "The messages.%zu must be an object.", i);
	if ((e = read_role(message, i, &role, why)) != OK)
		return e;
	if (content == NULL)
		return field_error(
		    why, "messages", "The messages.%zu.content field is required.", i);
	if (!json_is_string(content))
		return field_error(
		    why, "messages", "The messages.%zu.content must be a string.", i);
	if (json_string_length(content) > LIMIT_MESSAGE_BYTES)
		return field_error(why, "messages",
		    "The messages.%zu.content is longer than %lu bytes.", i, LIMIT_MESSAGE_BYTES);
	if (role == ROLE_SYSTEM)
		add_system(out, json_string_value(content));
	else
		out->turns[out->count++] = (struct posted_turn){
			.role = role,
			.text = json_string_value(content),
			.len = json_string_length(content),
		};
	if (role == ROLE_USER &&
	    utf8_is_blank(json_string_value(content), json_string_length(content)))
		return field_error(
		    why, "messages", "The messages.%zu.content field is required.", i);
	return OK;
}

static enum err
read_messages(const json_t *root, struct send_message *out, struct field_error *why)
{
	const json_t *messages = json_object_get(root, "messages");
	size_t n = json_array_size(messages);
	enum err e;

	if (messages == NULL || json_is_null(messages))
		return field_error(why, "messages", "The messages field is required.");
	if (!json_is_array(messages))
		return field_error(why, "messages", "The messages must be an array.");
	if (n == 0)
		return field_error(why, "messages", "The messages must have at least 1 item.");
	if (n > LIMIT_MESSAGES_PER_REQUEST)
		return field_error(why, "messages",
		    "The messages must not have more than %d items.", LIMIT_MESSAGES_PER_REQUEST);
	out->turns = xcalloc(n, sizeof *out->turns);
	for (size_t i = 0; i < n; i++)
		if ((e = read_message(json_array_get(messages, i), i, out, why)) != OK)
			return e;
	if (out->count == 0 || out->turns[out->count - 1].role != ROLE_USER)
		return field_error(
		    why, "messages", "The last of the messages must have the role user.");
	return OK;
}

enum err
validate_send_message(json_t *root, struct send_message *out, struct field_error *why)
{
	struct send_message m = { .root = root };
	enum err e;

	if (!json_is_object(root))
		e = field_error(why, "messages", "The body must be a JSON object.");
	else if ((e = read_chat_id(root, &m, why)) == OK)
		e = read_messages(root, &m, why);
	if (e == OK)
		*out = m;
	else
		send_message_free(&m);
	return e;
}

void
send_message_free(struct send_message *m)
{
	free(m->turns);
	free(m->system);
	json_decref(m->root);
	*m = (struct send_message){ 0 };
}

enum err
send_message_canonical(const struct send_message *m, struct buf *out)
{
	const char *system = m->system != NULL ? m->system : "";
	enum err e = buf_addf(out, "s%zu:%s", strlen(system), system);

	for (size_t i = 0; i < m->count && e == OK; i++) {
		e = buf_addf(
		    out, "%c%zu:", m->turns[i].role == ROLE_USER ? 'u' : 'a', m->turns[i].len);
		if (e == OK)
			e = buf_add(out, m->turns[i].text, m->turns[i].len);
	}
	return e;
}
