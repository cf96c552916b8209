/*
 * ai_worker - the loop that has replies written: one thread, a thousand replies.
 *
 *   wake or timer -> claim jobs -> stream from the provider -> every LIMIT_TICK_MS one commit for
 *   all replies -> one round of datagrams
 *
 * Lives in fcgi-app --worker, in a detached runner, or in a thread of fcgi-app; who holds
 * worker.lock runs it.
 *
 * Owns:    its client, publisher, reader and replies; the lock is the caller's.
 * Threads: ai_worker_run in one; ai_worker_stop from any.
 * Errors:  ERR_IO at the start: logged. Later nothing ends it but stop (or drain).
 */
#ifndef AI_WORKER_H
#define AI_WORKER_H

#include "config.h"
#include "writer.h"

struct ai_worker;

struct ai_worker_options {
	const struct config *config;
	struct writer *writer;
	bool drain; /* leave after drain_ms without work */
	int64_t drain_ms;
	int64_t stop_grace_ms; /* replies may end within it after ai_worker_stop */
};

enum err ai_worker_new(struct ai_worker **out, const struct ai_worker_options *o) MUST_CHECK;
void ai_worker_run(struct ai_worker *w); /* until stopped or drained */
void ai_worker_stop(struct ai_worker *w, bool at_once);
void ai_worker_free(struct ai_worker *w);

#endif
