/*
 * The contract of store.h. Speaks to nothing but that header, so that another engine can be held
 * to the same tests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_admin.h"
#include "store_chores.h"
#include "temp_store.h"

#define NOW 1700000000000

static int
set_up(void **state)
{
	struct temp_store *t = xcalloc(1, sizeof *t);

	temp_store_open(t);
	assert_int_equal(store_begin(t->s, STORE_FAST), OK);
	*state = t;
	return 0;
}

static int
tear_down(void **state)
{
	struct temp_store *t = *state;

	store_rollback(t->s);
	temp_store_close(t);
	free(t);
	return 0;
}

static int64_t
add_chat(struct store *s, const char *id)
{
	struct chat_new c = { .id = id, .title = "t", .lang = "es", .now_ms = NOW };
	int64_t no;

	assert_int_equal(store_chat_add(s, &c, &no), OK);
	return no;
}

static int64_t
add_message(
    struct store *s, int64_t chat_no, int64_t parent, enum role role, const char *text, int64_t seq)
{
	char uid[ID_SIZE];
	struct message_new m = { .uid = uid,
		.chat_no = chat_no,
		.parent_id = parent,
		.role = role,
		.status = role == ROLE_USER ? MESSAGE_COMPLETE : MESSAGE_QUEUED,
		.content = text,
		.content_len = strlen(text),
		.seq = seq,
		.now_ms = NOW };
	int64_t id;

	id_random(uid);
	assert_int_equal(store_message_add(s, &m, &id), OK);
	return id;
}

static void
add_job(struct store *s, int64_t chat_no, int64_t message_id)
{
	char uid[ID_SIZE];

	id_random(uid);
	assert_int_equal(store_job_add(s, &(struct job_new){ .uid = uid,
					      .rid = "rid-12345678",
					      .chat_no = chat_no,
					      .message_id = message_id,
					      .now_ms = NOW }),
	    OK);
}

/* Texts of what a query gave, joined by '|'. */
struct seen {
	char text[512];
	int count;
	int64_t last_seq;
	enum message_status status;
};

static bool
see(void *arg, const struct message *m)
{
	struct seen *seen = arg;
	size_t n = strlen(seen->text);

	(void)snprintf(
	    seen->text + n, sizeof seen->text - n, "%s%s", seen->count > 0 ? "|" : "", m->content);
	seen->count++;
	seen->last_seq = m->changed_seq;
	seen->status = m->status;
	return true;
}

static void
a_chat_is_found_as_it_was_added(void **state)
{
	struct store *s = ((struct temp_store *)*state)->s;
	auto_chat c = { 0 };
	int64_t no = add_chat(s, "42"), last;

	assert_int_equal(store_chat_find(s, "nope", &c), ERR_NOT_FOUND);
	assert_int_equal(store_chat_find(s, "42", &c), OK);
	assert_int_equal(c.no, no);
	assert_string_equal(c.lang, "es");
	assert_int_equal(c.seq, 0);
	assert_int_equal(store_chat_seq(s, no, 3, NOW, &last), OK);
	assert_int_equal(last, 3);
	assert_int_equal(store_chat_seq(s, no, 1, NOW, &last), OK);
	assert_int_equal(last, 4);
	assert_int_equal(store_chat_seq(s, no + 1, 1, NOW, &last), ERR_NOT_FOUND);
}

static void
one_id_is_one_chat(void **state)
{
	struct store *s = ((struct temp_store *)*state)->s;
	struct chat_new c = { .id = "1", .title = "", .lang = "en", .now_ms = NOW };
	int64_t no;

	(void)add_chat(s, "1");
	assert_int_equal(store_chat_add(s, &c, &no), ERR_CONFLICT);
}

static void
what_is_marked_can_be_undone_alone(void **state)
{
	struct store *s = ((struct temp_store *)*state)->s;
	auto_chat c = { 0 };

	assert_int_equal(store_mark(s), OK);
	(void)add_chat(s, "kept");
	assert_int_equal(store_unmark(s), OK);
	assert_int_equal(store_mark(s), OK);
	(void)add_chat(s, "undone");
	store_back(s);
	assert_int_equal(store_commit(s), OK);
	assert_int_equal(store_chat_find(s, "undone", &c), ERR_NOT_FOUND);
	assert_int_equal(store_chat_find(s, "kept", &c), OK);
}

static void
a_branch_is_read_from_its_end(void **state)
{
	struct store *s = ((struct temp_store *)*state)->s;
	int64_t no = add_chat(s, "1");
	int64_t a = add_message(s, no, 0, ROLE_USER, "a", 1);
	int64_t b = add_message(s, no, a, ROLE_USER, "b", 2);
	int64_t c = add_message(s, no, b, ROLE_USER, "c", 3);
	struct seen all = { 0 }, two = { 0 }, side = { 0 };

	(void)add_message(s, no, a, ROLE_USER, "x", 4);
	assert_int_equal(store_branch(s, c, 10, see, &all), OK);
	assert_string_equal(all.text, "c|b|a");
	assert_int_equal(store_branch(s, c, 2, see, &two), OK);
	assert_string_equal(two.text, "c|b");
	assert_int_equal(store_messages_changed(s, no, 2, 10, see, &side), OK);
	assert_string_equal(side.text, "c|x");
}

static void
a_running_reply_shows_its_deltas(void **state)
{
	struct store *s = ((struct temp_store *)*state)->s;
	int64_t no = add_chat(s, "1");
	int64_t q = add_message(s, no, 0, ROLE_USER, "q", 1);
	int64_t r = add_message(s, no, q, ROLE_ASSISTANT, "", 2);
	struct seen before = { 0 }, running = { 0 }, none = { 0 }, after = { 0 };
	bool had_text;

	add_job(s, no, r);
	assert_int_equal(store_reply_status(s, r, MESSAGE_STREAMING, 3, NOW), OK);
	assert_int_equal(store_delta_add(s, r, 4, "Ho", 2), OK);
	assert_int_equal(store_delta_add(s, r, 5, "la", 2), OK);
	assert_int_equal(store_message_get(s, r, see, &before), OK);
	assert_string_equal(before.text, "Hola");
	assert_int_equal(store_messages_streaming(s, no, 4, see, &running), OK);
	assert_string_equal(running.text, "Hola");
	assert_int_equal(running.last_seq, 5);
	assert_int_equal(store_messages_streaming(s, no, 5, see, &none), OK);
	assert_int_equal(none.count, 0);

	assert_int_equal(store_reply_finish(s, &(struct reply_end){ .message_id = r,
						   .seq = 6,
						   .now_ms = NOW,
						   .status = MESSAGE_COMPLETE,
						   .content = "Hola!",
						   .content_len = 5 }),
	    OK);
	assert_int_equal(store_message_get(s, r, see, &after), OK);
	assert_string_equal(after.text, "Hola!");
	assert_int_equal(after.last_seq, 6);
	assert_int_equal(after.status, MESSAGE_COMPLETE);
	assert_int_equal(store_reply_clear(s, r, &had_text), OK);
	assert_false(had_text);
}

static void
a_job_is_claimed_once_and_fenced(void **state)
{
	struct store *s = ((struct temp_store *)*state)->s;
	int64_t no = add_chat(s, "1");
	int64_t q = add_message(s, no, 0, ROLE_USER, "q", 1);
	int64_t r = add_message(s, no, q, ROLE_ASSISTANT, "", 2);
	struct job first, second;
	bool cancel;

	add_job(s, no, r);
	assert_int_equal(store_job_claim(s, "A", NOW, &first), OK);
	assert_int_equal(first.attempt, 1);
	assert_int_equal(first.parent_id, q);
	assert_string_equal(first.rid, "rid-12345678");
	assert_int_equal(store_job_claim(s, "B", NOW, &second), ERR_NOT_FOUND);
	assert_int_equal(store_job_check(s, &first, "A", &cancel), OK);
	assert_false(cancel);
	assert_int_equal(store_job_renew(s, &first, "A", NOW), OK);

	/* the lease is good for LIMIT_LEASE_MS, then somebody else has it */
	assert_int_equal(
	    store_job_take_over(s, "B", false, NOW + LIMIT_LEASE_MS - 1, &second), ERR_NOT_FOUND);
	assert_int_equal(store_job_take_over(s, "B", false, NOW + LIMIT_LEASE_MS + 1, &second), OK);
	assert_int_equal(second.attempt, 2);
	assert_int_equal(second.crashes, 1);
	assert_int_equal(store_job_check(s, &first, "A", &cancel), ERR_CONFLICT);
	assert_int_equal(store_job_renew(s, &first, "A", NOW), ERR_CONFLICT);
	assert_int_equal(store_job_finish(s, &first, "A", JOB_DONE, "", NOW), ERR_CONFLICT);
	assert_int_equal(store_job_requeue(s, &first, "A", 0, "", NOW), ERR_CONFLICT);
	assert_int_equal(store_job_finish(s, &second, "B", JOB_DONE, "", NOW), OK);
	assert_int_equal(store_job_renew(s, &second, "B", NOW), ERR_CONFLICT);
}

static void
a_chat_has_one_reply_at_a_time_in_order(void **state)
{
	struct store *s = ((struct temp_store *)*state)->s;
	int64_t no = add_chat(s, "1"), other = add_chat(s, "2");
	int64_t q = add_message(s, no, 0, ROLE_USER, "q", 1);
	int64_t r1 = add_message(s, no, q, ROLE_ASSISTANT, "", 2);
	int64_t r2 = add_message(s, no, q, ROLE_ASSISTANT, "", 3);
	int64_t q2 = add_message(s, other, 0, ROLE_USER, "q", 1);
	int64_t r3 = add_message(s, other, q2, ROLE_ASSISTANT, "", 2);
	struct job a, b, c;
	int live;

	add_job(s, no, r1);
	add_job(s, no, r2);
	add_job(s, other, r3);
	assert_int_equal(store_jobs_live(s, no, &live), OK);
	assert_int_equal(live, 2);
	assert_int_equal(store_job_claim(s, "A", NOW, &a), OK);
	assert_int_equal(a.message_id, r1);
	assert_int_equal(store_job_claim(s, "A", NOW, &b), OK);
	assert_int_equal(b.message_id, r3);
	assert_int_equal(store_job_claim(s, "A", NOW, &c), ERR_NOT_FOUND);
	/* an earlier one that waits for its time holds the later one back */
	assert_int_equal(store_job_requeue(s, &a, "A", NOW + 500, "busy", NOW), OK);
	assert_int_equal(store_job_claim(s, "A", NOW + 499, &c), ERR_NOT_FOUND);
	assert_int_equal(store_job_claim(s, "A", NOW + 500, &c), OK);
	assert_int_equal(c.message_id, r1);
	assert_int_equal(store_job_finish(s, &c, "A", JOB_DONE, "", NOW), OK);
	assert_int_equal(store_job_claim(s, "A", NOW, &c), OK);
	assert_int_equal(c.message_id, r2);
}

static void
counters_survive_a_requeue(void **state)
{
	struct store *s = ((struct temp_store *)*state)->s;
	int64_t no = add_chat(s, "1");
	int64_t q = add_message(s, no, 0, ROLE_USER, "q", 1);
	struct job j, again;
	int64_t next;
	bool more;

	/* a turn that waits for the index is work as well */
	assert_int_equal(store_jobs_next(s, &next), OK);
	assert_int_equal(store_chores(s, NOW, &more), OK);
	assert_int_equal(store_jobs_next(s, &next), ERR_NOT_FOUND);
	add_job(s, no, add_message(s, no, q, ROLE_ASSISTANT, "", 2));
	assert_int_equal(store_job_claim(s, "A", NOW, &j), OK);
	j.connect_failures = 2;
	j.stream_failures = 1;
	j.is_shortened = j.is_swapped = true;
	assert_int_equal(store_job_requeue(s, &j, "A", NOW + 7, "e", NOW), OK);
	assert_int_equal(store_jobs_next(s, &next), OK);
	assert_int_equal(next, NOW + 7);
	assert_int_equal(store_job_claim(s, "B", NOW + 7, &again), OK);
	assert_int_equal(again.connect_failures, 2);
	assert_int_equal(again.stream_failures, 1);
	assert_int_equal(again.attempt, 2);
	assert_true(again.is_shortened && again.is_swapped);
}

static bool
note_event(void *arg, const struct outbox_event *e)
{
	struct seen *seen = arg;
	size_t n = strlen(seen->text);

	(void)snprintf(seen->text + n, sizeof seen->text - n, "%s%lld",
	    seen->count++ > 0 ? "|" : "", (long long)e->seq);
	seen->last_seq = e->id;
	return true;
}

static void
events_come_in_order_and_go_when_taken(void **state)
{
	struct store *s = ((struct temp_store *)*state)->s;
	int64_t no = add_chat(s, "1");
	struct seen all = { 0 }, rest = { 0 };

	for (int64_t seq = 1; seq <= 3; seq++)
		assert_int_equal(
		    store_outbox_add(s,
			&(struct outbox_event){
			    .chat_no = no, .seq = seq, .name = "x", .created_ms = NOW }),
		    OK);
	assert_int_equal(store_outbox_list(s, 0, 10, note_event, &all), OK);
	assert_string_equal(all.text, "1|2|3");
	assert_int_equal(store_outbox_delete(s, all.last_seq - 1), OK);
	assert_int_equal(store_outbox_list(s, 0, 10, note_event, &rest), OK);
	assert_string_equal(rest.text, "1|3");
}

static void
an_idempotency_key_belongs_to_one_body(void **state)
{
	struct store *s = ((struct temp_store *)*state)->s;
	auto_buf answer = BUF_INIT(100);

	assert_int_equal(store_idempotency_get(s, "k", "h", &answer), ERR_NOT_FOUND);
	assert_int_equal(store_idempotency_put(s, "k", "h", "{}", NOW), OK);
	assert_int_equal(store_idempotency_get(s, "k", "h", &answer), OK);
	assert_string_equal(answer.data, "{}");
	assert_int_equal(store_idempotency_get(s, "k", "other", &answer), ERR_CONFLICT);
	assert_int_equal(store_idempotency_prune(s, NOW + 1), OK);
	assert_int_equal(store_idempotency_get(s, "k", "h", &answer), ERR_NOT_FOUND);
}

static void
a_reader_sees_what_is_committed_and_cannot_write(void **state)
{
	struct temp_store *t = *state;
	struct store *reader;
	auto_chat c = { 0 };

	(void)add_chat(t->s, "1");
	assert_int_equal(store_open(&reader, t->path, STORE_READ), OK);
	assert_int_equal(store_chat_find(reader, "1", &c), ERR_NOT_FOUND);
	assert_int_equal(store_commit(t->s), OK);
	assert_int_equal(store_chat_find(reader, "1", &c), OK);
	assert_int_not_equal(store_meta_set(reader, "k", "v"), OK);
	store_close(reader);
}

#define STORE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static void
every_statement_is_valid(void **state)
{
	struct temp_store t;

	(void)state;
	temp_store_open(&t);
	assert_int_equal(store_prepare(t.s), OK);
	temp_store_close(&t);
}

/* Who moves it away and asks is told; only who wants a new one gets one. */
static void
a_file_that_is_gone_is_not_made_again(void **state)
{
	struct temp_store t;
	struct store *other = NULL;
	char aside[128];

	(void)state;
	temp_store_open(&t);
	(void)snprintf(aside, sizeof aside, "%s.aside", t.path);
	assert_int_equal(rename(t.path, aside), 0);
	assert_int_equal(store_check(t.s), ERR_STORAGE);
	assert_int_equal(store_begin(t.s, STORE_FAST), ERR_STORAGE);
	assert_int_equal(store_open(&other, t.path, STORE_WRITE), ERR_STORAGE);
	assert_int_equal(store_open(&other, t.path, STORE_READ), ERR_STORAGE);
	assert_int_not_equal(access(t.path, F_OK), 0);
	assert_int_equal(rename(aside, t.path), 0);
	assert_int_equal(store_check(t.s), OK);
	assert_int_equal(store_begin(t.s, STORE_FAST), OK);
	store_rollback(t.s);
	store_close(t.s);
	assert_int_equal(unlink(t.path), 0);
	assert_int_equal(store_open(&t.s, t.path, STORE_NEW), OK);
	temp_store_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_statement_is_valid),
		cmocka_unit_test(a_file_that_is_gone_is_not_made_again),
		STORE_TEST(a_chat_is_found_as_it_was_added),
		STORE_TEST(one_id_is_one_chat),
		STORE_TEST(what_is_marked_can_be_undone_alone),
		STORE_TEST(a_branch_is_read_from_its_end),
		STORE_TEST(a_running_reply_shows_its_deltas),
		STORE_TEST(a_job_is_claimed_once_and_fenced),
		STORE_TEST(a_chat_has_one_reply_at_a_time_in_order),
		STORE_TEST(counters_survive_a_requeue),
		STORE_TEST(events_come_in_order_and_go_when_taken),
		STORE_TEST(an_idempotency_key_belongs_to_one_body),
		STORE_TEST(a_reader_sees_what_is_committed_and_cannot_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
