#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json.h"

#define DEPTH 4

static void
texts_are_taken_or_refused(void **state)
{
	static const struct {
		const char *text;
		bool strict;
		enum err want;
	} cases[] = {
		{ "{}", true, OK },
		{ "[]", true, OK },
		{ "[[[[]]]]", true, OK },
		{ "[[[[[]]]]]", true, ERR_LIMIT },
		{ "{\"a\":{\"b\":{\"c\":{}}}}", true, OK },
		{ "{\"a\":[{\"b\":[{}]}]}", true, ERR_LIMIT },
		{ "[[],[],[],[],[],[]]", true, OK },          /* wide is not deep */
		{ "[\"[[[[[[[[\"]", true, OK },               /* brackets in a string */
		{ "[\"\\\"[[[[[[[[\"]", true, OK },           /* behind an escaped quote */
		{ "[\"\\\\\",[[[[[]]]]]]", true, ERR_LIMIT }, /* and behind an escaped backslash */
		{ "", true, ERR_INVALID },
		{ "{", true, ERR_INVALID },
		{ "{} x", true, ERR_INVALID },
		{ "{\"a\":1,\"a\":2}", true, ERR_INVALID },
		{ "{\"a\":1,\"a\":2}", false, OK },
		{ "[\"\\u0000\"]", true, ERR_INVALID },
		{ "[\"\xff\"]", true, ERR_INVALID },
		{ "[\"\xed\xa0\x80\"]", true, ERR_INVALID },
		{ "[NaN]", true, ERR_INVALID },
		{ "[1e999]", true, ERR_INVALID },
		{ "\xef\xbb\xbf{}", true, ERR_INVALID },
		{ "[1,]", true, ERR_INVALID },
		{ "{'a':1}", true, ERR_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_auto_t *root = NULL;
		enum err e = json_parse(
		    cases[i].text, strlen(cases[i].text), DEPTH, cases[i].strict, &root, NULL, 0);

		if (e != cases[i].want)
			fail_msg("%s: %d", cases[i].text, e);
		assert_int_equal(root != NULL, e == OK);
	}
}

static void
the_reason_names_the_place_and_none_of_the_text(void **state)
{
	static const char text[] = "{\"a\": 1,\n \"my-secret\": my-secret}";
	json_auto_t *root = NULL;
	char why[160] = "";

	(void)state;
	assert_int_equal(
	    json_parse(text, sizeof text - 1, DEPTH, true, &root, why, sizeof why), ERR_INVALID);
	assert_non_null(strstr(why, "line 2"));
	assert_null(strstr(why, "secret"));
}

static void
four_million_brackets_cost_nothing(void **state)
{
	size_t n = 4000000;
	char *text = xcalloc(n, 1);
	json_auto_t *root = NULL;

	(void)state;
	memset(text, '[', n);
	assert_int_equal(json_parse(text, n, 16, true, &root, NULL, 0), ERR_LIMIT);
	free(text);
}

static void
written_text_is_compact_and_capped(void **state)
{
	json_auto_t *value = json_pack("{s:i, s:[s]}", "a", 1, "b", "ñ");
	auto_buf b = BUF_INIT(64), small = BUF_INIT(4);
	auto_char *text = json_text(value);

	(void)state;
	assert_int_equal(json_write(&b, value), OK);
	assert_string_equal(b.data, "{\"a\":1,\"b\":[\"ñ\"]}");
	assert_string_equal(text, b.data);
	assert_int_equal(json_write(&small, value), ERR_LIMIT);
}

static void
members_have_fallbacks(void **state)
{
	json_auto_t *o = json_pack("{s:s, s:I, s:s, s:s, s:n, s:f}", "text", "x", "n",
	    (json_int_t)5000000000, "string", "5000000000", "junk", "12x", "null", "real", 1.5);

	(void)state;
	assert_string_equal(json_member_string(o, "text"), "x");
	assert_null(json_member_string(o, "n"));
	assert_null(json_member_string(o, "absent"));
	assert_null(json_member_string(NULL, "text"));
	assert_int_equal(json_member_int(o, "n", -1), 5000000000);
	assert_int_equal(json_member_int(o, "string", -1), 5000000000);
	assert_int_equal(json_member_int(o, "junk", -1), -1);
	assert_int_equal(json_member_int(o, "null", -1), -1);
	assert_int_equal(json_member_int(o, "absent", -1), -1);
	assert_int_equal(json_member_int(NULL, "n", -1), -1);
}

/* What is passed on is not ours to refuse; what is a name of ours has no NUL. */
static void
values_that_are_passed_on_are_taken_as_they_are(void **state)
{
	static const char text[] =
	    "{\"nul\":\"a\\u0000b\",\"big\":-18446744073709551616,\"small\":7}";
	static const char *const bad[] = { "", "{", "{\"a\":1e999}", "{\"a\\u0000\":1}", "\xff",
		"{\"a\":\"\\ud800\"}", "{\"a\":NaN}" };
	json_t *root = NULL;

	(void)state;
	assert_int_equal(json_parse_any(text, sizeof text - 1, 4, &root), OK);
	assert_int_equal(json_string_length(json_object_get(root, "nul")), 3);
	assert_null(json_member_string(root, "nul"));
	assert_true(json_real_value(json_object_get(root, "big")) < -1.8e19);
	assert_true(json_number_value(json_object_get(root, "small")) == 7);
	json_decref(root);
	root = NULL;
	assert_int_equal(json_parse_any("{\"n\":9223372036854775807}", 25, 4, &root), OK);
	assert_true(json_is_integer(json_object_get(root, "n")));
	json_decref(root);
	root = NULL;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(json_parse_any(bad[i], strlen(bad[i]), 4, &root), ERR_INVALID);
	assert_int_equal(json_parse_any("[[[[[]]]]]", 10, 4, &root), ERR_LIMIT);
	assert_null(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_taken_or_refused),
		cmocka_unit_test(the_reason_names_the_place_and_none_of_the_text),
		cmocka_unit_test(four_million_brackets_cost_nothing),
		cmocka_unit_test(written_text_is_compact_and_capped),
		cmocka_unit_test(members_have_fallbacks),
		cmocka_unit_test(values_that_are_passed_on_are_taken_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
