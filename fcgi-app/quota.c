#include "quota.h"

#include <stdio.h>

#include "store_access.h"

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

enum err
quota_tokens_used_up(struct store *s, const struct identity *who, int64_t now_ms, enum quota *out)
{
	char address[CLIENT_ADDRESS_SIZE + 2];
	struct token_limit limits[3];
	int64_t used = 0;
	enum err e = OK;

	token_limits(who, address, limits);
	for (size_t i = 0; i < ARRAY_LEN(limits) && e == OK; i++)
		if (limits[i].limit > 0) {
			e = store_spending_get(s, now_ms / QUOTA_DAY_MS, limits[i].who, &used);
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
		if ((e = store_spending_get(s, now_ms / QUOTA_DAY_MS, limits[i].who, &used)) != OK)
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

	return e == OK ? quota_tokens_used_up(s, who, now_ms, out) : e;
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
	return tokens > 0 ? store_spending_add(s, now_ms / QUOTA_DAY_MS, job_id, tokens) : OK;
}
