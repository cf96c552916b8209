#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "frame.h"

static void
assert_ws(struct frame *f, const char *head, size_t head_len, size_t len)
{
	size_t n;
	const unsigned char *bytes = frame_ws(f, &n);

	assert_int_equal(n, head_len + len);
	assert_memory_equal(bytes, head, head_len);
	assert_ptr_equal(frame_ws(f, &n), bytes); /* made once */
}

/* RFC 6455 5.2: 7 bits, 16 or 64 bits of length, each at its edges. */
static void
lengths_take_the_shortest_header(void **state)
{
	static const struct {
		size_t len, head_len;
		const char *head;
	} cases[] = {
		{ 0, 2, "\x81\x00" },
		{ 1, 2, "\x81\x01" },
		{ 125, 2, "\x81\x7d" },
		{ 126, 4, "\x81\x7e\x00\x7e" },
		{ 65535, 4, "\x81\x7e\xff\xff" },
		{ 65536, 10, "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00" },
		{ 1 << 20, 10, "\x81\x7f\x00\x00\x00\x00\x00\x10\x00\x00" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *text = xcalloc(1, cases[i].len + 1);
		struct frame *f;

		memset(text, 'x', cases[i].len);
		f = frame_new(text, cases[i].len);
		assert_int_equal(frame_len(f), cases[i].len);
		assert_int_equal(frame_messages(f), 1);
		assert_memory_equal(frame_text(f), text, cases[i].len);
		assert_ws(f, cases[i].head, cases[i].head_len, cases[i].len);
		assert_memory_equal(frame_text(f), text, cases[i].len);
		frame_unref(f);
		free(text);
	}
	frame_unref(NULL);
}

static void
joined_frames_are_whole_frames_in_order(void **state)
{
	struct frame *parts[3] = { frame_new("a", 1), frame_new("", 0), frame_new("bc", 2) };
	struct frame *f = frame_join(parts, 3);
	size_t n;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		frame_unref(parts[i]); /* it has its own references */
	assert_int_equal(frame_messages(f), 3);
	assert_int_equal(frame_len(f), 3);
	assert_memory_equal(frame_ws(f, &n),
	    "\x81\x01"
	    "a\x81\x00\x81\x02"
	    "bc",
	    9);
	assert_int_equal(n, 9);
	frame_unref(frame_ref(f));
	frame_unref(f);
}

static void
one_joined_is_like_itself(void **state)
{
	struct frame *part = frame_new("a", 1), *f = frame_join(&part, 1);
	size_t n;

	(void)state;
	assert_int_equal(frame_messages(f), 1);
	assert_memory_equal(frame_ws(f, &n),
	    "\x81\x01"
	    "a",
	    3);
	frame_unref(f);
	frame_unref(part);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_take_the_shortest_header),
		cmocka_unit_test(joined_frames_are_whole_frames_in_order),
		cmocka_unit_test(one_joined_is_like_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
