#include "worker_tick.h"

#include "killpoint.h"
#include "store_chores.h"
#include "store_figures.h"
#include "worker_claim.h"
#include "worker_ending.h"

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
	struct ai_retry retry = ending_decide(r, t);
	int64_t count = has_text, last = 0;
	enum err e;

	if (r->has_ended)
		count += retry.again ? 1 : ending_events(&end);
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
	if ((leaves || r->has_ended) && (e = ending_account(s, r, t)) != OK)
		return e;
	if (leaves)
		return ending_requeue(s, r, t, last);
	if (!r->has_ended)
		return OK;
	return retry.again ? ending_retry(s, r, t, &retry, last)
			   : ending_write(s, r, t, &end, last);
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
		return ending_account(s, r, t);
	}
	if (e != OK)
		return e;
	if (cancel && !r->has_ended)
		r->is_stopped = r->has_ended = true;
	return write_changes(s, r, t);
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
		e = worker_claim(s, t);
	if (e == OK && t->may_claim && !t->skips_chores)
		e = do_chores(s, t);
	return e;
}
