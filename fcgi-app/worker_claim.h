/*
 * worker_claim - takes jobs that wait, or whose runner is gone, and begins their replies.
 *
 * Owns:    what is in tick.claimed is the caller's, whatever comes; void if the transaction fails.
 * Threads: the writer's, inside the transaction of the tick.
 * Limits:  CLAIMS_PER_TICK jobs, CLAIMS_MS; tick.claimed_all says whether more wait.
 */
#ifndef WORKER_CLAIM_H
#define WORKER_CLAIM_H

#include "worker_tick.h"

enum err worker_claim(struct store *s, struct tick *t) MUST_CHECK;

#endif
