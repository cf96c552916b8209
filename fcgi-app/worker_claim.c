#include "worker_claim.h"

#include <stdio.h>

#include "clock.h"
#include "event_names.h"
#include "utf8.h"
#include "worker_ending.h"

/* Bounds of one transaction: whoever posts a message meanwhile waits for its lock. */
#define CLAIMS_PER_TICK 100
#define CLAIMS_MS 3

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
	if (e != OK ||
	    (e = store_chat_seq(s, r->job.chat_no, ending_events(&end), t->now_ms, &seq)) != OK)
		return e;
	return ending_write(s, r, t, &end, seq);
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
	if (had_text && (e = ending_event(s, r, t, seq - 1, EVENT_MESSAGE_RESET,
			     json_pack("{s:i}", "attempt", r->job.attempt))) != OK)
		return e;
	return ending_event(s, r, t, seq, EVENT_STREAM_START,
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

enum err
worker_claim(struct store *s, struct tick *t)
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
