#include "validate_chat.h"

#include "limit.h"
#include "utf8.h"

static enum err
check_object(const json_t *root, struct field_error *why)
{
	return json_is_object(root) ? OK
				    : field_error(why, "body", "The body must be a JSON object.");
}

/* A string of at most max bytes; null and "" are "" if they may be. */
static enum err
read_text(
    const json_t *root, const char *name, size_t max, const char **out, struct field_error *why)
{
	const json_t *value = json_object_get(root, name);

	if (value == NULL)
		return OK;
	if (!json_is_string(value) && !json_is_null(value))
		return field_error(why, name, "The %s must be a string.", name);
	if (json_string_length(value) > max)
		return field_error(why, name, "The %s is longer than %zu bytes.", name, max);
	*out = json_is_null(value) ? "" : json_string_value(value);
	return OK;
}

static bool
is_one_line(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

static enum err
read_visibility(const json_t *root, struct chat_fields *out, struct field_error *why)
{
	const json_t *value = json_object_get(root, "visibility");
	const char *text = json_string_value(value);

	if (value == NULL)
		return OK;
	if (text == NULL || (strcmp(text, "private") != 0 && strcmp(text, "open") != 0))
		return field_error(why, "visibility", "The visibility must be private or open.");
	out->has_visibility = true;
	out->is_private = strcmp(text, "private") == 0;
	return OK;
}

enum err
validate_chat_fields(const json_t *root, struct chat_fields *out, struct field_error *why)
{
	struct chat_fields f = { 0 };
	enum err e = check_object(root, why);

	if (e != OK || (e = read_text(root, "title", LIMIT_TITLE_BYTES, &f.title, why)) != OK ||
	    (e = read_text(root, "systemPrompt", LIMIT_PERSONA_BYTES, &f.system_prompt, why)) !=
		OK ||
	    (e = read_text(root, "model", LIMIT_MODEL_BYTES, &f.model, why)) != OK ||
	    (e = read_visibility(root, &f, why)) != OK)
		return e;
	if (f.title != NULL && utf8_is_blank(f.title, strlen(f.title)))
		return field_error(why, "title", "The title must not be empty.");
	if (f.title != NULL && !is_one_line(f.title))
		return field_error(why, "title", "The title must be a single line.");
	*out = f;
	return OK;
}

enum err
validate_content(const json_t *root, const char **out_content, struct field_error *why)
{
	const char *content = NULL;
	enum err e = check_object(root, why);

	if (e != OK || (e = read_text(root, "content", LIMIT_MESSAGE_BYTES, &content, why)) != OK)
		return e;
	if (content == NULL || utf8_is_blank(content, strlen(content)))
		return field_error(why, "content", "The content field is required.");
	*out_content = content;
	return OK;
}

enum err
validate_stop(const json_t *root, struct stop_fields *out, struct field_error *why)
{
	struct stop_fields f = { .seen_units = -1 };
	const json_t *seen = json_object_get(root, "length");
	enum err e = check_object(root, why);

	if (e != OK || (e = read_text(root, "messageId", 128, &f.message_uid, why)) != OK)
		return e;
	if (f.message_uid != NULL && *f.message_uid == '\0')
		f.message_uid = NULL;
	if (seen == NULL)
		seen = json_object_get(root, "seenLength");
	if (seen != NULL && !json_is_null(seen)) {
		if (!json_is_integer(seen))
			return field_error(why, "length", "The length must be an integer.");
		f.seen_units = json_integer_value(seen) > 0 ? json_integer_value(seen) : 0;
	}
	f.all = json_is_true(json_object_get(root, "all"));
	*out = f;
	return OK;
}

enum err
validate_head(const json_t *root, const char **out_uid, bool *out_exact, struct field_error *why)
{
	const char *uid = NULL;
	enum err e = check_object(root, why);

	if (e != OK || (e = read_text(root, "messageId", 128, &uid, why)) != OK)
		return e;
	if (uid == NULL || *uid == '\0')
		return field_error(why, "messageId", "The messageId field is required.");
	*out_uid = uid;
	*out_exact = json_is_true(json_object_get(root, "exact"));
	return OK;
}

bool
model_is_listed(const char *name, const char *list, const char *model, const char *fallback_model)
{
	size_t n = strlen(name);

	if (n == 0 || strcmp(name, model) == 0 || strcmp(name, fallback_model) == 0)
		return true;
	while (*list != '\0') {
		size_t len;

		list += strspn(list, ", ");
		len = strcspn(list, ", ");
		if (len == n && strncmp(list, name, n) == 0)
			return true;
		list += len;
	}
	return false;
}
