/*
 * store_figures - what the worker counts for operators: counters that only grow, and the last
 * replies that ended. Never a text, never a chat's id. Part of store.h's contract.
 *
 * Written in the transaction that ends a reply, so a figure is as true as the reply.
 */
#ifndef STORE_FIGURES_H
#define STORE_FIGURES_H

#include "store.h"

#define FIGURE_REPLIES "replies"   /* by how they ended: a message's status */
#define FIGURE_ERRORS "errors"     /* attempts that failed, by type */
#define FIGURE_RETRIES "retries"   /* those of them that were tried again, by type */
#define FIGURE_FIRST "first_token" /* a histogram */
#define FIGURE_TOOK "reply"        /* a histogram */
#define FIGURE_TOKENS "tokens"     /* by kind: prompt, output, thought, cached */

/* The bounds of both histograms; the last has none. label: as Prometheus writes the seconds. */
struct figure_bound {
	int64_t ms;
	const char *label;
};
#define FIGURE_BOUNDS 12
extern const struct figure_bound figure_bounds[FIGURE_BOUNDS];

struct reply_ended {
	const char *status, *model;
	const char *error_type, *rid; /* may be NULL */
	int attempts;
	int64_t ended_ms;
	/* spans: from the attempt's start to its first text (< 0: none, or nobody knows); from the
	 * message's being accepted to the end */
	int64_t first_ms, took_ms;
	int64_t tokens; /* prompt, output, thought */
};

/* The first text of an attempt came, first_ms after its start. */
enum err store_reply_began(struct store *s, int64_t first_ms) MUST_CHECK;

/* The reply of a job has been written to its end: one row of the log, one more in each family. */
enum err store_reply_ended(
    struct store *s, int64_t job_id, int64_t first_ms, int64_t now_ms) MUST_CHECK;

/* An attempt failed and is made again. */
enum err store_reply_retried(struct store *s, const char *error_type) MUST_CHECK;

/* By family, then label; a histogram's n are those of each bucket alone. */
typedef bool (*store_figure_fn)(
    void *arg, const char *family, const char *label, int64_t n, int64_t sum);
enum err store_figures(struct store *s, store_figure_fn fn, void *arg) MUST_CHECK;

/* Those that ended at since_ms or later, newest first. */
typedef bool (*store_reply_ended_fn)(void *arg, const struct reply_ended *r);
enum err store_replies_ended(
    struct store *s, int64_t since_ms, store_reply_ended_fn fn, void *arg) MUST_CHECK;

/* What stands in the tables now, as far as that is cheap to know. */
struct store_gauges {
	int64_t chats, people, messages_made, outbox, index_queue, bytes;
};
enum err store_gauges_get(struct store *s, struct store_gauges *out) MUST_CHECK;

#endif
