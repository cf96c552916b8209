/*
 * bus - what is published, on its way to the hubs of all nodes.
 *
 * Whatever concerns more than one connection passes here: events of the HTTP API, of datagrams and
 * of clients, evictions, terminations. The local bus, the only one yet, hands an entry to this
 * node's hub at once. One for several nodes is one more file: it sends the entry (its frame is
 * text, its app an id, except a socket id), and gives what comes from others to take, after
 * checking it like any input.
 *
 * Owns:    nothing; entries are borrowed during the call.
 * Threads: the event-loop thread only.
 */
#ifndef BUS_H
#define BUS_H

#include "peer.h"

enum bus_kind {
	BUS_EVENT,
	BUS_EVICT,     /* of a channel: everybody, or those whom user_id means */
	BUS_TERMINATE, /* the connections of a signed-in user */
};

struct bus_entry {
	enum bus_kind kind;
	struct app *app;
	const char *channel; /* NULL with BUS_TERMINATE */
	size_t channel_len;
	const char *user_id;
	struct frame *frame; /* BUS_EVENT */
	const struct peer
	    *except;         /* BUS_EVENT: who does not get it; NULL: nobody, or he is elsewhere */
	bool is_from_client; /* BUS_EVENT: a cache channel does not remember it */
};

struct bus {
	/* This node's part is done when it returns: how many connections that has ended. */
	size_t (*publish)(struct bus *b, const struct bus_entry *e);
	bool has_others; /* nodes: an event is wanted though nobody here has subscribed */
	void *ctx;
	size_t (*take)(void *ctx, const struct bus_entry *e);
};

/* The bus of a node that is alone. */
struct bus bus_local(size_t (*take)(void *ctx, const struct bus_entry *e), void *ctx);

#endif
