/*
 * store_usage - what was asked of the provider and spent, by person, day and model. Part of
 * store.h's contract.
 *
 * who: a person's id; "" for strangers. Days are UTC.
 */
#ifndef STORE_USAGE_H
#define STORE_USAGE_H

#include "store.h"

#define USAGE_DAY_MS 86400000

static inline int64_t
usage_day(int64_t now_ms)
{
	return now_ms / USAGE_DAY_MS;
}

/* One attempt and what it cost. */
enum err store_usage_add(struct store *s, const char *who, int64_t day, const char *model,
    const struct usage *u) MUST_CHECK;

struct usage_row {
	int64_t day, requests;
	const char *model;
	struct usage usage; /* total: prompt, output and thought */
};
typedef bool (*store_usage_fn)(void *arg, const struct usage_row *r);

/* From first_day on, newest first, by model; who NULL: everybody together. */
enum err store_usage_list(
    struct store *s, const char *who, int64_t first_day, store_usage_fn fn, void *arg) MUST_CHECK;

/* Requests and tokens (prompt, output, thought) of one day; who NULL: everybody together. */
enum err store_usage_of_day(struct store *s, const char *who, int64_t day, int64_t *out_requests,
    int64_t *out_tokens) MUST_CHECK;

enum err store_usage_prune(struct store *s, int64_t before_day) MUST_CHECK;

#endif
