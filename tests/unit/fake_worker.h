/*
 * fake_worker - a worker without a provider and without threads: a real store in one transaction,
 * and ticks that the test makes. What a committed tick has marked is settled as the worker's round
 * does it. The monotonic clock is the test's, too.
 */
#ifndef FAKE_WORKER_H
#define FAKE_WORKER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>

#include <cmocka.h>

#include "conversation.h"
#include "store_usage.h"
#include "temp_store.h"
#include "worker_tick.h"

#define NOW 1700000000000
#define REPLIES_MAX 128

/* --- the monotonic clock stands still, or goes on by so much at each look --- */

static int64_t mono_ms, mono_step_ms;

int
clock_gettime(clockid_t id, struct timespec *out)
{
	if (id != CLOCK_MONOTONIC)
		return (int)syscall(SYS_clock_gettime, id, out);
	mono_ms += mono_step_ms;
	*out = (struct timespec){ .tv_sec = mono_ms / 1000, .tv_nsec = mono_ms % 1000 * 1000000 };
	return 0;
}

/* --- the world --- */

struct world {
	struct temp_store t;
	struct store *s;
	struct config config;
	struct identity caller;
	const char *owner;
	int64_t now_ms;
	struct reply *replies[REPLIES_MAX];
	size_t count;
	struct tick tick; /* the last one */
	int64_t seen_id;  /* of the outbox */
};

static inline int
set_up(void **state)
{
	struct world *w = xcalloc(1, sizeof *w);

	mono_step_ms = 0;
	temp_store_open(&w->t);
	w->s = w->t.s;
	w->config.allow_open_chats = true;
	w->owner = "W";
	w->now_ms = NOW;
	assert_int_equal(store_begin(w->s, STORE_FAST), OK);
	*state = w;
	return 0;
}

static inline int
tear_down(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < w->count; i++)
		reply_free(w->replies[i]);
	store_rollback(w->s);
	temp_store_close(&w->t);
	free(w);
	return 0;
}

static inline struct accepted
post(struct world *w, const char *chat_id, const char *text)
{
	struct posted_turn turn = { ROLE_USER, text, strlen(text) };
	struct accepted a;
	struct post p = { .config = &w->config,
		.chat_id = chat_id,
		.turns = &turn,
		.count = 1,
		.lang = "en",
		.by = { .caller = &w->caller, .rid = "rid-12345678", .now_ms = w->now_ms } };

	sign_sha256(text, strlen(text), p.hash);
	assert_int_equal(conversation_post(w->s, &p, &a), OK);
	return a;
}

/* t as the worker would fill it, but for what the test has set. */
static inline enum err
run(struct world *w, struct tick *t)
{
	static struct reply *running[REPLIES_MAX];

	t->owner = w->owner;
	t->provider = "gemini";
	t->model = "m-1";
	t->now_ms = w->now_ms;
	t->replies = running;
	for (size_t i = 0; i < w->count; i++)
		if (!w->replies[i]->tick.is_over && !w->replies[i]->is_lost)
			running[t->count++] = w->replies[i];
	return worker_tick(w->s, t);
}

/* It is committed. */
static inline void
settle(struct world *w, struct tick *t)
{
	for (size_t i = 0; i < t->count; i++) {
		struct reply *r = t->replies[i];

		if (r->tick.wrote_text)
			reply_text_written(r);
		if (r->tick.renew_ms > 0)
			r->renew_ms = r->tick.renew_ms;
	}
	for (size_t i = 0; i < t->claimed_count; i++) {
		t->claimed[i]->tick.is_over = t->claimed[i]->has_ended;
		t->claimed[i]->is_started = true;
		t->claimed[i]->started_ms = 5000;
		w->replies[w->count++] = t->claimed[i];
	}
	free(t->claimed);
	t->claimed = NULL;
	w->tick = *t;
}

static inline void
tick_as(struct world *w, struct tick t)
{
	assert_int_equal(run(w, &t), OK);
	settle(w, &t);
}

static inline void
tick(struct world *w)
{
	tick_as(w, (struct tick){ 0 });
}

/* Claims what waits; the last reply that was claimed. */
static inline struct reply *
claim(struct world *w)
{
	tick_as(w, (struct tick){ .may_claim = true, .capacity = REPLIES_MAX });
	assert_int_not_equal(w->tick.claimed_count, 0);
	return w->replies[w->count - 1];
}

static inline struct reply *
posted_and_claimed(struct world *w, const char *chat_id)
{
	(void)post(w, chat_id, "q");
	return claim(w);
}

static inline void
say(struct reply *r, const char *text)
{
	if (r->first_ms == 0)
		r->first_ms = r->started_ms + 250;
	assert_int_equal(buf_adds(&r->text, text), OK);
}

static inline void
succeed(struct reply *r)
{
	r->has_ended = r->outcome.ok = r->outcome.had_text = true;
	r->outcome.finish = AI_FINISH_STOP;
}

static inline void
give_up(struct reply *r, enum ai_fail kind)
{
	r->has_ended = true;
	r->outcome.ok = false;
	r->outcome.phase = r->text.len > 0 ? AI_PHASE_STREAM : AI_PHASE_CONNECT;
	ai_failure_set(&r->outcome.failure, kind, 0, "test");
}

/* --- what it has come to --- */

struct looked_at {
	char content[200], error_type[20], model[20];
	enum message_status status;
	bool is_notice;
	int64_t seq, tokens;
};

static inline bool
note(void *arg, const struct message *m)
{
	struct looked_at *l = arg;

	(void)snprintf(l->content, sizeof l->content, "%s", m->content);
	(void)snprintf(
	    l->error_type, sizeof l->error_type, "%s", m->error_type != NULL ? m->error_type : "");
	(void)snprintf(l->model, sizeof l->model, "%s", m->model != NULL ? m->model : "");
	l->status = m->status;
	l->is_notice = m->is_notice;
	l->seq = m->changed_seq;
	l->tokens = m->usage.total;
	return true;
}

static inline struct looked_at
look(struct world *w, const struct reply *r)
{
	struct looked_at l = { 0 };

	assert_int_equal(store_message_get(w->s, r->job.message_id, note, &l), OK);
	return l;
}

static inline int64_t
seq_of(struct world *w, const struct reply *r)
{
	auto_chat c = { 0 };

	assert_int_equal(store_chat_get(w->s, r->job.chat_no, &c), OK);
	return c.seq;
}

struct heard {
	char names[800]; /* "5:stream_start 6:..." */
	char data[800];  /* of the last one that had some */
	int64_t last_id;
};

static inline bool
note_event(void *arg, const struct outbox_event *e)
{
	struct heard *h = arg;
	size_t n = strlen(h->names);

	(void)snprintf(h->names + n, sizeof h->names - n, "%s%lld:%s", n > 0 ? " " : "",
	    (long long)e->seq, e->name);
	if (e->data != NULL)
		(void)snprintf(h->data, sizeof h->data, "%s", e->data);
	h->last_id = e->id;
	return true;
}

/* Events since the last call. */
static inline struct heard
hear(struct world *w)
{
	struct heard h = { .last_id = w->seen_id };

	assert_int_equal(store_outbox_list(w->s, w->seen_id, 1000, note_event, &h), OK);
	w->seen_id = h.last_id;
	return h;
}

static inline int
live_jobs(struct world *w, const struct reply *r)
{
	int n = -1;

	assert_int_equal(store_jobs_live(w->s, r->job.chat_no, &n), OK);
	return n;
}

static inline int64_t
tokens_spent(struct world *w)
{
	int64_t n = -1;

	assert_int_equal(store_spending_get(w->s, usage_day(w->now_ms), "", &n), OK);
	return n;
}

#define worker_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
