/* One tick of the worker: text, leases, and what else is in its transaction. */
#include "fake_worker.h"

#include "json.h"
#include "worker_status.h"

/* --- text --- */

static void
text_is_stored_under_the_next_number_of_its_chat(void **state)
{
	struct world *w = *state;
	struct reply *r = posted_and_claimed(w, "1");

	(void)hear(w);
	say(r, "uno");
	tick(w);
	assert_true(r->tick.wrote_text);
	assert_int_equal(r->tick.prev, 3);
	assert_int_equal(r->tick.seq, 4);
	assert_string_equal(look(w, r).content, "uno");
	say(r, " dos");
	tick(w);
	assert_int_equal(r->tick.prev, 4);
	assert_int_equal(r->tick.seq, 5);
	assert_string_equal(look(w, r).content, "uno dos");
	assert_int_equal(look(w, r).status, MESSAGE_STREAMING);
	assert_string_equal(hear(w).names, ""); /* text does not go through the outbox */
}

static void
a_reply_with_nothing_new_writes_nothing(void **state)
{
	struct world *w = *state;
	struct reply *r = posted_and_claimed(w, "1");
	int64_t changes;

	say(r, "uno");
	tick(w);
	changes = store_changes(w->s);
	w->now_ms += LIMIT_HEARTBEAT_MS - 1;
	tick(w);
	assert_int_equal(store_changes(w->s), changes);
	assert_false(r->tick.wrote_text);
	w->now_ms += 1;
	tick(w);
	assert_int_equal(store_changes(w->s), changes + 1); /* the lease */
	assert_int_equal(r->renew_ms, w->now_ms + LIMIT_HEARTBEAT_MS);
}

static void
a_renewed_lease_is_not_taken_over(void **state)
{
	struct world *w = *state;

	(void)posted_and_claimed(w, "1");
	w->now_ms += LIMIT_LEASE_MS;
	tick(w);
	w->owner = "X";
	w->now_ms += LIMIT_LEASE_MS;
	w->replies[0]->tick.is_over = true; /* nobody renews it now */
	tick_as(w, (struct tick){ .may_claim = true, .capacity = 9 });
	assert_int_equal(w->tick.claimed_count, 0);
}

static void
text_goes_to_whom_the_chat_is_open_now(void **state)
{
	struct world *w = *state;
	struct reply *r = posted_and_claimed(w, "1");
	int64_t seq;

	assert_false(r->chat_is_private);
	assert_int_equal(store_chat_seq(w->s, r->job.chat_no, 1, NOW, &seq), OK);
	assert_int_equal(
	    store_chat_change(w->s, r->job.chat_no,
		&(struct chat_change){ .has_visibility = true, .is_private = true, .seq = seq }),
	    OK);
	say(r, "secret");
	tick(w);
	assert_true(r->chat_is_private);
}

/* --- lost, stopped, left --- */

static void
who_lost_the_lease_writes_nothing_more(void **state)
{
	struct world *w = *state;
	struct reply *r = posted_and_claimed(w, "1");
	struct job other;
	int64_t seq;

	say(r, "uno");
	tick(w);
	assert_int_equal(store_job_take_over(w->s, "X", true, NOW, &other), OK);
	(void)hear(w);
	seq = seq_of(w, r);
	say(r, " dos");
	succeed(r);
	tick(w);
	assert_true(r->is_lost);
	assert_false(r->tick.wrote_text || r->tick.is_over);
	assert_int_equal(seq_of(w, r), seq);
	assert_string_equal(look(w, r).content, "uno");
	assert_string_equal(hear(w).names, "");
	assert_int_equal(live_jobs(w, r), 1);
}

static void
a_stopped_reply_is_given_up_and_still_accounted(void **state)
{
	struct world *w = *state;
	struct reply *r = posted_and_claimed(w, "1");
	struct by by = { .now_ms = NOW };
	struct stopped out;
	auto_chat c = { 0 };

	say(r, "uno");
	tick(w);
	assert_int_equal(store_chat_get(w->s, r->job.chat_no, &c), OK);
	assert_int_equal(
	    conversation_stop(w->s, &(struct stop){ .chat = &c, .seen_units = 2 }, &by, &out), OK);
	assert_int_equal(out.count, 1);
	(void)hear(w);
	say(r, " dos y tres!"); /* 15 bytes in all */
	tick(w);
	assert_true(r->is_lost);
	assert_int_equal(look(w, r).status, MESSAGE_STOPPED);
	assert_string_equal(look(w, r).content, "un");
	assert_string_equal(hear(w).names, "");
	assert_int_equal(tokens_spent(w), 15 / 4); /* the provider had not said yet */
}

static void
who_leaves_gives_back_what_runs(void **state)
{
	struct world *w = *state;
	struct reply *running = posted_and_claimed(w, "1"), *ended = posted_and_claimed(w, "2");
	struct reply *again;

	say(running, "uno");
	say(ended, "all");
	succeed(ended);
	tick_as(w, (struct tick){ .is_leaving = true });
	assert_true(running->tick.is_over && ended->tick.is_over);
	assert_int_equal(look(w, ended).status, MESSAGE_COMPLETE);
	assert_int_equal(live_jobs(w, ended), 0);
	assert_int_equal(look(w, running).status, MESSAGE_QUEUED);
	assert_string_equal(look(w, running).content, "uno"); /* shown until it begins again */
	w->owner = "X";
	again = claim(w);
	assert_int_equal(again->job.id, running->job.id);
	assert_int_equal(again->job.crashes, 0); /* it did nothing wrong */
	assert_int_equal(again->job.connect_failures, 0);
}

/* --- the transaction --- */

/* The writer undoes it, and the next tick does it again: what it marked is void. */
static void
a_tick_that_was_undone_can_be_done_again(void **state)
{
	struct world *w = *state;
	struct reply *r = posted_and_claimed(w, "1");
	struct tick lost = { .may_claim = true, .capacity = 9 };
	struct heard h;

	(void)post(w, "2", "q");
	(void)hear(w);
	say(r, "uno");
	give_up(r, AI_FAIL_OVERLOADED);
	assert_int_equal(store_mark(w->s), OK);
	assert_int_equal(run(w, &lost), OK);
	assert_int_equal(lost.claimed_count, 1);
	assert_true(store_back(w->s));
	reply_free(lost.claimed[0]);
	free(lost.claimed);
	memset(&r->tick, 0, sizeof r->tick);
	assert_int_equal(r->job.stream_failures, 0);
	tick_as(w, (struct tick){ .may_claim = true, .capacity = 9 });
	assert_int_equal(r->tick.seq, 4);
	assert_int_equal(w->tick.claimed_count, 1);
	assert_string_equal(look(w, r).content, "uno");
	h = hear(w);
	assert_string_equal(h.names, "5:error 3:stream_start");
}

static void
what_the_push_server_has_leaves_the_outbox(void **state)
{
	struct world *w = *state;
	struct heard h = { 0 };
	int64_t taken[2];

	(void)post(w, "1", "q");
	assert_int_equal(store_outbox_list(w->s, 0, 1, note_event, &h), OK);
	taken[0] = h.last_id;
	taken[1] = 999999; /* gone already: somebody else handed it over */
	tick_as(w, (struct tick){ .taken = taken, .taken_count = 2 });
	assert_string_equal(hear(w).names, "2:job_queued");
}

static void
the_status_is_told_to_health_when_it_is_new(void **state)
{
	struct world *w = *state;
	struct worker_status st = { .push = PUSH_REFUSED, .refused_uid = 33, .note = "n" };
	json_auto_t *before = NULL, *after = NULL;
	auto_char *text = NULL;

	tick(w);
	before = worker_status_load(w->s);
	assert_null(before);
	tick_as(w, (struct tick){ .status = &st });
	after = worker_status_load(w->s);
	assert_non_null(after);
	text = json_text(after);
	assert_string_equal(text, "{\"push\":\"refused\",\"refusedUid\":33,\"note\":\"n\"}");
}

static void
a_clock_that_was_set_back_holds_nothing_up(void **state)
{
	struct world *w = *state;
	struct reply *r = posted_and_claimed(w, "1");

	give_up(r, AI_FAIL_OVERLOADED);
	tick(w); /* again in a second */
	w->now_ms -= 3600000;
	tick_as(
	    w, (struct tick){
		   .clock_is_back = true, .back_ms = 3600000, .may_claim = true, .capacity = 9 });
	assert_int_equal(w->tick.claimed_count, 0);
	w->now_ms += 1000;
	assert_int_equal(claim(w)->job.id, r->job.id);
}

static void
chores_are_done_by_who_may_claim_and_put_off_when_they_failed(void **state)
{
	struct world *w = *state;
	int64_t next = 0;

	(void)posted_and_claimed(w, "1")->job;
	(void)post(w, "2", "q");
	tick_as(w, (struct tick){ .may_claim = true, .skips_chores = true, .capacity = 9 });
	assert_int_equal(store_jobs_next(w->s, &next), OK);
	assert_int_equal(next, 0); /* the index waits */
	tick_as(w, (struct tick){ .may_claim = true, .capacity = 9 });
	assert_false(w->tick.chores_failed);
	assert_false(w->tick.more_chores);
	assert_int_equal(store_jobs_next(w->s, &next), OK);
	assert_int_equal(next, NOW + LIMIT_LEASE_MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		worker_test(text_is_stored_under_the_next_number_of_its_chat),
		worker_test(a_reply_with_nothing_new_writes_nothing),
		worker_test(a_renewed_lease_is_not_taken_over),
		worker_test(text_goes_to_whom_the_chat_is_open_now),
		worker_test(who_lost_the_lease_writes_nothing_more),
		worker_test(a_stopped_reply_is_given_up_and_still_accounted),
		worker_test(who_leaves_gives_back_what_runs),
		worker_test(a_tick_that_was_undone_can_be_done_again),
		worker_test(what_the_push_server_has_leaves_the_outbox),
		worker_test(the_status_is_told_to_health_when_it_is_new),
		worker_test(a_clock_that_was_set_back_holds_nothing_up),
		worker_test(chores_are_done_by_who_may_claim_and_put_off_when_they_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
