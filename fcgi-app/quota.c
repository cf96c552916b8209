#include "quota.h"

#include <stdio.h>

#include "clock.h"
#include "gate.h"
#include "store_access.h"

#define DAY_MS 86400000LL

/* What counts where nothing is set. */
#define REQUESTS 60 /* as in Laravel */
#define READS 600   /* a page that polls each second, in several tabs */
#define REPLIES 2
#define REPLIES_ADDRESS 8
#define TOKENS 200000
#define TOKENS_ADDRESS 1000000
#define TOKENS_SITE 5000000

void
quotas_of(const struct config *c, bool is_at_home, struct quotas *out)
{
	const struct {
		long set, fallback;
		long *out;
	} rows[] = {
		{ c->rate_limit, REQUESTS, &out->requests },
		{ c->rate_limit_reads, READS, &out->reads },
		{ c->replies_at_once, REPLIES, &out->replies },
		{ c->replies_at_once_address, REPLIES_ADDRESS, &out->replies_address },
		{ c->tokens_per_day, TOKENS, &out->tokens },
		{ c->tokens_per_day_address, TOKENS_ADDRESS, &out->tokens_address },
		{ c->tokens_per_day_site, TOKENS_SITE, &out->tokens_site },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		*rows[i].out = rows[i].set >= 0 ? rows[i].set : is_at_home ? 0 : rows[i].fallback;
}

enum quota { QUOTA_LEFT, QUOTA_REPLIES, QUOTA_TOKENS, QUOTA_SITE };

/* One bound: what is used of it, when there is a limit at all. */
static enum err
is_used_up(enum err e, int64_t used, long limit, enum quota which, enum quota *out)
{
	if (e == OK && used >= limit)
		*out = which;
	return e;
}

static void
address_key(const struct identity *who, char out[CLIENT_ADDRESS_SIZE + 2])
{
	(void)snprintf(out, CLIENT_ADDRESS_SIZE + 2, "a:%s", who->address);
}

struct token_limit {
	long limit; /* a day; 0: none */
	const char *who;
	enum quota which;
};

/* Those of a person, an address and the site. address: the key's room. */
static void
token_limits(
    const struct identity *who, char address[CLIENT_ADDRESS_SIZE + 2], struct token_limit out[3])
{
	const struct quotas *q = &who->quotas;

	address_key(who, address);
	out[0] =
	    (struct token_limit){ identity_is_known(who) ? q->tokens : 0, who->id, QUOTA_TOKENS };
	out[1] = (struct token_limit){ q->tokens_address, address, QUOTA_TOKENS };
	out[2] = (struct token_limit){ q->tokens_site, "", QUOTA_SITE };
}

static enum err
judge_tokens(struct store *s, const struct identity *who, int64_t now_ms, enum quota *out)
{
	char address[CLIENT_ADDRESS_SIZE + 2];
	struct token_limit limits[3];
	int64_t used = 0;
	enum err e = OK;

	token_limits(who, address, limits);
	for (size_t i = 0; i < ARRAY_LEN(limits) && e == OK; i++)
		if (limits[i].limit > 0) {
			e = store_spending_get(s, now_ms / DAY_MS, limits[i].who, &used);
			e = is_used_up(e, used, limits[i].limit, limits[i].which, out);
		}
	return e;
}

enum err
quota_tokens_left(struct store *s, const struct identity *who, int64_t now_ms, int64_t *out_limit,
    int64_t *out_left)
{
	char address[CLIENT_ADDRESS_SIZE + 2];
	struct token_limit limits[3];
	int64_t least = -1, left = -1, used = 0;
	enum err e = OK;

	token_limits(who, address, limits);
	for (size_t i = 0; i < ARRAY_LEN(limits) && e == OK; i++) {
		int64_t limit = limits[i].limit, rest;

		if (limit <= 0)
			continue;
		if ((e = store_spending_get(s, now_ms / DAY_MS, limits[i].who, &used)) != OK)
			return e;
		rest = used < limit ? limit - used : 0;
		least = least < 0 || limit < least ? limit : least;
		left = left < 0 || rest < left ? rest : left;
	}
	*out_limit = least;
	*out_left = left;
	return e;
}

/* chat_no: where one more reply would wait; it counts once however many wait there. */
static enum err
judge_replies(struct store *s, const struct identity *who, int64_t chat_no, enum quota *out)
{
	const struct quotas *q = &who->quotas;
	int64_t busy = 0;
	enum err e = OK;

	if (q->replies > 0 && identity_is_known(who)) {
		e = store_busy_chats(s, who->id, NULL, chat_no, &busy);
		e = is_used_up(e, busy, q->replies, QUOTA_REPLIES, out);
	}
	if (e == OK && q->replies_address > 0) {
		e = store_busy_chats(s, NULL, who->address, chat_no, &busy);
		e = is_used_up(e, busy, q->replies_address, QUOTA_REPLIES, out);
	}
	return e;
}

static enum err
judge(struct store *s, const struct identity *who, int64_t chat_no, int64_t now_ms, enum quota *out)
{
	enum err e = judge_replies(s, who, chat_no, out);

	return e == OK ? judge_tokens(s, who, now_ms, out) : e;
}

enum err
quota_check(struct store *s, const struct identity *caller, int64_t chat_no, int64_t now_ms)
{
	enum quota which = QUOTA_LEFT;
	enum err e = caller != NULL ? judge(s, caller, chat_no, now_ms, &which) : OK;

	return e == OK && which != QUOTA_LEFT ? ERR_QUOTA : e;
}

enum err
quota_spent(struct store *s, int64_t job_id, int64_t tokens, int64_t now_ms)
{
	return tokens > 0 ? store_spending_add(s, now_ms / DAY_MS, job_id, tokens) : OK;
}

void
quota_refuse(struct app *a, const struct http_request *q, struct http_response *r)
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
	int64_t now_ms = clock_wall_ms();
	char seconds[24];

	if (judge_tokens(a->reader, q->caller, now_ms, &which) != OK || which == QUOTA_LEFT)
		which = QUOTA_REPLIES; /* or it has changed since: then soon enough again */
	gate_refuse(q, r, 429, texts[which].code, texts[which].detail, texts[which].reason);
	(void)snprintf(seconds, sizeof seconds, "%lld",
	    which == QUOTA_REPLIES ? 5LL : (long long)((DAY_MS - now_ms % DAY_MS + 999) / 1000));
	http_set_header(r, "Retry-After", seconds);
}
