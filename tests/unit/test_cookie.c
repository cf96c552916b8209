#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cookie.h"
#include "limit.h"
#include "util.h"

static void
a_cookie_is_found_by_its_whole_name(void **state)
{
	static const struct {
		const char *header, *value; /* value NULL: not found */
	} cases[] = {
		{ NULL, NULL },
		{ "", NULL },
		{ "sid=abc", "abc" },
		{ "a=1; sid=abc; b=2", "abc" },
		{ "a=1;sid=abc;b=2", "abc" },
		{ "sid=abc ", "abc" },
		{ "  sid=abc", "abc" },
		{ "sid=", "" },
		{ "sid=a=b", "a=b" },
		{ "xsid=abc", NULL },
		{ "sidx=abc", NULL },
		{ "SID=abc", NULL },
		{ "sid", NULL },
		{ "x=sid=abc", NULL },
		{ "__Host-sid=abc", NULL },
		{ ";;; ;", NULL },
		{ "=sid", NULL },
		{ "sid=abc; sid=abc", NULL }, /* planted: none counts */
		{ "sid=abc; a=1; sid=def", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t n = 0;
		const char *found = cookie_find(cases[i].header, "sid", &n);

		if (cases[i].value == NULL) {
			assert_null(found);
			continue;
		}
		assert_non_null(found);
		assert_int_equal(n, strlen(cases[i].value));
		assert_memory_equal(found, cases[i].value, n);
	}
}

static void
a_header_that_is_too_long_holds_none(void **state)
{
	char header[LIMIT_CREDENTIAL_BYTES + 16];
	size_t n;

	(void)state;
	memset(header, ' ', sizeof header);
	memcpy(header, "sid=abc;", 8);
	header[LIMIT_CREDENTIAL_BYTES] = '\0';
	assert_non_null(cookie_find(header, "sid", &n));
	header[LIMIT_CREDENTIAL_BYTES] = ' ';
	header[LIMIT_CREDENTIAL_BYTES + 1] = '\0';
	assert_null(cookie_find(header, "sid", &n));
}

static void
what_sets_it_keeps_it_from_scripts_and_from_other_sites(void **state)
{
	char line[COOKIE_LINE_SIZE];

	(void)state;
	cookie_write("abc", true, 60, line);
	assert_string_equal(
	    line, "__Host-sid=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
	cookie_write("", false, 0, line);
	assert_string_equal(line, "sid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cookie_is_found_by_its_whole_name),
		cmocka_unit_test(a_header_that_is_too_long_holds_none),
		cmocka_unit_test(what_sets_it_keeps_it_from_scripts_and_from_other_sites),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
