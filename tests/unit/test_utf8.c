#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "utf8.h"
#include "util.h"

#define ENYE "\xc3\xb1"          /* 2 bytes, 1 unit */
#define EURO "\xe2\x82\xac"      /* 3 bytes, 1 unit */
#define SMILE "\xf0\x9f\x98\x80" /* 4 bytes, 2 units */

static void
valid_is_what_rfc_3629_says(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} cases[] = {
		{ "", true },
		{ "plain", true },
		{ ENYE EURO SMILE, true },
		{ "\xf4\x8f\xbf\xbf", true },  /* U+10FFFF */
		{ "\xf4\x90\x80\x80", false }, /* beyond it */
		{ "\xf5\x80\x80\x80", false },
		{ "\xed\x9f\xbf", true },
		{ "\xed\xa0\x80", false }, /* a surrogate */
		{ "\xed\xbf\xbf", false },
		{ "\xee\x80\x80", true },
		{ "\xc0\x80", false }, /* overlong */
		{ "\xc1\xbf", false },
		{ "\xe0\x9f\xbf", false },
		{ "\xe0\xa0\x80", true },
		{ "\xf0\x8f\xbf\xbf", false },
		{ "\xf0\x90\x80\x80", true },
		{ "\x80", false }, /* a tail alone */
		{ "\xc3", false }, /* a head alone */
		{ "\xe2\x82", false },
		{ "\xf0\x9f\x98", false },
		{ "\xc3"
		  "a",
		    false },
		{ "\xff", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (utf8_is_valid(cases[i].text, strlen(cases[i].text)) != cases[i].ok)
			fail_msg("case %zu", i);
	assert_true(utf8_is_valid("a\0b", 3));
}

static void
lengths_are_those_of_javascript(void **state)
{
	static const struct {
		const char *text;
		size_t units;
	} cases[] = {
		{ "", 0 },
		{ "abc", 3 },
		{ ENYE, 1 },
		{ EURO, 1 },
		{ SMILE, 2 },
		{ "a" ENYE EURO SMILE "z", 6 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(
		    utf8_utf16_len(cases[i].text, strlen(cases[i].text)), cases[i].units);
}

/* At every maximum: the cut is a character's end, and the largest one. */
static void
a_cut_never_splits_a_character(void **state)
{
	static const char text[] = "a" ENYE EURO SMILE "z";
	static const size_t ends[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11 };

	(void)state;
	for (size_t max = 0; max < ARRAY_LEN(ends); max++)
		assert_int_equal(utf8_cut(text, sizeof text - 1, max), ends[max]);
	/* a torn end is left off */
	assert_int_equal(utf8_cut("ab\xf0\x9f\x98", 5, 5), 2);
	assert_int_equal(utf8_cut("ab\xc3", 3, 100), 2);
}

static void
units_are_found_again_as_bytes(void **state)
{
	static const char text[] = "a" ENYE EURO SMILE "z";
	static const size_t bytes[] = { 0, 1, 3, 6, 6, 10, 11, 11 };

	(void)state;
	for (size_t units = 0; units < ARRAY_LEN(bytes); units++)
		assert_int_equal(utf8_bytes_of_utf16(text, sizeof text - 1, units), bytes[units]);
}

static void
blank_is_nothing_but_space(void **state)
{
	static const struct {
		const char *text;
		bool blank;
	} cases[] = {
		{ "", true },
		{ " \t\r\n\v\f", true },
		{ "\xc2\xa0", true },                 /* no-break space */
		{ "\xe2\x80\x83\xe3\x80\x80", true }, /* em space, ideographic space */
		{ " x ", false },
		{ ENYE, false },
		{ SMILE, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(
		    utf8_is_blank(cases[i].text, strlen(cases[i].text)), cases[i].blank);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_is_what_rfc_3629_says),
		cmocka_unit_test(lengths_are_those_of_javascript),
		cmocka_unit_test(a_cut_never_splits_a_character),
		cmocka_unit_test(units_are_found_again_as_bytes),
		cmocka_unit_test(blank_is_nothing_but_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
