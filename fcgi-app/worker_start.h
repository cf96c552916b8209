/*
 * worker_start - starts the AI worker when nobody runs it.
 *
 * One process a host holds $VAR_DIR/worker.lock (flock, freed by the kernel whatever happens).
 * Correctness rests on leases and fences; the lock only keeps work in one place.
 *
 * Threads: any. Never waits.
 */
#ifndef WORKER_START_H
#define WORKER_START_H

#include "app.h"

/* Starts a worker as AI_WORKER says, if work waits and nobody holds the lock. */
void worker_ensure(struct app *a);

/* Reads the whole database for damage in a process of its own (--check-database). */
void worker_start_check(const struct config *c);

/* Takes the lock, the caller's until it closes the fd. ERR_BUSY: somebody runs. */
enum err worker_lock(const struct config *c, int *out_fd) MUST_CHECK;
bool worker_is_running(const struct config *c);

/* How AI_WORKER=thread starts it; set once by main before threads run. */
extern void (*worker_start_thread)(void);

#endif
