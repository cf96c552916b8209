#include "ai_breaker.h"

static bool
is_weather(enum ai_fail failure)
{
	switch (failure) {
	case AI_FAIL_OVERLOADED:
	case AI_FAIL_TIMEOUT:
	case AI_FAIL_NETWORK:
	case AI_FAIL_PROTOCOL: return true;
	default: return false;
	}
}

void
ai_breaker_note(struct ai_breaker *b, bool had_text, enum ai_fail failure, int64_t now_ms)
{
	if (had_text || !is_weather(failure)) {
		*b = (struct ai_breaker){ 0 };
		return;
	}
	b->failures++;
	if (b->pause_ms > 0 && !b->is_probing)
		return; /* began before it opened */
	if (b->pause_ms > 0)
		b->pause_ms = 2 * b->pause_ms < AI_BREAKER_PAUSE_MAX_MS ? 2 * b->pause_ms
									: AI_BREAKER_PAUSE_MAX_MS;
	else if (b->failures >= AI_BREAKER_FAILURES)
		b->pause_ms = AI_BREAKER_PAUSE_MS;
	else
		return;
	b->is_probing = false;
	b->until_ms = now_ms + b->pause_ms;
}

size_t
ai_breaker_allow(const struct ai_breaker *b, size_t wanted, int64_t now_ms)
{
	if (b->pause_ms == 0)
		return wanted;
	if (b->is_probing || now_ms < b->until_ms)
		return 0;
	return wanted > 0 ? 1 : 0;
}

void
ai_breaker_started(struct ai_breaker *b, size_t count)
{
	if (b->pause_ms > 0 && count > 0)
		b->is_probing = true;
}

void
ai_breaker_abandon(struct ai_breaker *b)
{
	b->is_probing = false;
}

int64_t
ai_breaker_next_ms(const struct ai_breaker *b)
{
	return b->pause_ms > 0 && !b->is_probing ? b->until_ms : INT64_MAX;
}
