/*
 * ws_stream - one TCP or TLS connection, as bytes; for HTTP and for WebSockets alike.
 *
 * libwebsockets (its raw role) owns the socket, the TLS and what the socket did not take. Who
 * handles the stream is told of bytes, of room and of the end; a connection that becomes a
 * WebSocket changes its handler.
 *
 * Owns:    the descriptor, until on_closed. A handler that goes first says so with stream_leave.
 * Threads: the event-loop thread only.
 * Limits:  reads are at most STREAM_READ_BYTES; while bytes wait for the socket nothing is read,
 *          so who sends must take what he is answered.
 */
#ifndef WS_STREAM_H
#define WS_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#define STREAM_READ_BYTES (64 * 1024)

struct stream;

struct stream_handler {
	void (*on_bytes)(void *ctx, unsigned char *p, size_t n); /* which may be changed */
	void (*on_room)(void *ctx);   /* after stream_want_room, when nothing waits any more */
	void (*on_closed)(void *ctx); /* the stream is gone */
};

void stream_handle(struct stream *s, const struct stream_handler *h, void *ctx);

/* Bytes still wait for the socket: nothing more may be written. */
bool stream_is_congested(const struct stream *s);

/* Not while congested. What the socket does not take at once is copied and sent later. */
void stream_write(struct stream *s, const void *p, size_t n);
void stream_want_room(struct stream *s);

/* Nothing more will be written, and the other end is told so. Not while congested. */
void stream_end(struct stream *s);

/* The handler hears nothing any more; the stream is closed, and what still waits is lost. */
void stream_leave(struct stream *s);

int stream_fd(const struct stream *s); /* for its address */

#endif
