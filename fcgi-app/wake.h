/*
 * wake - tells the worker that a job waits: one byte to a datagram socket.
 *
 * Only a hint, from any process: a full queue means that the worker is awake, an absent one that
 * it will look. Threads: any.
 */
#ifndef WAKE_H
#define WAKE_H

#include "util.h"

void wake_send(const char *path);

/* The worker's end; whoever holds worker.lock replaces what is there. ERR_IO: logged. */
enum err wake_listen(const char *path, int *out_fd) MUST_CHECK;
void wake_read(int fd); /* takes all that came */

#endif
