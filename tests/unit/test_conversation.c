/* What people do with a conversation, on a store, without a worker: the test plays it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conversation.h"
#include "conversation_edit.h"
#include "store_chores.h"
#include "store_search.h"
#include "store_tree.h"
#include "temp_store.h"

#define NOW 1700000000000

struct world {
	struct temp_store t;
	struct store *s;
	struct by by;
	struct config config;
	struct identity caller;
};

static int
set_up(void **state)
{
	struct world *w = xcalloc(1, sizeof *w);

	temp_store_open(&w->t);
	w->s = w->t.s;
	w->config.allow_open_chats = true;
	w->by = (struct by){ .caller = &w->caller, .now_ms = NOW };
	assert_int_equal(store_begin(w->s, STORE_FAST), OK);
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	store_rollback(w->s);
	temp_store_close(&w->t);
	free(w);
	return 0;
}

/* --- what the tests do --- */

static enum err
post(struct world *w, const char *chat_id, const char *text, struct accepted *out)
{
	struct posted_turn turn = { ROLE_USER, text, strlen(text) };
	struct post p = { .config = &w->config,
		.chat_id = chat_id,
		.turns = &turn,
		.count = 1,
		.lang = "en",
		.by = w->by };

	sign_sha256(text, strlen(text), p.hash);
	return conversation_post(w->s, &p, out);
}

static struct accepted
posted(struct world *w, const char *text)
{
	struct accepted a;

	assert_int_equal(post(w, "1", text, &a), OK);
	return a;
}

static struct chat
chat_of(struct world *w)
{
	struct chat c = { 0 };

	assert_int_equal(store_chat_find(w->s, "1", &c), OK);
	return c;
}

/* The worker streams text to the reply that is next. */
static struct job
run(struct world *w, const char *text)
{
	struct job j;
	int64_t seq;

	assert_int_equal(store_job_claim(w->s, "W", NOW, &j), OK);
	assert_int_equal(store_chat_seq(w->s, j.chat_no, 2, NOW, &seq), OK);
	assert_int_equal(
	    store_reply_status(w->s, j.message_id, MESSAGE_STREAMING, seq - 1, NOW), OK);
	assert_int_equal(store_delta_add(w->s, j.message_id, seq, text, strlen(text)), OK);
	return j;
}

static void
finish(struct world *w, const struct job *j, const char *text)
{
	struct reply_end end = { .message_id = j->message_id,
		.status = MESSAGE_COMPLETE,
		.content = text,
		.content_len = strlen(text),
		.now_ms = NOW };

	assert_int_equal(store_chat_seq(w->s, j->chat_no, 1, NOW, &end.seq), OK);
	assert_int_equal(store_reply_finish(w->s, &end), OK);
	assert_int_equal(store_job_finish(w->s, j, "W", JOB_DONE, "", NOW), OK);
}

static void
answer_with(struct world *w, const char *text)
{
	struct job j = run(w, text);

	finish(w, &j, text);
}

/* --- what they look at --- */

static bool
add_text(void *arg, const struct message *m)
{
	char *out = arg;
	size_t n = strlen(out);

	(void)snprintf(out + n, 400 - n, "%s%s", n > 0 ? "<" : "", m->content);
	return true;
}

/* Texts of the active branch, newest first, joined by '<'. */
static const char *
branch(struct world *w)
{
	static char text[400];
	auto_chat c = chat_of(w);

	text[0] = '\0';
	if (c.head_id != 0)
		assert_int_equal(store_branch(w->s, c.head_id, 100, add_text, text), OK);
	return text;
}

static bool
add_event(void *arg, const struct outbox_event *e)
{
	char *out = arg;
	size_t n = strlen(out);

	(void)snprintf(out + n, 800 - n, "%s%s%s", n > 0 ? " " : "", e->name,
	    strcmp(e->name, "job_queued") == 0 ? e->data : "");
	return true;
}

/* Names of the events since the last call. */
static const char *
events(struct world *w)
{
	static char text[800];

	text[0] = '\0';
	assert_int_equal(store_outbox_list(w->s, 0, 100, add_event, text), OK);
	for (int64_t id = 1; id < 200; id++)
		assert_int_equal(store_outbox_delete(w->s, id), OK);
	return text;
}

struct looked_at {
	char content[100];
	enum message_status status;
};

static bool
note(void *arg, const struct message *m)
{
	struct looked_at *l = arg;

	(void)snprintf(l->content, sizeof l->content, "%s", m->content);
	l->status = m->status;
	return true;
}

static struct looked_at
look(struct world *w, const char *uid)
{
	struct looked_at l = { 0 };
	auto_chat c = chat_of(w);

	assert_int_equal(store_message_find(w->s, c.no, uid, note, &l), OK);
	return l;
}

static struct stopped
stop(struct world *w, int64_t seen, bool all)
{
	auto_chat c = chat_of(w);
	struct stopped out;

	assert_int_equal(
	    conversation_stop(
		w->s, &(struct stop){ .chat = &c, .seen_units = seen, .all = all }, &w->by, &out),
	    OK);
	return out;
}

/* --- stop --- */

static void
a_stop_keeps_what_the_reader_saw_and_fences_the_worker_out(void **state)
{
	struct world *w = *state;
	struct accepted a = posted(w, "hola");
	struct job j = run(w, "uno \xf0\x9f\x99\x82 dos");
	struct stopped st;
	bool cancel;

	(void)events(w);
	st = stop(w, 6, false);
	assert_int_equal(st.count, 1);
	assert_string_equal(st.message_uid, a.reply_uid);
	assert_int_equal(st.units, 6);
	assert_string_equal(look(w, a.reply_uid).content, "uno \xf0\x9f\x99\x82");
	assert_int_equal(look(w, a.reply_uid).status, MESSAGE_STOPPED);
	assert_string_equal(events(w), "stream_end App\\Events\\MessageSent");
	assert_int_equal(store_job_check(w->s, &j, "W", &cancel), ERR_CONFLICT);
	assert_int_equal(store_job_finish(w->s, &j, "W", JOB_DONE, "", NOW), ERR_CONFLICT);
}

static void
a_stop_is_clamped_to_the_text_and_never_splits_a_pair(void **state)
{
	static const struct {
		int64_t seen;
		const char *text;
	} cases[] = { { 0, "" }, { 1, "a" }, { 2, "a" }, { 3, "a\xf0\x9f\x99\x82" },
		{ 4, "a\xf0\x9f\x99\x82z" }, { 99, "a\xf0\x9f\x99\x82z" },
		{ SEEN_ALL, "a\xf0\x9f\x99\x82z" } };
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[16];
		struct accepted a;

		(void)snprintf(text, sizeof text, "turn %zu", i);
		a = posted(w, text);
		(void)run(w, "a\xf0\x9f\x99\x82z");
		(void)stop(w, cases[i].seen, false);
		assert_string_equal(look(w, a.reply_uid).content, cases[i].text);
	}
}

static void
a_reply_that_waits_is_stopped_without_a_worker(void **state)
{
	struct world *w = *state;
	struct accepted a = posted(w, "hola");
	struct job j;

	assert_int_equal(stop(w, SEEN_ALL, false).count, 1);
	assert_int_equal(look(w, a.reply_uid).status, MESSAGE_STOPPED);
	assert_int_equal(store_job_claim(w->s, "W", NOW, &j), ERR_NOT_FOUND);
	assert_int_equal(stop(w, SEEN_ALL, false).count, 0);
}

static void
a_finished_reply_cannot_be_stopped(void **state)
{
	struct world *w = *state;
	struct accepted a = posted(w, "hola");

	answer_with(w, "adios");
	assert_int_equal(stop(w, 0, true).count, 0);
	assert_string_equal(look(w, a.reply_uid).content, "adios");
	assert_int_equal(look(w, a.reply_uid).status, MESSAGE_COMPLETE);
}

static void
one_stop_ends_one_reply_unless_all_are_meant(void **state)
{
	struct world *w = *state;
	struct accepted a = posted(w, "a"), b = posted(w, "b"), c = posted(w, "c");

	(void)run(w, "A");
	assert_string_equal(stop(w, SEEN_ALL, false).message_uid, a.reply_uid);
	assert_int_equal(look(w, b.reply_uid).status, MESSAGE_QUEUED);
	assert_int_equal(stop(w, SEEN_ALL, true).count, 2);
	assert_int_equal(look(w, c.reply_uid).status, MESSAGE_STOPPED);
}

/* --- the queue --- */

static void
who_waits_is_told_the_place_and_each_move(void **state)
{
	struct world *w = *state;

	(void)posted(w, "a");
	(void)posted(w, "b");
	(void)posted(w, "c");
	assert_string_equal(events(w),
	    "message_created job_queued{\"position\":0} message_created "
	    "job_queued{\"position\":1} message_created job_queued{\"position\":2}");
	(void)run(w, "A");
	(void)stop(w, SEEN_ALL, false);
	/* b is next and will say so itself */
	assert_string_equal(
	    events(w), "stream_end App\\Events\\MessageSent job_queued{\"position\":1}");
}

static void
a_full_queue_takes_no_more(void **state)
{
	struct world *w = *state;
	struct accepted a;
	auto_chat c = { 0 };
	int64_t changes;

	for (int i = 0; i < LIMIT_CHAT_QUEUE; i++) {
		char text[24];

		(void)snprintf(text, sizeof text, "turn %d", i);
		a = posted(w, text);
	}
	changes = store_changes(w->s);
	assert_int_equal(post(w, "1", "one more", &a), ERR_LIMIT);
	assert_int_equal(store_changes(w->s), changes);
	c = chat_of(w);
	assert_int_equal(conversation_regenerate(w->s, &c, a.message_uid, &w->by, &a), ERR_LIMIT);
}

/* --- the same list again --- */

static struct accepted
posted_list(struct world *w, const struct posted_turn *turns, size_t count)
{
	struct accepted a = { 0 };
	struct post p = { .config = &w->config,
		.chat_id = "1",
		.turns = turns,
		.count = count,
		.lang = "en",
		.by = w->by };

	memset(p.hash, 'h', sizeof p.hash - 1);
	assert_int_equal(conversation_post(w->s, &p, &a), OK);
	return a;
}

static void
a_repeated_list_gets_the_very_same_answer(void **state)
{
	static const struct posted_turn list[] = { { ROLE_USER, "one", 3 },
		{ ROLE_ASSISTANT, "", 0 }, { ROLE_ASSISTANT, "1", 1 }, { ROLE_USER, "two", 3 } };
	struct world *w = *state;
	struct accepted first = posted_list(w, list, ARRAY_LEN(list)), again;

	assert_int_equal(first.seq, 4); /* the empty turn is none, and takes no number */
	again = posted_list(w, list, ARRAY_LEN(list));
	assert_memory_equal(&first, &again, sizeof first);
	answer_with(w, "2");
	again = posted_list(w, list, ARRAY_LEN(list));
	assert_memory_equal(&first, &again, sizeof first);
}

static void
a_repeated_list_whose_answer_was_deleted_is_answered_anew(void **state)
{
	static const struct posted_turn list[] = { { ROLE_USER, "one", 3 },
		{ ROLE_ASSISTANT, "1", 1 }, { ROLE_USER, "two", 3 } };
	struct world *w = *state;
	struct accepted first = posted_list(w, list, ARRAY_LEN(list)), again;
	auto_chat c = { 0 };
	int64_t seq;

	answer_with(w, "2");
	c = chat_of(w);
	assert_int_equal(conversation_delete_message(w->s, &c, first.reply_uid, &w->by, &seq), OK);
	again = posted_list(w, list, ARRAY_LEN(list));
	assert_string_equal(again.message_uid, first.message_uid);
	assert_string_not_equal(again.reply_uid, first.reply_uid);
	assert_int_equal(look(w, again.reply_uid).status, MESSAGE_QUEUED);
}

/* writer_submit_sure counts on it. */
static void
a_refused_post_has_written_nothing(void **state)
{
	struct world *w = *state;
	struct accepted a = posted(w, "first"), b;
	struct posted_turn list[] = { { ROLE_USER, "other", 5 }, { ROLE_USER, "words", 5 } };
	struct post edited = {
		.config = &w->config,
		.chat_id = "1",
		.turns = list,
		.count = 2,
		.system = "a persona",
		.lang = "es",
		.hash = "h",
		.by = w->by,
	};
	int64_t changes;

	/* their share is used up: an old chat with new words and a persona, and a new one */
	w->caller.quotas.replies_address = 1;
	(void)snprintf(w->caller.address, sizeof w->caller.address, "192.0.2.1");
	edited.by.caller = &w->caller;
	assert_int_equal(post(w, "2", "hers", &b), OK);
	changes = store_changes(w->s);
	assert_int_equal(conversation_post(w->s, &edited, &b), ERR_QUOTA);
	assert_int_equal(post(w, "3", "one more", &b), ERR_QUOTA);
	assert_int_equal(store_changes(w->s), changes);

	/* not theirs to open */
	w->config.allow_open_chats = false;
	assert_int_equal(post(w, "4", "who?", &b), ERR_NOT_FOUND);
	assert_int_equal(post(w, "1", "who?", &b), ERR_NOT_FOUND);
	assert_int_equal(store_changes(w->s), changes);
	w->config.allow_open_chats = true;

	/* the same post once more: what it got, and nothing new */
	assert_int_equal(post(w, "1", "first", &b), OK);
	assert_string_equal(a.reply_uid, b.reply_uid);
	assert_int_equal(store_changes(w->s), changes);
}

/* --- branches --- */

static void
another_answer_stands_beside_the_first(void **state)
{
	struct world *w = *state;
	struct accepted a = posted(w, "q"), b, d;
	auto_chat c = { 0 };

	answer_with(w, "one");
	c = chat_of(w);
	assert_int_equal(conversation_regenerate(w->s, &c, a.reply_uid, &w->by, &b), OK);
	assert_string_equal(b.message_uid, a.message_uid);
	assert_string_not_equal(b.reply_uid, a.reply_uid);
	answer_with(w, "two");
	assert_string_equal(branch(w), "two<q");
	/* by the question itself as well */
	assert_int_equal(conversation_regenerate(w->s, &c, a.message_uid, &w->by, &d), OK);
	answer_with(w, "three");
	assert_string_equal(branch(w), "three<q");
	assert_int_equal(conversation_regenerate(w->s, &c, "nobody", &w->by, &d), ERR_NOT_FOUND);
}

static void
who_wants_another_answer_does_not_wait_for_the_first(void **state)
{
	struct world *w = *state;
	struct accepted a = posted(w, "q"), b;
	auto_chat c = { 0 };
	struct job j = run(w, "par");
	bool cancel;

	c = chat_of(w);
	assert_int_equal(conversation_regenerate(w->s, &c, a.reply_uid, &w->by, &b), OK);
	assert_int_equal(look(w, a.reply_uid).status, MESSAGE_STOPPED);
	assert_string_equal(look(w, a.reply_uid).content, "par");
	assert_int_equal(store_job_check(w->s, &j, "W", &cancel), ERR_CONFLICT);
	answer_with(w, "whole");
	assert_string_equal(branch(w), "whole<q");
}

static void
an_edited_turn_is_a_sibling_and_stops_what_ran_below_the_old_one(void **state)
{
	struct world *w = *state;
	struct accepted a = posted(w, "first"), b, e;
	auto_chat c = { 0 };

	answer_with(w, "1");
	b = posted(w, "second");
	(void)run(w, "half");
	c = chat_of(w);
	(void)events(w);
	assert_int_equal(
	    conversation_edit(w->s, &c, a.message_uid, "first, better", &w->by, &e), OK);
	assert_string_equal(events(w),
	    "stream_end App\\Events\\MessageSent message_created message_edited "
	    "job_queued{\"position\":0}");
	assert_int_equal(look(w, b.reply_uid).status, MESSAGE_STOPPED);
	answer_with(w, "1b");
	assert_string_equal(branch(w), "1b<first, better");
	/* nothing of the old branch is lost */
	assert_string_equal(look(w, b.message_uid).content, "second");
	assert_int_equal(conversation_edit(w->s, &c, b.reply_uid, "x", &w->by, &e), ERR_CONFLICT);
}

static void
a_branch_is_chosen_down_to_its_newest_end(void **state)
{
	struct world *w = *state;
	struct accepted a = posted(w, "q"), b, e;
	char head[ID_SIZE];
	int64_t seq;
	auto_chat c = { 0 }, after = { 0 };

	answer_with(w, "1");
	b = posted(w, "r");
	answer_with(w, "2");
	c = chat_of(w);
	assert_int_equal(conversation_edit(w->s, &c, a.message_uid, "Q", &w->by, &e), OK);
	answer_with(w, "3");
	assert_string_equal(branch(w), "3<Q");
	(void)events(w);
	chat_free(&c);
	c = chat_of(w);
	assert_int_equal(
	    conversation_set_head(w->s, &c, &(struct head_choice){ .message_uid = a.message_uid },
		&w->by, head, &seq),
	    OK);
	assert_string_equal(head, b.reply_uid);
	assert_string_equal(branch(w), "2<r<1<q");
	assert_string_equal(events(w), "chat_updated");
	after = chat_of(w);
	assert_int_equal(after.changed_seq, seq);
	/* the same again changes nothing */
	assert_int_equal(
	    conversation_set_head(w->s, &after, &(struct head_choice){ .message_uid = b.reply_uid },
		&w->by, head, &seq),
	    OK);
	assert_int_equal(seq, 0);
	assert_string_equal(events(w), "");
	assert_int_equal(conversation_set_head(w->s, &after,
			     &(struct head_choice){ .message_uid = a.reply_uid, .exact = true },
			     &w->by, head, &seq),
	    OK);
	assert_string_equal(branch(w), "1<q");
}

/* --- deleting --- */

static bool
count_hit(void *arg, int64_t message_id, int64_t chat_no)
{
	(void)message_id;
	(void)chat_no;
	++*(int *)arg;
	return true;
}

static int
hits(struct world *w, const char *match)
{
	int count = 0;
	bool more = true;

	for (int i = 0; i < 20 && more; i++)
		assert_int_equal(store_chores(w->s, w->by.now_ms, &more), OK);
	assert_int_equal(store_search(w->s, match, 0, count_hit, &count), OK);
	return count;
}

static bool
add_uid(void *arg, const char *uid, int64_t seq)
{
	(void)seq;
	(void)uid;
	++*(int *)arg;
	return true;
}

static void
a_deleted_message_takes_along_what_is_below_and_leaves_tombstones(void **state)
{
	struct world *w = *state;
	struct accepted a = posted(w, "manzana"), b;
	auto_chat c = { 0 };
	int64_t seq;
	int gone = 0;

	answer_with(w, "pera");
	b = posted(w, "manzana otra vez");
	(void)run(w, "half");
	assert_int_equal(hits(w, "manzana"), 2);
	c = chat_of(w);
	(void)events(w);
	assert_int_equal(conversation_delete_message(w->s, &c, b.message_uid, &w->by, &seq), OK);
	assert_string_equal(branch(w), "pera<manzana");
	assert_int_equal(hits(w, "manzana"), 1);
	assert_string_equal(events(w), "message_deleted chat_updated");
	assert_int_equal(store_tombstones(w->s, c.no, 0, 10, add_uid, &gone), OK);
	assert_int_equal(gone, 2);
	chat_free(&c);
	c = chat_of(w);
	assert_int_equal(conversation_delete_message(w->s, &c, a.message_uid, &w->by, &seq), OK);
	assert_string_equal(branch(w), "");
	assert_int_equal(hits(w, "manzana OR pera"), 0);
	(void)posted(w, "again");
	assert_string_equal(branch(w), "again");
}

/* A chain below parent; the ids go to out. */
static void
add_chain(struct world *w, int64_t chat_no, int64_t parent, int count, char out[][ID_SIZE])
{
	for (int i = 0; i < count; i++) {
		struct message_new m = { .uid = out[i],
			.chat_no = chat_no,
			.parent_id = parent,
			.role = ROLE_USER,
			.status = MESSAGE_COMPLETE,
			.content = "x",
			.content_len = 1,
			.now_ms = NOW };

		id_random(out[i]);
		assert_int_equal(store_chat_seq(w->s, chat_no, 1, NOW, &m.seq), OK);
		assert_int_equal(store_message_add(w->s, &m, &parent), OK);
	}
	assert_int_equal(store_chat_set_head(w->s, chat_no, parent), OK);
}

static void
one_message_too_many_is_not_deleted_and_tombstones_are_bounded(void **state)
{
	static char uids[LIMIT_DELETE_MESSAGES + 1][ID_SIZE], more[2][ID_SIZE];
	struct world *w = *state;
	auto_chat c = { 0 };
	int64_t seq, first_seq;
	int gone = 0;

	(void)posted(w, "start");
	c = chat_of(w);
	add_chain(w, c.no, 0, LIMIT_DELETE_MESSAGES + 1, uids);
	chat_free(&c);
	c = chat_of(w);
	assert_int_equal(conversation_delete_message(w->s, &c, uids[0], &w->by, &seq), ERR_LIMIT);
	assert_int_equal(conversation_delete_message(w->s, &c, uids[1], &w->by, &first_seq), OK);
	assert_int_equal(store_tombstones(w->s, c.no, 0, 5000, add_uid, &gone), OK);
	assert_int_equal(gone, LIMIT_DELETE_MESSAGES);
	chat_free(&c);
	c = chat_of(w);
	assert_int_equal(c.pruned_seq, 0);
	/* one more: the oldest go, and whoever asks from before them must load afresh */
	add_chain(w, c.no, 0, 2, more);
	assert_int_equal(conversation_delete_message(w->s, &c, more[0], &w->by, &seq), OK);
	gone = 0;
	assert_int_equal(store_tombstones(w->s, c.no, 0, 5000, add_uid, &gone), OK);
	assert_in_range(gone, 2, LIMIT_TOMBSTONES);
	chat_free(&c);
	c = chat_of(w);
	assert_in_range(c.pruned_seq, first_seq - 1, seq);
}

static void
without_a_sibling_the_branch_goes_on_beside_it(void **state)
{
	struct world *w = *state;
	struct accepted a = posted(w, "q"), b;
	auto_chat c = { 0 };
	int64_t seq;

	answer_with(w, "one");
	c = chat_of(w);
	assert_int_equal(conversation_regenerate(w->s, &c, a.reply_uid, &w->by, &b), OK);
	answer_with(w, "two");
	chat_free(&c);
	c = chat_of(w);
	assert_int_equal(conversation_delete_message(w->s, &c, b.reply_uid, &w->by, &seq), OK);
	assert_string_equal(branch(w), "one<q");
}

static void
a_deleted_chat_can_be_restored_for_a_while(void **state)
{
	struct world *w = *state;
	struct accepted a = posted(w, "hola");
	auto_chat c = chat_of(w), hidden = { 0 }, late = { 0 };
	struct by later = { .caller = &w->caller, .now_ms = NOW + LIMIT_UNDO_MS };

	(void)run(w, "half");
	(void)events(w);
	assert_int_equal(conversation_delete(w->s, &c, &w->by), OK);
	assert_string_equal(events(w), "stream_end App\\Events\\MessageSent chat_updated");
	assert_int_equal(store_chat_find(w->s, "1", &hidden), ERR_NOT_FOUND);
	assert_int_equal(store_chat_find_deleted(w->s, "1", &hidden), OK);
	assert_int_equal(conversation_restore(w->s, &hidden, &later), ERR_NOT_FOUND);
	assert_int_equal(conversation_restore(w->s, &hidden, &w->by), OK);
	assert_string_equal(branch(w), "half<hola");
	assert_int_equal(look(w, a.reply_uid).status, MESSAGE_STOPPED);
	assert_int_equal(store_chat_find_deleted(w->s, "1", &late), ERR_NOT_FOUND);
}

/* The word stands in the database's file or in its log. */
static bool
is_on_disk(struct world *w, const char *word)
{
	static const char *const suffixes[] = { "", "-wal" };
	bool found = false;

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		char path[120], *text;
		FILE *f;
		size_t n;

		(void)snprintf(path, sizeof path, "%s%s", w->t.path, suffixes[i]);
		if ((f = fopen(path, "rb")) == NULL)
			continue;
		text = xcalloc(1, 4 << 20);
		n = fread(text, 1, 4 << 20, f);
		found |= memmem(text, n, word, strlen(word)) != NULL;
		free(text);
		(void)fclose(f);
	}
	return found;
}

static void
after_that_nothing_of_it_is_left(void **state)
{
	struct world *w = *state;
	struct chat c;
	auto_chat gone = { 0 };
	auto_buf answer = BUF_INIT(100);
	int64_t next;

	(void)posted(w, "manzana");
	answer_with(w, "pera");
	(void)posted(w, "queda");
	assert_int_equal(store_idempotency_put(w->s, "1\nkey", "h", "{}", NOW), OK);
	assert_int_equal(store_idempotency_put(w->s, "10\nkey", "h", "{}", NOW), OK);
	assert_int_equal(hits(w, "manzana"), 1);
	assert_int_equal(store_commit(w->s), OK);
	assert_true(is_on_disk(w, "manzana"));
	assert_int_equal(store_begin(w->s, STORE_FAST), OK);
	c = chat_of(w);
	assert_int_equal(conversation_delete(w->s, &c, &w->by), OK);
	assert_int_equal(store_jobs_next(w->s, &next), OK);
	assert_int_equal(next, NOW + LIMIT_UNDO_MS);
	w->by.now_ms = NOW + LIMIT_UNDO_MS;
	assert_int_equal(hits(w, "manzana OR pera OR queda"), 0);
	assert_int_equal(store_chat_get(w->s, c.no, &gone), ERR_NOT_FOUND);
	assert_string_equal(events(w), "");
	assert_int_equal(store_idempotency_get(w->s, "1\nkey", "h", &answer), ERR_NOT_FOUND);
	assert_int_equal(store_idempotency_get(w->s, "10\nkey", "h", &answer), OK);
	chat_free(&c);
	/* nor in the files, once the chores are done */
	for (int i = 0; i < 20 && store_jobs_next(w->s, &next) == OK; i++) {
		bool more;

		assert_int_equal(store_commit(w->s), OK);
		assert_int_equal(store_begin(w->s, STORE_FAST), OK);
		assert_int_equal(store_chores(w->s, w->by.now_ms += 1000, &more), OK);
	}
	assert_int_equal(store_jobs_next(w->s, &next), ERR_NOT_FOUND);
	assert_int_equal(store_commit(w->s), OK);
	assert_false(is_on_disk(w, "manzana"));
	assert_int_equal(store_begin(w->s, STORE_FAST), OK);
}

static void
a_long_chat_goes_in_portions(void **state)
{
	struct world *w = *state;
	auto_chat c = { 0 }, gone = { 0 };
	int64_t parent = 0;
	bool more = true;
	int rounds = 0;

	(void)posted(w, "start");
	c = chat_of(w);
	for (int i = 0; i < 3000; i++) { /* a chain deeper than a cascade may go */
		char uid[ID_SIZE];
		struct message_new m = { .uid = uid,
			.chat_no = c.no,
			.parent_id = parent,
			.role = ROLE_USER,
			.status = MESSAGE_COMPLETE,
			.content = "x",
			.content_len = 1,
			.seq = 10 + i,
			.now_ms = NOW };

		id_random(uid);
		assert_int_equal(store_message_add(w->s, &m, &parent), OK);
	}
	assert_int_equal(conversation_delete(w->s, &c, &w->by), OK);
	while (more && rounds < 200) {
		assert_int_equal(store_chores(w->s, NOW + LIMIT_UNDO_MS, &more), OK);
		rounds++;
	}
	assert_in_range(rounds, 10, 100);
	assert_int_equal(store_chat_get(w->s, c.no, &gone), ERR_NOT_FOUND);
}

static void
who_posts_to_a_deleted_chat_begins_a_new_one(void **state)
{
	struct world *w = *state;
	auto_chat c = { 0 }, old = { 0 };

	(void)posted(w, "secret");
	c = chat_of(w);
	assert_int_equal(conversation_delete(w->s, &c, &w->by), OK);
	(void)posted(w, "fresh");
	assert_string_equal(branch(w), "fresh");
	assert_int_equal(store_chat_find_deleted(w->s, "1", &old), ERR_NOT_FOUND);
	assert_int_equal(hits(w, "secret"), 0);
	assert_int_equal(store_chat_get(w->s, c.no, &old), ERR_NOT_FOUND);
}

/* --- chats --- */

static void
a_change_names_what_it_changes_and_leaves_the_rest(void **state)
{
	struct world *w = *state;
	auto_chat c = { 0 };
	auto_chat after = { 0 };
	struct chat_change title = { .title = "Nuevo", .title_source = TITLE_USER };
	struct chat_change persona = { .system_prompt = "pirate", .model = "m" };
	struct chat_change none = { .system_prompt = "", .model = "" };

	(void)posted(w, "hola que tal");
	c = chat_of(w);
	assert_string_equal(c.title, "hola que tal");
	(void)events(w);
	assert_int_equal(conversation_change(w->s, &c, &title, &w->by), OK);
	assert_int_equal(conversation_change(w->s, &c, &persona, &w->by), OK);
	assert_string_equal(events(w), "chat_updated chat_updated");
	after = chat_of(w);
	assert_string_equal(after.title, "Nuevo");
	assert_int_equal(after.title_source, TITLE_USER);
	assert_string_equal(after.system_prompt, "pirate");
	assert_string_equal(after.model, "m");
	assert_int_equal(after.changed_seq, persona.seq);
	assert_int_equal(conversation_change(w->s, &after, &none, &w->by), OK);
	chat_free(&after);
	after = chat_of(w);
	assert_null(after.system_prompt);
	assert_null(after.model);
	assert_string_equal(after.title, "Nuevo");
}

static void
a_chat_without_a_title_gets_one_by_its_first_turn(void **state)
{
	struct world *w = *state;
	struct chat_new n = { .id = "1", .title = "", .lang = "es", .now_ms = NOW };
	auto_chat c = { 0 };
	int64_t no;

	assert_int_equal(store_chat_add(w->s, &n, &no), OK);
	(void)posted(w, "uno dos tres cuatro cinco seis siete");
	assert_string_equal(events(w), "chat_updated message_created job_queued{\"position\":0}");
	c = chat_of(w);
	assert_string_equal(c.title, "uno dos tres cuatro cinco seis\xe2\x80\xa6");
	assert_int_equal(c.seq, 3);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_stop_keeps_what_the_reader_saw_and_fences_the_worker_out),
		T(a_stop_is_clamped_to_the_text_and_never_splits_a_pair),
		T(a_reply_that_waits_is_stopped_without_a_worker),
		T(a_finished_reply_cannot_be_stopped),
		T(one_stop_ends_one_reply_unless_all_are_meant),
		T(who_waits_is_told_the_place_and_each_move),
		T(a_full_queue_takes_no_more),
		T(a_repeated_list_gets_the_very_same_answer),
		T(a_repeated_list_whose_answer_was_deleted_is_answered_anew),
		T(a_refused_post_has_written_nothing),
		T(another_answer_stands_beside_the_first),
		T(who_wants_another_answer_does_not_wait_for_the_first),
		T(an_edited_turn_is_a_sibling_and_stops_what_ran_below_the_old_one),
		T(a_branch_is_chosen_down_to_its_newest_end),
		T(a_deleted_message_takes_along_what_is_below_and_leaves_tombstones),
		T(one_message_too_many_is_not_deleted_and_tombstones_are_bounded),
		T(without_a_sibling_the_branch_goes_on_beside_it),
		T(a_deleted_chat_can_be_restored_for_a_while),
		T(after_that_nothing_of_it_is_left),
		T(a_long_chat_goes_in_portions),
		T(who_posts_to_a_deleted_chat_begins_a_new_one),
		T(a_change_names_what_it_changes_and_leaves_the_rest),
		T(a_chat_without_a_title_gets_one_by_its_first_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
