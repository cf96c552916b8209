/* May this request see what is for operators? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "operator.h"
#include "operator_gate.h"

#define NOW 5000
#define PASSWORD "operators only"

static char right[] = "Bearer " PASSWORD, wrong[] = "Bearer x", host[] = "h.example",
	    cookie_name[] = OPERATOR_COOKIE "=";

/* A gate is too large for the stack of a test. */
static struct operator_gate gate;

static int
set_up(void **state)
{
	(void)state;
	gate = (struct operator_gate){ .password = PASSWORD };
	return 0;
}

static struct http_request
request(const char *method, const char *address)
{
	struct http_request r = { .host = host };

	(void)snprintf(r.method, sizeof r.method, "%s", method);
	(void)snprintf(r.address, sizeof r.address, "%s", address);
	return r;
}

static enum gate_verdict
try_with(const char *address, char *authorization, int64_t now_s)
{
	struct http_request r = request("GET", address);

	r.authorization = authorization;
	return operator_gate(&gate, &r, now_s);
}

static void
without_a_password_only_this_machine_comes_in_and_only_in_local_mode(void **state)
{
	static const struct {
		const char *password;
		bool is_loopback, is_production;
		enum gate_verdict want;
	} cases[] = {
		{ NULL, true, false, GATE_IN },
		{ "", true, false, GATE_IN },
		{ "", false, false, GATE_CLOSED },
		{ "", true, true, GATE_CLOSED },
		{ "", false, true, GATE_CLOSED },
		/* with one, being at home is worth nothing */
		{ PASSWORD, true, false, GATE_PASSWORD },
		{ PASSWORD, true, true, GATE_PASSWORD },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct http_request r = request("GET", "1.2.3.4");

		gate.password = cases[i].password;
		gate.is_production = cases[i].is_production;
		r.is_loopback = cases[i].is_loopback;
		assert_int_equal(operator_gate(&gate, &r, NOW), cases[i].want);
		if (cases[i].password == NULL || *cases[i].password == '\0')
			assert_int_equal(operator_gate_try(&gate, &r, "", NOW), GATE_CLOSED);
	}
}

static void
the_password_or_the_cookie_of_the_sign_in_opens(void **state)
{
	char value[OPERATOR_VALUE_SIZE], cookie[OPERATOR_VALUE_SIZE + 40];
	struct http_request r = request("GET", "1.2.3.4");

	(void)state;
	assert_int_equal(try_with("1.2.3.4", NULL, NOW), GATE_PASSWORD);
	assert_int_equal(try_with("1.2.3.4", wrong, NOW), GATE_PASSWORD);
	assert_int_equal(try_with("1.2.3.4", right, NOW), GATE_IN);
	operator_cookie_make(PASSWORD, NOW, value);
	(void)snprintf(cookie, sizeof cookie, "%s%s", cookie_name, value);
	r.cookie = cookie;
	assert_int_equal(operator_gate(&gate, &r, NOW), GATE_IN);
	assert_int_equal(operator_gate(&gate, &r, NOW + OPERATOR_SECONDS), GATE_PASSWORD);
}

static void
after_five_wrong_ones_a_right_one_has_to_wait_as_well(void **state)
{
	struct http_request r = request("POST", "1.2.3.4");

	(void)state;
	for (int i = 0; i < GATE_FAILURES; i++)
		assert_int_equal(try_with("1.2.3.4", wrong, NOW + i), GATE_PASSWORD);
	assert_int_equal(try_with("1.2.3.4", right, NOW + 10), GATE_WAIT);
	assert_int_equal(try_with("1.2.3.4", wrong, NOW + 10), GATE_WAIT);
	assert_int_equal(operator_gate_try(&gate, &r, PASSWORD, NOW + 10), GATE_WAIT);
	/* but not from elsewhere */
	assert_int_equal(try_with("1.2.3.5", right, NOW + 10), GATE_IN);
	assert_int_equal(try_with("1.2.3.4", right, NOW + GATE_SECONDS - 1), GATE_WAIT);
	assert_int_equal(try_with("1.2.3.4", right, NOW + GATE_SECONDS), GATE_IN);
}

static void
the_sign_in_counts_with_the_rest(void **state)
{
	struct http_request r = request("POST", "1.2.3.4");

	(void)state;
	assert_int_equal(operator_gate_try(&gate, &r, PASSWORD, NOW), GATE_IN);
	assert_int_equal(operator_gate_try(&gate, &r, NULL, NOW), GATE_PASSWORD);
	for (int i = 1; i < GATE_FAILURES; i++)
		assert_int_equal(operator_gate_try(&gate, &r, "x", NOW), GATE_PASSWORD);
	assert_int_equal(try_with("1.2.3.4", right, NOW), GATE_WAIT);
}

static void
who_is_signed_in_or_says_nothing_is_not_counted(void **state)
{
	char value[OPERATOR_VALUE_SIZE], cookie[OPERATOR_VALUE_SIZE + 40];
	struct http_request r = request("GET", "1.2.3.4");

	(void)state;
	for (int i = 0; i < 3 * GATE_FAILURES; i++)
		assert_int_equal(try_with("1.2.3.4", NULL, NOW), GATE_PASSWORD);
	assert_int_equal(try_with("1.2.3.4", right, NOW), GATE_IN);
	for (int i = 0; i < GATE_FAILURES; i++)
		assert_int_equal(try_with("1.2.3.4", wrong, NOW), GATE_PASSWORD);
	operator_cookie_make(PASSWORD, NOW, value);
	(void)snprintf(cookie, sizeof cookie, "%s%s", cookie_name, value);
	r.cookie = cookie;
	assert_int_equal(operator_gate(&gate, &r, NOW), GATE_IN);
}

static void
so_many_addresses_are_remembered_and_the_oldest_goes(void **state)
{
	char address[HTTP_ADDRESS_SIZE];

	(void)state;
	for (int i = 0; i < GATE_ADDRESSES; i++) {
		(void)snprintf(address, sizeof address, "10.0.%d.%d", i / 256, i % 256);
		for (int k = 0; k < GATE_FAILURES; k++)
			assert_int_equal(try_with(address, wrong, NOW + (i > 0)), GATE_PASSWORD);
	}
	assert_int_equal(try_with("10.0.0.0", right, NOW + 1), GATE_WAIT);
	assert_int_equal(try_with("10.0.0.255", right, NOW + 1), GATE_WAIT);
	assert_int_equal(try_with("10.9.9.9", wrong, NOW + 2), GATE_PASSWORD);
	assert_int_equal(try_with("10.0.0.1", right, NOW + 2), GATE_WAIT);
	assert_int_equal(try_with("10.0.0.0", right, NOW + 2), GATE_IN); /* forgotten */
}

static void
what_changes_something_comes_from_our_own_page_or_from_no_browser(void **state)
{
	static const struct {
		const char *origin, *host;
		bool is_own;
	} cases[] = {
		{ NULL, "h.example", true },
		{ NULL, NULL, true },
		{ "https://h.example", "h.example", true },
		{ "http://H.Example", "h.example", true },
		{ "https://h.example:8443", "h.example:8443", true },
		{ "https://h.example:8443", "h.example", false },
		{ "https://evil.example", "h.example", false },
		{ "https://h.example.evil", "h.example", false },
		{ "https://evilh.example", "h.example", false },
		{ "https://h.example", NULL, false },
		{ "null", "h.example", false },
		{ "", "h.example", false },
		{ "h.example", "h.example", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char origin_text[64], host_text[64];
		struct http_request r = request("POST", "1.2.3.4");
		static const char *const methods[] = { "POST", "DELETE", "PUT", "get", "" };

		(void)snprintf(origin_text, sizeof origin_text, "%s",
		    cases[i].origin != NULL ? cases[i].origin : "");
		(void)snprintf(
		    host_text, sizeof host_text, "%s", cases[i].host != NULL ? cases[i].host : "");
		r.origin = cases[i].origin != NULL ? origin_text : NULL;
		r.host = cases[i].host != NULL ? host_text : NULL;
		r.authorization = right;
		assert_int_equal(operator_gate_is_own_site(&r), cases[i].is_own);
		assert_int_equal(operator_gate_try(&gate, &r, PASSWORD, NOW),
		    cases[i].is_own ? GATE_IN : GATE_CROSS_SITE);
		for (size_t k = 0; k < ARRAY_LEN(methods); k++) {
			(void)snprintf(r.method, sizeof r.method, "%s", methods[k]);
			assert_int_equal(operator_gate(&gate, &r, NOW),
			    cases[i].is_own ? GATE_IN : GATE_CROSS_SITE);
		}
		/* reading changes nothing, and no other site sees the answer */
		(void)snprintf(r.method, sizeof r.method, "GET");
		assert_int_equal(operator_gate(&gate, &r, NOW), GATE_IN);
		(void)snprintf(r.method, sizeof r.method, "HEAD");
		assert_int_equal(operator_gate(&gate, &r, NOW), GATE_IN);
	}
}

#define GATE_TEST(f) cmocka_unit_test_setup(f, set_up)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		GATE_TEST(without_a_password_only_this_machine_comes_in_and_only_in_local_mode),
		GATE_TEST(the_password_or_the_cookie_of_the_sign_in_opens),
		GATE_TEST(after_five_wrong_ones_a_right_one_has_to_wait_as_well),
		GATE_TEST(the_sign_in_counts_with_the_rest),
		GATE_TEST(who_is_signed_in_or_says_nothing_is_not_counted),
		GATE_TEST(so_many_addresses_are_remembered_and_the_oldest_goes),
		GATE_TEST(what_changes_something_comes_from_our_own_page_or_from_no_browser),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
