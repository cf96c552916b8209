/* What both programs need of HTTP's text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http_text.h"
#include "util.h"

static void
every_status_has_a_phrase(void **state)
{
	static const struct {
		int status;
		const char *phrase;
	} cases[] = {
		{ 200, "OK" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 304, "Not Modified" },
		{ 404, "Not Found" },
		{ 413, "Content Too Large" },
		{ 426, "Upgrade Required" },
		{ 507, "Insufficient Storage" },
		{ 0, "Unknown" },
		{ -1, "Unknown" },
		{ 299, "Unknown" },
		{ 999, "Unknown" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(http_reason(cases[i].status), cases[i].phrase);
	for (int status = -10; status < 1000; status++) {
		assert_true(http_reason(status)[0] != '\0');
		assert_int_equal(strcspn(http_reason(status), "\r\n"), strlen(http_reason(status)));
	}
}

static void
a_hex_digit_is_one_of_twenty_two(void **state)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	(void)state;
	for (int c = -128; c < 128; c++) {
		const char *at = c != 0 ? memchr(digits, c, sizeof digits - 1) : NULL;
		int want = at == NULL ? -1 : (int)(at - digits);

		assert_int_equal(hex_digit((char)c), want >= 16 ? want - 6 : want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_has_a_phrase),
		cmocka_unit_test(a_hex_digit_is_one_of_twenty_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
