/*
 * ai_context - the newest turns of a history that fit a budget.
 *
 * Pure. Units: tokens, estimated: 4 ASCII bytes or 2 other bytes are one.
 */
#ifndef AI_CONTEXT_H
#define AI_CONTEXT_H

#include "ai_provider.h"

size_t ai_context_tokens(const char *text, size_t len); /* rounded up */

/*
 * turns: oldest first. Moves the turns that stay to the front, in order, and returns how many.
 * Whole turns only, and they start with a user's. The last user turn always stays, whatever its
 * size; system turns stay while they fit into half of the budget, oldest first.
 */
size_t ai_context_fit(struct ai_turn *turns, size_t count, size_t budget_tokens);

#endif
