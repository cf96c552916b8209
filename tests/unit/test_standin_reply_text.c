/* gemini-standin: the same text for the same question, exactly as long as was asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../gemini-standin/reply_text.h"
#include "utf8.h"

static void
any_size_is_met_to_the_byte_in_valid_utf8(void **state)
{
	(void)state;
	for (size_t n = 0; n < 600; n++) {
		auto_buf a = BUF_INIT(1024), b = BUF_INIT(1024), other = BUF_INIT(1024);

		assert_int_equal(reply_text_synthetic(&a, n, n), OK);
		assert_int_equal(reply_text_synthetic(&b, n, n), OK);
		assert_int_equal(reply_text_synthetic(&other, n, n + 1), OK);
		assert_int_equal(a.len, n);
		if (n == 0)
			continue;
		assert_true(utf8_is_valid(a.data, a.len));
		assert_memory_equal(a.data, b.data, n);
		assert_memory_not_equal(a.data, other.data, n);
		assert_in_range(a.data[0], 'A', 'P');
		assert_true(n == 1 || a.data[n - 1] == '.');
	}
}

static void
long_texts_hold_what_breaks_careless_code(void **state)
{
	static const char *const parts[] = { "\"", "\\", "\n", "\r\n",
		"\ndata: ", "\xf0\x9f\x98\x80", "\xe2\x80\xa8", "[DONE]", "%s", "</script>" };
	auto_buf b = BUF_INIT(64 * 1024);

	(void)state;
	assert_int_equal(reply_text_synthetic(&b, 60000, 1), OK);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		assert_non_null(memmem(b.data, b.len, parts[i], strlen(parts[i])));
}

static void
a_full_buffer_is_an_error(void **state)
{
	auto_buf b = BUF_INIT(10);

	(void)state;
	assert_int_equal(reply_text_synthetic(&b, 11, 1), ERR_LIMIT);
}

static void
the_demonstration_answers_in_the_language_of_the_question(void **state)
{
	static const struct {
		const char *question;
		bool is_spanish;
	} cases[] = {
		{ "Hola, cuéntame algo", true },
		{ "dime por que es azul el cielo", true },
		{ "¿?", true },
		{ "Hello, tell me something", false },
		{ "what is the sky", false },
		{ "", false },
		{ "12345", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_buf b = BUF_INIT(8192);
		size_t n = strlen(cases[i].question);

		assert_int_equal(reply_text_is_spanish(cases[i].question, n), cases[i].is_spanish);
		assert_int_equal(reply_text_demo(&b, cases[i].question, n, 3), OK);
		assert_non_null(
		    strstr(b.data, cases[i].is_spanish ? "demostración" : "demonstration"));
		assert_non_null(strstr(b.data, cases[i].is_spanish ? "número 3" : "number 3"));
		assert_non_null(strstr(b.data, cases[i].question));
	}
}

static void
a_question_is_quoted_line_by_line_and_cut_at_a_character(void **state)
{
	auto_buf question = BUF_INIT(1024), lines = BUF_INIT(8192), b = BUF_INIT(8192);

	(void)state;
	assert_int_equal(reply_text_demo(&lines, "one\r\ntwo", 8, 1), OK);
	assert_non_null(strstr(lines.data, "> one\n> two"));
	while (question.len < 1000)
		assert_int_equal(buf_adds(&question, "\xf0\x9f\x98\x80"), OK);
	assert_int_equal(reply_text_demo(&b, question.data, question.len, 1), OK);
	assert_true(utf8_is_valid(b.data, b.len));
	assert_non_null(strstr(b.data, "\xf0\x9f\x98\x80…"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_size_is_met_to_the_byte_in_valid_utf8),
		cmocka_unit_test(long_texts_hold_what_breaks_careless_code),
		cmocka_unit_test(a_full_buffer_is_an_error),
		cmocka_unit_test(the_demonstration_answers_in_the_language_of_the_question),
		cmocka_unit_test(a_question_is_quoted_line_by_line_and_cut_at_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
