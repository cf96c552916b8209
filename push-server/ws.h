/*
 * ws - the sockets: WebSocket and HTTP over libwebsockets, the datagram socket and the timers,
 * all on one libev loop of our own.
 *
 * Only ws*.c include libwebsockets.h.
 * Owns:    loop, context, listeners. env, api, ingest and inbox are borrowed.
 * Threads: the one that calls ws_run. Errors: logged here.
 */
#ifndef WS_H
#define WS_H

#include "http_api.h"
#include "inbox.h"
#include "ingest.h"
#include "session.h"

struct ev_loop;
struct ws;

/* What is behind the WebSockets; tests/ws-echo has another. */
struct ws_service {
	size_t message_max;
	unsigned fragments_max;
	bool is_any_path; /* else /app/{key} only */
	void (*open)(struct session *s, struct session_env *env, const struct transport *t,
	    const struct session_request *r, int64_t now_ms);
	void (*receive)(struct session *s, const char *p, size_t n, bool is_text, int64_t now_ms);
};

extern const struct ws_service ws_pusher;

struct ws_options {
	const char *host;
	int port;                       /* 0: any free one */
	int tls_port;                   /* 0: none */
	const char *tls_cert, *tls_key; /* PEM files */
	size_t max_connections;
	long drain_seconds;
	const struct ws_service *service; /* NULL: ws_pusher */
	long body_seconds;                /* 0: LIMIT_HTTP_BODY_SECONDS */
	struct session_env *env;          /* its wheel is initialised here */
	struct http_api *api;
	const struct ingest *ingest;
	struct inbox *inbox; /* NULL: none (tests) */
	void *ctx;
	void (*on_hup)(void *ctx);  /* SIGHUP, besides renewing the certificate; may be NULL */
	void (*on_tick)(void *ctx); /* every WHEEL_TICK_MS; may be NULL */
	void (*on_stop)(void *ctx); /* the listeners are closed, draining begins; may be NULL */
};

enum err ws_new(const struct ws_options *o, struct ws **out_ws) MUST_CHECK;
int ws_port(const struct ws *w);
int ws_tls_port(const struct ws *w);   /* 0: none */
struct ev_loop *ws_loop(struct ws *w); /* for others who wait for something */

/* Until SIGTERM (drains) or SIGINT (at once); a second signal leaves without waiting. */
void ws_run(struct ws *w);
void ws_free(struct ws *w);

#endif
