#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ids.h"
#include "util.h"

static void
ids_are_22_characters_and_do_not_repeat(void **state)
{
	static char ids[1000][ID_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		id_random(ids[i]);
		assert_int_equal(strlen(ids[i]), 22);
		assert_int_equal(
		    strspn(
			ids[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
		    22);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(ids[i], ids[k]);
	}
}

static void
random_units_lie_below_one_and_spread(void **state)
{
	int low = 0;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		double x = random_unit();

		assert_true(x >= 0 && x < 1);
		low += x < 0.5;
	}
	assert_in_range(low, 4500, 5500); /* ten standard deviations */
}

static void
pusher_names_are_of_pushers_alphabet(void **state)
{
	static const struct {
		const char *name;
		bool ok;
	} cases[] = {
		{ "1", true },
		{ "chat.1", true },
		{ "private-chat.aZ09_-=@,.;", true },
		{ "...", true },
		{ ".a", true },
		{ "", false },
		{ ".", false },
		{ "..", false },
		{ "a b", false },
		{ "a/b", false },
		{ "a#b", false },
		{ "a\nb", false },
		{ "ñ", false },
		{ "a\x7f", false },
		{ "a\xff", false },
	};
	char long_name[201];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(
		    id_is_pusher_name(cases[i].name, strlen(cases[i].name), 128), cases[i].ok);
	memset(long_name, 'a', sizeof long_name);
	assert_true(id_is_pusher_name(long_name, 128, 128));
	assert_false(id_is_pusher_name(long_name, 129, 128));
	assert_false(id_is_pusher_name("a\0b", 3, 128));
}

/* Each byte alone: the alphabet is these 71 and nothing else. */
static void
the_alphabet_is_exact(void **state)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-=@,.;";

	(void)state;
	for (int c = 0; c < 256; c++) {
		char name[2] = { 'x', (char)c };

		assert_int_equal(
		    id_is_pusher_name(name, 2, 128), c != 0 && strchr(alphabet, c) != NULL);
	}
}

static void
socket_ids_are_digits_dot_digits(void **state)
{
	static const struct {
		const char *id;
		bool ok;
	} cases[] = {
		{ "1.1", true },
		{ "123456789.987654321", true },
		{ "", false },
		{ ".", false },
		{ "1.", false },
		{ ".1", false },
		{ "1", false },
		{ "1.1.1", false },
		{ "1.1:private-x", false },
		{ "1.1\n", false },
		{ " 1.1", false },
		{ "-1.1", false },
		{ "1a.1", false },
	};
	char digits[66];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(id_is_socket_id(cases[i].id, strlen(cases[i].id)), cases[i].ok);
	memset(digits, '1', sizeof digits);
	digits[1] = '.';
	assert_true(id_is_socket_id(digits, 64));
	assert_false(id_is_socket_id(digits, 65));
}

static void
request_ids_are_safe_in_headers_and_logs(void **state)
{
	static const struct {
		const char *id;
		bool ok;
	} cases[] = {
		{ "abcdefgh", true },
		{ "AZ09_-az", true },
		{ "abcdefg", false },
		{ "", false },
		{ "abcdefgh ", false },
		{ "abcdefgh\r\n", false },
		{ "abcd.efgh", false },
	};
	char text[65];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(id_is_request_id(cases[i].id, strlen(cases[i].id)), cases[i].ok);
	memset(text, 'x', sizeof text);
	assert_true(id_is_request_id(text, 64));
	assert_false(id_is_request_id(text, 65));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_22_characters_and_do_not_repeat),
		cmocka_unit_test(random_units_lie_below_one_and_spread),
		cmocka_unit_test(pusher_names_are_of_pushers_alphabet),
		cmocka_unit_test(the_alphabet_is_exact),
		cmocka_unit_test(socket_ids_are_digits_dot_digits),
		cmocka_unit_test(request_ids_are_safe_in_headers_and_logs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
