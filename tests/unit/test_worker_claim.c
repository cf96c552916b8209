/* How replies begin: what a tick claims, and of whom. */
#include "fake_worker.h"

#include "worker_claim.h"

static void
a_claimed_reply_says_that_it_begins(void **state)
{
	struct world *w = *state;
	struct accepted a = post(w, "1", "q");
	struct reply *r;
	struct heard h;

	(void)hear(w);
	r = claim(w);
	assert_true(w->tick.claimed_all);
	assert_string_equal(r->job.message_uid, a.reply_uid);
	assert_string_equal(r->parent_uid, a.message_uid);
	assert_string_equal(r->chat_id, "1");
	assert_string_equal(r->lang, "en");
	assert_int_equal(r->renew_ms, NOW + LIMIT_HEARTBEAT_MS);
	assert_int_equal(look(w, r).status, MESSAGE_STREAMING);
	h = hear(w);
	assert_string_equal(h.names, "3:stream_start");
	assert_string_equal(h.data, "{\"provider\":\"gemini\",\"model\":\"m-1\",\"attempt\":1}");
}

static void
nothing_is_claimed_unless_it_may_be(void **state)
{
	struct world *w = *state;

	(void)post(w, "1", "q");
	tick_as(w, (struct tick){ .capacity = 9 });
	assert_int_equal(w->tick.claimed_count, 0);
	tick_as(w, (struct tick){ .may_claim = true, .capacity = 0 });
	assert_int_equal(w->tick.claimed_count, 0);
	assert_false(w->tick.claimed_all);
}

static void
post_many(struct world *w, int count)
{
	for (int i = 1; i <= count; i++) {
		char id[16];

		(void)snprintf(id, sizeof id, "%d", i);
		(void)post(w, id, "q");
	}
}

static void
a_tick_claims_what_there_is_room_for_and_a_hundred_at_most(void **state)
{
	static const struct {
		size_t capacity, claimed;
		bool all;
	} rounds[] = { { 1, 1, false }, { 1000, 100, false }, { 4, 4, false }, { 5, 4, true },
		{ 5, 0, true } };
	struct world *w = *state;

	post_many(w, 109);
	for (size_t i = 0; i < ARRAY_LEN(rounds); i++) {
		tick_as(w, (struct tick){ .may_claim = true, .capacity = rounds[i].capacity });
		assert_int_equal(w->tick.claimed_count, rounds[i].claimed);
		assert_int_equal(w->tick.claimed_all, rounds[i].all);
	}
}

/* Whoever posts waits for the lock: what takes too long is left for the next tick. */
static void
a_claim_that_takes_too_long_leaves_the_rest(void **state)
{
	static const struct {
		int64_t step_ms;
		size_t claimed;
	} rounds[] = { { 3, 1 }, { 2, 2 }, { 1, 3 } };
	struct world *w = *state;

	post_many(w, 10);
	for (size_t i = 0; i < ARRAY_LEN(rounds); i++) {
		mono_step_ms = rounds[i].step_ms;
		tick_as(w, (struct tick){ .may_claim = true, .capacity = 50 });
		assert_int_equal(w->tick.claimed_count, rounds[i].claimed);
		assert_false(w->tick.claimed_all);
	}
	mono_step_ms = 0;
	tick_as(w, (struct tick){ .may_claim = true, .capacity = 50 });
	assert_int_equal(w->tick.claimed_count, 4);
	assert_true(w->tick.claimed_all);
}

static void
a_job_whose_runner_died_starts_afresh(void **state)
{
	struct world *w = *state;
	struct reply *dead = posted_and_claimed(w, "1"), *r;
	struct heard h;

	say(dead, "half an");
	tick(w);
	w->owner = "X";
	w->now_ms += LIMIT_LEASE_MS;
	tick_as(w, (struct tick){ .may_claim = true, .capacity = 9 });
	assert_int_equal(w->tick.claimed_count, 0); /* the lease holds to its last millisecond */
	dead->tick.is_over = true;
	(void)hear(w);
	w->now_ms++;
	r = claim(w);
	assert_int_equal(r->job.id, dead->job.id);
	assert_int_equal(r->job.attempt, 2);
	assert_int_equal(r->job.crashes, 1);
	assert_string_equal(look(w, r).content, "");
	h = hear(w);
	assert_string_equal(h.names, "5:message_reset 6:stream_start");
}

static void
who_holds_the_lock_takes_over_at_once(void **state)
{
	struct world *w = *state;

	posted_and_claimed(w, "1")->tick.is_over = true;
	w->owner = "X";
	tick_as(w, (struct tick){ .may_claim = true, .any_lease = true, .capacity = 9 });
	assert_int_equal(w->tick.claimed_count, 1);
	w->replies[1]->tick.is_over = true;
	/* what is its own is no lost one */
	tick_as(w, (struct tick){ .may_claim = true, .any_lease = true, .capacity = 9 });
	assert_int_equal(w->tick.claimed_count, 0);
}

/* A reply that kills whoever runs it must not kill for ever. */
static void
a_reply_under_which_too_many_runners_died_ends_with_what_there_was(void **state)
{
	struct world *w = *state;
	struct reply *r = posted_and_claimed(w, "1");
	struct heard h;
	char want[100];
	int64_t last;

	for (int deaths = 1; deaths <= LIMIT_CRASH_ATTEMPTS; deaths++) {
		r->tick.is_over = true;
		w->owner = deaths % 2 == 0 ? "W" : "X";
		w->now_ms += LIMIT_LEASE_MS + 1;
		r = claim(w);
		assert_int_equal(r->job.crashes, deaths);
		assert_false(r->has_ended);
	}
	say(r, "h\xc3\xa9");
	tick(w);
	r->tick.is_over = true;
	w->owner = "Y";
	w->now_ms += LIMIT_LEASE_MS + 1;
	(void)hear(w);
	r = claim(w);
	assert_true(r->has_ended);
	assert_int_equal(look(w, r).status, MESSAGE_ERROR);
	assert_string_equal(look(w, r).content, "h\xc3\xa9");
	assert_string_equal(look(w, r).error_type, "interrupted");
	assert_false(look(w, r).is_notice);
	assert_int_equal(live_jobs(w, r), 0);
	h = hear(w);
	last = seq_of(w, r);
	(void)snprintf(want, sizeof want,
	    "%lld:error %lld:stream_end %lld:App\\Events\\MessageSent", (long long)last - 2,
	    (long long)last - 1, (long long)last);
	assert_string_equal(h.names, want);
	assert_non_null(strstr(h.data, "\"length\":2,"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		worker_test(a_claimed_reply_says_that_it_begins),
		worker_test(nothing_is_claimed_unless_it_may_be),
		worker_test(a_tick_claims_what_there_is_room_for_and_a_hundred_at_most),
		worker_test(a_claim_that_takes_too_long_leaves_the_rest),
		worker_test(a_job_whose_runner_died_starts_afresh),
		worker_test(who_holds_the_lock_takes_over_at_once),
		worker_test(a_reply_under_which_too_many_runners_died_ends_with_what_there_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
