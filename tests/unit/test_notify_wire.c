#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "notify_wire.h"

#define PUBLISH "\"v\":1,\"app\":\"a\",\"channels\":[\"chat.1\"],\"name\":\"n\",\"data\":\"d\""

static enum err
parse(const char *text)
{
	struct notify_line line = { .op = NOTIFY_PUBLISH };
	enum err e = notify_line_parse(text, strlen(text), &line);

	if (e == OK)
		notify_line_clear(&line);
	return e;
}

static void
lines_are_taken_or_refused(void **state)
{
	static const struct {
		const char *text;
		enum err want;
	} cases[] = {
		{ "{" PUBLISH "}", OK },
		{ "{" PUBLISH ",\"later\":[1]}", OK }, /* additions do not break old readers */
		{ "{" PUBLISH ",\"socket_id\":\"1.2\",\"rid\":\"abcdefgh\"}", OK },
		{ "{\"v\":1,\"op\":\"evict\",\"app\":\"a\",\"channel\":\"private-chat.1\"}", OK },
		{ "{\"v\":1,\"op\":\"refused\",\"uid\":33,\"setting\":\"S\"}", OK },
		{ "", ERR_INVALID },
		{ "[]", ERR_INVALID },
		{ "null", ERR_INVALID },
		{ "{}", ERR_INVALID },
		{ "{\"v\":2,\"app\":\"a\",\"channels\":[\"c\"],\"name\":\"n\",\"data\":\"d\"}",
		    ERR_INVALID },
		{ "{\"v\":\"1\",\"app\":\"a\",\"channels\":[\"c\"],\"name\":\"n\",\"data\":\"d\"}",
		    ERR_INVALID },
		{ "{\"app\":\"a\",\"channels\":[\"c\"],\"name\":\"n\",\"data\":\"d\"}",
		    ERR_INVALID },
		{ "{" PUBLISH ",\"op\":\"explode\"}", ERR_INVALID },
		{ "{" PUBLISH ",\"op\":1}", ERR_INVALID },
		{ "{" PUBLISH ",\"socket_id\":\"x\"}", ERR_INVALID },
		{ "{" PUBLISH ",\"socket_id\":1.2}", ERR_INVALID },
		{ "{" PUBLISH ",\"socket_id\":null}", ERR_INVALID },
		{ "{" PUBLISH ",\"rid\":\"a b\"}", ERR_INVALID },
		{ "{" PUBLISH ",\"name\":\"twice\"}", ERR_INVALID },
		{ "{\"v\":1,\"app\":\"a\",\"channels\":[],\"name\":\"n\",\"data\":\"d\"}",
		    ERR_INVALID },
		{ "{\"v\":1,\"app\":\"a\",\"channels\":[1],\"name\":\"n\",\"data\":\"d\"}",
		    ERR_INVALID },
		{ "{\"v\":1,\"app\":\"a\",\"channels\":[\"a b\"],\"name\":\"n\",\"data\":\"d\"}",
		    ERR_INVALID },
		{ "{\"v\":1,\"app\":\"a\",\"channels\":\"c\",\"name\":\"n\",\"data\":\"d\"}",
		    ERR_INVALID },
		{ "{\"v\":1,\"app\":\"a\",\"channels\":[\"c\"],\"name\":\"\",\"data\":\"d\"}",
		    ERR_INVALID },
		{ "{\"v\":1,\"app\":\"a\",\"channels\":[\"c\"],\"name\":\"n\",\"data\":{}}",
		    ERR_INVALID },
		{ "{\"v\":1,\"op\":\"evict\",\"app\":\"a\"}", ERR_INVALID },
		{ "{\"v\":1,\"op\":\"evict\",\"app\":\"a\",\"channel\":\"c\",\"user_id\":1}",
		    ERR_INVALID },
		{ "{\"v\":1,\"op\":\"refused\",\"uid\":-5,\"setting\":\"S\"}", ERR_INVALID },
		{ "{" PUBLISH ",\"deep\":[[[[]]]]}", ERR_LIMIT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum err e = parse(cases[i].text);

		if (e != cases[i].want)
			fail_msg("%s: %d", cases[i].text, e);
	}
}

/* channels of 1 character each; name_len long name */
static enum err
parse_sized(size_t channels, size_t name_len)
{
	auto_buf b = BUF_INIT(2 * LIMIT_DATAGRAM_BYTES);
	enum err e = buf_adds(&b, "{\"v\":1,\"app\":\"a\",\"data\":\"\",\"channels\":[\"c\"");

	for (size_t i = 1; i < channels && e == OK; i++)
		e = buf_adds(&b, ",\"c\"");
	if (e == OK)
		e = buf_addf(&b, "],\"name\":\"%0*d\"}", (int)name_len, 1);
	assert_int_equal(e, OK);
	return parse(b.data);
}

static void
one_over_each_limit_is_refused(void **state)
{
	(void)state;
	assert_int_equal(parse_sized(LIMIT_CHANNELS_PER_EVENT, LIMIT_EVENT_NAME_LEN), OK);
	assert_int_equal(parse_sized(LIMIT_CHANNELS_PER_EVENT + 1, 1), ERR_LIMIT);
	assert_int_equal(parse_sized(1, LIMIT_EVENT_NAME_LEN + 1), ERR_LIMIT);
	assert_int_equal(parse_sized(1, LIMIT_DATAGRAM_BYTES), ERR_LIMIT);
}

static void
a_channel_that_is_named_twice_counts_once(void **state)
{
	static const char text[] = "{\"v\":1,\"app\":\"a\",\"name\":\"n\",\"data\":\"d\","
				   "\"channels\":[\"c\",\"b\",\"c\",\"b\"]}";
	struct notify_line line;

	(void)state;
	assert_int_equal(notify_line_parse(text, strlen(text), &line), OK);
	assert_int_equal(line.channel_count, 2);
	assert_string_equal(line.channels[0], "c");
	assert_string_equal(line.channels[1], "b");
	notify_line_clear(&line);
}

static void
what_is_written_is_read_again(void **state)
{
	static const char data[] = "{\"text\":\"\\u00f1 \xc3\xb1 \\\" \\n\"}\n";
	struct notify_line in = {
		.op = NOTIFY_PUBLISH,
		.app = "local",
		.channels = { "chat.1", "private-chat.1", "presence-chat.1" },
		.channel_count = 3,
		.name = "App\\Events\\MessageSent",
		.data = data,
		.data_len = sizeof data - 1,
		.socket_id = "1.2",
		.rid = "abcdefgh",
	};
	struct notify_line out = { .op = NOTIFY_PUBLISH };
	auto_buf b = BUF_INIT(1024);

	(void)state;
	assert_int_equal(notify_line_write(&b, &in), OK);
	assert_int_equal(b.data[b.len - 1], '\n');
	assert_null(memchr(b.data, '\n', b.len - 1)); /* the only one: a line is a line */
	assert_int_equal(notify_line_parse(b.data, b.len - 1, &out), OK);
	assert_int_equal(out.op, NOTIFY_PUBLISH);
	assert_string_equal(out.app, in.app);
	assert_int_equal(out.channel_count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(out.channels[i], in.channels[i]);
	assert_string_equal(out.name, in.name);
	assert_int_equal(out.data_len, in.data_len);
	assert_string_equal(out.data, data);
	assert_string_equal(out.socket_id, "1.2");
	assert_string_equal(out.rid, "abcdefgh");
	notify_line_clear(&out);
}

static void
a_line_that_does_not_fit_leaves_the_buffer_as_it_was(void **state)
{
	struct notify_line line = { .op = NOTIFY_EVICT,
		.app = "a",
		.channels = { "private-chat.1" },
		.channel_count = 1,
		.user_id = "u" };
	auto_buf b = BUF_INIT(100);
	size_t before;

	(void)state;
	assert_int_equal(notify_line_write(&b, &line), OK);
	before = b.len;
	assert_int_equal(notify_line_write(&b, &line), ERR_LIMIT);
	assert_int_equal(b.len, before);
	line.user_id = "\xff";
	b.max = 1000;
	assert_int_equal(notify_line_write(&b, &line), ERR_INVALID);
	assert_int_equal(b.len, before);
}

static void
a_datagram_is_walked_line_by_line(void **state)
{
	static const char text[] = "\n\none\r\ntwo\n\r\nthree";
	static const char *const want[] = { "one", "two", "three" };
	const char *p = text, *line = NULL;
	size_t n = sizeof text - 1, len = 0, i = 0;

	(void)state;
	for (; i < ARRAY_LEN(want); i++) {
		assert_int_not_equal(notify_next_line(&p, &n, &line, &len), 0);
		assert_int_equal(len, strlen(want[i]));
		assert_memory_equal(line, want[i], len);
	}
	assert_int_equal(notify_next_line(&p, &n, &line, &len), 0);
	assert_int_equal(n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_taken_or_refused),
		cmocka_unit_test(one_over_each_limit_is_refused),
		cmocka_unit_test(a_channel_that_is_named_twice_counts_once),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(a_line_that_does_not_fit_leaves_the_buffer_as_it_was),
		cmocka_unit_test(a_datagram_is_walked_line_by_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
