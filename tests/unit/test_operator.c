/* Who has DASHBOARD_PASSWORD, and for how long they are believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "operator.h"
#include "util.h"

#define NOW 1795493168
#define PASSWORD "operators only"

static void
a_cookie_holds_for_twelve_hours_and_under_its_password(void **state)
{
	char value[OPERATOR_VALUE_SIZE], header[OPERATOR_VALUE_SIZE + 40];

	(void)state;
	operator_cookie_make(PASSWORD, NOW, value);
	(void)snprintf(header, sizeof header, OPERATOR_COOKIE "=%s", value);
	assert_true(operator_cookie_holds(PASSWORD, header, NOW));
	assert_true(operator_cookie_holds(PASSWORD, header, NOW + OPERATOR_SECONDS - 1));
	assert_false(operator_cookie_holds(PASSWORD, header, NOW + OPERATOR_SECONDS));
	assert_false(operator_cookie_holds("operators Only", header, NOW));
	assert_false(operator_cookie_holds("", header, NOW));
	assert_false(operator_cookie_holds(NULL, header, NOW));
	assert_false(operator_cookie_holds(PASSWORD, NULL, NOW));
	assert_false(operator_cookie_holds(PASSWORD, "", NOW));
}

static void
no_two_cookies_are_the_same(void **state)
{
	char one[OPERATOR_VALUE_SIZE], two[OPERATOR_VALUE_SIZE];

	(void)state;
	operator_cookie_make(PASSWORD, NOW, one);
	operator_cookie_make(PASSWORD, NOW, two);
	assert_string_not_equal(one, two);
	/* what may stand in Set-Cookie as it is */
	assert_int_equal(strcspn(one, " \";,\\\r\n"), strlen(one));
}

static void
whoever_changes_a_single_byte_is_nobody(void **state)
{
	char value[OPERATOR_VALUE_SIZE], header[OPERATOR_VALUE_SIZE + 40];
	size_t first = sizeof OPERATOR_COOKIE, n;

	(void)state;
	operator_cookie_make(PASSWORD, NOW, value);
	(void)snprintf(header, sizeof header, OPERATOR_COOKIE "=%s", value);
	n = strlen(header);
	for (size_t i = first; i < n; i++) {
		char was = header[i];

		header[i] = was == '9' ? '8' : '9';
		assert_false(operator_cookie_holds(PASSWORD, header, NOW));
		header[i] = was;
	}
	assert_true(operator_cookie_holds(PASSWORD, header, NOW));
	header[n - 1] = '\0';
	assert_false(operator_cookie_holds(PASSWORD, header, NOW));
}

/* A time that is signed by nobody, and values of any length. */
static void
what_is_no_cookie_of_ours_opens_nothing(void **state)
{
	static const char *const values[] = { "", ".", "..", "9999999999", "9999999999.",
		"9999999999.x.",
		".0000000000000000000000000000000000000000000000000000000000000000",
		"9999999999.x.0000000000000000000000000000000000000000000000000000000000000000",
		"9999999999.x.00000000000000000000000000000000000000000000000000000000000000000" };
	char header[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		(void)snprintf(header, sizeof header, OPERATOR_COOKIE "=%s", values[i]);
		assert_false(operator_cookie_holds(PASSWORD, header, NOW));
	}
	for (size_t n = 0; n + sizeof OPERATOR_COOKIE < sizeof header; n++) {
		(void)snprintf(header, sizeof header, OPERATOR_COOKIE "=");
		memset(header + strlen(header), '.', n);
		header[sizeof OPERATOR_COOKIE + n] = '\0';
		assert_false(operator_cookie_holds(PASSWORD, header, NOW));
	}
}

static void
the_cookie_is_found_among_others(void **state)
{
	static const struct {
		const char *form; /* %s: a good value */
		bool want;
	} cases[] = {
		{ "charla_operator=%s", true },
		{ "a=b; charla_operator=%s; c=d", true },
		{ "a=b;charla_operator=%s;c=d", true },
		{ ";; ; charla_operator=%s", true },
		{ "charla_operator; charla_operator=%s", true },
		/* somebody else's under our name (another path) does not hide it */
		{ "charla_operator=x; charla_operator=%s", true },
		{ "charla_operator=%s; charla_operator=x", true },
		{ "xcharla_operator=%s", false },
		{ "Charla_operator=%s", false },
		{ "charla_operato=%s", false },
		{ "charla_operator%s", false },
		{ "a=charla_operator=%s", false },
		{ "charla_operator=\"%s\"", false },
		{ "charla_operator= %s", false },
		{ "charla_operator=%sx", false },
	};
	char value[OPERATOR_VALUE_SIZE], header[OPERATOR_VALUE_SIZE + 80];

	(void)state;
	operator_cookie_make(PASSWORD, NOW, value);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *rest = strstr(cases[i].form, "%s");

		(void)snprintf(header, sizeof header, "%.*s%s%s", (int)(rest - cases[i].form),
		    cases[i].form, value, rest + 2);
		assert_int_equal(operator_cookie_holds(PASSWORD, header, NOW), cases[i].want);
	}
}

static void
an_authorization_is_bearer_or_basic_with_any_user(void **state)
{
	static const struct {
		const char *header;
		bool want;
	} cases[] = {
		{ "Bearer operators only", true },
		{ "bearer operators only", true },
		{ "Basic b3BlcmF0b3I6b3BlcmF0b3JzIG9ubHk=", true },  /* operator: */
		{ "BASIC Om9wZXJhdG9ycyBvbmx5", true },              /* nobody at all */
		{ "Basic b3BlcmF0b3I6b3BlcmF0b3JzIG9ubHk", true },   /* without padding */
		{ "Basic b3BlcmF0b3JzIG9ubHk=", false },             /* no colon */
		{ "Basic b3BlcmF0b3I6b3BlcmF0b3JzIG9ubHkA", false }, /* a NUL behind it */
		{ "Basic b3BlcmF0b3I6b3BlcmF0b3JzIG9ubHkh", false }, /* more behind it */
		{ "Basic b3BlcmF0b3I6b3BlcmF0b3Jz*G9ubHk=", false },
		{ "Basic ", false },
		{ "Basic", false },
		{ "Basic =", false },
		{ "Bearer", false },
		{ "Bearer ", false },
		{ "Bearer operators onl", false },
		{ "Bearer operators only ", false },
		{ "Bearer  operators only", false },
		{ "Digest operators only", false },
		{ "operators only", false },
		{ "", false },
		{ NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(
		    operator_authorization_holds(PASSWORD, cases[i].header), cases[i].want);
		assert_false(operator_authorization_holds("", cases[i].header));
		assert_false(operator_authorization_holds(NULL, cases[i].header));
	}
	assert_false(operator_authorization_holds("", "Basic Og==")); /* ":" */
}

static void
a_password_may_have_colons_and_any_letter(void **state)
{
	(void)state;
	/* "u:a:b" and "u:contrase\u00f1a\u00ff?" */
	assert_true(operator_authorization_holds("a:b", "Basic dTphOmI="));
	assert_false(operator_authorization_holds("b", "Basic dTphOmI="));
	assert_true(operator_authorization_holds("contrase\xc3\xb1"
						 "a\xc3\xbf?",
	    "Basic dTpjb250cmFzZcOxYcO/Pw=="));
}

/* What does not fit is refused and not cut. */
static void
a_credential_of_any_length_is_looked_at_safely(void **state)
{
	char header[5000], password[1025];

	(void)state;
	for (size_t n = 0; n < sizeof header - 7; n++) {
		memcpy(header, "Basic ", 7);
		memset(header + 6, 'A', n);
		header[6 + n] = '\0';
		assert_false(operator_authorization_holds(PASSWORD, header));
	}
	memset(password, 'p', sizeof password);
	password[sizeof password - 1] = '\0';
	assert_true(operator_password_is(password, password));
	assert_false(operator_password_is(password, password + 1));
	assert_false(operator_password_is(password, NULL));
	assert_false(operator_password_is("", ""));
	assert_false(operator_password_is(NULL, ""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cookie_holds_for_twelve_hours_and_under_its_password),
		cmocka_unit_test(no_two_cookies_are_the_same),
		cmocka_unit_test(whoever_changes_a_single_byte_is_nobody),
		cmocka_unit_test(what_is_no_cookie_of_ours_opens_nothing),
		cmocka_unit_test(the_cookie_is_found_among_others),
		cmocka_unit_test(an_authorization_is_bearer_or_basic_with_any_user),
		cmocka_unit_test(a_password_may_have_colons_and_any_letter),
		cmocka_unit_test(a_credential_of_any_length_is_looked_at_safely),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
