/*
 * worker_tick - what the worker writes every LIMIT_TICK_MS: one transaction for all replies.
 *
 * Runs in the writer's thread while the worker waits for it, so it may read and mark the replies;
 * what it marks (reply.tick) counts only once the transaction is committed.
 */
#ifndef WORKER_TICK_H
#define WORKER_TICK_H

#include "reply.h"
#include "worker_status.h"

struct tick {
	/* in */
	const char *owner;
	const char *provider, *model; /* for stream_start */
	int64_t now_ms;               /* wall */
	bool clock_is_back; /* the wall clock was set back, by so much (0: before we started) */
	int64_t back_ms;
	double random;
	struct reply **replies;
	size_t count;
	bool may_claim, any_lease;
	bool skips_chores;    /* they failed a while ago */
	bool is_leaving;      /* what runs goes back to the queue */
	size_t capacity;      /* replies that may still be claimed */
	const int64_t *taken; /* outbox rows that the push server has */
	size_t taken_count;
	const struct worker_status *status; /* NULL: as before */
	/* out: the caller's; void if the transaction failed */
	struct reply **claimed;
	size_t claimed_count;
	bool claimed_all; /* nothing more can be claimed now */
	bool chores_failed;
	bool more_chores; /* some are left for the next tick */
};

enum err worker_tick(struct store *s, void *arg /* struct tick */) MUST_CHECK;

#endif
