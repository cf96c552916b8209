#include "worker_ending.h"

#include <stdio.h>

#include "conversation_queue.h"
#include "event_names.h"
#include "json.h"
#include "killpoint.h"
#include "quota.h"
#include "store_figures.h"
#include "store_usage.h"
#include "utf8.h"

#define BYTES_PER_TOKEN 4

enum err
ending_event(struct store *s, const struct reply *r, const struct tick *t, int64_t seq,
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

struct ending
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

int64_t
ending_events(const struct ending *end)
{
	return end->failure != AI_FAIL_NONE ? 3 : 2;
}

enum err
ending_write(
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
	if (end->failure != AI_FAIL_NONE && (err = ending_event(s, r, t, seq - 2, EVENT_ERROR,
						 error_data(end->failure, r->lang, -1))) != OK)
		return err;
	if ((err = ending_event(s, r, t, seq - 1, EVENT_STREAM_END, end_data(r, end, units))) !=
		OK ||
	    (err = ending_event(s, r, t, seq, EVENT_MESSAGE_SENT, NULL)) != OK)
		return err;
	return conversation_queue_moved(s, r->job.chat_no,
	    &(struct by){ .rid = r->job.rid[0] != '\0' ? r->job.rid : NULL, .now_ms = t->now_ms });
}

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

enum err
ending_requeue(struct store *s, const struct reply *r, const struct tick *t, int64_t seq)
{
	return requeue(s, r, &r->job, t, t->now_ms, seq);
}

enum err
ending_retry(struct store *s, const struct reply *r, const struct tick *t,
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
	return ending_event(s, r, t, seq, EVENT_ERROR,
	    error_data(r->outcome.failure.kind, r->lang, retry->delay_ms));
}

struct ai_retry
ending_decide(const struct reply *r, const struct tick *t)
{
	struct ai_attempts before = { r->job.connect_failures, r->job.stream_failures,
		r->job.crashes, r->job.is_shortened };

	if (r->is_stopped || r->outcome.ok)
		return (struct ai_retry){ .again = false };
	return ai_retry_decide(&r->outcome.failure, r->outcome.phase, before, t->random);
}

enum err
ending_account(struct store *s, const struct reply *r, const struct tick *t)
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
