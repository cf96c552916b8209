/*
 * GET /api/usage?days=: what the caller asked of the provider and spent, by day (UTC) and model.
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

void
api_usage(struct app *a, const struct http_request *q, struct http_response *r)
{
	bool is_known = identity_is_known(q->caller);
	bool is_site = !is_known && q->caller->is_at_home;
	const char *who = is_site ? NULL : q->caller->id;
	json_auto_t *days = json_array();
	struct list l = { .days = days };
	int64_t today = usage_day(clock_wall_ms()), wanted, requests = 0, tokens = 0;
	enum err e = OK;

	if (!http_query_number(q->query, "days", LIMIT_USAGE_DAYS, DAYS_DEFAULT, &wanted)) {
		http_problem(r, 400, "bad_query", "days is a number from 1 to 366.", q->rid);
		return;
	}
	if ((is_known || is_site) &&
	    (e = store_usage_of_day(a->reader, who, today, &requests, &tokens)) == OK)
		e = store_usage_list(a->reader, who, today - wanted + 1, add_row, &l);
	if (e != OK || l.failed) {
		http_error(r, e != OK ? e : ERR_IO, q->rid);
		return;
	}
	http_json(r, 200,
	    json_pack("{s:s, s:{s:o, s:I, s:I}, s:O}", "scope", is_site ? "site" : "me", "today",
		"day", usage_day_json(today), "requests", (json_int_t)requests, "totalTokens",
		(json_int_t)tokens, "days", days));
}
