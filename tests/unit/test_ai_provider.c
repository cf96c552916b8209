/* Providers by name, and failures in words that a log can take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gemini.h"
#include "utf8.h"

static void
a_provider_is_found_by_its_name_and_none_is_the_default(void **state)
{
	(void)state;
	assert_ptr_equal(ai_provider_find("gemini"), &gemini_provider);
	assert_ptr_equal(ai_provider_find("Gemini"), &gemini_provider);
	assert_ptr_equal(ai_provider_find(""), &gemini_provider);
	assert_ptr_equal(ai_provider_find(NULL), &gemini_provider);
	assert_null(ai_provider_find("gemini2"));
	assert_null(ai_provider_find("gem"));
	assert_null(ai_provider_find(" gemini"));
}

static void
a_provider_has_all_its_parts(void **state)
{
	const struct ai_provider *p = ai_provider_find(NULL);

	(void)state;
	assert_non_null(p->name);
	assert_non_null(p->key_header);
	assert_non_null(p->build_path);
	assert_non_null(p->build_body);
	assert_non_null(p->drop_thinking);
	assert_non_null(p->on_event);
	assert_non_null(p->on_unary);
	assert_non_null(p->classify_error);
	assert_non_null(p->on_models);
}

static void
a_failure_is_all_new(void **state)
{
	struct ai_failure f = { .kind = AI_FAIL_AUTH,
		.http_status = 403,
		.retry_after_ms = 9000,
		.is_final = true,
		.message = "before, and longer than what comes" };

	(void)state;
	ai_failure_set(&f, AI_FAIL_OVERLOADED, 503, "status %d: %s", 503, "busy");
	assert_int_equal(f.kind, AI_FAIL_OVERLOADED);
	assert_int_equal(f.http_status, 503);
	assert_int_equal(f.retry_after_ms, 0);
	assert_false(f.is_final);
	assert_string_equal(f.message, "status 503: busy");
	ai_failure_set(&f, AI_FAIL_EMPTY, 0, "%s", "");
	assert_string_equal(f.message, "");
}

static void
words_of_a_peer_are_made_printable(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "a\nb\tc\x1b[31m\x7f", "a b c [31m " },
		{ "se\xc3\xb1or \xf0\x9f\x99\x82", "se\xc3\xb1or \xf0\x9f\x99\x82" },
		{ "torn \xc3", "torn " },
		{ "to\xc3rn \xc3\xb1", "to?rn ??" },
		{ "\xff\xc3\xb1", "???" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ai_failure f;

		ai_failure_set(&f, AI_FAIL_INVALID, 400, "%s", cases[i].text);
		assert_string_equal(f.message, cases[i].want);
	}
}

/* Wherever the cut falls, no character is torn. */
static void
words_that_are_too_long_are_cut_between_characters(void **state)
{
	(void)state;
	for (size_t lead = 0; lead < 8; lead++) {
		char text[3 * AI_MESSAGE_SIZE] = "xxxxxxxx";
		struct ai_failure f;
		size_t n = lead;

		for (; n + 4 < sizeof text; n += 4)
			memcpy(text + n, "\xf0\x9f\x99\x82", 5);
		ai_failure_set(&f, AI_FAIL_INVALID, 400, "%s", text);
		assert_true(utf8_is_valid(f.message, strlen(f.message)));
		assert_null(strchr(f.message, '?'));
		assert_true(strlen(f.message) < AI_MESSAGE_SIZE);
		assert_true(strlen(f.message) > AI_MESSAGE_SIZE - 5);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_provider_is_found_by_its_name_and_none_is_the_default),
		cmocka_unit_test(a_provider_has_all_its_parts),
		cmocka_unit_test(a_failure_is_all_new),
		cmocka_unit_test(words_of_a_peer_are_made_printable),
		cmocka_unit_test(words_that_are_too_long_are_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
