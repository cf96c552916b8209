#include "sse.h"

/* Room in a line for what stands before the data: "data: ". */
#define FIELD_ROOM 16

static const char *const skipped_fields[] = { "event", "id", "retry" };

void
sse_init(struct sse *s, size_t max_event, size_t max_stray)
{
	*s = (struct sse){
		.line = BUF_INIT(max_event + FIELD_ROOM),
		.data = BUF_INIT(max_event),
		.stray = BUF_INIT(max_stray),
	};
}

void
sse_free(struct sse *s)
{
	buf_free(&s->line);
	buf_free(&s->data);
	buf_free(&s->stray);
}

static bool
is_field(const char *name, size_t len, const char *wanted)
{
	return len == strlen(wanted) && memcmp(name, wanted, len) == 0;
}

static enum err
dispatch(struct sse *s, sse_event_fn fn, void *arg)
{
	enum err e;

	if (!s->has_data)
		return OK;
	s->has_data = false;
	s->event_count++;
	e = fn(arg, s->data.data, s->data.len);
	buf_clear(&s->data);
	return e;
}

static enum err
add_data(struct sse *s, const char *value, size_t len)
{
	enum err e = s->has_data ? buf_add(&s->data, "\n", 1) : OK;

	s->has_data = true;
	return e == OK ? buf_add(&s->data, value, len) : e;
}

static void
add_stray(struct sse *s, const char *line, size_t len)
{
	if (s->is_stray_cut)
		return;
	s->is_stray_cut = buf_add(&s->stray, line, len) != OK || buf_add(&s->stray, "\n", 1) != OK;
}

static enum err
on_line(struct sse *s, const char *line, size_t len, sse_event_fn fn, void *arg)
{
	const char *colon, *value;
	size_t name_len;

	if (!s->is_started && len >= 3 && memcmp(line, "\xEF\xBB\xBF", 3) == 0) {
		line += 3;
		len -= 3;
	}
	s->is_started = true;
	if (len == 0)
		return dispatch(s, fn, arg);
	if (line[0] == ':')
		return OK;
	colon = memchr(line, ':', len);
	name_len = colon != NULL ? (size_t)(colon - line) : len;
	if (is_field(line, name_len, "data")) {
		value = line + name_len + (colon != NULL);
		value += value < line + len && *value == ' ';
		return add_data(s, value, (size_t)(line + len - value));
	}
	for (size_t i = 0; i < ARRAY_LEN(skipped_fields); i++)
		if (is_field(line, name_len, skipped_fields[i]))
			return OK;
	add_stray(s, line, len);
	return OK;
}

/* The line ends here: whole in the input, which is the usual case, or begun in earlier feeds. */
static enum err
end_line(struct sse *s, const char *p, size_t n, sse_event_fn fn, void *arg)
{
	enum err e;

	if (s->line.len == 0) /* the same maximum as for a line in pieces */
		return n <= s->line.max ? on_line(s, p, n, fn, arg) : ERR_LIMIT;
	e = buf_add(&s->line, p, n);
	if (e == OK)
		e = on_line(s, s->line.data, s->line.len, fn, arg);
	buf_clear(&s->line);
	return e;
}

enum err
sse_feed(struct sse *s, const char *p, size_t n, sse_event_fn fn, void *arg)
{
	size_t start = 0;

	for (size_t i = 0; i < n; i++) {
		enum err e;
		bool is_second_half = s->skip_lf && p[i] == '\n';

		s->skip_lf = p[i] == '\r';
		if (is_second_half)
			start = i + 1;
		if (is_second_half || (p[i] != '\n' && p[i] != '\r'))
			continue;
		e = end_line(s, p + start, i - start, fn, arg);
		if (e != OK)
			return e;
		start = i + 1;
	}
	return buf_add(&s->line, p + start, n - start);
}

enum err
sse_finish(struct sse *s, sse_event_fn fn, void *arg)
{
	enum err e = s->line.len > 0 ? end_line(s, "", 0, fn, arg) : OK;

	return e == OK ? dispatch(s, fn, arg) : e;
}
