/*
 * publisher - committed text and events -> datagrams to the push server.
 *
 * Deltas come from memory and are sent once: what cannot go now joins what comes next, and what
 * the absence of the push server swallows is a gap that readers heal. Events come from the outbox
 * and stay there until the push server has them (on this host: its socket took them; else: it said
 * so); after an outage a MessageSent waits for
 * the clients to be back (outage.h). But for these nothing of a chat overtakes anything of the same
 * chat. The lines of all chats are packed into as few datagrams as fit, because the
 * queue of a stock kernel holds eleven, whatever their size.
 *
 * Owns:    what waits; link is borrowed. Threads: the worker's.
 */
#ifndef PUBLISHER_H
#define PUBLISHER_H

#include "config.h"
#include "push_link.h"
#include "reply.h"

struct publisher;

struct publisher *publisher_new(struct push_link *link, const struct config *c);
void publisher_free(struct publisher *p); /* NULL is allowed */

/* One round. Times are monotonic. */
enum err publisher_run(struct publisher *p, struct store *reader, struct reply **replies,
    size_t count, int64_t now_ms) MUST_CHECK;

/* Something waits that a later round may send: when to try, or INT64_MAX. */
int64_t publisher_next_ms(const struct publisher *p);

/*
 * Rows that arrived and are to be deleted, LIMIT_OUTBOX_ROUND at most; the caller says when they
 * are (publisher_deleted), and asks again.
 */
const int64_t *publisher_taken(const struct publisher *p, size_t *out_count);
void publisher_deleted(struct publisher *p, size_t count);

#endif
