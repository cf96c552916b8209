/*
 * reply - one reply on its connection: runs a script against the clock and the socket.
 *
 * Owns:    itself: it frees itself when the last byte is written or the client is gone.
 * Threads: the event loop.
 * Limits:  at most one frame waits in memory: the next is built when the kernel took the last one.
 */
#ifndef REPLY_H
#define REPLY_H

#include "script.h"
#include "server.h"

struct reply_order {
	bool is_stream_route, is_sse;
	const struct model *model;
	const struct prompt *prompt;
	const struct directives *d;
};

/* Takes over the connection until the reply is over. The order is not kept. */
void reply_start(struct standin *s, struct evhttp_request *req, const struct reply_order *order);

#endif
