#include "directives.h"

#include <errno.h>
#include <stdio.h>

enum kind { FLAG, NUMBER, WORD };
#define MS_MAX (3600 * 1000)
#define COUNT_MAX 1000000
#define NEEDS_VALUE (-2) /* the bare name is an error */

struct field {
	const char *name;
	size_t offset;
	enum kind kind;
	bool is_fault;
	int64_t min, max, bare; /* of numbers; bare: the value of the name alone */
};

#define SHAPE_FLAG(n)                                                                              \
	{                                                                                          \
#n, offsetof(struct directives, n), FLAG, false, 0, 1, 1                           \
	}
#define FAULT_FLAG(n)                                                                              \
	{                                                                                          \
#n, offsetof(struct directives, n), FLAG, true, 0, 1, 1                            \
	}
#define SHAPE(n, min, max, bare)                                                                   \
	{                                                                                          \
#n, offsetof(struct directives, n), NUMBER, false, min, max, bare                  \
	}
#define FAULT(n, min, max, bare)                                                                   \
	{                                                                                          \
#n, offsetof(struct directives, n), NUMBER, true, min, max, bare                   \
	}
#define FAULT_WORD(n)                                                                              \
	{                                                                                          \
#n, offsetof(struct directives, n), WORD, true, 0, 0, NEEDS_VALUE                  \
	}

static const struct field fields[] = {
	SHAPE_FLAG(echo),
	SHAPE(bytes, 0, DIRECTIVE_BYTES_MAX, NEEDS_VALUE),
	SHAPE(seed, 0, INT64_MAX, NEEDS_VALUE),
	SHAPE(frames, 1, COUNT_MAX, NEEDS_VALUE),
	SHAPE(chunk, 1, DIRECTIVE_BYTES_MAX, NEEDS_VALUE),
	SHAPE(first, 0, MS_MAX, NEEDS_VALUE),
	SHAPE(delay, 0, MS_MAX, NEEDS_VALUE),
	SHAPE(slice, 1, DIRECTIVE_BYTES_MAX, 7),
	SHAPE_FLAG(thoughts),
	SHAPE_FLAG(no_last_empty),
	SHAPE_FLAG(finish_everywhere),
	SHAPE_FLAG(lf),
	SHAPE_FLAG(done_marker),
	SHAPE_FLAG(comments),
	SHAPE_FLAG(ascii),
	SHAPE_FLAG(stamp),
	SHAPE(times, 1, COUNT_MAX, 1),
	FAULT(status, 400, 599, NEEDS_VALUE),
	FAULT(late, 0, MS_MAX, NEEDS_VALUE),
	FAULT_FLAG(per_day),
	FAULT_FLAG(limit_zero),
	FAULT_WORD(retry_delay),
	FAULT(no_stream, 400, 599, 404),
	FAULT_FLAG(plain_json),
	FAULT_FLAG(hang),
	FAULT(stall_after, 0, COUNT_MAX, 0),
	FAULT(error_after, 0, COUNT_MAX, 0),
	FAULT(bare_error_after, 0, COUNT_MAX, 0),
	FAULT(reset_after, 0, COUNT_MAX, 0),
	FAULT(drop_after, 0, COUNT_MAX, 0),
	FAULT(cut_after, 0, COUNT_MAX, 0),
	FAULT(code, 400, 599, NEEDS_VALUE),
	FAULT_FLAG(torn),
	FAULT_FLAG(empty_stop),
	FAULT_FLAG(thoughts_only),
	FAULT_WORD(finish),
	FAULT_WORD(block),
};

static bool *
flag_of(struct directives *d, const struct field *f)
{
	return (bool *)((char *)d + f->offset);
}

static int64_t *
number_of(struct directives *d, const struct field *f)
{
	return (int64_t *)(void *)((char *)d + f->offset);
}

static char *
word_of(struct directives *d, const struct field *f)
{
	return (char *)d + f->offset;
}

static void
unset(struct directives *d, const struct field *f)
{
	switch (f->kind) {
	case FLAG: *flag_of(d, f) = false; break;
	case NUMBER: *number_of(d, f) = DIRECTIVE_UNSET; break;
	case WORD: word_of(d, f)[0] = '\0'; break;
	}
}

void
directives_init(struct directives *d)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		unset(d, &fields[i]);
}

void
directives_drop_faults(struct directives *d)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (fields[i].is_fault)
			unset(d, &fields[i]);
}

static const struct field *
find(const char *name, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (strlen(fields[i].name) == n && memcmp(fields[i].name, name, n) == 0)
			return &fields[i];
	return NULL;
}

static enum err
fail(char why[DIRECTIVES_WHY], const char *sentence, const char *name, size_t n)
{
	(void)snprintf(why, DIRECTIVES_WHY, "%s: '%.*s'", sentence, (int)(n < 80 ? n : 80), name);
	return ERR_INVALID;
}

static enum err
set_number(struct directives *d, const struct field *f, int64_t value, char why[DIRECTIVES_WHY])
{
	if (value < f->min || value > f->max)
		return fail(why, "directive out of range", f->name, strlen(f->name));
	if (f->kind == FLAG)
		*flag_of(d, f) = value != 0;
	else
		*number_of(d, f) = value;
	return OK;
}

static enum err
set_word(struct directives *d, const struct field *f, const char *value, size_t n,
    char why[DIRECTIVES_WHY])
{
	if (n == 0 || n >= DIRECTIVE_WORD)
		return fail(why, "directive needs a short word", f->name, strlen(f->name));
	memcpy(word_of(d, f), value, n);
	word_of(d, f)[n] = '\0';
	return OK;
}

static enum err
set_text(struct directives *d, const struct field *f, const char *value, size_t n,
    char why[DIRECTIVES_WHY])
{
	char digits[24], *end;
	long long number;

	if (f->kind == WORD)
		return set_word(d, f, value, n, why);
	if (n == 0 || n >= sizeof digits)
		return fail(why, "directive needs a number", f->name, strlen(f->name));
	memcpy(digits, value, n);
	digits[n] = '\0';
	errno = 0;
	number = strtoll(digits, &end, 10);
	if (errno != 0 || *end != '\0')
		return fail(why, "directive needs a number", f->name, strlen(f->name));
	return set_number(d, f, number, why);
}

static enum err
set_bare(struct directives *d, const struct field *f, char why[DIRECTIVES_WHY])
{
	if (f->bare == NEEDS_VALUE)
		return fail(why, "directive needs a value", f->name, strlen(f->name));
	return set_number(d, f, f->bare, why);
}

/* One "name" or "name=value". */
static enum err
set_item(struct directives *d, const char *p, size_t n, char why[DIRECTIVES_WHY])
{
	const char *equals = memchr(p, '=', n);
	size_t name_len = equals != NULL ? (size_t)(equals - p) : n;
	const struct field *f = find(p, name_len);

	if (f == NULL)
		return fail(why, "unknown directive", p, name_len);
	if (equals == NULL)
		return set_bare(d, f, why);
	return set_text(d, f, equals + 1, n - name_len - 1, why);
}

/* The first item of a list, spaces around it removed; advances *p behind its comma. */
static void
next_item(const char **p, size_t *n, const char **out_item, size_t *out_len)
{
	const char *comma = memchr(*p, ',', *n);
	size_t len = comma != NULL ? (size_t)(comma - *p) : *n;

	*out_item = *p;
	*out_len = len;
	*p += len + (comma != NULL);
	*n -= len + (comma != NULL);
	while (*out_len > 0 && **out_item == ' ') {
		(*out_item)++;
		(*out_len)--;
	}
	while (*out_len > 0 && (*out_item)[*out_len - 1] == ' ')
		(*out_len)--;
}

enum err
directives_parse(struct directives *d, const char *p, size_t n, char why[DIRECTIVES_WHY])
{
	struct directives set = *d;
	const char *item;
	size_t len;
	enum err e;

	while (n > 0) {
		next_item(&p, &n, &item, &len);
		if ((e = set_item(&set, item, len, why)) != OK)
			return e;
	}
	*d = set;
	return OK;
}

static enum err
set_json(struct directives *d, const struct field *f, const json_t *value, char why[DIRECTIVES_WHY])
{
	if (json_is_integer(value) && f->kind != WORD)
		return set_number(d, f, json_integer_value(value), why);
	if (json_is_boolean(value) && f->kind == FLAG)
		return set_number(d, f, json_is_true(value), why);
	if (json_is_string(value))
		return set_text(d, f, json_string_value(value), json_string_length(value), why);
	return fail(why, "directive has the wrong type", f->name, strlen(f->name));
}

enum err
directives_parse_json(struct directives *d, json_t *object, char why[DIRECTIVES_WHY])
{
	struct directives set = *d;
	const struct field *f;
	const char *name;
	json_t *value;
	enum err e;

	if (!json_is_object(object))
		return fail(why, "directives must be an object, not", "something else", 14);
	json_object_foreach(object, name, value)
	{
		if ((f = find(name, strlen(name))) == NULL)
			return fail(why, "unknown directive", name, strlen(name));
		if ((e = set_json(&set, f, value, why)) != OK)
			return e;
	}
	*d = set;
	return OK;
}

static bool
is_ours(const char *p, size_t n)
{
	const char *item, *equals;
	size_t len;

	next_item(&p, &n, &item, &len);
	equals = memchr(item, '=', len);
	return find(item, equals != NULL ? (size_t)(equals - item) : len) != NULL;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Appends p[0..n); without the white space that a removed group left at the rest's beginning. */
static enum err
keep(struct buf *rest, const char *p, size_t n)
{
	while (n > 0 && rest->len == 0 && is_space(*p)) {
		p++;
		n--;
	}
	return buf_add(rest, p, n);
}

enum err
directives_take(
    struct directives *d, const char *p, size_t n, struct buf *rest, char why[DIRECTIVES_WHY])
{
	const char *open, *close;
	enum err e;

	while ((open = memmem(p, n, "[[", 2)) != NULL &&
	       (close = memmem(open, n - (size_t)(open - p), "]]", 2)) != NULL) {
		const char *list = open + 2;
		size_t list_len = (size_t)(close - list);
		bool ours = is_ours(list, list_len);

		if (ours && (e = directives_parse(d, list, list_len, why)) != OK)
			return e;
		if ((e = keep(rest, p, (size_t)((ours ? open : list) - p))) != OK)
			return e;
		n -= (size_t)((ours ? close + 2 : list) - p);
		p = ours ? close + 2 : list;
	}
	if ((e = keep(rest, p, n)) != OK)
		return e;
	while (rest->len > 0 && is_space(rest->data[rest->len - 1]))
		rest->data[--rest->len] = '\0';
	return OK;
}
