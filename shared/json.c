#include "json.h"

#include <errno.h>
#include <stdio.h>

/*
 * Jansson's own limit is 2,048 levels and cannot be set, so brackets are counted beforehand.
 * Inside a string only '"' and '\\' matter.
 */
static bool
is_too_deep(const char *p, size_t n, size_t max_depth)
{
	size_t depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < n; i++) {
		if (in_string) {
			if (p[i] == '\\')
				i++;
			else if (p[i] == '"')
				in_string = false;
		} else if (p[i] == '"') {
			in_string = true;
		} else if (p[i] == '{' || p[i] == '[') {
			if (++depth > max_depth)
				return true;
		} else if ((p[i] == '}' || p[i] == ']') && depth > 0) {
			depth--;
		}
	}
	return false;
}

/* Jansson's text quotes the input ("near '...'"), which may be a secret or a person's message. */
static void
explain(const json_error_t *error, char *why, size_t why_size)
{
	const char *near = strstr(error->text, " near ");
	size_t len = near != NULL ? (size_t)(near - error->text) : strlen(error->text);

	(void)snprintf(why, why_size, "line %d column %d: %.*s", error->line, error->column,
	    (int)len, error->text);
}

enum err
json_parse(const char *p, size_t n, size_t max_depth, bool strict, json_t **out_root, char *why,
    size_t why_size)
{
	json_error_t error;
	json_t *root;

	if (is_too_deep(p, n, max_depth)) {
		if (why != NULL)
			(void)snprintf(why, why_size, "nested deeper than %zu levels", max_depth);
		return ERR_LIMIT;
	}
	root = json_loadb(p, n, strict ? JSON_REJECT_DUPLICATES : 0, &error);
	if (root == NULL) {
		if (why != NULL)
			explain(&error, why, why_size);
		return ERR_INVALID;
	}
	*out_root = root;
	return OK;
}

/* Only then all integers are read as reals, so that others stay what they are. */
enum err
json_parse_any(const char *p, size_t n, size_t max_depth, json_t **out_root)
{
	json_error_t error;
	json_t *root;

	if (is_too_deep(p, n, max_depth))
		return ERR_LIMIT;
	root = json_loadb(p, n, JSON_ALLOW_NUL, &error);
	if (root == NULL && json_error_code(&error) == json_error_numeric_overflow)
		root = json_loadb(p, n, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
	if (root == NULL)
		return ERR_INVALID;
	*out_root = root;
	return OK;
}

static int
add_to_buf(const char *p, size_t n, void *arg)
{
	return buf_add(arg, p, n) == OK ? 0 : -1;
}

enum err
json_write(struct buf *b, const json_t *value)
{
	size_t before = b->len;

	if (json_dump_callback(value, add_to_buf, b, JSON_COMPACT | JSON_ENCODE_ANY) == 0)
		return OK;
	if (b->data != NULL) {
		b->len = before;
		b->data[before] = '\0';
	}
	return ERR_LIMIT;
}

char *
json_text(const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	if (text == NULL)
		abort();
	return text;
}

const char *
json_plain_string(const json_t *value)
{
	const char *text = json_string_value(value);

	return text != NULL && strlen(text) == json_string_length(value) ? text : NULL;
}

const char *
json_member_string(const json_t *object, const char *key)
{
	return json_plain_string(json_object_get(object, key));
}

int64_t
json_member_int(const json_t *object, const char *key, int64_t fallback)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);
	char *end;
	long long number;

	if (json_is_integer(value))
		return json_integer_value(value);
	if (text == NULL || *text == '\0')
		return fallback;
	errno = 0;
	number = strtoll(text, &end, 10);
	return *end == '\0' && errno == 0 ? number : fallback;
}
