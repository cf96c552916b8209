/*
 * catalog - the models that are served, and the rules of each family.
 *
 * Owns:   a copy of the names.
 * Pure; read-only after catalog_init.
 * Source: gemini.md 3 (turn rules) and 8 (models, traps) of the design pages.
 */
#ifndef CATALOG_H
#define CATALOG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define CATALOG_MAX 128

enum thinking {
	THINKING_BUDGET, /* no thinkingLevel */
	THINKING_ANY_LEVEL,
	THINKING_NO_MINIMAL, /* minimal is refused, a budget is not */
	THINKING_LEVEL_ONLY, /* minimal and every budget are refused */
};

struct family {
	const char *prefix;
	bool takes_model_turn_last; /* prefill */
	bool takes_system;
	bool refuses_penalties; /* frequencyPenalty, presencePenalty, candidateCount > 1 */
	enum thinking thinking;
	long input_limit;
};

struct model {
	const char *id;
	const struct family *family;
	const char *resolves_to; /* of an alias; else the id */
	bool is_retired;         /* listed, but 404 when asked */
	bool generates;          /* false: an embedding model */
};

struct catalog {
	struct model models[CATALOG_MAX];
	size_t count;
	char *names; /* what the ids of --models point into */
};

/* names: "a,b,c", or NULL for the list of November 2026. */
void catalog_init(struct catalog *c, const char *names);
void catalog_free(struct catalog *c);

const struct model *catalog_find(const struct catalog *c, const char *id, size_t n); /* or NULL */
json_t *catalog_model_json(const struct model *m); /* the caller's */

#endif
