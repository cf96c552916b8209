/*
 * wake - tells the worker that there is something to do: one byte to a datagram socket.
 *
 * Only a hint, from any process: a full queue means that the worker is awake, an absent one that
 * it will look. Threads: any.
 */
#ifndef WAKE_H
#define WAKE_H

#include "util.h"

/* What has changed: a job waits, and no more than that; or anything, a job may have been ended. */
enum wake { WAKE_JOB = 'j', WAKE_ANY = 'w' };
void wake_send(const char *path, enum wake what);

/* The worker's end; whoever holds worker.lock replaces what is there. ERR_IO: logged. */
enum err wake_listen(const char *path, int *out_fd) MUST_CHECK;
enum wake wake_read(int fd); /* takes all that came; what no sender of ours says is WAKE_ANY */

#endif
