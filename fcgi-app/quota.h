/*
 * quota - what one caller may use of what costs: replies at once, tokens of the model a day, and
 * the budget of the whole site. They exist so that a stranger cannot spend the owner's key.
 *
 * Judged in the transaction that queues a reply, so it holds over all processes. Tokens count when
 * a reply has ended: what runs already may pass the limit by what it still takes.
 *
 * Limits by identity count for who is known; limits by address for everybody, because anybody can
 * have as many sessions as they like. Unset limits do not count at home: in local mode, for a
 * loopback peer that no proxy speaks for.
 *
 * Threads: any. Times: days are UTC.
 */
#ifndef QUOTA_H
#define QUOTA_H

#include "config.h"
#include "http.h"
#include "store.h"

struct identity;
struct app;

struct quotas {                        /* 0: no limit */
	long requests, reads;          /* a minute */
	long replies, replies_address; /* at once: chats in which one runs or waits */
	long tokens, tokens_address;   /* a day */
	long tokens_site;
};
void quotas_of(const struct config *c, bool is_at_home, struct quotas *out);

/* ERR_QUOTA: one more reply in this chat would be too many. caller NULL: no limits. */
enum err quota_check(
    struct store *s, const struct identity *caller, int64_t chat_no, int64_t now_ms) MUST_CHECK;

/*
 * The tokens that who may use in a day, and what is left of them today: the least of what counts
 * for them, their address and the site. -1: no limit.
 */
enum err quota_tokens_left(struct store *s, const struct identity *who, int64_t now_ms,
    int64_t *out_limit, int64_t *out_left) MUST_CHECK;

/* 429 with the reason in words and Retry-After, after ERR_QUOTA. */
void quota_refuse(struct app *a, const struct http_request *q, struct http_response *r);

/* An attempt is over: its tokens count for who asked, their address, and the site. */
enum err quota_spent(struct store *s, int64_t job_id, int64_t tokens, int64_t now_ms) MUST_CHECK;

#endif
