/*
 * ai_breaker - when the provider is down, jobs wait instead of running into it one by one.
 *
 *   closed: everything starts -> AI_BREAKER_FAILURES attempts in a row failed, by the weather
 *   (overload, timeout, network) and without text -> open: nothing starts -> after a pause one
 *   probe -> its text closes it, its failure doubles the pause
 *
 * A job that waits loses no attempt. Pure. Times: monotonic milliseconds. All zero is closed.
 * Source: reference: reliability F15.
 */
#ifndef AI_BREAKER_H
#define AI_BREAKER_H

#include "ai_provider.h"

#define AI_BREAKER_FAILURES 5
#define AI_BREAKER_PAUSE_MS 2000
#define AI_BREAKER_PAUSE_MAX_MS 30000

struct ai_breaker {
	int failures;     /* in a row */
	int64_t pause_ms; /* 0: closed */
	int64_t until_ms; /* open until then; later: one probe */
	bool is_probing;
};

/* An attempt ended. had_text: the provider is alive, whatever came then. */
void ai_breaker_note(struct ai_breaker *b, bool had_text, enum ai_fail failure, int64_t now_ms);

/* How many of wanted may start now. */
size_t ai_breaker_allow(const struct ai_breaker *b, size_t wanted, int64_t now_ms);

/* They start. */
void ai_breaker_started(struct ai_breaker *b, size_t count);

/* What started ended without a verdict: stopped, lost, handed back. */
void ai_breaker_abandon(struct ai_breaker *b);

/* When allow may say more than now; INT64_MAX: nothing to wait for. */
int64_t ai_breaker_next_ms(const struct ai_breaker *b);

static inline bool
ai_breaker_is_open(const struct ai_breaker *b)
{
	return b->pause_ms > 0;
}

#endif
