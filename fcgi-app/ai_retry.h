/*
 * ai_retry - after a failed attempt: again after N ms, or give up; and what people are told.
 *
 * Pure: no clock, no randomness of its own. Source: reference notes on gemini-cli's policy.
 */
#ifndef AI_RETRY_H
#define AI_RETRY_H

#include "ai_provider.h"

enum ai_phase {
	AI_PHASE_CONNECT, /* before the first text */
	AI_PHASE_STREAM,  /* after it: a new attempt needs a message_reset */
};

/* What a job has behind it, as it is stored. */
struct ai_attempts {
	int connect_failures; /* LIMIT_CONNECT_ATTEMPTS attempts, then it is over */
	int stream_failures;  /* LIMIT_STREAM_ATTEMPTS restarts, then it is over */
	int crashes;          /* LIMIT_CRASH_ATTEMPTS, likewise */
	bool was_shortened;   /* the context was cut for AI_FAIL_TOO_LONG already */
};

struct ai_retry {
	bool again;
	int64_t delay_ms;         /* never shorter than the server asked */
	bool shorten;             /* next attempt: half the context budget */
	bool swap_models;         /* next attempt: fallback model first, if there is one */
	struct ai_attempts after; /* to store: this failure is counted */
};

/*
 * before: without this failure. random: 0 <= random < 1, spreads the delay up to 20 % upwards.
 * A failure without text, INCOMPLETE, EMPTY and MALFORMED apart, counts as a connect failure.
 */
struct ai_retry ai_retry_decide(const struct ai_failure *failure, enum ai_phase phase,
    struct ai_attempts before, double random);

/*
 * The failure of an attempt whose transport ended well: AI_FAIL_NONE exactly if a finish was
 * seen, the answer was not blocked or malformed, and there was text.
 */
enum ai_fail ai_retry_judge(enum ai_finish finish, bool had_text);

/* For events and JSON: "rate_limited", "overloaded", "blocked", "invalid", "timeout" ... */
const char *ai_failure_type(enum ai_fail kind);

/* A sentence that is safe to show; language "es..." is Spanish, everything else English. */
const char *ai_failure_sentence(enum ai_fail kind, const char *language);

/* For the operator: the cause is in the settings (key, model, base URL), not in the weather. */
bool ai_failure_is_operators(enum ai_fail kind);

#endif
