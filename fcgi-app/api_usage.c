/*
 * GET /api/usage?days=: what the caller asked of the provider and spent, by day (UTC) and model,
 * and what limits leave them.
 *
 * A stranger has no account: on a site in local mode, where the only person is the one at this
 * machine, they see the whole site's; elsewhere nothing.
 */
#include "app.h"

#include <time.h>

#include "clock.h"
#include "identity.h"
#include "json.h"
#include "message_json.h"
#include "quota.h"
#include "store_usage.h"

#define DAYS_DEFAULT 30

struct list {
	json_t *days; /* borrowed from the answer */
	bool failed;
};

static bool
add_row(void *arg, const struct usage_row *row)
{
	struct list *l = arg;
	const struct usage *u = &row->usage;

	l->failed |= json_array_append_new(l->days,
			 json_pack("{s:o, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "day",
			     usage_day_json(row->day), "model", row->model, "requests",
			     (json_int_t)row->requests, "promptTokens", (json_int_t)u->prompt,
			     "completionTokens", (json_int_t)u->output, "reasoningTokens",
			     (json_int_t)u->thought, "cachedTokens", (json_int_t)u->cached,
			     "totalTokens", (json_int_t)u->total)) != 0;
	return !l->failed;
}

static json_t *
number_or_null(int64_t n)
{
	return n > 0 ? json_integer(n) : json_null();
}

/* What this caller may use, and what is left of it. null: no limit. NULL: it cannot be read. */
static json_t *
limits_json(struct app *a, const struct identity *who, int64_t now_ms)
{
	const struct quotas *q = &who->quotas;
	char resets[CLOCK_RFC3339_SIZE];
	int64_t limit, left;

	if (quota_tokens_left(a->reader, who, now_ms, &limit, &left) != OK)
		return NULL;
	return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o}", "tokensPerDay", number_or_null(limit),
	    "tokensLeft", left >= 0 ? json_integer(left) : json_null(), "resetsAt",
	    clock_rfc3339((usage_day(now_ms) + 1) * USAGE_DAY_MS, resets), "repliesAtOnce",
	    number_or_null(
		identity_is_known(who) && q->replies > 0 ? q->replies : q->replies_address),
	    "requestsPerMinute", number_or_null(q->requests), "readsPerMinute",
	    number_or_null(q->reads));
}

void
api_usage(struct app *a, const struct http_request *q, struct http_response *r)
{
	bool is_known = identity_is_known(q->caller);
	bool is_site = !is_known && q->caller->is_at_home;
	const char *who = is_site ? NULL : q->caller->id;
	json_auto_t *days = json_array();
	struct list l = { .days = days };
	int64_t now_ms = clock_wall_ms(), today = usage_day(now_ms);
	int64_t wanted, requests = 0, tokens = 0;
	json_auto_t *limits = NULL;
	enum err e = OK;

	if (!http_query_number(q->query, "days", LIMIT_USAGE_DAYS, DAYS_DEFAULT, &wanted) ||
	    wanted < 1) {
		http_problem(r, 400, "bad_query", "days is a number from 1 to 366.", q->rid);
		return;
	}
	if ((is_known || is_site) &&
	    (e = store_usage_of_day(a->reader, who, today, &requests, &tokens)) == OK)
		e = store_usage_list(a->reader, who, today - wanted + 1, add_row, &l);
	if (e == OK)
		limits = limits_json(a, q->caller, now_ms);
	if (e != OK || l.failed || limits == NULL) {
		http_error(r, e != OK ? e : ERR_IO, q->rid);
		return;
	}
	http_json(r, 200,
	    json_pack("{s:s, s:{s:o, s:I, s:I}, s:O, s:O}", "scope", is_site ? "site" : "me",
		"today", "day", usage_day_json(today), "requests", (json_int_t)requests,
		"totalTokens", (json_int_t)tokens, "limits", limits, "days", days));
}
