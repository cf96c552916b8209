/*
 * peer - one connection as the hub sees it: an address with a bounded outbox.
 *
 * What a peer is sent goes straight to its transport while nothing waits, else into the outbox.
 * Ending is one-way: close_code is set once, the last pusher:error is queued behind what waits
 * (or instead of it, for one who does not read), and nothing else is taken afterwards.
 *
 * Owns:    its outbox. Threads: the event-loop thread only.
 */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apps.h"
#include "outbox.h"

#define PEER_GONE 1
#define SOCKET_ID_SIZE 24 /* two 32-bit numbers, a dot and the NUL */

struct peer;
struct signed_in;
struct channel;

struct transport {
	/* true: taken whole. false: bytes still wait there, nothing was taken. */
	bool (*write)(struct peer *p, struct frame *f);
	/* The outbox is no longer empty, or the peer has ended: drain it, then close. */
	void (*wake)(struct peer *p);
	/* Ask the other end for a sign of life, below the protocol. */
	void (*ping)(struct peer *p);
};

struct subscription {
	struct channel *channel;
	uint32_t at; /* its place in channel->members */
};

struct peer {
	/* what a delivery needs, in one line of the cache (PEER_LINE) */
	const struct transport *transport;
	void *link; /* the transport's, fetched ahead of a delivery; may be NULL */
	struct outbox outbox;
	uint16_t close_code; /* 0: open; PEER_GONE: nobody is there to be told */

	struct app *app;             /* NULL: not attached to the hub */
	struct subscription *subs;   /* hub's */
	uint32_t sub_count, sub_cap; /* hub's */
	uint32_t nonce, slot;        /* hub's: the two halves of the socket id */
	struct signed_in *user;      /* hub's; NULL: not signed in */
	struct peer *next_doomed;    /* hub's */
};

#define PEER_LINE 64
_Static_assert(offsetof(struct peer, app) <= PEER_LINE, "a delivery needs one line");

/* ERR_LIMIT: did not fit, and the peer has ended with 4100. An ended peer takes nothing: OK. */
enum err peer_send(struct peer *p, struct frame *f) MUST_CHECK;

/* The same for a frame that the caller gives away. */
enum err peer_give(struct peer *p, struct frame *f) MUST_CHECK;

/* Queues pusher:error (text NULL: nothing) and has the transport close with code. */
void peer_end(struct peer *p, uint16_t code, const char *text);

static inline bool
peer_has_ended(const struct peer *p)
{
	return p->close_code != 0;
}

#endif
