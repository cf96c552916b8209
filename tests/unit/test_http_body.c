/* Chunked bodies from somebody hostile; the rest stands in test_http_head.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_body.h"

static void
begin_chunked(struct http_body *b, size_t max)
{
	const struct http_slice coding = { "chunked", 7 };

	assert_int_equal(http_body_begin_raw(b, NULL, 0, &coding, max), 0);
}

/* Byte for byte; the status, 0 while it is well. */
static int
feed(struct http_body *b, const char *p, size_t n)
{
	int status = 0;

	for (size_t i = 0; i < n && status == 0 && !http_body_is_done(b); i++) {
		size_t used = 7;

		status = http_body_feed(b, p + i, 1, &used);
		if (status == 0)
			assert_int_equal(used, 1);
	}
	return status;
}

static void
chunks_are_read_as_rfc_9112_has_them(void **state)
{
	static const struct {
		const char *text;
		int status;
		const char *body; /* of what is done; NULL: more is to come */
	} cases[] = {
		{ "0\r\n\r\n", 0, "" },
		{ "000\r\n\r\n", 0, "" },
		{ "3\r\nabc\r\n0\r\n\r\n", 0, "abc" },
		{ "03\r\nabc\r\n0\r\n\r\n", 0, "abc" },
		{ "a\r\n0123456789\r\n0\r\n\r\n", 0, "0123456789" },
		{ "A\r\n0123456789\r\n0\r\n\r\n", 0, "0123456789" },
		{ "3\r\n\r\n\r\n\r\n0\r\n\r\n", 400, NULL }, /* the three bytes are CR LF CR */
		{ "2\r\n\r\n\r\n0\r\n\r\n", 0, "\r\n" },
		{ "3;a=b;c=\"d e\"\r\nabc\r\n0;x\r\n\r\n", 0, "abc" },
		{ "3 \t;a\r\nabc\r\n0\r\n\r\n", 0, "abc" },
		{ "3 \r\nabc\r\n0\r\n\r\n", 0, "abc" },
		{ "0\r\nA: b\r\nC: d\r\n\r\n", 0, "" },
		{ "3\r\nab", 0, NULL },
		{ "0\r\n", 0, NULL },
		{ "0\r\nA: b\r\n", 0, NULL },
		/* two readers could see two different requests */
		{ "3\nabc\r\n0\r\n\r\n", 400, NULL },
		{ "3\r\nabc\n0\r\n\r\n", 400, NULL },
		{ "3\r\nabc0\r\n\r\n", 400, NULL },
		{ "3\r\nabc\r\r\n0\r\n\r\n", 400, NULL },
		{ "0\r\n\n", 400, NULL },
		{ "0\n\r\n", 400, NULL },
		{ "3\r\nabcd\r\n0\r\n\r\n", 400, NULL },
		{ "\r\n", 400, NULL },
		{ ";a\r\n", 400, NULL },
		{ " 3\r\n", 400, NULL },
		{ "-3\r\n", 400, NULL },
		{ "+3\r\n", 400, NULL },
		{ "0x3\r\n", 400, NULL },
		{ "3g\r\n", 400, NULL },
		{ "3 3\r\n", 400, NULL },
		{ "3\r\r\n", 400, NULL },
		{ "3\rx\r\n", 400, NULL },
		{ "3;a\rb\r\n", 400, NULL },
		{ "0\r\nA: b\rC: d\r\n\r\n", 400, NULL },
		{ "3;a\x01\r\n", 400, NULL },
		{ "0\r\nA\x01: b\r\n\r\n", 400, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct http_body b;

		begin_chunked(&b, 10);
		assert_int_equal(feed(&b, cases[i].text, strlen(cases[i].text)), cases[i].status);
		assert_int_equal(http_body_is_done(&b), cases[i].body != NULL);
		if (cases[i].body != NULL) {
			assert_int_equal(b.bytes.len, strlen(cases[i].body));
			if (b.bytes.len > 0)
				assert_string_equal(b.bytes.data, cases[i].body);
		}
		http_body_free(&b);
	}
}

static void
a_body_may_hold_any_byte(void **state)
{
	char text[256 + 16] = "100\r\n";
	struct http_body b;
	size_t used;

	(void)state;
	for (size_t i = 0; i < 256; i++)
		text[5 + i] = (char)i;
	memcpy(text + 5 + 256, "\r\n0\r\n\r\n", 8);
	begin_chunked(&b, 256);
	assert_int_equal(http_body_feed(&b, text, 5 + 256 + 7, &used), 0);
	assert_true(http_body_is_done(&b));
	assert_memory_equal(b.bytes.data, text + 5, 256);
	http_body_free(&b);
}

/* Not even a size that would wrap around. */
static void
a_size_is_refused_before_anything_is_kept(void **state)
{
	static const struct {
		const char *text;
		int status;
	} cases[] = {
		{ "a\r\n", 0 },
		{ "b\r\n", 413 },
		{ "10000000000000000a\r\n", 413 }, /* 2^64 + 10 */
		{ "8000000000000000\r\n", 413 },
		{ "00000000000000000000000000000000000000000a\r\n", 0 },
		{ "9\r\n012345678\r\n1\r\n", 0 },
		{ "9\r\n012345678\r\n2\r\n", 413 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct http_body b;

		begin_chunked(&b, 10);
		assert_int_equal(feed(&b, cases[i].text, strlen(cases[i].text)), cases[i].status);
		http_body_free(&b);
	}
}

/* "3;xxx...\r\n" of so many bytes before the CRLF. */
static int
feed_line_of(size_t n, const char *start)
{
	static char line[HTTP_CHUNK_LINE_MAX + 16];
	struct http_body b;
	int status;

	begin_chunked(&b, 10);
	if (*start == 'T')
		assert_int_equal(feed(&b, "0\r\n", 3), 0);
	memset(line, 'x', n);
	for (size_t i = 0; start[i] != '\0'; i++)
		line[i] = start[i];
	memcpy(line + n, "\r\n", 3);
	status = feed(&b, line, n + 2);
	http_body_free(&b);
	return status;
}

static void
lines_have_a_longest(void **state)
{
	(void)state;
	assert_int_equal(feed_line_of(HTTP_CHUNK_LINE_MAX - 1, "3;"), 0); /* and its CR */
	assert_int_equal(feed_line_of(HTTP_CHUNK_LINE_MAX, "3;"), 400);
	assert_int_equal(feed_line_of(HTTP_CHUNK_LINE_MAX - 1, "T: "), 0);
	assert_int_equal(feed_line_of(HTTP_CHUNK_LINE_MAX, "T: "), 431);
}

static void
trailers_have_an_end(void **state)
{
	struct http_body b;
	size_t sent = 0;

	(void)state;
	for (int over = 0; over <= 1; over++) {
		begin_chunked(&b, 10);
		assert_int_equal(feed(&b, "0\r\n", 3), 0);
		for (sent = 0; sent + 6 + 2 <= HTTP_TRAILERS_MAX; sent += 6)
			assert_int_equal(feed(&b, "A: b\r\n", 6), 0);
		for (; sent + 2 < HTTP_TRAILERS_MAX + (size_t)over; sent++)
			assert_int_equal(feed(&b, "x", 1), 0);
		assert_int_equal(sent + 2, HTTP_TRAILERS_MAX + (size_t)over);
		assert_int_equal(feed(&b, "\r\n", 2), over > 0 ? 431 : 0);
		http_body_free(&b);
	}
}

static void
what_is_behind_a_body_is_not_touched(void **state)
{
	const struct http_slice length = { "5", 1 };
	struct http_body b;
	size_t used = 99;

	(void)state;
	assert_int_equal(http_body_begin_raw(&b, &length, 1, NULL, 10), 0);
	assert_int_equal(http_body_feed(&b, "ab", 2, &used), 0);
	assert_int_equal(used, 2);
	assert_false(http_body_is_done(&b));
	assert_int_equal(http_body_feed(&b, "cdeGET /", 8, &used), 0);
	assert_int_equal(used, 3);
	assert_true(http_body_is_done(&b));
	assert_string_equal(b.bytes.data, "abcde");
	assert_int_equal(http_body_feed(&b, "GET /", 5, &used), 0);
	assert_int_equal(used, 0);
	http_body_free(&b);
	/* nor is there one without a length */
	assert_int_equal(http_body_begin_raw(&b, NULL, 0, NULL, 10), 0);
	assert_true(http_body_is_done(&b));
	http_body_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_are_read_as_rfc_9112_has_them),
		cmocka_unit_test(a_body_may_hold_any_byte),
		cmocka_unit_test(a_size_is_refused_before_anything_is_kept),
		cmocka_unit_test(lines_have_a_longest),
		cmocka_unit_test(trailers_have_an_end),
		cmocka_unit_test(what_is_behind_a_body_is_not_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
