/*
 * When is a tick due? At once for the first text of a reply and for its end, so that both are seen
 * without delay (but never before three times as long has passed as the last tick took, and not
 * more often than URGENT_MS: a thousand replies may start together, and every commit of ours takes
 * the pages from the cache of those who accept messages);
 * LIMIT_TICK_MS after the last one for all other text; LIMIT_HEARTBEAT_MS for leases.
 */
#include "ai_worker_priv.h"

#include "clock.h"
#include "log.h"
#include "reply_stream.h"
#include "worker_tick.h"

#define URGENT_MS 4
#define CHORES_RETRY_MS 60000
#define CLOCK_BACK_MS 1000 /* less is how clocks are kept right */
#define DB_RETRY_MS 200    /* the database was busy or full */

static bool
has_text_to_store(const struct reply *r)
{
	return r->text.len > r->stored;
}

/* What the replies ask for: urgent, text, or nothing but a renewal. */
int64_t
worker_round_due_ms(struct ai_worker *w, int64_t now_ms, int64_t wall_ms)
{
	int64_t due = w->next_look_ms;

	for (size_t i = 0; i < w->count; i++) {
		const struct reply *r = w->replies[i];
		int64_t at;

		if (r->tick.is_over)
			continue;
		if (r->has_ended || (has_text_to_store(r) && r->stored == 0))
			at = w->next_tick_ms;
		else if (has_text_to_store(r))
			at = w->last_tick_ms + LIMIT_TICK_MS;
		else
			at = now_ms + (r->renew_ms - wall_ms);
		if (at < due)
			due = at;
	}
	return due < w->retry_ms ? w->retry_ms : due;
}

static void
add_reply(struct ai_worker *w, struct reply *r)
{
	if (w->count == w->cap) {
		w->cap = w->cap > 0 ? 2 * w->cap : 64;
		w->replies = xrealloc(w->replies, w->cap, sizeof(struct reply *));
	}
	w->replies[w->count++] = r;
}

static void
start_reply(struct ai_worker *w, struct reply *r)
{
	ai_breaker_started(&w->breaker, 1);
	log_info("reply started job=%s attempt=%d rid=%s", r->job.uid, r->job.attempt, r->job.rid);
	reply_stream_start(r, w->o.config, w->reader, w->client);
}

static void
note_weather(struct ai_worker *w, const struct reply *r)
{
	const struct ai_outcome *o = &r->outcome;

	if (r->has_ended && r->is_started && !r->is_stopped && !r->is_lost)
		ai_breaker_note(&w->breaker, o->had_text, o->failure.kind, clock_mono_ms());
	else
		ai_breaker_abandon(&w->breaker);
}

/* The transaction is committed: what it wrote is so. */
static void
apply_tick(struct ai_worker *w, const struct tick *t)
{
	for (size_t i = 0; i < t->count; i++) {
		struct reply *r = t->replies[i];

		if (r->tick.wrote_text)
			reply_text_written(r);
		if (r->tick.renew_ms > 0)
			r->renew_ms = r->tick.renew_ms;
		if (r->is_lost || r->is_stopped || r->tick.is_over)
			reply_stream_cancel(r, w->client);
		if (r->is_lost)
			log_info("reply given up job=%s attempt=%d reason=\"stopped, or run by "
				 "another\"",
			    r->job.uid, r->job.attempt);
		if (r->tick.is_over || r->is_lost)
			note_weather(w, r);
		if (r->tick.is_over && r->has_ended)
			log_info("reply ended job=%s ok=%d bytes=%zu model=%s error=\"%s\" rid=%s",
			    r->job.uid, r->outcome.ok, r->text.len, r->outcome.model,
			    r->outcome.failure.message, r->job.rid);
		if (r->tick.is_over && r->has_ended && r->outcome.ok)
			titles_consider(w->titles, w->reader, r);
	}
	for (size_t i = 0; i < t->claimed_count; i++) {
		struct reply *r = t->claimed[i];

		add_reply(w, r);
		if (r->has_ended)
			r->tick.is_over = true;
		else
			start_reply(w, r);
	}
}

/* Nothing of it is written: what it marked is void, and the next one does it again. */
static void
forget_tick(struct tick *t)
{
	for (size_t i = 0; i < t->count; i++) {
		memset(&t->replies[i]->tick, 0, sizeof t->replies[i]->tick);
		t->replies[i]->is_lost = false;
	}
	for (size_t i = 0; i < t->claimed_count; i++)
		reply_free(t->claimed[i]);
}

bool
worker_round_has_work(struct ai_worker *w, int64_t wall_ms)
{
	int64_t next_ms;

	return store_jobs_next(w->reader, &next_ms) == OK && next_ms <= wall_ms;
}

static bool
must_write(const struct ai_worker *w, int64_t wall_ms, size_t taken)
{
	if (taken > 0 || w->status_is_new)
		return true;
	for (size_t i = 0; i < w->count; i++) {
		const struct reply *r = w->replies[i];

		if (!r->tick.is_over &&
		    (r->has_ended || has_text_to_store(r) || r->renew_ms <= wall_ms))
			return true;
	}
	return false;
}

/* Durable when something ends: what a reader saw as final stays so after a power cut. */
static enum store_durability
durability_of(const struct ai_worker *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->replies[i]->has_ended && !w->replies[i]->tick.is_over)
			return STORE_DURABLE;
	return STORE_FAST;
}

/* Replies that have been written to their end stay only for their last delta. */
static size_t
running_replies(struct ai_worker *w, struct reply **out)
{
	size_t n = 0;

	for (size_t i = 0; i < w->count; i++)
		if (!w->replies[i]->tick.is_over && !w->replies[i]->is_lost)
			out[n++] = w->replies[i];
	return n;
}

/* Ids of jobs; there is room for one of each reply. */
struct ids {
	int64_t *list;
	size_t count, cap;
};

static bool
note_id(void *arg, int64_t job_id)
{
	struct ids *ids = arg;

	if (ids->count < ids->cap) /* more can only be jobs of which we know nothing */
		ids->list[ids->count++] = job_id;
	return true;
}

static int
compare_ids(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/*
 * Whoever stopped a reply, or deleted its chat, ended its job: the lease is gone, and the next
 * renewal says so. That renewal is due now, not in two seconds: the provider's stream costs money.
 */
static void
look_for_ended_jobs(struct ai_worker *w)
{
	struct ids held = { .cap = w->count };

	if (w->count == 0)
		return;
	held.list = xcalloc(held.cap, sizeof *held.list);
	if (store_jobs_of_owner(w->reader, w->owner, note_id, &held) == OK) {
		qsort(held.list, held.count, sizeof *held.list, compare_ids);
		for (size_t i = 0; i < w->count; i++)
			if (bsearch(&w->replies[i]->job.id, held.list, held.count,
				sizeof *held.list, compare_ids) == NULL)
				w->replies[i]->renew_ms = 0;
	}
	free(held.list);
}

bool
worker_round_has_arrivals(const struct ai_worker *w)
{
	size_t n;

	(void)publisher_taken(w->publisher, &n);
	return n > 0;
}

static int64_t
pause_after(int64_t tick_ms)
{
	int64_t pause = 3 * tick_ms;

	return pause < URGENT_MS ? URGENT_MS : pause > LIMIT_TICK_MS ? LIMIT_TICK_MS : pause;
}

/*
 * The wall clock may be set (reference: reliability F24). Forward: leases look run out, but those
 * we hold are renewed before any is taken over. Back: what has a time in the database would wait
 * for it.
 */
static void
look_at_clock(struct ai_worker *w, int64_t wall_ms, int64_t now_ms)
{
	int64_t offset_ms = wall_ms - now_ms, back_ms = w->wall_offset_ms - offset_ms;

	w->wall_offset_ms = offset_ms;
	if (back_ms < CLOCK_BACK_MS)
		return;
	log_warn("the clock was set back seconds=%lld", (long long)(back_ms / 1000));
	w->clock_is_back = true;
	w->back_ms += back_ms;
	for (size_t i = 0; i < w->count; i++)
		w->replies[i]->renew_ms = 0;
}

void
worker_round(struct ai_worker *w, bool is_leaving)
{
	int64_t now_ms = clock_mono_ms(), wall_ms = clock_wall_ms();
	size_t max = (size_t)w->o.config->ai_max_replies;
	struct reply **running = xcalloc(w->count + 1, sizeof(struct reply *));
	struct tick t = {
		.owner = w->owner,
		.provider = w->o.config->ai_provider,
		.model = w->o.config->ai_model,
		.now_ms = wall_ms,
		.random = random_unit(),
		.replies = running,
		.count = running_replies(w, running),
		.any_lease = w->any_lease,
		.is_leaving = is_leaving,
		.status = w->status_is_new ? &w->status : NULL,
		.skips_chores = now_ms < w->no_chores_ms,
	};
	enum err e = OK;

	look_at_clock(w, wall_ms, now_ms);
	t.clock_is_back = w->clock_is_back;
	t.back_ms = w->back_ms;
	if (now_ms >= w->next_check_ms) {
		look_for_ended_jobs(w);
		w->next_check_ms = now_ms + WORKER_LOOK_MS;
	}
	t.taken = publisher_taken(w->publisher, &t.taken_count);
	t.capacity = ai_breaker_allow(&w->breaker, w->count < max ? max - w->count : 0, now_ms);
	t.may_claim = !is_leaving && atomic_load(&w->stop) == 0 && t.capacity > 0 &&
		      (w->any_lease || worker_round_has_work(w, wall_ms));
	if (store_check(w->reader) != OK)
		e = ERR_STORAGE;
	else if (t.may_claim || t.clock_is_back || (is_leaving && t.count > 0) ||
		 must_write(w, wall_ms, t.taken_count))
		e = writer_submit(w->o.writer, durability_of(w), worker_tick, &t);
	if (e == OK) {
		if (t.chores_failed)
			w->no_chores_ms = now_ms + CHORES_RETRY_MS;
		w->clock_is_back = false;
		w->back_ms = 0;
		publisher_deleted(w->publisher, t.taken_count);
		w->status_is_new = false;
		w->any_lease = w->any_lease && !t.claimed_all && !is_leaving;
		apply_tick(w, &t);
		w->retry_ms = 0;
	} else {
		if (w->tick_error != e) /* a full disk is said once */
			log_warn("tick failed error=%d, again soon", (int)e);
		forget_tick(&t);
		w->retry_ms = now_ms + DB_RETRY_MS;
	}
	w->tick_error = e;
	w->last_tick_ms = clock_mono_ms();
	w->next_tick_ms = w->last_tick_ms + pause_after(w->last_tick_ms - now_ms);
	w->next_look_ms = w->last_tick_ms + WORKER_LOOK_MS;
	/* More than one transaction's worth of jobs, chores or events that arrived waits. */
	if (e == OK &&
	    ((t.may_claim && (!t.claimed_all || t.more_chores)) || worker_round_has_arrivals(w)))
		w->next_look_ms = w->next_tick_ms;
	free(t.claimed);
	free(running);
}
