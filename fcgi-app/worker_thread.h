/*
 * worker_thread - the AI worker as a thread of this process: AI_WORKER=thread, or where a process
 * of its own cannot be started.
 *
 * Owns:    the worker, its thread and worker.lock, from start to stop.
 * Threads: worker_thread_start from any; set_up and stop from main, while no other runs.
 */
#ifndef WORKER_THREAD_H
#define WORKER_THREAD_H

#include "config.h"
#include "writer.h"

/* Both are borrowed until worker_thread_stop. */
void worker_thread_set_up(const struct config *c, struct writer *writer, int64_t stop_grace_ms);

/* Does nothing if it runs already, or another process holds the lock. */
void worker_thread_start(void);
void worker_thread_stop(void); /* within the grace; waits for it */

#endif
