/*
 * journal - what the stand-in remembers: counters, the last requests, attempts, the fault queue.
 *
 * Pure (Jansson only). Owns: everything in it; journal_free.
 * Limits: the last JOURNAL_REQUESTS bodies and JOURNAL_BYTES of them, JOURNAL_PROMPTS attempts,
 *         JOURNAL_QUEUE entries in the queue.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "directives.h"

#define JOURNAL_REQUESTS 1000
#define JOURNAL_BYTES (64u << 20)
#define JOURNAL_PROMPTS 100000
#define JOURNAL_QUEUE 10000

struct journal_counters {
	int64_t requests; /* that ask for a reply or a count */
	int64_t streams, unary, counts;
	int64_t open_streams, max_open_streams; /* replies that run, unary ones too */
	int64_t finished;                       /* replies whose last byte was written, in order */
	int64_t aborted;                        /* the client closed first */
	int64_t broken;                         /* we cut, reset or tore it, as asked */
	int64_t refused;                        /* answered with an error status */
	int64_t bytes;                          /* of bodies of replies */
};

struct journal {
	struct journal_counters n;
	struct directives defaults; /* of POST /control */
	json_t *queue;              /* of objects */
	json_t *attempts;           /* prompt key -> how often it was seen */
	char *ring[JOURNAL_REQUESTS];
	size_t head, count, bytes;
};

void journal_init(struct journal *j);
void journal_free(struct journal *j);

/* Back to the beginning, except for replies that still run. defaults: of the command line. */
void journal_reset(struct journal *j, const struct directives *defaults);

/* The attempt's number from 1. */
int64_t journal_attempt(struct journal *j, const char *prompt_key);

void journal_remember(struct journal *j, const json_t *request); /* borrowed, copied as text */
json_t *journal_requests(const struct journal *j);               /* oldest first; the caller's */
json_t *journal_counters_json(const struct journal *j);          /* the caller's */

/* {"next":[{...}], "default":{...}}; queues all of it or nothing. */
enum err journal_control(struct journal *j, json_t *body, char why[DIRECTIVES_WHY]) MUST_CHECK;

/* The first of the queue laid over d; nothing if it is empty. */
void journal_take_next(struct journal *j, struct directives *d);

#endif
