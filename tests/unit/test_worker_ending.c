/* How an attempt at a reply ends, and what it has cost. */
#include "fake_worker.h"

#include "store_figures.h"
#include "worker_ending.h"

/* --- ends --- */

static void
an_end_with_its_last_text_takes_numbers_in_a_row(void **state)
{
	struct world *w = *state;
	struct reply *r = posted_and_claimed(w, "1");
	struct heard h;

	say(r, "uno");
	tick(w);
	(void)hear(w);
	say(r, " \xf0\x9f\x99\x82"); /* two UTF-16 units */
	succeed(r);
	r->outcome.usage = (struct ai_usage){ 7, 5, 3, 2, 15 };
	(void)snprintf(r->outcome.model, sizeof r->outcome.model, "m-2");
	tick(w);
	assert_true(r->tick.is_over && r->tick.wrote_text);
	assert_int_equal(r->tick.prev, 4);
	assert_int_equal(r->tick.seq, 5);
	h = hear(w);
	assert_string_equal(h.names, "6:stream_end 7:App\\Events\\MessageSent");
	assert_string_equal(h.data,
	    "{\"reason\":\"stop\",\"finish_reason\":\"Stop\",\"length\":6,\"usage\":{"
	    "\"prompt_tokens\":7,\"completion_tokens\":5,\"cache_read_input_tokens\":2,"
	    "\"reasoning_tokens\":3}}");
	assert_int_equal(seq_of(w, r), 7);
	assert_int_equal(look(w, r).seq, 7);
	assert_int_equal(look(w, r).status, MESSAGE_COMPLETE);
	assert_string_equal(look(w, r).content, "uno \xf0\x9f\x99\x82");
	assert_string_equal(look(w, r).model, "m-2");
	assert_int_equal(look(w, r).tokens, 15);
	assert_int_equal(live_jobs(w, r), 0);
	assert_int_equal(tokens_spent(w), 15);
}

static void
an_end_has_one_word_for_readers_and_one_for_the_job(void **state)
{
	static const struct {
		bool is_stopped, ok, is_cut;
		enum ai_finish finish;
		enum ai_fail kind;
		struct ending want;
		int64_t events;
	} cases[] = {
		{ false, true, false, AI_FINISH_STOP, AI_FAIL_NONE,
		    { MESSAGE_COMPLETE, JOB_DONE, "stop", "Stop", AI_FAIL_NONE }, 2 },
		{ false, true, false, AI_FINISH_OTHER, AI_FAIL_NONE,
		    { MESSAGE_COMPLETE, JOB_DONE, "stop", "Stop", AI_FAIL_NONE }, 2 },
		{ false, true, false, AI_FINISH_LENGTH, AI_FAIL_NONE,
		    { MESSAGE_TRUNCATED, JOB_DONE, "length", "Length", AI_FAIL_NONE }, 2 },
		{ false, true, true, AI_FINISH_STOP, AI_FAIL_NONE,
		    { MESSAGE_TRUNCATED, JOB_DONE, "length", "Length", AI_FAIL_NONE }, 2 },
		{ false, false, false, AI_FINISH_BLOCKED, AI_FAIL_BLOCKED,
		    { MESSAGE_BLOCKED, JOB_FAILED, "blocked", "ContentFilter", AI_FAIL_BLOCKED },
		    3 },
		{ false, false, false, AI_FINISH_NONE, AI_FAIL_AUTH,
		    { MESSAGE_ERROR, JOB_FAILED, "error", "Error", AI_FAIL_AUTH }, 3 },
		/* whoever stopped it does not hear of what failed then */
		{ true, false, false, AI_FINISH_NONE, AI_FAIL_NETWORK,
		    { MESSAGE_STOPPED, JOB_CANCELLED, "cancelled", "Cancelled", AI_FAIL_NONE }, 2 },
		{ true, true, true, AI_FINISH_LENGTH, AI_FAIL_NONE,
		    { MESSAGE_STOPPED, JOB_CANCELLED, "cancelled", "Cancelled", AI_FAIL_NONE }, 2 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct reply r = { .is_stopped = cases[i].is_stopped, .is_cut = cases[i].is_cut };
		struct ending got;

		r.outcome.ok = cases[i].ok;
		r.outcome.finish = cases[i].finish;
		r.outcome.failure.kind = cases[i].kind;
		got = ending_of(&r);
		assert_int_equal(got.status, cases[i].want.status);
		assert_int_equal(got.job, cases[i].want.job);
		assert_string_equal(got.reason, cases[i].want.reason);
		assert_string_equal(got.finish_reason, cases[i].want.finish_reason);
		assert_int_equal(got.failure, cases[i].want.failure);
		assert_int_equal(ending_events(&got), cases[i].events);
	}
}

static void
a_failure_without_text_leaves_a_sentence_in_its_place(void **state)
{
	struct world *w = *state;
	struct reply *r = posted_and_claimed(w, "1");
	struct looked_at l;

	(void)hear(w);
	give_up(r, AI_FAIL_AUTH);
	tick(w);
	l = look(w, r);
	assert_int_equal(l.status, MESSAGE_ERROR);
	assert_string_equal(l.content, ai_failure_sentence(AI_FAIL_AUTH, "en"));
	assert_true(l.is_notice);
	assert_string_equal(l.error_type, "unavailable");
	assert_string_equal(hear(w).names, "4:error 5:stream_end 6:App\\Events\\MessageSent");
	assert_int_equal(live_jobs(w, r), 0);
}

static void
a_failure_after_text_leaves_the_text(void **state)
{
	struct world *w = *state;
	struct reply *r = posted_and_claimed(w, "1");
	struct heard h;

	say(r, "half an");
	give_up(r, AI_FAIL_BLOCKED);
	(void)hear(w);
	tick(w);
	assert_int_equal(look(w, r).status, MESSAGE_BLOCKED);
	assert_string_equal(look(w, r).content, "half an");
	assert_false(look(w, r).is_notice);
	h = hear(w);
	assert_string_equal(h.names, "5:error 6:stream_end 7:App\\Events\\MessageSent");
	assert_non_null(strstr(h.data, "\"length\":7,"));
}

static void
an_answer_without_text_ends_empty(void **state)
{
	struct world *w = *state;
	struct reply *r = posted_and_claimed(w, "1");

	succeed(r);
	tick(w);
	assert_false(r->tick.wrote_text);
	assert_int_equal(look(w, r).status, MESSAGE_COMPLETE);
	assert_string_equal(look(w, r).content, "");
}

static void
who_waits_in_the_chat_moves_up_at_an_end(void **state)
{
	struct world *w = *state;
	struct reply *r;
	struct heard h;

	(void)post(w, "1", "a");
	(void)post(w, "1", "b");
	(void)post(w, "1", "c");
	r = claim(w);
	assert_int_equal(w->tick.claimed_count, 1); /* one at a time */
	(void)hear(w);
	say(r, "x");
	succeed(r);
	tick(w);
	h = hear(w);
	assert_non_null(strstr(h.names, "MessageSent"));
	assert_null(strstr(strstr(h.names, "job_queued") + 1, "job_queued"));
	assert_string_equal(h.data, "{\"position\":1}");
	/* an end and a beginning are one transaction */
	r = claim(w);
	say(r, "y");
	succeed(r);
	tick_as(w, (struct tick){ .may_claim = true, .capacity = 9 });
	assert_int_equal(w->tick.claimed_count, 1);
}

/* --- another attempt --- */

static void
a_failure_that_may_pass_is_tried_again_later(void **state)
{
	struct world *w = *state;
	struct reply *r = posted_and_claimed(w, "1"), *again;
	struct heard h;

	(void)hear(w);
	give_up(r, AI_FAIL_OVERLOADED);
	tick(w);
	assert_true(r->tick.is_over);
	assert_int_equal(look(w, r).status, MESSAGE_QUEUED);
	assert_string_equal(look(w, r).content, "");
	assert_int_equal(live_jobs(w, r), 1);
	h = hear(w);
	assert_string_equal(h.names, "4:error");
	assert_non_null(strstr(h.data, "\"error_type\":\"overloaded\""));
	assert_non_null(strstr(h.data, "\"recoverable\":true,\"retry_in_ms\":1000}"));
	w->now_ms += 999;
	tick_as(w, (struct tick){ .may_claim = true, .capacity = 9 });
	assert_int_equal(w->tick.claimed_count, 0);
	w->now_ms += 1;
	again = claim(w);
	assert_int_equal(again->job.attempt, 2);
	assert_int_equal(again->job.connect_failures, 1);
	assert_string_equal(hear(w).names, "5:stream_start"); /* there was no text to reset */
}

static void
text_of_a_failed_attempt_is_shown_until_the_next_one_begins(void **state)
{
	struct world *w = *state;
	struct reply *r = posted_and_claimed(w, "1"), *again;

	say(r, "half an");
	give_up(r, AI_FAIL_NETWORK);
	tick(w);
	assert_true(r->tick.wrote_text);
	assert_string_equal(look(w, r).content, "half an");
	w->now_ms += 2000;
	(void)hear(w);
	again = claim(w);
	assert_int_equal(again->job.stream_failures, 1);
	assert_string_equal(look(w, again).content, "");
	assert_string_equal(hear(w).names, "6:message_reset 7:stream_start");
}

static void
the_last_attempt_that_is_allowed_ends_the_reply(void **state)
{
	struct world *w = *state;
	struct reply *r = posted_and_claimed(w, "1");

	for (int i = 1; i < LIMIT_CONNECT_ATTEMPTS; i++) {
		give_up(r, AI_FAIL_OVERLOADED);
		tick(w);
		assert_int_equal(live_jobs(w, r), 1);
		w->now_ms += 60000;
		r = claim(w);
		assert_int_equal(r->job.is_swapped, i > 2);
	}
	give_up(r, AI_FAIL_OVERLOADED);
	tick(w);
	assert_int_equal(live_jobs(w, r), 0);
	assert_int_equal(look(w, r).status, MESSAGE_ERROR);
}

static void
what_was_too_long_is_asked_once_more_and_shorter(void **state)
{
	struct world *w = *state;
	struct reply *r = posted_and_claimed(w, "1");

	assert_false(r->job.is_shortened);
	give_up(r, AI_FAIL_TOO_LONG);
	tick(w);
	r = claim(w);
	assert_true(r->job.is_shortened);
	give_up(r, AI_FAIL_TOO_LONG);
	tick(w);
	assert_int_equal(live_jobs(w, r), 0);
	assert_string_equal(look(w, r).error_type, "too_long");
}

static void
nothing_is_tried_again_that_was_stopped_or_went_well(void **state)
{
	struct world *w = *state;
	struct tick t = { .now_ms = NOW };
	struct reply *r = posted_and_claimed(w, "1");

	give_up(r, AI_FAIL_OVERLOADED);
	assert_true(ending_decide(r, &t).again);
	r->is_stopped = true;
	assert_false(ending_decide(r, &t).again);
	r->is_stopped = false;
	r->outcome.ok = true;
	assert_false(ending_decide(r, &t).again);
}

/* --- what it costs --- */

static void
each_attempt_is_accounted_when_it_is_over(void **state)
{
	struct world *w = *state;
	struct reply *r = posted_and_claimed(w, "1");
	int64_t requests = -1, tokens = -1;

	r->outcome.usage = (struct ai_usage){ .prompt = 10, .total = 10 };
	give_up(r, AI_FAIL_OVERLOADED);
	tick(w);
	assert_int_equal(tokens_spent(w), 10);
	w->now_ms += 1000;
	r = claim(w);
	r->outcome.usage = (struct ai_usage){ .prompt = 10, .output = 5, .total = 15 };
	say(r, "x");
	tick(w);
	assert_int_equal(tokens_spent(w), 10); /* not while it runs */
	succeed(r);
	tick(w);
	assert_int_equal(tokens_spent(w), 25);
	assert_int_equal(
	    store_usage_of_day(w->s, "", usage_day(w->now_ms), &requests, &tokens), OK);
	assert_int_equal(requests, 2);
	assert_int_equal(tokens, 25);
}

static void
what_was_never_asked_costs_nothing(void **state)
{
	struct world *w = *state;
	struct reply *r = posted_and_claimed(w, "1");
	int64_t requests = -1, tokens = -1;

	r->is_started = false;
	give_up(r, AI_FAIL_INVALID);
	tick(w);
	assert_int_equal(
	    store_usage_of_day(w->s, "", usage_day(w->now_ms), &requests, &tokens), OK);
	assert_int_equal(requests, 0);
	assert_int_equal(tokens_spent(w), 0);
}

static bool
add_figure(void *arg, const char *family, const char *label, int64_t n, int64_t sum)
{
	char *out = arg;
	size_t len = strlen(out);

	(void)sum;
	if (strcmp(family, FIGURE_REPLIES) == 0 || strcmp(family, FIGURE_RETRIES) == 0 ||
	    strcmp(family, FIGURE_FIRST) == 0)
		(void)snprintf(out + len, 300 - len, "%s(%s)=%lld ", family, label, (long long)n);
	return true;
}

static void
figures_count_ends_retries_and_first_texts(void **state)
{
	struct world *w = *state;
	struct reply *r = posted_and_claimed(w, "1");
	char text[300] = "";

	give_up(r, AI_FAIL_OVERLOADED);
	tick(w);
	w->now_ms += 1000;
	r = claim(w);
	say(r, "uno"); /* 250 ms after its start */
	tick(w);
	say(r, " dos");
	succeed(r);
	tick(w);
	assert_int_equal(store_figures(w->s, add_figure, text), OK);
	assert_non_null(strstr(text, "replies(complete)=1 "));
	assert_non_null(strstr(text, "retries(overloaded)=1 "));
	assert_non_null(strstr(text, "first_token("));
	assert_null(strstr(strstr(text, "first_token(") + 1, "first_token("));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		worker_test(an_end_with_its_last_text_takes_numbers_in_a_row),
		worker_test(an_end_has_one_word_for_readers_and_one_for_the_job),
		worker_test(a_failure_without_text_leaves_a_sentence_in_its_place),
		worker_test(a_failure_after_text_leaves_the_text),
		worker_test(an_answer_without_text_ends_empty),
		worker_test(who_waits_in_the_chat_moves_up_at_an_end),
		worker_test(a_failure_that_may_pass_is_tried_again_later),
		worker_test(text_of_a_failed_attempt_is_shown_until_the_next_one_begins),
		worker_test(the_last_attempt_that_is_allowed_ends_the_reply),
		worker_test(what_was_too_long_is_asked_once_more_and_shorter),
		worker_test(nothing_is_tried_again_that_was_stopped_or_went_well),
		worker_test(each_attempt_is_accounted_when_it_is_over),
		worker_test(what_was_never_asked_costs_nothing),
		worker_test(figures_count_ends_retries_and_first_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
