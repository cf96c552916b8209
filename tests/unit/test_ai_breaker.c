/* The circuit breaker: states and times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ai_breaker.h"

static void
overload(struct ai_breaker *b, int times, int64_t now_ms)
{
	for (int i = 0; i < times; i++)
		ai_breaker_note(b, false, AI_FAIL_OVERLOADED, now_ms);
}

static void
it_opens_after_so_many_failures_in_a_row(void **state)
{
	struct ai_breaker b = { 0 };

	(void)state;
	overload(&b, AI_BREAKER_FAILURES - 1, 1000);
	assert_int_equal(ai_breaker_allow(&b, 100, 1000), 100);
	ai_breaker_note(&b, true, AI_FAIL_NONE, 1000);
	overload(&b, AI_BREAKER_FAILURES - 1, 1000);
	assert_false(ai_breaker_is_open(&b));
	overload(&b, 1, 1000);
	assert_true(ai_breaker_is_open(&b));
	assert_int_equal(ai_breaker_allow(&b, 100, 1000), 0);
	assert_int_equal(ai_breaker_next_ms(&b), 1000 + AI_BREAKER_PAUSE_MS);
}

static void
one_probe_decides(void **state)
{
	struct ai_breaker b = { 0 };
	int64_t now_ms = AI_BREAKER_PAUSE_MS;

	(void)state;
	overload(&b, AI_BREAKER_FAILURES, 0);
	assert_int_equal(ai_breaker_allow(&b, 100, now_ms - 1), 0);
	assert_int_equal(ai_breaker_allow(&b, 0, now_ms), 0);
	assert_int_equal(ai_breaker_allow(&b, 100, now_ms), 1);
	ai_breaker_started(&b, 1);
	assert_int_equal(ai_breaker_allow(&b, 99, now_ms), 0);
	assert_int_equal(ai_breaker_next_ms(&b), INT64_MAX);
	overload(&b, 1, now_ms);
	assert_int_equal(ai_breaker_next_ms(&b), now_ms + 2 * AI_BREAKER_PAUSE_MS);
	now_ms += 2 * AI_BREAKER_PAUSE_MS;
	ai_breaker_started(&b, 1);
	ai_breaker_abandon(&b); /* its user stopped it */
	assert_int_equal(ai_breaker_allow(&b, 99, now_ms), 1);
	ai_breaker_started(&b, 1);
	ai_breaker_note(&b, true, AI_FAIL_NETWORK, now_ms); /* text came: alive */
	assert_int_equal(ai_breaker_allow(&b, 100, now_ms), 100);
}

static void
the_pause_has_an_end(void **state)
{
	struct ai_breaker b = { 0 };

	(void)state;
	overload(&b, AI_BREAKER_FAILURES, 0);
	for (int i = 0; i < 20; i++) {
		ai_breaker_started(&b, 1);
		overload(&b, 1, 0);
	}
	assert_int_equal(ai_breaker_next_ms(&b), AI_BREAKER_PAUSE_MAX_MS);
}

static void
attempts_that_began_before_do_not_lengthen_it(void **state)
{
	struct ai_breaker b = { 0 };

	(void)state;
	overload(&b, AI_BREAKER_FAILURES, 0);
	overload(&b, 50, 1);
	assert_int_equal(ai_breaker_next_ms(&b), AI_BREAKER_PAUSE_MS);
}

static void
a_refused_request_says_nothing_of_the_weather(void **state)
{
	struct ai_breaker b = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++)
		ai_breaker_note(&b, false, AI_FAIL_BLOCKED, 0);
	assert_false(ai_breaker_is_open(&b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_opens_after_so_many_failures_in_a_row),
		cmocka_unit_test(one_probe_decides),
		cmocka_unit_test(the_pause_has_an_end),
		cmocka_unit_test(attempts_that_began_before_do_not_lengthen_it),
		cmocka_unit_test(a_refused_request_says_nothing_of_the_weather),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
