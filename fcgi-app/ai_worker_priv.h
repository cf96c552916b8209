/*
 * ai_worker_priv - the worker's state, shared by its loop (ai_worker.c) and what it does when a
 * tick is due (worker_round.c). Nobody else includes it.
 *
 * Threads: the worker's; stop is set by any.
 */
#ifndef AI_WORKER_PRIV_H
#define AI_WORKER_PRIV_H

#include <stdatomic.h>

#include "ai_breaker.h"
#include "ai_worker.h"
#include "publisher.h"
#include "reply.h"
#include "titles.h"
#include "worker_status.h"

/* for jobs and stops whose wake-up was lost, jobs that wait for their time */
#define WORKER_LOOK_MS 200

struct ai_worker {
	struct ai_worker_options o;
	struct store *reader;
	struct ai_client *client;
	struct titles *titles; /* NULL: no model names chats */
	struct push_link *link;
	struct publisher *publisher;
	int wake_fd, stop_fd;
	atomic_int stop; /* 0, 1 with grace, 2 at once */
	char owner[64];
	struct reply **replies;
	size_t count, cap;
	struct ai_breaker breaker;
	struct worker_status status;
	bool status_is_new, any_lease;
	enum err tick_error; /* of the last tick */
	bool clock_is_back;  /* and the jobs' times do not know it yet */
	int64_t back_ms;
	int64_t wall_offset_ms; /* wall clock less monotonic */
	/* monotonic */
	int64_t last_tick_ms, next_tick_ms, next_look_ms, stop_at_ms, idle_since_ms, retry_ms;
	int64_t no_chores_ms;  /* monotonic: not before */
	int64_t next_check_ms; /* monotonic: has somebody ended a job of ours? */
};

/* When the next tick is due, on the monotonic clock. */
int64_t worker_round_due_ms(struct ai_worker *w, int64_t now_ms, int64_t wall_ms);

/* A tick: what is to be written is, and what was claimed starts. is_leaving: see worker_tick.h. */
void worker_round(struct ai_worker *w, bool is_leaving);

/* Jobs wait whose time has come, or leases have run out. */
bool worker_round_has_work(struct ai_worker *w, int64_t wall_ms);

/* Events have arrived that are still in the outbox. */
bool worker_round_has_arrivals(const struct ai_worker *w);

#endif
