#include "ai_context.h"

#define ASCII_BYTES_PER_TOKEN 4
#define OTHER_BYTES_PER_TOKEN 2

size_t
ai_context_tokens(const char *text, size_t len)
{
	size_t other = 0, quarters;

	for (size_t i = 0; i < len; i++)
		other += (unsigned char)text[i] >= 0x80;
	quarters = (len - other) + other * (ASCII_BYTES_PER_TOKEN / OTHER_BYTES_PER_TOKEN);
	return (quarters + ASCII_BYTES_PER_TOKEN - 1) / ASCII_BYTES_PER_TOKEN;
}

static size_t
cost(const struct ai_turn *t)
{
	return ai_context_tokens(t->text, t->len);
}

/* Index of the last user turn, or count. */
static size_t
last_user_turn(const struct ai_turn *turns, size_t count)
{
	for (size_t i = count; i-- > 0;)
		if (turns[i].role == AI_ROLE_USER)
			return i;
	return count;
}

/* The newest turns that cost at most budget, from a user's turn on; never less than the last. */
static size_t
first_that_fits(const struct ai_turn *turns, size_t count, size_t budget)
{
	size_t first = last_user_turn(turns, count), spent = 0;

	for (size_t i = count; i-- > 0;) {
		if (turns[i].role == AI_ROLE_SYSTEM)
			continue;
		spent += cost(&turns[i]);
		if (spent > budget)
			break;
		if (turns[i].role == AI_ROLE_USER && i < first)
			first = i;
	}
	return first;
}

size_t
ai_context_fit(struct ai_turn *turns, size_t count, size_t budget_tokens)
{
	size_t system_spent = 0, kept = 0, first;

	for (size_t i = 0; i < count; i++) {
		if (turns[i].role == AI_ROLE_SYSTEM) {
			if (system_spent + cost(&turns[i]) > budget_tokens / 2)
				continue;
			system_spent += cost(&turns[i]);
		}
		turns[kept++] = turns[i];
	}
	count = kept;
	first = first_that_fits(turns, count, budget_tokens - system_spent);
	kept = 0;
	for (size_t i = 0; i < count; i++)
		if (i >= first || turns[i].role == AI_ROLE_SYSTEM)
			turns[kept++] = turns[i];
	return kept;
}
