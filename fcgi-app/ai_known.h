/*
 * ai_known - what we have learnt about models from the answers.
 *
 * Pure. Owns nothing. A model that was missing is asked for again after AI_KNOWN_MISSING_MS, so
 * that a corrected key or a new release needs no restart.
 */
#ifndef AI_KNOWN_H
#define AI_KNOWN_H

#include "ai_provider.h"

#define AI_KNOWN_MAX 8 /* beyond, the oldest is forgotten */
#define AI_KNOWN_MISSING_MS (10 * 60 * 1000)

struct ai_known {
	struct ai_known_model {
		char name[AI_MODEL_SIZE];
		int64_t missing_until_ms;
		bool refuses_thinking;
	} models[AI_KNOWN_MAX];
	size_t next; /* the entry that is overwritten next */
};

void ai_known_set_missing(struct ai_known *k, const char *model, int64_t now_ms);
void ai_known_set_refuses_thinking(struct ai_known *k, const char *model);
bool ai_known_is_missing(const struct ai_known *k, const char *model, int64_t now_ms);
bool ai_known_refuses_thinking(const struct ai_known *k, const char *model);

#endif
