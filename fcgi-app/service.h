/*
 * service - what answers requests: start, the database that is not there, and stop.
 *
 * A database that cannot be opened (damaged, gone, its disk full) does not end us: requests are
 * answered with 503 and health with the reason, until it can be.
 *
 * Threads: main only; the signals of set are blocked everywhere.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <signal.h>
#include <stdint.h>

#include "config.h"

/* Until SIGTERM or SIGINT, which it returns; the others must not end us. */
int service_wait_for_stop(const sigset_t *set);

/* Each returns the exit status. stop_grace_ms: for a worker in one of our threads. */
int service_fastcgi(
    const struct config *c, int listen_fd, int64_t stop_grace_ms, const sigset_t *set);
int service_cgi(const struct config *c); /* one request, from the environment and stdin */

#endif
