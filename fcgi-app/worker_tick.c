#include "worker_tick.h"

#include <jansson.h>
#include <stdio.h>

#include "ai_retry.h"
#include "clock.h"
#include "conversation_queue.h"
#include "event_names.h"
#include "json.h"
#include "killpoint.h"
#include "quota.h"
#include "store_chores.h"
#include "store_figures.h"
#include "store_usage.h"
#include "utf8.h"

#define BYTES_PER_TOKEN 4
/* Bounds of one transaction: whoever posts a message meanwhile waits for its lock. */
#define CLAIMS_PER_TICK 100
#define CLAIMS_MS 3

/* --- events --- */

static enum err
add_event(struct store *s, const struct reply *r, const struct tick *t, int64_t seq,
    const char *name, json_t *data)
{
	json_auto_t *owned = data;
	auto_char *text = owned != NULL ? json_text(owned) : NULL;
	struct outbox_event e = {
		.chat_no = r->job.chat_no,
		.message_id = r->job.message_id,
		.job_uid = r->job.uid,
		.seq = seq,
		.name = name,
		.data = text,
		.rid = r->job.rid[0] != '\0' ? r->job.rid : NULL,
		.created_ms = t->now_ms,
	};

	return store_outbox_add(s, &e);
}

/* --- the end of a reply --- */

/* How it ended: row of messages, row of jobs, and what stream_end says. */
struct ending {
	enum message_status status;
	enum job_end job;
	const char *reason, *finish_reason;
	enum ai_fail failure; /* AI_FAIL_NONE: no error event */
};

static struct ending
ending_of(const struct reply *r)
{
	if (r->is_stopped)
		return (struct ending){ MESSAGE_STOPPED, JOB_CANCELLED, "cancelled", "Cancelled",
			AI_FAIL_NONE };
	if (r->outcome.ok && (r->is_cut || r->outcome.finish == AI_FINISH_LENGTH))
		return (
		    struct ending){ MESSAGE_TRUNCATED, JOB_DONE, "length", "Length", AI_FAIL_NONE };
	if (r->outcome.ok)
		return (struct ending){ MESSAGE_COMPLETE, JOB_DONE, "stop", "Stop", AI_FAIL_NONE };
	if (r->outcome.failure.kind == AI_FAIL_BLOCKED)
		return (struct ending){ MESSAGE_BLOCKED, JOB_FAILED, "blocked", "ContentFilter",
			AI_FAIL_BLOCKED };
	return (
	    struct ending){ MESSAGE_ERROR, JOB_FAILED, "error", "Error", r->outcome.failure.kind };
}

static json_t *
end_data(const struct reply *r, const struct ending *end, size_t units)
{
	const struct ai_usage *u = &r->outcome.usage;

	return json_pack("{s:s, s:s, s:I, s:{s:I, s:I, s:I, s:I}}", "reason", end->reason,
	    "finish_reason", end->finish_reason, "length", (json_int_t)units, "usage",
	    "prompt_tokens", (json_int_t)u->prompt, "completion_tokens", (json_int_t)u->output,
	    "cache_read_input_tokens", (json_int_t)u->cached, "reasoning_tokens",
	    (json_int_t)u->thought);
}

static json_t *
error_data(enum ai_fail kind, const char *lang, int64_t retry_in_ms)
{
	json_t *data = json_pack("{s:s, s:s, s:b}", "error_type", ai_failure_type(kind), "message",
	    ai_failure_sentence(kind, lang), "recoverable", retry_in_ms >= 0);

	if (retry_in_ms >= 0)
		(void)json_object_set_new(data, "retry_in_ms", json_integer(retry_in_ms));
	return data;
}

/* seq is the last of those that the ending takes: the error's (if any), stream_end's,
 * MessageSent's. */
static enum err
write_ending(
    struct store *s, struct reply *r, const struct tick *t, const struct ending *end, int64_t seq)
{
	const char *notice = end->failure != AI_FAIL_NONE && r->text.len == 0
				 ? ai_failure_sentence(end->failure, r->lang)
				 : NULL;
	const struct ai_usage *u = &r->outcome.usage;
	struct reply_end e = {
		.message_id = r->job.message_id,
		.seq = seq,
		.now_ms = t->now_ms,
		.status = end->status,
		.content = notice != NULL    ? notice
			   : r->text.len > 0 ? r->text.data
					     : "",
		.content_len = notice != NULL ? strlen(notice) : r->text.len,
		.is_notice = notice != NULL,
		.error_type = end->failure != AI_FAIL_NONE ? ai_failure_type(end->failure) : NULL,
		.model = r->outcome.model[0] != '\0' ? r->outcome.model : NULL,
		.response_id = r->outcome.response_id[0] != '\0' ? r->outcome.response_id : NULL,
		.usage = { u->prompt, u->output, u->thought, u->cached, u->total },
	};
	size_t units = (size_t)r->stored_units;
	enum err err;

	if (r->text.len > r->stored)
		units += utf8_utf16_len(r->text.data + r->stored, r->text.len - r->stored);
	if ((err = store_reply_finish(s, &e)) != OK ||
	    (err = store_job_finish(
		 s, &r->job, t->owner, end->job, r->outcome.failure.message, t->now_ms)) != OK ||
	    (err = store_reply_ended(s, r->job.id, reply_first_ms(r), t->now_ms)) != OK)
		return err;
	killpoint("in-finish");
	if (end->failure != AI_FAIL_NONE && (err = add_event(s, r, t, seq - 2, EVENT_ERROR,
						 error_data(end->failure, r->lang, -1))) != OK)
		return err;
	if ((err = add_event(s, r, t, seq - 1, EVENT_STREAM_END, end_data(r, end, units))) != OK ||
	    (err = add_event(s, r, t, seq, EVENT_MESSAGE_SENT, NULL)) != OK)
		return err;
	return conversation_queue_moved(s, r->job.chat_no,
	    &(struct by){ .rid = r->job.rid[0] != '\0' ? r->job.rid : NULL, .now_ms = t->now_ms });
}

/* Back to the queue; the text that was shown goes when it is claimed again. */
static enum err
requeue(struct store *s, const struct reply *r, const struct job *counters, const struct tick *t,
    int64_t run_after_ms, int64_t seq)
{
	enum err e = store_job_requeue(
	    s, counters, t->owner, run_after_ms, r->outcome.failure.message, t->now_ms);

	if (e != OK)
		return e;
	return store_reply_status(s, r->job.message_id, MESSAGE_QUEUED, seq, t->now_ms);
}

static enum err
write_retry(struct store *s, const struct reply *r, const struct tick *t,
    const struct ai_retry *retry, int64_t seq)
{
	struct job j = r->job; /* a copy: the transaction may fail and be tried again */
	enum err e;

	j.connect_failures = retry->after.connect_failures;
	j.stream_failures = retry->after.stream_failures;
	j.crashes = retry->after.crashes;
	j.is_shortened = retry->after.was_shortened || retry->shorten;
	j.is_swapped = retry->swap_models;
	if ((e = requeue(s, r, &j, t, t->now_ms + retry->delay_ms, seq)) != OK ||
	    (e = store_reply_retried(s, ai_failure_type(r->outcome.failure.kind))) != OK)
		return e;
	return add_event(s, r, t, seq, EVENT_ERROR,
	    error_data(r->outcome.failure.kind, r->lang, retry->delay_ms));
}

static struct ai_retry
decide(const struct reply *r, const struct tick *t)
{
	struct ai_attempts before = { r->job.connect_failures, r->job.stream_failures,
		r->job.crashes, r->job.is_shortened };

	if (r->is_stopped || r->outcome.ok)
		return (struct ai_retry){ .again = false };
	return ai_retry_decide(&r->outcome.failure, r->outcome.phase, before, t->random);
}

/*
 * An attempt is over, also one that somebody stopped or took over: what it has cost, and what it
 * took of its owner's share. Where the provider did not say, about as much as the text.
 */
static enum err
account(struct store *s, const struct reply *r, const struct tick *t)
{
	struct ai_usage u = r->outcome.usage;
	char model[AI_MODEL_SIZE] = "";
	struct usage usage;
	enum err e;

	if (!r->is_started)
		return OK;
	(void)snprintf(model, sizeof model, "%s", r->outcome.model);
	if (r->transfer != NULL)
		ai_client_heard(r->transfer, &u, model);
	usage = (struct usage){ u.prompt, u.output, u.thought, u.cached, u.total };
	e = store_usage_add(
	    s, r->job.person_id, usage_day(t->now_ms), model[0] != '\0' ? model : t->model, &usage);
	if (e != OK)
		return e;
	return quota_spent(s, r->job.id,
	    u.total > 0 ? u.total : (int64_t)(r->text.len / BYTES_PER_TOKEN), t->now_ms);
}

/* --- one reply in one tick --- */

static enum err
write_delta(struct store *s, struct reply *r, int64_t seq)
{
	return store_delta_add(
	    s, r->job.message_id, seq, r->text.data + r->stored, r->text.len - r->stored);
}

/* New text, then the end if there is one. All its numbers are taken at once. */
static enum err
write_changes(struct store *s, struct reply *r, const struct tick *t)
{
	bool has_text = r->text.len > r->stored;
	bool leaves = t->is_leaving && !r->has_ended, is_over = r->has_ended || leaves;
	struct ending end = ending_of(r);
	struct ai_retry retry = decide(r, t);
	int64_t count = has_text, last = 0;
	enum err e;

	if (r->has_ended)
		count += retry.again ? 1 : end.failure != AI_FAIL_NONE ? 3 : 2;
	else if (leaves)
		count += 1;
	if (count == 0)
		return OK;
	/* Whoever closed the chat meanwhile closed this text as well. */
	if ((e = store_chat_seq_private(s, r->job.chat_no, count, is_over ? t->now_ms : 0, &last,
		 &r->chat_is_private)) != OK)
		return e;
	r->tick.prev = last - count;
	r->tick.seq = last - count + 1;
	r->tick.wrote_text = has_text;
	r->tick.is_over = is_over;
	if (has_text && r->stored == 0 && (e = store_reply_began(s, reply_first_ms(r))) != OK)
		return e;
	/* A text that ends here goes into the message itself. */
	if (has_text && (!r->has_ended || retry.again) &&
	    (e = write_delta(s, r, r->tick.seq)) != OK)
		return e;
	if ((leaves || r->has_ended) && (e = account(s, r, t)) != OK)
		return e;
	if (leaves)
		return requeue(s, r, &r->job, t, t->now_ms, last);
	if (!r->has_ended)
		return OK;
	return retry.again ? write_retry(s, r, t, &retry, last) : write_ending(s, r, t, &end, last);
}

static enum err
write_reply(struct store *s, struct reply *r, const struct tick *t)
{
	bool cancel = false;
	enum err e;

	memset(&r->tick, 0, sizeof r->tick);
	if (r->text.len == r->stored && !r->has_ended && !t->is_leaving && r->renew_ms > t->now_ms)
		return OK;
	e = store_job_check(s, &r->job, t->owner, &cancel);
	if (e == OK && r->renew_ms <= t->now_ms) {
		e = store_job_renew(s, &r->job, t->owner, t->now_ms);
		r->tick.renew_ms = t->now_ms + LIMIT_HEARTBEAT_MS;
	}
	if (e == ERR_CONFLICT) { /* stopped, or somebody else has it: no text of ours any more */
		r->is_lost = true;
		return account(s, r, t);
	}
	if (e != OK)
		return e;
	if (cancel && !r->has_ended)
		r->is_stopped = r->has_ended = true;
	return write_changes(s, r, t);
}

/* --- claiming --- */

static bool
note_uid(void *arg, const struct message *m)
{
	(void)snprintf(arg, ID_SIZE, "%s", m->uid);
	return true;
}

static bool
keep_text(void *arg, const struct message *m)
{
	struct reply *r = arg;

	if (buf_add(&r->text, m->content, m->content_len) != OK)
		return false;
	r->stored = r->text.len;
	r->stored_units = (int64_t)utf8_utf16_len(r->text.data, r->text.len);
	return true;
}

/* A job that has been given up already: stopped while it waited, or too many runners died of it. */
static enum err
end_at_claim(struct store *s, struct reply *r, const struct tick *t)
{
	struct ending end;
	int64_t seq;
	enum err e = store_message_get(s, r->job.message_id, keep_text, r);

	r->has_ended = true;
	r->is_stopped = r->job.cancel_requested;
	if (!r->is_stopped)
		r->outcome.failure = (struct ai_failure){ .kind = AI_FAIL_CRASHED,
			.message = "the process that ran it was killed too often" };
	end = ending_of(r);
	if (e != OK || (e = store_chat_seq(s, r->job.chat_no, 3, t->now_ms, &seq)) != OK)
		return e;
	return write_ending(s, r, t, &end, seq);
}

/* The reply starts, afresh if it had text before. */
static enum err
start_at_claim(struct store *s, struct reply *r, const struct tick *t)
{
	bool had_text = false;
	int64_t seq;
	enum err e = store_reply_clear(s, r->job.message_id, &had_text);

	if (e != OK ||
	    (e = store_chat_seq(s, r->job.chat_no, had_text ? 2 : 1, t->now_ms, &seq)) != OK ||
	    (e = store_reply_status(s, r->job.message_id, MESSAGE_STREAMING, seq, t->now_ms)) != OK)
		return e;
	if (had_text && (e = add_event(s, r, t, seq - 1, EVENT_MESSAGE_RESET,
			     json_pack("{s:i}", "attempt", r->job.attempt))) != OK)
		return e;
	return add_event(s, r, t, seq, EVENT_STREAM_START,
	    json_pack("{s:s, s:s, s:i}", "provider", t->provider, "model",
		r->model != NULL ? r->model : t->model, "attempt", r->job.attempt));
}

static enum err
open_reply(struct store *s, const struct job *job, struct tick *t)
{
	auto_chat chat = { 0 };
	char parent_uid[ID_SIZE] = "";
	struct reply *r;
	enum err e = store_chat_get(s, job->chat_no, &chat);

	if (e != OK || (e = store_message_get(s, job->parent_id, note_uid, parent_uid)) != OK)
		return e;
	r = reply_new(job, &chat, parent_uid);
	r->renew_ms = t->now_ms + LIMIT_HEARTBEAT_MS;
	/* what is claimed is the caller's to free, whatever comes */
	t->claimed[t->claimed_count++] = r;
	if (job->cancel_requested || job->crashes > LIMIT_CRASH_ATTEMPTS)
		return end_at_claim(s, r, t);
	return start_at_claim(s, r, t);
}

static enum err
claim(struct store *s, struct tick *t)
{
	size_t max = t->capacity < CLAIMS_PER_TICK ? t->capacity : CLAIMS_PER_TICK;
	int64_t until_ms = clock_mono_ms() + CLAIMS_MS;

	t->claimed = xcalloc(max + 1, sizeof(struct reply *));
	while (t->claimed_count < max) {
		struct job job;
		enum err e = store_job_take_over(s, t->owner, t->any_lease, t->now_ms, &job);

		if (e == ERR_NOT_FOUND)
			e = store_job_claim(s, t->owner, t->now_ms, &job);
		if (e == ERR_NOT_FOUND) {
			t->claimed_all = true;
			return OK;
		}
		if (e != OK || (e = open_reply(s, &job, t)) != OK)
			return e;
		if (clock_mono_ms() >= until_ms)
			break;
	}
	return OK;
}

/* A damaged index must not stop the replies. */
static enum err
do_chores(struct store *s, struct tick *t)
{
	enum err e = store_mark(s);

	if (e != OK)
		return e;
	if ((e = store_chores(s, t->now_ms, &t->more_chores)) == OK)
		return store_unmark(s);
	t->chores_failed = true;
	t->more_chores = false;
	return store_back(s) ? OK : e;
}

enum err
worker_tick(struct store *s, void *arg)
{
	struct tick *t = arg;
	enum err e = OK;

	if (t->clock_is_back)
		e = store_jobs_clock_back(s, t->back_ms, t->now_ms);
	for (size_t i = 0; i < t->taken_count && e == OK; i++)
		e = store_outbox_delete(s, t->taken[i]);
	for (size_t i = 0; i < t->count && e == OK; i++)
		e = write_reply(s, t->replies[i], t);
	killpoint("in-tick");
	if (e == OK && t->status != NULL)
		e = worker_status_save(s, t->status);
	if (e == OK && t->may_claim)
		e = claim(s, t);
	if (e == OK && t->may_claim && !t->skips_chores)
		e = do_chores(s, t);
	return e;
}
