#include "gate.h"

#include <stdatomic.h>
#include <stdio.h>

#include "clock.h"
#include "json.h"
#include "log.h"
#include "operator_access.h"
#include "quota.h"
#include "refusal.h"

void
gate_free(struct gate *g)
{
	chat_free(&g->chat);
}

static void
refuse_stranger(const struct http_request *q, struct http_response *r)
{
	refusal_answer(q, r, 401, "sign_in", "Please sign in first.", "no identity");
	http_set_header(r, "WWW-Authenticate", "Bearer realm=\"charla\"");
}

/* Who shows a credential that does not hold is told, not taken for a stranger. */
static void
refuse_credential(const struct http_request *q, const char *why, struct http_response *r)
{
	refusal_answer(q, r, 401, "invalid_token",
	    "The token is not valid, or not any more. Please sign in again.", why);
	http_set_header(r, "WWW-Authenticate", "Bearer realm=\"charla\", error=\"invalid_token\"");
}

void
gate_refuse_chat(struct app *a, const struct http_request *q, struct http_response *r)
{
	if (!identity_is_known(q->caller) && !a->config->allow_open_chats)
		refuse_stranger(q, r);
	else
		refusal_answer(q, r, 404, "not_found", "There is no such chat.",
		    "no such chat for this caller");
}

void
gate_refuse_quota(struct app *a, const struct http_request *q, struct http_response *r)
{
	static const struct {
		const char *code, *detail, *reason;
	} texts[] = {
		[QUOTA_REPLIES] = { "too_many_replies",
		    "Too many answers are running at once. Please wait for one of them.",
		    "replies at once" },
		[QUOTA_TOKENS] = { "daily_tokens",
		    "Today's share of the model is used up. It starts again at midnight UTC.",
		    "tokens a day" },
		[QUOTA_SITE] = { "site_budget",
		    "This site's budget for today is used up. It starts again at midnight UTC.",
		    "budget of the site" },
	};
	enum quota which = QUOTA_LEFT;
	int64_t now_ms = clock_wall_ms(), day_left_ms = QUOTA_DAY_MS - now_ms % QUOTA_DAY_MS;
	char seconds[24];

	if (quota_tokens_used_up(a->reader, q->caller, now_ms, &which) != OK || which == QUOTA_LEFT)
		which = QUOTA_REPLIES; /* or it has changed since: then soon enough again */
	refusal_answer(q, r, 429, texts[which].code, texts[which].detail, texts[which].reason);
	(void)snprintf(seconds, sizeof seconds, "%lld",
	    which == QUOTA_REPLIES ? 5LL : (long long)((day_left_ms + 999) / 1000));
	http_set_header(r, "Retry-After", seconds);
}

bool
gate_is_same_site(const struct http_request *q, struct http_response *r)
{
	if (!q->caller->is_cross_site)
		return true;
	refusal_answer(q, r, 403, "cross_site", "This cannot be done from another site.",
	    "cross-site request");
	return false;
}

/* --- how often --- */

static size_t
add_key(struct rate *keys, size_t n, const char *kind, const char *who, long limit)
{
	if (limit <= 0)
		return n;
	(void)snprintf(keys[n].key, sizeof keys[n].key, "%s:%s", kind, who);
	keys[n].limit = limit;
	return n + 1;
}

static void
refuse_rate(const struct http_request *q, const struct rate_result *rate, struct http_response *r)
{
	char seconds[24];

	refusal_answer(
	    q, r, 429, "rate_limited", "Too many requests. Please slow down.", "requests a minute");
	(void)snprintf(seconds, sizeof seconds, "%lld", (long long)(rate->wait_ms + 999) / 1000);
	http_set_header(r, "Retry-After", seconds);
	(void)snprintf(seconds, sizeof seconds, "%lld",
	    (long long)((clock_wall_ms() + rate->wait_ms + 999) / 1000));
	http_set_header(r, "X-RateLimit-Reset", seconds);
}

/* False: too often, and answered. When nothing can be counted nobody is turned away for it. */
static bool
rate_is_kept(struct app *a, const struct http_request *q, int flags, struct http_response *r)
{
	static atomic_int last; /* enum err: a full disk is told once, not with every request */
	bool reads = q->method == HTTP_GET || q->method == HTTP_HEAD || (flags & GATE_READ);
	const struct quotas *quotas = &q->caller->quotas;
	long limit = reads ? quotas->reads : quotas->requests;
	struct rate_result rate;
	struct rate keys[2];
	size_t n = add_key(keys, 0, reads ? "ra" : "wa", q->caller->address, limit);
	char number[24];
	enum err e;

	if (identity_is_known(q->caller))
		n = add_key(keys, n, reads ? "ri" : "wi", q->caller->id, limit);
	if (n == 0 || a->rates == NULL)
		return true;
	e = rates_take(a->rates, keys, n, clock_mono_ms(), &rate);
	if (atomic_exchange(&last, (int)e) != (int)e)
		log_warn("requests %s error=%d",
		    e == OK ? "are counted again" : "cannot be counted", (int)e);
	if (e != OK)
		return true;
	if (!rate.is_allowed)
		refuse_rate(q, &rate, r);
	(void)snprintf(number, sizeof number, "%ld", rate.limit);
	http_set_header(r, "X-RateLimit-Limit", number);
	(void)snprintf(number, sizeof number, "%ld", rate.remaining);
	http_set_header(r, "X-RateLimit-Remaining", number);
	return rate.is_allowed;
}

/* --- bodies --- */

static bool
is_type(const char *type, const char *wanted)
{
	size_t n = type != NULL ? strcspn(type, "; ") : 0;

	return n == strlen(wanted) && strncasecmp(type, wanted, n) == 0;
}

static bool
is_json_type(const char *type)
{
	size_t n = type != NULL ? strcspn(type, "; ") : 0;

	return is_type(type, "application/json") ||
	       (n > 5 && strncasecmp(type + n - 5, "+json", 5) == 0);
}

bool
gate_is_form(const struct http_request *q)
{
	return is_type(q->header[HTTP_CONTENT_TYPE], "application/x-www-form-urlencoded");
}

bool
gate_body_came(const struct http_request *q, struct http_response *r)
{
	if (q->body_error == ERR_LIMIT)
		refusal_answer(q, r, 413, "body_too_large",
		    "The body is larger than this address takes.", "body too large");
	else if (q->body_error == ERR_BUSY)
		refusal_answer(
		    q, r, 408, "body_too_slow", "The body came too slowly.", "slow body");
	else if (q->body_error != OK)
		refusal_answer(
		    q, r, 400, "body_incomplete", "The body ended too early.", "body cut short");
	return q->body_error == OK;
}

bool
gate_json_body(const struct http_request *q, json_t **out_root, struct http_response *r)
{
	char why[160], detail[200];
	enum err e;

	if (!gate_body_came(q, r))
		return false;
	if (!is_json_type(q->header[HTTP_CONTENT_TYPE])) {
		http_problem(
		    r, 415, "not_json", "Send JSON with Content-Type: application/json.", q->rid);
		return false;
	}
	e = json_parse(q->body, q->body_len, LIMIT_JSON_DEPTH, true, out_root, why, sizeof why);
	if (e == OK)
		return true;
	(void)snprintf(detail, sizeof detail, "The body is not JSON that we take: %s.", why);
	http_problem(r, 400, e == ERR_LIMIT ? "json_too_deep" : "malformed_json", detail, q->rid);
	return false;
}

/*
 * What a browser sends along by itself (cookie, the web server's login) counts only on requests
 * that another site's form cannot make: identity.c ignores it on cross-site requests, and here a
 * body must be JSON, which no form sends.
 */
static bool
body_type_is_safe(const struct http_request *q, int flags, struct http_response *r)
{
	const char *type = q->header[HTTP_CONTENT_TYPE];
	bool is_ambient =
	    q->caller->kind == IDENTITY_SESSION || q->caller->kind == IDENTITY_REMOTE_USER;
	bool has_type = type != NULL && *type != '\0';

	if (!is_ambient || q->method == HTTP_GET || q->method == HTTP_HEAD ||
	    (!has_type && q->body_len == 0) || is_json_type(type) ||
	    ((flags & GATE_FORM) && gate_is_form(q)))
		return true;
	refusal_answer(q, r, 415, "not_json", "Send JSON with Content-Type: application/json.",
	    "content type of a form");
	return false;
}

/* --- the chat in the path --- */

static bool
chat_is_theirs(struct app *a, struct http_request *q, enum access_need need, struct gate *g,
    struct http_response *r)
{
	char id[LIMIT_CHAT_ID_LEN + 1] = "";
	enum access access = ACCESS_NONE;
	enum err e = ERR_NOT_FOUND;

	if (q->param != NULL && id_is_pusher_name(q->param, q->param_len, LIMIT_CHAT_ID_LEN)) {
		memcpy(id, q->param, q->param_len);
		id[q->param_len] = '\0';
		e = access_find(a->reader, a->config, q->caller, id, &g->chat, &access);
	}
	if (e == OK && access_suffices(access, need, &g->chat)) {
		q->chat = &g->chat;
		q->access = (int)access;
		return true;
	}
	if (e == OK) /* a reader of it, who knows that it is there */
		refusal_answer(q, r, 403, "not_owner", "Only the owner of the chat can do that.",
		    "not the owner");
	else if (e == ERR_NOT_FOUND && access_may_open(a->config, id))
		http_problem(r, 404, "not_found", "There is no such chat.", q->rid); /* not yet */
	else if (e == ERR_NOT_FOUND)
		gate_refuse_chat(a, q, r);
	else
		http_error(r, e, q->rid);
	return false;
}

static bool
need_is_met(struct app *a, struct http_request *q, enum access_need need, struct gate *g,
    struct http_response *r)
{
	switch (need) {
	case NEED_CHAT:
	case NEED_CHAT_MANAGE:
	case NEED_CHAT_OWNER: return chat_is_theirs(a, q, need, g, r);
	case NEED_OPERATOR: return operator_pass(a, q, r);
	case NEED_IDENTITY:
		if (identity_is_known(q->caller))
			return true;
		break;
	case NEED_OPEN_OR_IDENTITY:
		if (identity_is_known(q->caller) || a->config->allow_open_chats)
			return true;
		break;
	default: return true;
	}
	refuse_stranger(q, r);
	return false;
}

bool
gate_pass(struct app *a, struct http_request *q, enum access_need need, int flags, struct gate *g,
    struct http_response *r)
{
	const char *why = NULL;
	enum err e = OK;

	q->caller = &g->caller;
	if (need == NEED_NOTHING)
		return true;
	if (need == NEED_OPERATOR) /* what Authorization says here is no person's */
		identity_place(a, q, &g->caller);
	else
		e = identity_resolve(a, q, &g->caller, &why);
	if ((e == OK || e == ERR_INVALID) && !rate_is_kept(a, q, flags, r))
		return false;
	if (e == ERR_INVALID)
		refuse_credential(q, why, r);
	else if (e != OK)
		http_error(r, e, q->rid);
	return e == OK && body_type_is_safe(q, flags, r) && need_is_met(a, q, need, g, r);
}
