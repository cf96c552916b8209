#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rfc6455.h"

#define MESSAGE_MAX 1000
#define FRAGMENTS_MAX 3

/* A client's frame with the mask 01 02 03 04, appended. */
static void
frame(struct buf *b, unsigned first, const char *payload, size_t n)
{
	const unsigned char mask[4] = { 1, 2, 3, 4 };
	unsigned char head[4] = { (unsigned char)first, (unsigned char)(0x80 | n) };
	size_t head_len = 2;

	if (n > 125) {
		head[1] = 0x80 | 126;
		head[2] = (unsigned char)(n >> 8);
		head[3] = (unsigned char)n;
		head_len = 4;
	}
	assert_int_equal(buf_add(b, head, head_len), OK);
	assert_int_equal(buf_add(b, mask, sizeof mask), OK);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)payload[i] ^ mask[i % 4];

		assert_int_equal(buf_add(b, &c, 1), OK);
	}
}

static struct rfc6455
reader(void)
{
	return (struct rfc6455){ .message_max = MESSAGE_MAX, .fragments_max = FRAGMENTS_MAX };
}

/* What the bytes come to: the first thing that is whole. */
static enum rfc6455_got
read_one(struct rfc6455 *r, struct buf *b, struct rfc6455_item *item)
{
	unsigned char *p = (unsigned char *)b->data;
	size_t n = b->len;
	enum rfc6455_got got = rfc6455_next(r, &p, &n, item);

	return got;
}

static void
a_message_in_one_frame_is_not_copied(void **state)
{
	struct rfc6455 r = reader();
	struct rfc6455_item item;
	auto_buf b = BUF_INIT(10000);

	(void)state;
	frame(&b, 0x81, "hello", 5);
	assert_int_equal(read_one(&r, &b, &item), WS_GOT_MESSAGE);
	assert_ptr_equal(item.p, b.data + 6);
	assert_memory_equal(item.p, "hello", 5);
	assert_true(item.is_text);
	assert_null(r.message.data);
	rfc6455_free(&r);
}

static void
an_idle_connection_holds_no_buffer(void **state)
{
	struct rfc6455 r = reader();
	struct rfc6455_item item;
	auto_buf b = BUF_INIT(10000);
	unsigned char *p;
	size_t n;

	(void)state;
	frame(&b, 0x01, "hel", 3);
	frame(&b, 0x80, "lo", 2);
	p = (unsigned char *)b.data;
	n = b.len;
	assert_int_equal(rfc6455_next(&r, &p, &n, &item), WS_GOT_MESSAGE);
	assert_int_equal(item.n, 5);
	assert_memory_equal(item.p, "hello", 5);
	assert_int_equal(rfc6455_next(&r, &p, &n, &item), WS_GOT_NOTHING);
	assert_null(r.message.data);
	rfc6455_free(&r);
}

static void
limits_hold_before_the_payload_comes(void **state)
{
	static const char text[MESSAGE_MAX + 1];
	struct rfc6455_item item;
	struct rfc6455 r;

	(void)state;
	for (size_t n = MESSAGE_MAX; n <= MESSAGE_MAX + 1; n++) {
		auto_buf b = BUF_INIT(10000);

		r = reader();
		frame(&b, 0x82, text, n);
		b.len = n > MESSAGE_MAX ? 8 : b.len; /* the head alone */
		assert_int_equal(
		    read_one(&r, &b, &item), n > MESSAGE_MAX ? WS_GOT_TOO_LONG : WS_GOT_MESSAGE);
		rfc6455_free(&r);
	}
	assert_int_equal(item.code, WS_CODE_TOO_LONG);
	for (int pieces = FRAGMENTS_MAX; pieces <= FRAGMENTS_MAX + 1; pieces++) {
		auto_buf b = BUF_INIT(10000);

		r = reader();
		frame(&b, 0x02, "x", 1);
		for (int i = 2; i < pieces; i++)
			frame(&b, 0x00, "x", 1);
		frame(&b, 0x80, "x", 1);
		assert_int_equal(read_one(&r, &b, &item),
		    pieces > FRAGMENTS_MAX ? WS_GOT_TOO_MANY : WS_GOT_MESSAGE);
		rfc6455_free(&r);
	}
}

static void
frames_without_a_mask_are_refused(void **state)
{
	unsigned char bytes[] = { 0x81, 0x05, 'h', 'e', 'l', 'l', 'o' }, *p = bytes;
	struct rfc6455 r = reader();
	struct rfc6455_item item;
	size_t n = sizeof bytes;

	(void)state;
	assert_int_equal(rfc6455_next(&r, &p, &n, &item), WS_GOT_BROKEN);
	assert_int_equal(item.code, WS_CODE_PROTOCOL);
}

static void
close_codes_are_those_that_may_be_sent(void **state)
{
	static const unsigned good[] = { 1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999 };
	static const unsigned bad[] = { 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(rfc6455_is_close_code(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(rfc6455_is_close_code(bad[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_in_one_frame_is_not_copied),
		cmocka_unit_test(an_idle_connection_holds_no_buffer),
		cmocka_unit_test(limits_hold_before_the_payload_comes),
		cmocka_unit_test(frames_without_a_mask_are_refused),
		cmocka_unit_test(close_codes_are_those_that_may_be_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
