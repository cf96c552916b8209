#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ai_retry.h"
#include "limit.h"
#include "utf8.h"

static struct ai_retry
decide(enum ai_fail kind, int64_t retry_after_ms, enum ai_phase phase, struct ai_attempts before)
{
	struct ai_failure f = { .kind = kind, .retry_after_ms = retry_after_ms };

	return ai_retry_decide(&f, phase, before, 0);
}

static void
each_failure_is_retried_by_its_rule(void **state)
{
	static const struct {
		enum ai_fail kind;
		int64_t asked_ms;
		enum ai_phase phase;
		int connect, stream;
		bool again;
		int64_t delay_ms;
	} cases[] = {
		/* connect: 5 attempts, 1 s doubled */
		{ AI_FAIL_OVERLOADED, 0, AI_PHASE_CONNECT, 0, 0, true, 1000 },
		{ AI_FAIL_OVERLOADED, 0, AI_PHASE_CONNECT, 1, 0, true, 2000 },
		{ AI_FAIL_OVERLOADED, 0, AI_PHASE_CONNECT, 2, 0, true, 4000 },
		{ AI_FAIL_OVERLOADED, 0, AI_PHASE_CONNECT, 3, 0, true, 8000 },
		{ AI_FAIL_OVERLOADED, 0, AI_PHASE_CONNECT, 4, 0, false, 0 },
		{ AI_FAIL_NETWORK, 0, AI_PHASE_CONNECT, 0, 3, true, 1000 },
		{ AI_FAIL_TIMEOUT, 0, AI_PHASE_CONNECT, 0, 0, true, 1000 },
		{ AI_FAIL_PROTOCOL, 0, AI_PHASE_CONNECT, 0, 0, true, 1000 },
		/* stream: 3 restarts at 1, 2, 4 s */
		{ AI_FAIL_NETWORK, 0, AI_PHASE_STREAM, 4, 0, true, 1000 },
		{ AI_FAIL_NETWORK, 0, AI_PHASE_STREAM, 0, 1, true, 2000 },
		{ AI_FAIL_NETWORK, 0, AI_PHASE_STREAM, 0, 2, true, 4000 },
		{ AI_FAIL_NETWORK, 0, AI_PHASE_STREAM, 0, 3, false, 0 },
		/* a whole answer was made: always a stream failure */
		{ AI_FAIL_EMPTY, 0, AI_PHASE_CONNECT, 4, 0, true, 1000 },
		{ AI_FAIL_INCOMPLETE, 0, AI_PHASE_CONNECT, 0, 3, false, 0 },
		{ AI_FAIL_MALFORMED, 0, AI_PHASE_CONNECT, 0, 2, true, 4000 },
		/* what the server asks */
		{ AI_FAIL_RATE_LIMITED, 34400, AI_PHASE_CONNECT, 0, 0, true, 34400 },
		{ AI_FAIL_RATE_LIMITED, 900, AI_PHASE_CONNECT, 0, 0, true, 1000 },
		{ AI_FAIL_RATE_LIMITED, LIMIT_AI_RETRY_AFTER_MS, AI_PHASE_CONNECT, 0, 0, true,
		    LIMIT_AI_RETRY_AFTER_MS },
		{ AI_FAIL_RATE_LIMITED, LIMIT_AI_RETRY_AFTER_MS + 1, AI_PHASE_CONNECT, 0, 0, false,
		    0 },
		/* never */
		{ AI_FAIL_BLOCKED, 0, AI_PHASE_CONNECT, 0, 0, false, 0 },
		{ AI_FAIL_BLOCKED, 0, AI_PHASE_STREAM, 0, 0, false, 0 },
		{ AI_FAIL_EXHAUSTED, 1000, AI_PHASE_CONNECT, 0, 0, false, 0 },
		{ AI_FAIL_INVALID, 0, AI_PHASE_CONNECT, 0, 0, false, 0 },
		{ AI_FAIL_AUTH, 0, AI_PHASE_CONNECT, 0, 0, false, 0 },
		{ AI_FAIL_MODEL_MISSING, 0, AI_PHASE_CONNECT, 0, 0, false, 0 },
		{ AI_FAIL_NO_ROUTE, 0, AI_PHASE_CONNECT, 0, 0, false, 0 },
		{ AI_FAIL_THINKING, 0, AI_PHASE_CONNECT, 0, 0, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ai_attempts before = { .connect_failures = cases[i].connect,
			.stream_failures = cases[i].stream };
		struct ai_retry r =
		    decide(cases[i].kind, cases[i].asked_ms, cases[i].phase, before);

		print_message("case %zu\n", i);
		assert_int_equal(r.again, cases[i].again);
		assert_int_equal(r.delay_ms, cases[i].delay_ms);
		assert_int_equal(r.after.connect_failures + r.after.stream_failures,
		    cases[i].connect + cases[i].stream + 1);
	}
}

static void
final_is_final_whatever_the_kind(void **state)
{
	struct ai_failure f = { .kind = AI_FAIL_OVERLOADED, .is_final = true };

	(void)state;
	assert_false(ai_retry_decide(&f, AI_PHASE_CONNECT, (struct ai_attempts){ 0 }, 0).again);
}

static void
jitter_never_shortens(void **state)
{
	struct ai_failure f = { .kind = AI_FAIL_RATE_LIMITED, .retry_after_ms = 10000 };

	(void)state;
	for (int percent = 0; percent < 100; percent++) {
		struct ai_retry r = ai_retry_decide(
		    &f, AI_PHASE_CONNECT, (struct ai_attempts){ 0 }, percent / 100.0);

		assert_in_range(r.delay_ms, 10000, 12000);
	}
}

static void
too_long_context_is_shortened_once(void **state)
{
	struct ai_retry r =
	    decide(AI_FAIL_TOO_LONG, 0, AI_PHASE_CONNECT, (struct ai_attempts){ 0 });

	(void)state;
	assert_true(r.again && r.shorten);
	assert_int_equal(r.delay_ms, 0);
	r = decide(AI_FAIL_TOO_LONG, 0, AI_PHASE_CONNECT, r.after);
	assert_false(r.again || r.shorten);
}

static void
models_are_swapped_when_one_stays_overloaded(void **state)
{
	struct ai_attempts a = { 0 };

	(void)state;
	for (int i = 1; i < LIMIT_CONNECT_ATTEMPTS; i++) {
		struct ai_retry r = decide(AI_FAIL_OVERLOADED, 0, AI_PHASE_CONNECT, a);

		assert_int_equal(r.swap_models, i > 2);
		a = r.after;
	}
}

static void
crash_is_no_verdict_for_long(void **state)
{
	struct ai_attempts a = { .connect_failures = 4, .stream_failures = 3 };
	int restarts = 0;

	(void)state;
	for (;;) {
		struct ai_retry r = decide(AI_FAIL_CRASHED, 0, AI_PHASE_STREAM, a);

		a = r.after;
		if (!r.again)
			break;
		assert_int_equal(r.delay_ms, 0);
		restarts++;
	}
	assert_int_equal(restarts, LIMIT_CRASH_ATTEMPTS - 1);
	assert_int_equal(a.connect_failures, 4);
}

static void
result_is_valid_with_a_finish_and_text(void **state)
{
	static const struct {
		enum ai_finish finish;
		bool had_text;
		enum ai_fail wanted;
	} cases[] = {
		{ AI_FINISH_STOP, true, AI_FAIL_NONE },
		{ AI_FINISH_LENGTH, true, AI_FAIL_NONE },
		{ AI_FINISH_OTHER, true, AI_FAIL_NONE },
		{ AI_FINISH_STOP, false, AI_FAIL_EMPTY },
		{ AI_FINISH_LENGTH, false, AI_FAIL_EMPTY },
		{ AI_FINISH_NONE, true, AI_FAIL_INCOMPLETE },
		{ AI_FINISH_NONE, false, AI_FAIL_INCOMPLETE },
		{ AI_FINISH_BLOCKED, true, AI_FAIL_BLOCKED },
		{ AI_FINISH_BLOCKED, false, AI_FAIL_BLOCKED },
		{ AI_FINISH_MALFORMED, true, AI_FAIL_MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(
		    ai_retry_judge(cases[i].finish, cases[i].had_text), cases[i].wanted);
}

static void
every_kind_has_its_words(void **state)
{
	(void)state;
	for (int kind = AI_FAIL_NONE + 1; kind < AI_FAIL_COUNT; kind++) {
		const char *es = ai_failure_sentence((enum ai_fail)kind, "es-MX");
		const char *en = ai_failure_sentence((enum ai_fail)kind, "en");

		assert_true(strlen(es) > 10 && strlen(en) > 10);
		assert_true(utf8_is_valid(es, strlen(es)));
		assert_string_not_equal(es, en);
		assert_true(strlen(ai_failure_type((enum ai_fail)kind)) > 0);
		assert_ptr_equal(en, ai_failure_sentence((enum ai_fail)kind, NULL));
	}
	assert_string_equal(ai_failure_type(AI_FAIL_RATE_LIMITED), "rate_limited");
	assert_string_equal(ai_failure_type(AI_FAIL_OVERLOADED), "overloaded");
	assert_string_equal(ai_failure_type(AI_FAIL_BLOCKED), "blocked");
	assert_string_equal(ai_failure_type(AI_FAIL_INVALID), "invalid");
	assert_string_equal(ai_failure_type(AI_FAIL_TIMEOUT), "timeout");
	assert_true(ai_failure_is_operators(AI_FAIL_AUTH));
	assert_false(ai_failure_is_operators(AI_FAIL_NETWORK));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_failure_is_retried_by_its_rule),
		cmocka_unit_test(final_is_final_whatever_the_kind),
		cmocka_unit_test(jitter_never_shortens),
		cmocka_unit_test(too_long_context_is_shortened_once),
		cmocka_unit_test(models_are_swapped_when_one_stays_overloaded),
		cmocka_unit_test(crash_is_no_verdict_for_long),
		cmocka_unit_test(result_is_valid_with_a_finish_and_text),
		cmocka_unit_test(every_kind_has_its_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
