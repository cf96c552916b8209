/*
 * push_relay - PUSH_TRANSPORT=http: takes our own datagrams and publishes them by the signed HTTP
 * API of Pusher, to a push server on another host, to hosted Pusher or to soketi.
 *
 *   publisher -> datagram -> [thread: lines -> batches -> POST /apps/{id}/batch_events]
 *
 * What the other end does not take is tried again; meanwhile the relay reads no more, its socket
 * fills, and events wait in the outbox. There they stay until push_relay_done says that the other
 * end has them: what the relay holds is gone with its process. Events of one chat keep their order:
 * one request at a time holds any of them. Evictions have no counterpart in that API and are
 * dropped.
 *
 * Owns:    its thread and the socket at the path. Threads: open and close from one; the rest any.
 * Limits:  RELAY_LINES lines wait, RELAY_REQUESTS requests run, LIMIT_BATCH_EVENTS a request.
 * Source:  reference pusher.md 2.1-2.2.
 */
#ifndef PUSH_RELAY_H
#define PUSH_RELAY_H

#include "config.h"

#define RELAY_LINES 512
#define RELAY_REQUESTS 8

enum relay_state {
	RELAY_OK,
	RELAY_AWAY,   /* does not answer; what waits is tried again */
	RELAY_REFUSED /* does not know our app, or our signature is wrong */
};

struct push_relay;

/* ERR_INVALID, ERR_IO: logged. */
enum err push_relay_open(
    struct push_relay **out, const struct config *c, const char *socket_path) MUST_CHECK;
void push_relay_close(struct push_relay *r); /* at once; NULL is allowed */

enum relay_state push_relay_state(const struct push_relay *r);

/* So many datagrams, from the first one on, hold nothing any more that the other end has not. */
int64_t push_relay_done(const struct push_relay *r);

#endif
