#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sse.h"

#define MAX_EVENT 4096
#define MAX_STRAY 64

/* Each event as "[data]". */
static enum err
collect(void *arg, const char *data, size_t n)
{
	struct buf *log = arg;

	assert_int_equal(data[n], '\0');
	assert_int_equal(buf_adds(log, "["), OK);
	assert_int_equal(buf_add(log, data, n), OK);
	assert_int_equal(buf_adds(log, "]"), OK);
	return OK;
}

static const char recorded[] =
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"Hel\"}],\"role\": "
    "\"model\"}}]}\r\n\r\n"
    "data: {\"text\": \"lo \xF0\x9F\x8C\x8D, \xC3\xB1\"}\r\n\r\n"
    ": ping\n\nevent: message\rdata:two\rdata: lines\r\r"
    "data: {\"text\": \"\",\"thoughtSignature\": \"RXBN\"}\r\n\r\n"
    "{\n  \"error\": {}\n}\n";

static const struct {
	const char *name, *input, *events, *stray;
} cases[] = {
	{ "crlf", "data: a\r\n\r\ndata: b\r\n\r\n", "[a][b]", "" },
	{ "lf", "data: a\n\ndata: b\n\n", "[a][b]", "" },
	{ "cr", "data: a\r\rdata: b\r\r", "[a][b]", "" },
	{ "mixed ends", "data: a\r\n\ndata: b\n\r\n", "[a][b]", "" },
	{ "no space", "data:a\n\n", "[a]", "" },
	{ "one space goes, two leave one", "data:  a\n\n", "[ a]", "" },
	{ "lines are joined", "data: a\ndata: b\n\n", "[a\nb]", "" },
	{ "lines are joined over crlf", "data: a\r\ndata: b\r\n\r\n", "[a\nb]", "" },
	{ "empty data", "data:\n\n", "[]", "" },
	{ "empty data without colon", "data\n\n", "[]", "" },
	{ "two empty lines", "data\ndata\n\n", "[\n]", "" },
	{ "blank lines alone", "\n\n\r\n\r\r", "", "" },
	{ "comments", ": ping\n\ndata: a\n:x\ndata: b\n\n", "[a\nb]", "" },
	{ "other fields", "event: message\nid: 7\nretry: 10\ndata: a\n\n", "[a]", "" },
	{ "done is an event like others", "data: [DONE]\n\n", "[[DONE]]", "" },
	{ "byte order mark",
	    "\xEF\xBB\xBF"
	    "data: a\n\n",
	    "[a]", "" },
	{ "mark only at the start",
	    "data: a\n\n\xEF\xBB\xBF"
	    "data: b\n\n",
	    "[a]",
	    "\xEF\xBB\xBF"
	    "data: b\n" },
	{ "end without blank line", "data: a\n", "[a]", "" },
	{ "end without line end", "data: a", "[a]", "" },
	{ "torn json is offered", "data: {\"a", "[{\"a]", "" },
	{ "bare error", "data: a\n\n{\"error\":{}}", "[a]", "{\"error\":{}}\n" },
	{ "pretty error", "{\r\n  \"error\": {\r\n  }\r\n}\r\n", "",
	    "{\n  \"error\": {\n  }\n}\n" },
	{ "longer names are not data", "data2: a\nDATA: b\n\n", "", "data2: a\nDATA: b\n" },
	{ "colons in data", "data: a:b: c\n\n", "[a:b: c]", "" },
	{ "nothing", "", "", "" },
};

static void
feed_all(struct sse *s, const char *p, size_t n, size_t step, struct buf *log)
{
	for (size_t i = 0; i < n; i += step)
		assert_int_equal(sse_feed(s, p + i, n - i < step ? n - i : step, collect, log), OK);
	assert_int_equal(sse_finish(s, collect, log), OK);
}

static void
assert_text(const struct buf *b, const char *wanted)
{
	assert_string_equal(b->data != NULL ? b->data : "", wanted);
}

static void
each_form_of_stream_gives_its_events(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t step = 1; step < 64; step *= 2) {
			auto_buf log = BUF_INIT(4096);
			struct sse s;

			print_message("%s, by %zu\n", cases[i].name, step);
			sse_init(&s, MAX_EVENT, MAX_STRAY);
			feed_all(&s, cases[i].input, strlen(cases[i].input), step, &log);
			assert_text(&log, cases[i].events);
			assert_text(&s.stray, cases[i].stray);
			assert_false(s.is_stray_cut);
			sse_free(&s);
		}
	}
}

static void
every_split_of_a_recorded_stream_gives_the_same_events(void **state)
{
	auto_buf whole = BUF_INIT(8192);
	size_t n = sizeof(recorded) - 1;
	struct sse s;

	(void)state;
	sse_init(&s, MAX_EVENT, MAX_STRAY);
	feed_all(&s, recorded, n, n, &whole);
	assert_int_equal(s.event_count, 4);
	sse_free(&s);
	for (size_t cut = 0; cut <= n; cut++) {
		auto_buf log = BUF_INIT(8192);

		sse_init(&s, MAX_EVENT, MAX_STRAY);
		assert_int_equal(sse_feed(&s, recorded, cut, collect, &log), OK);
		assert_int_equal(sse_feed(&s, recorded + cut, n - cut, collect, &log), OK);
		assert_int_equal(sse_finish(&s, collect, &log), OK);
		assert_string_equal(log.data, whole.data);
		assert_string_equal(s.stray.data, "{\n  \"error\": {}\n}\n");
		sse_free(&s);
	}
}

/* A stream cut at any byte: a prefix of the events, and at most one torn one at the end. */
static void
every_truncation_ends_well(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(recorded); n++) {
		auto_buf log = BUF_INIT(8192);
		struct sse s;

		sse_init(&s, MAX_EVENT, MAX_STRAY);
		assert_int_equal(sse_feed(&s, recorded, n, collect, &log), OK);
		assert_int_equal(sse_finish(&s, collect, &log), OK);
		assert_true(s.event_count <= 4);
		sse_free(&s);
	}
}

static void
event_beyond_its_maximum_is_refused(void **state)
{
	static const struct {
		size_t lines, len;
		enum err wanted;
	} sizes[] = {
		{ 1, MAX_EVENT, OK },
		{ 1, MAX_EVENT + 1, ERR_LIMIT },
		{ 1, 4 * MAX_EVENT, ERR_LIMIT },
		{ 2, MAX_EVENT / 2 - 1, OK },
		{ 2, MAX_EVENT / 2, ERR_LIMIT },
	};
	char text[4 * MAX_EVENT];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		auto_buf log = BUF_INIT(8 * MAX_EVENT);
		enum err e = OK;
		struct sse s;

		sse_init(&s, MAX_EVENT, MAX_STRAY);
		for (size_t line = 0; e == OK && line < sizes[i].lines; line++) {
			e = sse_feed(&s, "data: ", 6, collect, &log);
			if (e == OK)
				e = sse_feed(&s, text, sizes[i].len, collect, &log);
			if (e == OK)
				e = sse_feed(&s, "\n", 1, collect, &log);
		}
		assert_int_equal(e, sizes[i].wanted);
		sse_free(&s);
	}
}

static void
line_that_never_ends_is_refused(void **state)
{
	auto_buf log = BUF_INIT(64);
	enum err e = OK;
	struct sse s;
	size_t fed = 0;

	(void)state;
	sse_init(&s, MAX_EVENT, MAX_STRAY);
	for (; e == OK && fed < 10UL * MAX_EVENT; fed++)
		e = sse_feed(&s, ":", 1, collect, &log);
	assert_int_equal(e, ERR_LIMIT);
	assert_in_range(fed, MAX_EVENT, MAX_EVENT + 64);
	sse_free(&s);
}

static void
stray_lines_are_kept_up_to_their_maximum(void **state)
{
	auto_buf log = BUF_INIT(64);
	struct sse s;

	(void)state;
	sse_init(&s, MAX_EVENT, MAX_STRAY);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(sse_feed(&s, "oops\n", 5, collect, &log), OK);
	assert_true(s.is_stray_cut);
	assert_in_range(s.stray.len, 1, MAX_STRAY);
	assert_int_equal(sse_feed(&s, "data: a\n\n", 9, collect, &log), OK);
	assert_text(&log, "[a]");
	sse_free(&s);

	/* What fits again later is not kept: it would join what never stood together. */
	sse_init(&s, MAX_EVENT, 4);
	assert_int_equal(sse_feed(&s, "longer\nab\n", 10, collect, &log), OK);
	assert_true(s.is_stray_cut);
	assert_int_equal(s.stray.len, 0);
	sse_free(&s);
}

static enum err
refuse(void *arg, const char *data, size_t n)
{
	(void)data;
	(void)n;
	++*(int *)arg;
	return ERR_BUSY;
}

static void
callback_that_refuses_stops_the_feed(void **state)
{
	int calls = 0;
	struct sse s;

	(void)state;
	sse_init(&s, MAX_EVENT, MAX_STRAY);
	assert_int_equal(sse_feed(&s, "data: a\n\ndata: b\n\n", 18, refuse, &calls), ERR_BUSY);
	assert_int_equal(calls, 1);
	sse_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_of_stream_gives_its_events),
		cmocka_unit_test(every_split_of_a_recorded_stream_gives_the_same_events),
		cmocka_unit_test(every_truncation_ends_well),
		cmocka_unit_test(event_beyond_its_maximum_is_refused),
		cmocka_unit_test(line_that_never_ends_is_refused),
		cmocka_unit_test(stray_lines_are_kept_up_to_their_maximum),
		cmocka_unit_test(callback_that_refuses_stops_the_feed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
