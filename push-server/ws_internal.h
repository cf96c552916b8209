/*
 * ws_internal - what the files of the ws module share; nobody else includes it.
 *
 * ws.c: loop, timers, stopping. ws_accept.c: listeners. ws_stream.c: one connection, as bytes.
 * ws_conn.c: one WebSocket.
 */
#ifndef WS_INTERNAL_H
#define WS_INTERNAL_H

#include <ev.h>
#include <libwebsockets.h>

#include "http_conn.h"
#include "ws.h"

struct ws_listener {
	ev_io io;
	int fd; /* -1: closed */
	int port;
	struct lws_vhost *vhost;
};

struct ws {
	struct ws_options o;
	struct ev_loop *loop;
	struct lws_context *lws;
	struct ws_listener plain, tls;
	struct http_front front; /* connections, until one is a WebSocket */
	ev_io inbox_io;
	ev_timer tick, drain;
	ev_prepare flush;
	ev_signal on_term, on_int, on_hup;
	size_t sockets, socket_max; /* accepted and not yet gone */
	int64_t tls_files_ns;       /* tells whether certificate and key have changed */
	size_t gone;                /* ever; tells whether a failed adoption was counted */
	size_t drain_slot, drain_batch;
	int64_t drain_deadline_ms;
	bool is_paused; /* listeners wait until a descriptor is free */
};

/* ws_accept.c */
/* So that max connections fit, if the hard limit lets them. Returns how many do. */
size_t ws_raise_descriptors(size_t max);
enum err ws_open_listener(struct ws *w, struct ws_listener *l, int port) MUST_CHECK;
void ws_close_listener(struct ws *w, struct ws_listener *l);
void ws_retry_accept(struct ws *w);
void ws_gone(struct ws *w); /* a connection's descriptor is free */

/* ws_stream.c: what libwebsockets tells. 0 goes on, -1 closes. */
size_t ws_stream_size(void);
void ws_stream_open(struct ws *w, struct lws *wsi, struct stream *s);
int ws_stream_bytes(struct stream *s, unsigned char *p, size_t n);
int ws_stream_room(struct stream *s);
void ws_stream_gone(struct stream *s);

/* ws_conn.c */
void ws_conn_open(void *ctx, struct stream *stream, const struct http_upgrade *u); /* of ws */
void ws_conn_cut(struct session *s); /* closes without waiting for anything */

#endif
