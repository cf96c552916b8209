/*
 * notify - our end of the push server's datagram socket.
 *
 * Sends by path every time, so a restarted push server needs no reconnect, and never blocks. The
 * socket is bound to an abstract address of the kernel's choice, so that the push server can say
 * that it does not want us.
 *
 * Owns:    the socket. Threads: one.
 * Errors:  ERR_BUSY the queue is full; ERR_NOT_FOUND nobody is there; ERR_CONFLICT we are refused;
 *          ERR_LIMIT the datagram is too large; ERR_IO anything else.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util.h"

struct notify;

enum err notify_open(struct notify **out, const char *path) MUST_CHECK;
void notify_close(struct notify *n);
enum err notify_send(struct notify *n, const char *p, size_t len) MUST_CHECK;

/* Which socket lies at the path: another one after each start of the push server. */
struct notify_identity {
	uint64_t device, inode;
	int64_t made_ns;
};

/* ERR_NOT_FOUND: none. ERR_CONFLICT: we may not look. */
enum err notify_look(const struct notify *n, struct notify_identity *out) MUST_CHECK;

/* Somebody reads it; a killed push server leaves its socket behind. */
bool notify_is_served(const struct notify *n);

int notify_fd(const struct notify *n); /* readable: notify_read has something */

/* Reads what the push server said. True if it refused us; *out_uid is what it takes us for. */
int notify_read(struct notify *n, long long *out_uid);

#endif
