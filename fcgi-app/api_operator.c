/*
 * GET /api/operator: the part of the dashboard that is about chats and AI. Never a message's text,
 * never a chat's id; a rid finds the rest in the logs.
 *
 *   { jobs, waiting, worker, push, note, demo, model, totals: {chats, people, messages, bytes},
 *     today: {day, requests, totalTokens, limit}, days: [{day, requests, totalTokens}], replies:
 *     {status: n}, errors: {type: n}, retries, firstTokenMs: {p50, p95}, replyMs: {p50, p95},
 *     slowest: [{rid, model, status, errorType, attempts, firstTokenMs, tookMs, tokens, endedAt}] }
 *
 * replies, errors and all that follow are about the last 24 hours, of at most LIMIT_REPLIES_LOGGED
 * replies; logged says how many that were. limit: of the site, 0 none. retries: attempts beyond the
 * first.
 */
#include "app.h"

#include "clock.h"
#include "identity.h"
#include "json.h"
#include "message_json.h"
#include "store_figures.h"
#include "store_usage.h"
#include "worker_start.h"
#include "worker_status.h"

#define WINDOW_MS (24LL * 3600 * 1000)
#define SLOWEST 10
#define DAYS 30

/* --- the log of replies --- */

struct slow {
	int64_t took_ms;
	json_t *row; /* owned */
};

struct log {
	json_t *replies, *errors;
	int64_t retries;
	size_t count, first_count;
	int64_t took[LIMIT_REPLIES_LOGGED], first[LIMIT_REPLIES_LOGGED];
	struct slow slowest[SLOWEST + 1]; /* falling */
	size_t slow_count;
};

static void
add_one(json_t *counts, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(counts, key));

	(void)json_object_set_new(counts, key, json_integer(n + 1));
}

static json_t *
span_json(int64_t ms)
{
	return ms < 0 ? json_null() : json_integer(ms);
}

static json_t *
row_json(const struct reply_ended *r)
{
	char at[CLOCK_RFC3339_SIZE];

	return json_pack("{s:s?, s:s, s:s, s:s?, s:i, s:o, s:I, s:I, s:s}", "rid", r->rid, "model",
	    r->model, "status", r->status, "errorType", r->error_type, "attempts", r->attempts,
	    "firstTokenMs", span_json(r->first_ms), "tookMs", (json_int_t)r->took_ms, "tokens",
	    (json_int_t)r->tokens, "endedAt", clock_rfc3339(r->ended_ms, at));
}

static void
keep_if_slow(struct log *l, const struct reply_ended *r)
{
	size_t at = l->slow_count;

	while (at > 0 && l->slowest[at - 1].took_ms < r->took_ms)
		at--;
	if (at == SLOWEST)
		return;
	memmove(&l->slowest[at + 1], &l->slowest[at], (l->slow_count - at) * sizeof *l->slowest);
	l->slowest[at] = (struct slow){ r->took_ms, row_json(r) };
	if (++l->slow_count > SLOWEST)
		json_decref(l->slowest[--l->slow_count].row);
}

static bool
note_reply(void *arg, const struct reply_ended *r)
{
	struct log *l = arg;

	add_one(l->replies, r->status);
	if (r->error_type != NULL)
		add_one(l->errors, r->error_type);
	l->retries += r->attempts > 1 ? r->attempts - 1 : 0;
	if (r->first_ms >= 0)
		l->first[l->first_count++] = r->first_ms;
	l->took[l->count++] = r->took_ms;
	keep_if_slow(l, r);
	return l->count < LIMIT_REPLIES_LOGGED;
}

static int
by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The smallest value that so many of a hundred do not exceed. */
static json_t *
percentile(const int64_t *sorted, size_t n, size_t of_hundred)
{
	return n == 0 ? json_null() : json_integer(sorted[(n * of_hundred + 99) / 100 - 1]);
}

static json_t *
percentiles(int64_t *values, size_t n)
{
	qsort(values, n, sizeof *values, by_value);
	return json_pack(
	    "{s:o, s:o}", "p50", percentile(values, n, 50), "p95", percentile(values, n, 95));
}

static enum err
add_log(struct store *reader, json_t *out, int64_t now_ms)
{
	struct log *l = xcalloc(1, sizeof *l);
	json_t *slowest = json_array();
	enum err e;

	l->replies = json_object();
	l->errors = json_object();
	e = store_replies_ended(reader, now_ms - WINDOW_MS, note_reply, l);
	for (size_t i = 0; i < l->slow_count; i++)
		(void)json_array_append_new(slowest, l->slowest[i].row);
	(void)json_object_update_new(
	    out, json_pack("{s:I, s:o, s:o, s:I, s:o, s:o, s:o}", "logged", (json_int_t)l->count,
		     "replies", l->replies, "errors", l->errors, "retries", (json_int_t)l->retries,
		     "firstTokenMs", percentiles(l->first, l->first_count), "replyMs",
		     percentiles(l->took, l->count), "slowest", slowest));
	free(l);
	return e;
}

/* --- what was spent --- */

struct days {
	json_t *list;
	int64_t day, requests, tokens; /* the day that is being summed up */
	int64_t today, requests_today, tokens_today;
};

static void
end_day(struct days *d)
{
	if (d->day == d->today) {
		d->requests_today = d->requests;
		d->tokens_today = d->tokens;
	}
	if (d->requests > 0)
		(void)json_array_append_new(
		    d->list, json_pack("{s:o, s:I, s:I}", "day", usage_day_json(d->day), "requests",
				 (json_int_t)d->requests, "totalTokens", (json_int_t)d->tokens));
	d->requests = d->tokens = 0;
}

/* By day, newest first, one row a model. */
static bool
add_usage(void *arg, const struct usage_row *row)
{
	struct days *d = arg;

	if (row->day != d->day)
		end_day(d);
	d->day = row->day;
	d->requests += row->requests;
	d->tokens += row->usage.total;
	return true;
}

static enum err
add_days(const struct app *a, const struct http_request *q, json_t *out, int64_t now_ms)
{
	struct days d = { .list = json_array(), .today = usage_day(now_ms) };
	enum err e = store_usage_list(a->reader, NULL, d.today - DAYS + 1, add_usage, &d);

	end_day(&d);
	(void)json_object_update_new(out,
	    json_pack("{s:{s:o, s:I, s:I, s:I}, s:o}", "today", "day", usage_day_json(d.today),
		"requests", (json_int_t)d.requests_today, "totalTokens", (json_int_t)d.tokens_today,
		"limit", (json_int_t)q->caller->quotas.tokens_site, "days", d.list));
	return e;
}

/* --- what stands now --- */

static enum err
add_now(const struct app *a, json_t *out)
{
	json_auto_t *status = worker_status_load(a->reader);
	const char *push = json_member_string(status, "push");
	const char *note = json_member_string(status, "note");
	struct job_counts jobs = { 0 };
	struct store_gauges g = { 0 };
	enum err e = store_jobs_count(a->reader, &jobs);

	if (e == OK)
		e = store_gauges_get(a->reader, &g);
	(void)json_object_update_new(out,
	    json_pack("{s:{s:I, s:I, s:I}, s:{s:I, s:I}, s:b, s:s, s:s, s:b, s:s,"
		      " s:{s:I, s:I, s:I, s:I}}",
		"jobs", "queued", (json_int_t)jobs.queued, "running", (json_int_t)jobs.running,
		"failed", (json_int_t)jobs.failed, "waiting", "events", (json_int_t)g.outbox,
		"index", (json_int_t)g.index_queue, "worker", worker_is_running(a->config), "push",
		push != NULL ? push : push_state_name(PUSH_UNKNOWN), "note",
		note != NULL ? note : "", "demo", a->config->is_demo, "model", a->config->ai_model,
		"totals", "chats", (json_int_t)g.chats, "people", (json_int_t)g.people, "messages",
		(json_int_t)g.messages_made, "bytes", (json_int_t)g.bytes));
	return e;
}

void
api_operator(struct app *a, const struct http_request *q, struct http_response *r)
{
	int64_t now_ms = clock_wall_ms();
	json_t *out = json_object();
	enum err e = add_now(a, out);

	if (e == OK)
		e = add_days(a, q, out, now_ms);
	if (e == OK)
		e = add_log(a->reader, out, now_ms);
	if (e == OK) {
		http_json(r, 200, out);
		return;
	}
	json_decref(out);
	http_error(r, e, q->rid);
}
