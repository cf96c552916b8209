/* The bytes of one attempt: text to the sink, the rest to the verdict. */
#include "ai_client_priv.h"

#include "limit.h"
#include "log.h"

static bool
is_good(int status)
{
	return status >= 200 && status < 300;
}

void
ai_reply_release(struct ai_reply *reply)
{
	sse_free(&reply->sse);
	buf_free(&reply->raw);
	buf_free(&reply->text);
}

void
ai_reply_reset(struct ai_reply *reply)
{
	ai_reply_release(reply);
	sse_init(&reply->sse, LIMIT_AI_EVENT_BYTES, LIMIT_AI_BODY_BYTES);
	reply->raw = BUF_INIT(LIMIT_AI_BODY_BYTES);
	reply->text = BUF_INIT(LIMIT_AI_EVENT_BYTES);
	reply->answer = (struct ai_answer){ 0 };
}

void
ai_reply_fail(struct ai_reply *reply, enum ai_fail kind, int http_status, const char *text)
{
	ai_failure_set(&reply->answer.failure, kind, http_status, "%s", text);
}

/* --- text ------------------------------------------------------------------------------------ */

/* ERR_CONFLICT: the sink cancelled this very reply. */
static enum err
tell_text(struct ai_reply *r)
{
	if (r->text.len == 0)
		return OK;
	r->had_text = true;
	r->is_busy = true;
	r->sink->on_text(r->arg, r->text.data, r->text.len);
	r->is_busy = false;
	buf_clear(&r->text);
	return r->is_cancelled ? ERR_CONFLICT : OK;
}

/* Reading goes on after these: the usage may come later. */
static bool
is_model_verdict(enum ai_fail kind)
{
	return kind == AI_FAIL_NONE || kind == AI_FAIL_BLOCKED || kind == AI_FAIL_MALFORMED;
}

static enum err
on_answer(struct ai_reply *r, enum err e)
{
	if (e == OK && !is_model_verdict(r->answer.failure.kind))
		e = ERR_UPSTREAM;
	if (e == OK || e == ERR_UPSTREAM) {
		enum err told = tell_text(r);

		return told == OK ? e : told;
	}
	return e;
}

static enum err
on_event(void *arg, const char *data, size_t n)
{
	struct ai_reply *r = arg;

	return on_answer(r, r->client->provider->on_event(data, n, &r->text, &r->answer));
}

static enum err
on_whole_body(struct ai_reply *r, const char *p, size_t n)
{
	return on_answer(r, r->client->provider->on_unary(p, n, &r->text, &r->answer));
}

/* --- bytes ----------------------------------------------------------------------------------- */

static enum err
add_raw(struct ai_reply *r, int status, const char *p, size_t n)
{
	size_t room = LIMIT_AI_ERROR_BYTES - r->raw.len;

	if (is_good(status))
		return buf_add(&r->raw, p, n);
	return buf_add(&r->raw, p, n < room ? n : room); /* the rest of an error says no more */
}

/* Ends the reply from within on_bytes: the transfer is dropped by what that returns. */
static enum err
end_early(struct ai_reply *r, enum err e)
{
	r->transfer = NULL;
	if (r->is_cancelled) {
		ai_reply_free(r);
		return e;
	}
	if (r->answer.failure.kind == AI_FAIL_NONE)
		ai_reply_fail(r, AI_FAIL_PROTOCOL, 200, "the answer is larger than it may be");
	if (r->had_text)
		ai_reply_end(r);
	else
		ai_reply_walk(r);
	return e;
}

static enum err
on_bytes(void *arg, int status, const char *p, size_t n)
{
	struct ai_reply *r = arg;
	enum err e;

	if (is_good(status) && !r->is_unary)
		e = sse_feed(&r->sse, p, n, on_event, r);
	else
		e = add_raw(r, status, p, n);
	return e == OK ? OK : end_early(r, e);
}

/* --- the end of the transfer ----------------------------------------------------------------- */

static const enum ai_fail fail_of_end[] = {
	[AI_HTTP_DONE] = AI_FAIL_NONE,
	[AI_HTTP_TIMEOUT] = AI_FAIL_TIMEOUT,
	[AI_HTTP_NETWORK] = AI_FAIL_NETWORK,
	[AI_HTTP_GARBAGE] = AI_FAIL_PROTOCOL,
	[AI_HTTP_TOO_BIG] = AI_FAIL_PROTOCOL,
};

/*
 * What was no event: the whole answer as plain JSON, if there were no events at all (a peer
 * without a stream route; the next reply asks it for the unary one at once), else perhaps an
 * error object at the end of the stream.
 */
static enum err
read_stray(struct ai_reply *r)
{
	const struct buf *stray = &r->sse.stray;
	struct ai_answer kept = r->answer;
	enum err e;

	if (stray->len == 0)
		return OK;
	e = on_whole_body(r, stray->data, stray->len);
	if (r->sse.event_count == 0) {
		if (e == OK && !r->client->is_unary) {
			log_warn("the AI provider answers whole: no more asking for a stream");
			r->client->is_unary = true;
		}
		return e;
	}
	if (e != ERR_INVALID && e != ERR_LIMIT)
		return e;
	r->answer = kept;
	return OK;
}

static enum err
read_rest(struct ai_reply *r)
{
	enum err e;

	if (r->is_unary) {
		e = on_whole_body(r, r->raw.data != NULL ? r->raw.data : "", r->raw.len);
		if (e == OK && !r->client->is_unary) {
			log_warn("the AI provider has no stream route: answers come whole");
			r->client->is_unary = true;
		}
		return e;
	}
	e = sse_finish(&r->sse, on_event, r);
	return e == OK ? read_stray(r) : e;
}

static void
judge(struct ai_reply *r, const struct ai_http_result *result)
{
	struct ai_failure *f = &r->answer.failure;
	enum ai_fail kind;

	if (result->status != 0 && !is_good(result->status)) {
		r->client->provider->classify_error(
		    result->status, r->raw.data != NULL ? r->raw.data : "", r->raw.len, f);
		if (f->retry_after_ms == 0)
			f->retry_after_ms = result->retry_after_ms;
		return;
	}
	kind = fail_of_end[result->end];
	if (kind != AI_FAIL_NONE) {
		ai_reply_fail(r, kind, result->status, result->detail);
		return;
	}
	if (f->kind != AI_FAIL_NONE)
		return;
	kind = ai_retry_judge(r->answer.finish, r->had_text);
	if (kind != AI_FAIL_NONE)
		ai_reply_fail(r, kind, result->status,
		    kind == AI_FAIL_EMPTY ? "finished without text" : "ended without a finish");
}

static void
on_done(void *arg, const struct ai_http_result *result)
{
	struct ai_reply *r = arg;

	r->transfer = NULL;
	if (result->end == AI_HTTP_DONE && is_good(result->status))
		(void)read_rest(r); /* what is wrong with it stands in answer.failure */
	if (r->is_cancelled) {
		ai_reply_free(r);
		return;
	}
	judge(r, result);
	if (r->answer.failure.kind == AI_FAIL_NONE)
		ai_reply_note_model(r);
	if (r->answer.failure.kind == AI_FAIL_NONE || r->had_text)
		ai_reply_end(r);
	else
		ai_reply_walk(r);
}

const struct ai_http_handler ai_reply_handler = { on_bytes, on_done };
