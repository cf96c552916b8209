#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "http_body.h"
#include "http_message.h"
#include "http_upgrade.h"
#include "limit.h"

static int
parse(const char *text, struct http_head *h)
{
	return http_head_parse(text, strlen(text), h);
}

static void
a_head_is_cut_into_its_parts(void **state)
{
	static const char text[] = "GET /a%20b?x=1&y HTTP/1.1\r\nHost: h\r\nX-Y: \t a b \t\r\n"
				   "Connection: x, Keep-Alive\r\nEmpty:\r\n\r\nrest";
	struct http_head h;

	(void)state;
	assert_int_equal(parse(text, &h), HTTP_HEAD_DONE);
	assert_true(http_slice_is(h.method, "get"));
	assert_memory_equal(h.path.p, "/a%20b", h.path.n);
	assert_int_equal(h.path.n, 6);
	assert_memory_equal(h.query.p, "x=1&y", h.query.n);
	assert_int_equal(h.query.n, 5);
	assert_false(h.is_1_0);
	assert_true(http_slice_is(*http_head_field(&h, "x-y"), "a b"));
	assert_int_equal(http_head_field(&h, "empty")->n, 0);
	assert_null(http_head_field(&h, "none"));
	assert_true(http_head_has_token(&h, "connection", "keep-alive"));
	assert_false(http_head_has_token(&h, "connection", "keep"));
	assert_int_equal(h.len, strlen(text) - 4);
}

/* No prefix of a good head is more than unfinished. */
static void
a_head_is_done_with_its_last_byte(void **state)
{
	static const char text[] = "\r\nPOST /x HTTP/1.0\r\nA: b\r\n\r\n";
	struct http_head h;

	(void)state;
	for (size_t n = 0; n + 1 < sizeof text; n++)
		assert_int_equal(http_head_parse(text, n, &h), HTTP_HEAD_MORE);
	assert_int_equal(http_head_parse(text, sizeof text - 1, &h), HTTP_HEAD_DONE);
	assert_true(h.is_1_0);
	assert_int_equal(h.query.n, 0);
}

static void
what_is_ambiguous_is_refused(void **state)
{
	static const struct {
		const char *text;
		int status;
	} cases[] = {
		{ "GET /\r\n\r\n", 400 },
		{ "GET  / HTTP/1.1\r\n\r\n", 400 },
		{ "GET / x HTTP/1.1\r\n\r\n", 400 },
		{ "GET / HTTP/1.1 \r\n\r\n", 400 },
		{ "G\tT / HTTP/1.1\r\n\r\n", 400 },
		{ "GET x HTTP/1.1\r\n\r\n", 400 },
		{ "GET http:// HTTP/1.1\r\n\r\n", 400 },
		{ "GET / http/1.1\r\n\r\n", 400 },
		{ "GET / HTTP/1.2\r\n\r\n", 505 },
		{ "GET / HTTP/3.0\r\n\r\n", 505 },
		{ "GET / HTTP/1.1\nA: b\n\n", 400 },
		{ "GET / HTTP/1.1\r\nA: b\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nA : b\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\n A: b\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\n: b\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nA\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nA: \x01\r\n\r\n", 400 },
		{ "GET /\x7f HTTP/1.1\r\n\r\n", 400 },
		{ "\x16\x03\x01", 400 },
		{ "\n\nGET / HTTP/1.1\r\n\r\n", 400 },
	};
	struct http_head h;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(parse(cases[i].text, &h), cases[i].status);
	assert_int_equal(http_head_parse("GET / HTTP/1.1\r\nA: \0\r\n\r\n", 23, &h), 400);
}

static void
heads_have_a_size_and_a_number_of_fields(void **state)
{
	auto_buf b = BUF_INIT(1 << 20), many = BUF_INIT(1 << 20);
	struct http_head h;

	(void)state;
	assert_int_equal(buf_adds(&b, "GET / HTTP/1.1\r\nA: "), OK);
	while (b.len < LIMIT_HTTP_HEAD_BYTES - 4)
		assert_int_equal(buf_adds(&b, "x"), OK);
	assert_int_equal(http_head_parse(b.data, b.len, &h), HTTP_HEAD_MORE);
	assert_int_equal(buf_adds(&b, "\r\n\r\n"), OK);
	assert_int_equal(http_head_parse(b.data, b.len, &h), HTTP_HEAD_DONE);
	b.data[b.len - 4] = 'x';
	b.data[b.len - 3] = 'x';
	assert_int_equal(buf_adds(&b, "\r\n"), OK);
	assert_int_equal(http_head_parse(b.data, b.len, &h), 431);

	assert_int_equal(buf_adds(&many, "GET / HTTP/1.1\r\n"), OK);
	for (int i = 0; i < HTTP_FIELDS_MAX; i++)
		assert_int_equal(buf_adds(&many, "A: b\r\n"), OK);
	assert_int_equal(http_head_parse(many.data, many.len, &h), HTTP_HEAD_MORE);
	assert_int_equal(buf_adds(&many, "A: b\r\n"), OK);
	assert_int_equal(http_head_parse(many.data, many.len, &h), 431);
}

/* --- bodies --- */

static int
begin(struct http_body *b, const char *fields, size_t max)
{
	static char text[1024];
	struct http_head h;

	(void)snprintf(text, sizeof text, "POST / HTTP/1.1\r\n%s\r\n", fields);
	assert_int_equal(parse(text, &h), HTTP_HEAD_DONE);
	return http_body_begin(b, &h, max);
}

static void
a_chunked_body_is_the_same_wherever_it_is_cut(void **state)
{
	static const char text[] = "3\r\nabc\r\n0A;x=\"y\"\r\n0123456789\r\n0\r\nT: r\r\n\r\nnext";
	static const size_t len = sizeof text - 1 - 4;

	(void)state;
	for (size_t cut = 0; cut <= len; cut++) {
		struct http_body b;
		size_t used = 0, more = 0;

		assert_int_equal(begin(&b, "Transfer-Encoding: chunked\r\n", 13), 0);
		assert_int_equal(http_body_feed(&b, text, cut, &used), 0);
		assert_int_equal(used, cut);
		assert_int_equal(http_body_is_done(&b), cut == len);
		assert_int_equal(http_body_feed(&b, text + cut, sizeof text - 1 - cut, &more), 0);
		assert_int_equal(used + more, len);
		assert_true(http_body_is_done(&b));
		assert_int_equal(b.bytes.len, 13);
		assert_memory_equal(b.bytes.data, "abc0123456789", 13);
		http_body_free(&b);
	}
}

static void
a_chunked_body_has_the_maximum_of_any_other(void **state)
{
	struct http_body b;
	size_t used;

	(void)state;
	assert_int_equal(begin(&b, "Transfer-Encoding: chunked\r\n", 12), 0);
	assert_int_equal(http_body_feed(&b, "c\r\n", 3, &used), 0);
	http_body_free(&b);
	assert_int_equal(begin(&b, "Transfer-Encoding: chunked\r\n", 12), 0);
	assert_int_equal(http_body_feed(&b, "d\r\n", 3, &used), 413);
	http_body_free(&b);
	assert_int_equal(begin(&b, "Transfer-Encoding: chunked\r\n", 12), 0);
	assert_int_equal(http_body_feed(&b, "6\r\nabcdef\r\n7\r\n", 14, &used), 413);
	http_body_free(&b);
	assert_int_equal(begin(&b, "Transfer-Encoding: chunked\r\n", 12), 0);
	assert_int_equal(http_body_feed(&b, "ffffffffffffffff1\r\n", 19, &used), 413);
	http_body_free(&b);
}

static void
lengths_are_digits_and_there_is_one(void **state)
{
	static const struct {
		const char *fields;
		int status;
	} cases[] = {
		{ "", 0 },
		{ "Content-Length: 0\r\n", 0 },
		{ "Content-Length: 10\r\n", 0 },
		{ "Content-Length: 0010 \r\n", 0 },
		{ "Content-Length: 11\r\n", 413 },
		{ "Content-Length: 18446744073709551626\r\n", 413 },
		{ "Content-Length: -1\r\n", 400 },
		{ "Content-Length: +1\r\n", 400 },
		{ "Content-Length: 1 1\r\n", 400 },
		{ "Content-Length: 1,1\r\n", 400 },
		{ "Content-Length: \r\n", 400 },
		{ "Content-Length: 1\r\nContent-Length: 1\r\n", 400 },
		{ "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", 400 },
		{ "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400 },
		{ "Transfer-Encoding: CHUNKED\r\n", 0 },
		{ "Transfer-Encoding: gzip\r\n", 501 },
		{ "Transfer-Encoding: gzip, chunked\r\n", 501 },
		{ "Transfer-Encoding:\r\n", 501 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct http_body b;

		assert_int_equal(begin(&b, cases[i].fields, 10), cases[i].status);
		http_body_free(&b);
	}
}

/* --- targets and responses --- */

static enum err
target(struct http_request *r, const char *path, const char *query)
{
	*r = (struct http_request){ .path = NULL };
	return http_request_set_target(r, (struct http_slice){ "GET", 3 },
	    (struct http_slice){ path, strlen(path) }, (struct http_slice){ query, strlen(query) });
}

static void
parameters_are_decoded_once(void **state)
{
	struct http_request r;

	(void)state;
	assert_int_equal(target(&r, "/a%2Fb", "a=1&b=%26%3d%2541&c&d=x+y&=z&&a%3D=w"), OK);
	assert_string_equal(r.path, "/a%2Fb");
	assert_string_equal(http_request_param(&r, "a"), "1");
	assert_string_equal(http_request_param(&r, "b"), "&=%41");
	assert_string_equal(http_request_param(&r, "c"), "");
	assert_string_equal(http_request_param(&r, "d"), "x y");
	assert_string_equal(http_request_param(&r, "a="), "w");
	assert_int_equal(r.param_count, 6);
	http_request_free(&r);
}

static void
broken_escapes_and_too_many_parameters_are_refused(void **state)
{
	static const char *const paths[] = { "/%", "/%4", "/%zz", "/%00", "/%4g" };
	auto_buf many = BUF_INIT(4096);
	struct http_request r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		assert_int_equal(target(&r, paths[i], ""), ERR_INVALID);
		http_request_free(&r);
		assert_int_equal(target(&r, "/", paths[i]), ERR_INVALID);
		http_request_free(&r);
	}
	for (int i = 0; i < HTTP_PARAMS_MAX; i++)
		assert_int_equal(buf_adds(&many, "a=b&"), OK);
	assert_int_equal(target(&r, "/", many.data), OK);
	http_request_free(&r);
	assert_int_equal(buf_adds(&many, "c"), OK);
	assert_int_equal(target(&r, "/", many.data), ERR_LIMIT);
	http_request_free(&r);
}

#define UPGRADE                                                                                    \
	"Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"                                \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

#define HOST "Host: h\r\n"

static void
a_sound_upgrade_is_answered_with_101_and_nothing_but(void **state)
{
	static const char *const unsound[] = {
		"POST / HTTP/1.1\r\n" HOST UPGRADE "\r\n",
		"get / HTTP/1.1\r\n" HOST UPGRADE "\r\n",
		"GET / HTTP/1.0\r\n" HOST UPGRADE "\r\n",
		"GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST UPGRADE
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
		"GET / HTTP/1.1\r\n" UPGRADE "\r\n",
		"GET / HTTP/1.1\r\n" UPGRADE "Host: a\r\nHost: b\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST UPGRADE "Transfer-Encoding: chunked\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST UPGRADE "Content-Length: 5\r\n\r\n",
	};
	auto_buf b = BUF_INIT(4096), none = BUF_INIT(4096);
	struct http_head h;

	(void)state;
	assert_int_equal(
	    parse("GET /app/k?protocol=7 HTTP/1.1\r\nHost: h\r\nCookie: secret\r\n"
		  "Origin: https://o\r\n" UPGRADE "Sec-WebSocket-Extensions: permessage-deflate\r\n"
		  "Sec-WebSocket-Protocol: chat\r\n\r\n",
		&h),
	    HTTP_HEAD_DONE);
	assert_true(http_is_upgrade(&h));
	assert_int_equal(http_upgrade_write(&b, &h), OK);
	assert_string_equal(b.data,
	    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"); /* RFC 6455 1.3 */
	for (size_t i = 0; i < ARRAY_LEN(unsound); i++) {
		assert_int_equal(parse(unsound[i], &h), HTTP_HEAD_DONE);
		assert_true(http_is_upgrade(&h));
		assert_int_equal(http_upgrade_write(&none, &h), ERR_INVALID);
		assert_int_equal(none.len, 0);
	}
	assert_int_equal(parse("GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n", &h), HTTP_HEAD_DONE);
	assert_false(http_is_upgrade(&h));
}

static void
no_header_can_be_split(void **state)
{
	struct http_response r = HTTP_RESPONSE_INIT;
	auto_buf b = BUF_INIT(4096);

	(void)state;
	r.status = 429;
	http_response_header(&r, "Retry-After", "%d", 3);
	http_response_header(&r, "X", "a\r\nSet-Cookie: b");
	assert_int_equal(buf_adds(&r.body, "{}"), OK);
	assert_int_equal(http_response_write(&b, &r, true), OK);
	assert_non_null(strstr(b.data, "HTTP/1.1 429 Too Many Requests\r\n"));
	assert_non_null(strstr(b.data, "\r\nRetry-After: 3\r\n"));
	assert_non_null(strstr(b.data, "\r\nConnection: close\r\n"));
	assert_non_null(strstr(b.data, "\r\nContent-Length: 2\r\n\r\n{}"));
	assert_null(strstr(b.data, "Set-Cookie"));
	http_response_clear(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_is_cut_into_its_parts),
		cmocka_unit_test(a_head_is_done_with_its_last_byte),
		cmocka_unit_test(what_is_ambiguous_is_refused),
		cmocka_unit_test(heads_have_a_size_and_a_number_of_fields),
		cmocka_unit_test(a_chunked_body_is_the_same_wherever_it_is_cut),
		cmocka_unit_test(a_chunked_body_has_the_maximum_of_any_other),
		cmocka_unit_test(lengths_are_digits_and_there_is_one),
		cmocka_unit_test(parameters_are_decoded_once),
		cmocka_unit_test(broken_escapes_and_too_many_parameters_are_refused),
		cmocka_unit_test(a_sound_upgrade_is_answered_with_101_and_nothing_but),
		cmocka_unit_test(no_header_can_be_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
