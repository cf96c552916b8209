/*
 * ws_internal - what the files of the ws module share; nobody else includes it.
 *
 * ws.c: loop, timers, stopping. ws_accept.c: listeners. ws_conn.c: one WebSocket. ws_http.c: one
 * request.
 */
#ifndef WS_INTERNAL_H
#define WS_INTERNAL_H

#include <ev.h>
#include <libwebsockets.h>

#include "http_conn.h"
#include "ws.h"

#define WS_HEADER_POOL 1024 /* heads that libwebsockets receives at once */

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
	struct http_front front; /* of the plain port, until a connection is a WebSocket */
	ev_io inbox_io;
	ev_timer tick, drain;
	ev_prepare flush;
	ev_signal on_term, on_int, on_hup;
	size_t sockets, socket_max; /* accepted and not yet gone */
	int64_t tls_files_ns;       /* tells whether certificate and key have changed */
	size_t tls_heads; /* of sockets, those of the TLS port whose head is not read yet */
	size_t gone;      /* ever; tells whether a failed adoption was counted */
	size_t drain_slot, drain_batch;
	int64_t drain_deadline_ms;
	bool is_paused; /* listeners wait until a descriptor is free */
};

/* The user space of every connection. Zeroed by libwebsockets before each HTTP request, too. */
struct conn {
	struct session session; /* first: a peer, a session and a conn have one address */
	struct lws *wsi;
	int plain_fd;               /* of a WebSocket without TLS; else -1 */
	struct http_exchange *http; /* while a request is read or answered */
	struct buf rx;              /* a message that came in pieces */
	unsigned fragments;
	bool is_ping_due;
};

static inline struct ws *
ws_of(struct lws *wsi)
{
	return lws_context_user(lws_get_context(wsi));
}

/* A request header, NUL-terminated; NULL when absent or longer than out. */
const char *ws_header(struct lws *wsi, enum lws_token_indexes token, char *out, size_t size);

/* The decoded path of the request line, and its method; false if that is not to be served. */
bool ws_request_line(struct lws *wsi, const char **out_method, char *out_path, size_t size);

/* ws_accept.c */
/* So that max connections fit, if the hard limit lets them. Returns how many do. */
size_t ws_raise_descriptors(size_t max);
enum err ws_open_listener(struct ws *w, struct ws_listener *l, int port) MUST_CHECK;
void ws_close_listener(struct ws *w, struct ws_listener *l);
void ws_retry_accept(struct ws *w);
void ws_head_is_read(struct ws *w, struct lws *wsi); /* or will never be */
void ws_gone(void *ctx); /* of struct ws: a connection's descriptor is free */
void ws_upgrade(void *ctx, int fd, const char *head, size_t len);

/* Callbacks: 0 goes on, -1 closes. */
int ws_conn_upgrade(struct ws *w, struct lws *wsi); /* 1: answered instead */
int ws_conn_open(struct ws *w, struct lws *wsi, struct conn *c);
int ws_conn_receive(struct lws *wsi, struct conn *c, const char *p, size_t n);
int ws_conn_writable(struct conn *c);
void ws_conn_close(struct conn *c);
void ws_conn_cut(struct conn *c); /* closes without waiting for anything */

int ws_http_request(struct ws *w, struct lws *wsi, struct conn *c);
int ws_http_body(struct ws *w, struct lws *wsi, struct conn *c, const char *p, size_t n);
void ws_http_drop(struct conn *c);
int ws_http_answer(struct lws *wsi, const struct http_response *r); /* -1: it is the last */

#endif
