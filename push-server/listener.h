/*
 * listener - a listening TCP socket and what comes out of it.
 *
 * Threads: the event-loop thread only. Errors: ERR_IO, ERR_BUSY (somebody else has the port),
 * logged here with the address.
 */
#ifndef LISTENER_H
#define LISTENER_H

#include "util.h"

/* port 0: any free one. The descriptor is the caller's. */
enum err listener_open(const char *host, int port, int *out_fd, int *out_port) MUST_CHECK;

/* A non-blocking connection without Nagle's delay, or -1 with errno. */
int listener_accept(int fd);

#endif
