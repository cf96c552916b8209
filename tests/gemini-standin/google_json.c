#include "google_json.h"

#define REALS JSON_REAL_PRECISION(15) /* 0.95, not 0.94999999999999996 */

static int
add_to_buf(const char *p, size_t n, void *arg)
{
	return buf_add(arg, p, n) == OK ? 0 : -1;
}

static enum err
dump(struct buf *b, json_t *value, size_t flags)
{
	return json_dump_callback(value, add_to_buf, b, flags | REALS | JSON_ENCODE_ANY) == 0
		   ? OK
		   : ERR_LIMIT;
}

static enum err write_value(struct buf *b, json_t *value, size_t flags);

static enum err
write_array(struct buf *b, json_t *array, size_t flags)
{
	enum err e = buf_adds(b, "[");

	for (size_t i = 0; e == OK && i < json_array_size(array); i++) {
		if (i > 0)
			e = buf_adds(b, ",");
		if (e == OK)
			e = write_value(b, json_array_get(array, i), flags);
	}
	return e == OK ? buf_adds(b, "]") : e;
}

static enum err
write_member(struct buf *b, const char *key, json_t *value, size_t flags)
{
	json_auto_t *name = json_string(key);
	enum err e = dump(b, name, flags);

	if (e == OK)
		e = buf_adds(b, ": ");
	return e == OK ? write_value(b, value, flags) : e;
}

static enum err
write_object(struct buf *b, json_t *object, size_t flags)
{
	enum err e = buf_adds(b, "{");
	const char *key, *comma = "";
	json_t *value;

	json_object_foreach(object, key, value)
	{
		if (e == OK)
			e = buf_adds(b, comma);
		if (e == OK)
			e = write_member(b, key, value, flags);
		comma = ",";
	}
	return e == OK ? buf_adds(b, "}") : e;
}

static enum err
write_value(struct buf *b, json_t *value, size_t flags)
{
	if (json_is_object(value))
		return write_object(b, value, flags);
	if (json_is_array(value))
		return write_array(b, value, flags);
	return dump(b, value, flags);
}

/* Half a text is worse than none. */
static enum err
all_or_nothing(struct buf *b, size_t before, enum err e)
{
	if (e != OK && b->data != NULL) {
		b->len = before;
		b->data[before] = '\0';
	}
	return e;
}

enum err
google_json_line(struct buf *b, json_t *value, bool ascii)
{
	size_t before = b->len;

	return all_or_nothing(b, before, write_value(b, value, ascii ? JSON_ENSURE_ASCII : 0));
}

enum err
google_json_pretty(struct buf *b, json_t *value, bool ascii)
{
	size_t before = b->len;
	enum err e = dump(b, value, JSON_INDENT(2) | (ascii ? JSON_ENSURE_ASCII : 0));

	return all_or_nothing(b, before, e == OK ? buf_adds(b, "\n") : e);
}
