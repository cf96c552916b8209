/*
 * inbox - the Unix datagram socket through which programs of this machine publish.
 *
 * One process at a time holds it: a lock file beside the socket is flock'ed for life, and its
 * holder replaces a socket that a killed predecessor left behind. The socket is 0660; its
 * directory is made 2750 when missing. Senders are known by SO_PASSCRED; one whose uid is not
 * allowed is counted, logged once, and answered with a "refused" line.
 *
 * Owns:    both descriptors, the path, the buffers. Threads: the event-loop thread only.
 * Errors:  ERR_BUSY: another process holds the lock; ERR_INVALID: a setting; ERR_IO. All logged.
 */
#ifndef INBOX_H
#define INBOX_H

#include <stddef.h>
#include <stdint.h>

#include "metrics.h"
#include "refusals.h"

#define INBOX_ROUND 16 /* datagrams a wake: more only delays those who wait for the first */

struct inbox;
typedef void inbox_fn(void *ctx, const char *p, size_t n);

/*
 * users: names or uids, comma-separated; "": our own, root, and www-data if we are user charla.
 * ERR_BUSY: another push-server has it.
 */
enum err inbox_open(const char *path, const char *users, struct metrics *m,
    struct refusals *refusals, struct inbox **out_inbox) MUST_CHECK;
void inbox_close(struct inbox *in); /* removes the socket; may be NULL */
int inbox_fd(const struct inbox *in);

/* Hands at most INBOX_ROUND waiting datagrams to fn. Never blocks. */
void inbox_read(struct inbox *in, int64_t now_ms, inbox_fn *fn, void *ctx);

#endif
