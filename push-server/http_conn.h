/*
 * http_conn - plain TCP connections: HTTP/1.1 until one asks to become a WebSocket.
 *
 * Why not libwebsockets: its HTTP server (4.1.6) loops for ever on three pipelined POSTs, has no
 * chunked bodies and takes lengths that are none. So it gets a connection only when the request
 * is a valid upgrade, together with a head of our own making. On the TLS port it still reads the
 * requests, one a connection (ws_http.c).
 *
 * Keep-alive, pipelining in order, chunked bodies, 100-continue; a refused request ends its
 * connection. While an answer waits for a slow reader nothing more is read from him.
 *
 * Owns:    the descriptors it was given, until on_upgrade takes one.
 * Threads: the event-loop thread only.
 * Limits:  LIMIT_HTTP_HEAD_BYTES, LIMIT_HTTP_BODY_BYTES, LIMIT_HTTP_BODIES_BYTES of all,
 *          LIMIT_HANDSHAKE_SECONDS for a head, LIMIT_HTTP_BODY_SECONDS for a body,
 *          LIMIT_HTTP_IDLE_SECONDS between requests.
 */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H

#include <ev.h>

#include "http_api.h"

struct http_conn;

struct http_front { /* all of them; zeroed but for the first four */
	struct ev_loop *loop;
	const struct http_api *api;
	void *ctx;
	/* fd is the callee's; head (a whole request) is borrowed. on_gone is not called for it. */
	void (*on_upgrade)(void *ctx, int fd, const char *head, size_t len);
	void (*on_gone)(void *ctx); /* a descriptor was closed */

	struct http_conn *list;
	size_t count;
	size_t body_bytes; /* of all unfinished bodies */
	bool is_draining;
};

void http_front_accept(struct http_front *f, int fd); /* non-blocking */

/* Closes who has been idle for longer: descriptors are short. */
void http_front_reap(struct http_front *f, double idle_seconds);

/* Idle connections close, the others after their answer. */
void http_front_drain(struct http_front *f);
void http_front_close(struct http_front *f); /* all, at once */

#endif
