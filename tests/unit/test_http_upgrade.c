/* Keys of an upgrade; the rest stands in test_http_head.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "http_upgrade.h"

/* The head has to outlive what is parsed of it. */
static char text[1024];

static void
parse(const char *fields, struct http_head *h)
{
	(void)snprintf(text, sizeof text, "GET /app/k HTTP/1.1\r\n%s\r\n", fields);
	assert_int_equal(http_head_parse(text, strlen(text), h), HTTP_HEAD_DONE);
}

static enum err
write_with(const char *key, const char *more, struct buf *b)
{
	char fields[512];
	struct http_head h;

	(void)snprintf(fields, sizeof fields,
	    "Host: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: %s\r\n%s",
	    key, more);
	parse(fields, &h);
	return http_upgrade_write(b, &h);
}

static void
a_key_is_sixteen_bytes_in_base64(void **state)
{
	static const struct {
		const char *key;
		enum err e;
	} cases[] = {
		{ "dGhlIHNhbXBsZSBub25jZQ==", OK },
		{ "AAAAAAAAAAAAAAAAAAAAAA==", OK },
		{ "++//++//++//++//++//+w==", OK },
		{ "dGhlIHNhbXBsZSBub25jZQ=", ERR_INVALID },
		{ "dGhlIHNhbXBsZSBub25jZQ===", ERR_INVALID },
		{ "dGhlIHNhbXBsZSBub25jZQA=", ERR_INVALID },
		{ "dGhlIHNhbXBsZSBub25jZQAA", ERR_INVALID },
		{ "dGhlIHNhbXBsZSBub25j==ZQ", ERR_INVALID },
		{ "dGhlIHNhbXBsZSBub2 jZQ==", ERR_INVALID },
		{ "dGhlIHNhbXBsZSBub2-jZQ==", ERR_INVALID },
		{ "=GhlIHNhbXBsZSBub25jZQ==", ERR_INVALID },
		{ "dGhlIHNhbXBsZSBub25jZ-==", ERR_INVALID },
		{ "dGhlIHNhbXBsZSBub25jZ\xc3\xb1=", ERR_INVALID },
		{ "", ERR_INVALID },
		{ "==", ERR_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_buf b = BUF_INIT(1024);

		assert_int_equal(write_with(cases[i].key, "", &b), cases[i].e);
		assert_int_equal(b.len > 0, cases[i].e == OK);
	}
}

static void
an_upgrade_has_no_body_and_says_so_or_nothing(void **state)
{
	static const struct {
		const char *more;
		enum err e;
	} cases[] = {
		{ "", OK },
		{ "Content-Length: 0\r\n", OK },
		{ "Content-Length: 00\r\n", ERR_INVALID },
		{ "Content-Length: 1\r\n", ERR_INVALID },
		{ "Content-Length:\r\n", ERR_INVALID },
		{ "Transfer-Encoding: identity\r\n", ERR_INVALID },
		{ "transfer-encoding: chunked\r\n", ERR_INVALID },
		{ "Sec-WebSocket-Key: x\r\n", ERR_INVALID },
		{ "Host: other\r\n", ERR_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_buf b = BUF_INIT(1024);

		assert_int_equal(
		    write_with("dGhlIHNhbXBsZSBub25jZQ==", cases[i].more, &b), cases[i].e);
	}
}

static void
what_is_asked_for_is_a_websocket(void **state)
{
	static const struct {
		const char *fields;
		bool want;
	} cases[] = {
		{ "Upgrade: websocket\r\n", true },
		{ "upgrade: WebSocket\r\n", true },
		{ "Upgrade: h2c, websocket\r\n", true },
		{ "Upgrade: websocket/13\r\n", false },
		{ "Upgrade: h2c\r\n", false },
		{ "Upgrade: websockets\r\n", false },
		{ "Upgrade:\r\n", false },
		{ "Connection: Upgrade\r\n", false },
		{ "X-Upgrade: websocket\r\n", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct http_head h;

		parse(cases[i].fields, &h);
		assert_int_equal(http_is_upgrade(&h), cases[i].want);
	}
}

static void
an_answer_that_does_not_fit_is_an_error(void **state)
{
	auto_buf whole = BUF_INIT(1024), b = BUF_INIT(128);

	(void)state;
	assert_int_equal(write_with("dGhlIHNhbXBsZSBub25jZQ==", "", &whole), OK);
	assert_int_equal(whole.len, 129);
	assert_int_equal(write_with("dGhlIHNhbXBsZSBub25jZQ==", "", &b), ERR_LIMIT);
	assert_int_equal(b.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_sixteen_bytes_in_base64),
		cmocka_unit_test(an_upgrade_has_no_body_and_says_so_or_nothing),
		cmocka_unit_test(what_is_asked_for_is_a_websocket),
		cmocka_unit_test(an_answer_that_does_not_fit_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
