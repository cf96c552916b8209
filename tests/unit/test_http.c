#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "http.h"
#include "util.h"

static void
percents_are_decoded_once(void **state)
{
	static const struct {
		const char *raw, *decoded; /* NULL: refused */
	} cases[] = {
		{ "", "" },
		{ "a%20b", "a b" },
		{ "%2541", "%41" },
		{ "%c3%A9", "\xc3\xa9" },
		{ "%", NULL },
		{ "%4", NULL },
		{ "%4g", NULL },
		{ "%00", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_char *s = xstrdup(cases[i].raw);

		assert_int_equal(http_decode(s), cases[i].decoded != NULL);
		if (cases[i].decoded != NULL)
			assert_string_equal(s, cases[i].decoded);
	}
}

static void
the_first_member_of_a_name_is_taken(void **state)
{
	static const struct {
		const char *query, *value; /* NULL: none */
	} cases[] = {
		{ "", NULL }, { "a=1", "1" }, { "b=2&a=1&a=3", "1" }, { "aa=2", NULL },
		{ "a", NULL }, { "a=", "" }, { "a=x+y%2Bz", "x y+z" }, { "a=%00", NULL },
		{ "a=1234567", "1234567" },
		{ "a=12345678", NULL }, /* one longer than there is room for */
	};
	char out[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(
		    http_query(cases[i].query, "a", out, sizeof out), cases[i].value != NULL);
		if (cases[i].value != NULL)
			assert_string_equal(out, cases[i].value);
	}
}

static void
a_number_is_digits_within_its_range_or_absent(void **state)
{
	static const struct {
		const char *query;
		int64_t value; /* -1: refused */
	} cases[] = {
		{ "", 7 }, { "n=0", 0 }, { "n=100", 100 }, { "n=101", -1 }, { "n=", -1 },
		{ "n=-1", -1 }, { "n=+5", -1 }, { "n=%205", -1 }, { "n=5x", -1 },
		{ "n=9223372036854775808", -1 },
		{ "n=000000000000000000000000000000001", -1 }, /* longer than any number */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t n = 42;
		bool taken = http_query_number(cases[i].query, "n", 100, 7, &n);

		assert_int_equal(taken, cases[i].value >= 0);
		assert_int_equal(n, cases[i].value >= 0 ? cases[i].value : 42);
	}
}

static void
a_line_end_in_a_value_makes_no_header_of_its_own(void **state)
{
	struct http_response r = HTTP_RESPONSE_INIT;

	(void)state;
	http_set_header(&r, "Location", "/a\r\nSet-Cookie: x");
	assert_string_equal(r.headers.data, "Location: /a\r\n");
	http_response_free(&r);
}

static void
every_method_is_known_by_its_name(void **state)
{
	(void)state;
	for (int m = HTTP_GET; m < HTTP_OTHER; m++)
		assert_int_equal(http_method_of(http_method_name((enum http_method)m)), m);
	assert_int_equal(http_method_of("BREW"), HTTP_OTHER);
	assert_int_equal(http_method_of("get"), HTTP_OTHER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percents_are_decoded_once),
		cmocka_unit_test(the_first_member_of_a_name_is_taken),
		cmocka_unit_test(a_number_is_digits_within_its_range_or_absent),
		cmocka_unit_test(a_line_end_in_a_value_makes_no_header_of_its_own),
		cmocka_unit_test(every_method_is_known_by_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
