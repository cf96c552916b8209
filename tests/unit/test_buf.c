#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "buf.h"

static void
an_append_beyond_the_maximum_changes_nothing(void **state)
{
	auto_buf b = BUF_INIT(5);

	(void)state;
	assert_int_equal(buf_adds(&b, "abc"), OK);
	assert_int_equal(buf_adds(&b, "def"), ERR_LIMIT);
	assert_int_equal(buf_addf(&b, "%d", 456), ERR_LIMIT);
	assert_string_equal(b.data, "abc");
	assert_int_equal(b.len, 3);
	assert_int_equal(buf_addf(&b, "%c%c", 'd', 'e'), OK);
	assert_string_equal(b.data, "abcde");
	assert_int_equal(buf_add(&b, "", 0), OK);
	assert_int_equal(buf_add(&b, "x", 1), ERR_LIMIT);
}

static void
a_length_that_would_overflow_is_refused(void **state)
{
	auto_buf b = BUF_INIT(SIZE_MAX);

	(void)state;
	assert_int_equal(buf_adds(&b, "abc"), OK);
	b.max = 100;
	assert_int_equal(buf_add(&b, "x", SIZE_MAX), ERR_LIMIT);
	assert_int_equal(b.len, 3);
}

static void
bytes_are_kept_as_they_are_and_a_nul_follows(void **state)
{
	auto_buf b = BUF_INIT(100000);

	(void)state;
	for (size_t i = 0; i < 10000; i++)
		assert_int_equal(buf_add(&b, "a\0b", 3), OK);
	assert_int_equal(b.len, 30000);
	assert_memory_equal(b.data + 29997, "a\0b", 4);
}

static void
consume_drops_the_front(void **state)
{
	auto_buf b = BUF_INIT(16);

	(void)state;
	assert_int_equal(buf_adds(&b, "hello world"), OK);
	buf_consume(&b, 6);
	assert_string_equal(b.data, "world");
	buf_consume(&b, 0);
	buf_consume(&b, 5);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.data, "");
	assert_int_equal(buf_adds(&b, "0123456789abcdef"), OK);
}

static void
take_gives_a_string_even_of_nothing(void **state)
{
	struct buf b = BUF_INIT(16);
	char *s;

	(void)state;
	s = buf_take(&b);
	assert_string_equal(s, "");
	free(s);
	assert_int_equal(buf_adds(&b, "abc"), OK);
	s = buf_take(&b);
	assert_string_equal(s, "abc");
	free(s);
	assert_int_equal(b.len, 0);
	assert_null(b.data);
	assert_int_equal(buf_adds(&b, "again"), OK);
	buf_clear(&b);
	assert_int_equal(b.len, 0);
	buf_free(&b);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_append_beyond_the_maximum_changes_nothing),
		cmocka_unit_test(a_length_that_would_overflow_is_refused),
		cmocka_unit_test(bytes_are_kept_as_they_are_and_a_nul_follows),
		cmocka_unit_test(consume_drops_the_front),
		cmocka_unit_test(take_gives_a_string_even_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
