/*
 * http_conn - connections, TLS or not: HTTP/1.1 until one asks to become a WebSocket.
 *
 * Why not libwebsockets: its HTTP server (4.1.6) loops for ever on three pipelined POSTs, has no
 * chunked bodies and takes lengths that are none. So it has the sockets (ws_stream.h) and no more.
 *
 * Keep-alive, pipelining in order, chunked bodies, 100-continue; a refused request ends its
 * connection. While an answer waits for a slow reader nothing more is read from him.
 *
 * Owns:    nothing of the streams but to handle them, until on_upgrade takes one.
 * Threads: the event-loop thread only.
 * Limits:  LIMIT_HTTP_HEAD_BYTES, LIMIT_HTTP_BODY_BYTES, LIMIT_HTTP_BODIES_BYTES of all,
 *          LIMIT_HANDSHAKE_SECONDS for a head, LIMIT_HTTP_BODY_SECONDS for a body,
 *          LIMIT_HTTP_IDLE_SECONDS between requests.
 */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H

#include <ev.h>

#include "http_api.h"
#include "ws_stream.h"

struct http_conn;

/* A request that was answered with 101. Borrowed during the call. */
struct http_upgrade {
	const char *path;     /* decoded */
	const char *protocol; /* the query parameter, or NULL */
	const char *origin;   /* the header, or NULL */
	const char *address;  /* whose connection it is */
	unsigned char *rest;  /* what came behind the head */
	size_t rest_len;
};

struct http_front { /* all of them; zeroed but for the first six */
	struct ev_loop *loop;
	const struct http_api *api;
	void *ctx;
	void (*on_upgrade)(void *ctx, struct stream *s, const struct http_upgrade *u);
	bool is_any_path;    /* there are WebSockets everywhere, not only at /app/{key} */
	double body_seconds; /* LIMIT_HTTP_BODY_SECONDS; tests have less time */

	struct http_conn *list;
	size_t count;
	size_t body_bytes; /* of all unfinished bodies */
	bool is_draining;
};

void http_front_accept(struct http_front *f, struct stream *s);

/* Closes who has been idle for longer: descriptors are short. */
void http_front_reap(struct http_front *f, double idle_seconds);

/* Idle connections close, the others after their answer. */
void http_front_drain(struct http_front *f);
void http_front_close(struct http_front *f); /* all, at once */

#endif
