/*
 * quota - what one caller may use of what costs: replies at once, tokens of the model a day, and
 * the budget of the whole site. They exist so that a stranger cannot spend the owner's key.
 *
 * Judged in the transaction that queues a reply, so it holds over all processes. Tokens count when
 * a reply has ended: what runs already may pass the limit by what it still takes.
 *
 * Limits by identity count for who is known; limits by address for everybody, because anybody can
 * have as many sessions as they like.
 *
 * Threads: any. Times: days are UTC. What a caller is told: gate_refuse_quota.
 */
#ifndef QUOTA_H
#define QUOTA_H

#include "identity.h"
#include "store.h"

#define QUOTA_DAY_MS 86400000LL

/* What of it is used up. */
enum quota { QUOTA_LEFT, QUOTA_REPLIES, QUOTA_TOKENS, QUOTA_SITE };

/* *out is changed only to QUOTA_TOKENS or QUOTA_SITE. */
enum err quota_tokens_used_up(
    struct store *s, const struct identity *who, int64_t now_ms, enum quota *out) MUST_CHECK;

/* ERR_QUOTA: one more reply in this chat would be too many. caller NULL: no limits. */
enum err quota_check(
    struct store *s, const struct identity *caller, int64_t chat_no, int64_t now_ms) MUST_CHECK;

/*
 * The tokens that who may use in a day, and what is left of them today: the least of what counts
 * for them, their address and the site. -1: no limit.
 */
enum err quota_tokens_left(struct store *s, const struct identity *who, int64_t now_ms,
    int64_t *out_limit, int64_t *out_left) MUST_CHECK;

/* An attempt is over: its tokens count for who asked, their address, and the site. */
enum err quota_spent(struct store *s, int64_t job_id, int64_t tokens, int64_t now_ms) MUST_CHECK;

#endif
