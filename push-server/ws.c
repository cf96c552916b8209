/*
 * Loop, listeners, timers, stopping.
 *
 * The loop is ours and libwebsockets is its guest (foreign_loops). One timer drives the wheel;
 * before the loop sleeps the hub is flushed, so that what came in one round goes out as one write a
 * subscriber.
 */
#include "ws_internal.h"

#include <sys/stat.h>

#include "clock.h"
#include "limit.h"
#include "log.h"

#define DRAIN_TICK_SECONDS 0.1
#define STREAM_WRITE_BYTES (1 << 20) /* 0 would split and copy every longer write */

static int callback(
    struct lws *wsi, enum lws_callback_reasons why, void *user, void *in, size_t len);

static struct lws_protocols protocols[] = {
	{ .name = "stream", .callback = callback, .tx_packet_size = STREAM_WRITE_BYTES },
	{ .name = NULL },
};

/* No validity timers of the library's: they are O(n) a connection. In the vhost, not the context.
 */
static const lws_retry_bo_t no_validity = { .retry_ms_table = NULL };

/* --- libwebsockets --- */

static int
callback(struct lws *wsi, enum lws_callback_reasons why, void *user, void *in, size_t len)
{
	struct ws *w = lws_context_user(lws_get_context(wsi));

	switch (why) {
	case LWS_CALLBACK_RAW_ADOPT: ws_stream_open(w, wsi, user); return 0;
	case LWS_CALLBACK_RAW_RX: return ws_stream_bytes(user, in, len);
	case LWS_CALLBACK_RAW_WRITEABLE: return ws_stream_room(user);
	case LWS_CALLBACK_RAW_CLOSE: ws_stream_gone(user); return 0;
	case LWS_CALLBACK_WSI_DESTROY: ws_gone(w); return 0;
	default: return 0;
	}
}

static void
log_library(int level, const char *line)
{
	static struct log_limit limit;
	unsigned long suppressed;

	if (log_allowed(&limit, &suppressed))
		log_line(level == LLL_ERR ? LOG_WARN : LOG_DEBUG,
		    "libwebsockets: %s suppressed=%lu", line, suppressed);
}

/* NULL: logged. */
static struct lws_vhost *
new_vhost(struct ws *w, bool is_tls)
{
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.options = is_tls ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0, /* else it is plain */
		.vhost_name = is_tls ? "tls" : "plain",
		.protocols = protocols,
		.retry_and_idle_policy = &no_validity,
		.alpn = "http/1.1",
		.timeout_secs = LIMIT_HANDSHAKE_SECONDS,
		.ssl_cert_filepath = is_tls ? w->o.tls_cert : NULL,
		.ssl_private_key_filepath = is_tls ? w->o.tls_key : NULL,
	};
	struct lws_vhost *vhost = lws_create_vhost(w->lws, &info);

	if (vhost == NULL)
		log_error("%s", is_tls ? "PUSH_TLS_CERT or PUSH_TLS_KEY cannot be used"
				       : "libwebsockets has no virtual host for us");
	return vhost;
}

static enum err
open_port(struct ws *w, struct ws_listener *l, int port, bool is_tls)
{
	enum err e = ws_open_listener(w, l, port);

	if (e != OK)
		return e;
	l->vhost = new_vhost(w, is_tls);
	return l->vhost != NULL ? OK : ERR_IO;
}

/* When the files were written, in whichever order. */
static int64_t
tls_files_ns(const struct ws *w)
{
	struct stat cert, key;

	if (stat(w->o.tls_cert, &cert) != 0 || stat(w->o.tls_key, &key) != 0)
		return 0;
	return (cert.st_mtim.tv_sec + key.st_mtim.tv_sec) * 1000000000LL + cert.st_mtim.tv_nsec +
	       key.st_mtim.tv_nsec;
}

/*
 * A renewed certificate is for new connections; a bad one changes nothing. The virtual host before
 * stays for those who are on it, until the end: it is a few kilobytes a renewal.
 */
static void
renew_tls(struct ws *w)
{
	int64_t ns = w->tls.fd >= 0 ? tls_files_ns(w) : w->tls_files_ns;
	struct lws_vhost *vhost;

	if (ns == w->tls_files_ns)
		return;
	w->tls_files_ns = ns;
	vhost = new_vhost(w, true);
	if (vhost != NULL) {
		w->tls.vhost = vhost;
		log_info("the certificate is renewed path=%s", w->o.tls_cert);
	} else {
		log_error("the certificate before is kept path=%s", w->o.tls_cert);
	}
}

/* --- timers --- */

static void
on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct ws *w = ev_userdata(loop);
	int64_t now_ms = clock_mono_ms();
	struct wheel_node *n;

	(void)timer;
	(void)events;
	hub_tick(w->o.env->hub, now_ms);
	ws_retry_accept(w);
	if (w->o.on_tick != NULL)
		w->o.on_tick(w->o.ctx);
	while ((n = wheel_expired(w->o.env->wheel, now_ms)) != NULL) {
		struct session *s =
		    (struct session *)(void *)((char *)n - offsetof(struct session, timer));

		if (!session_tick(s, now_ms))
			ws_conn_cut(s);
	}
}

static void
on_flush(struct ev_loop *loop, ev_prepare *prepare, int events)
{
	struct ws *w = ev_userdata(loop);

	(void)prepare;
	(void)events;
	hub_flush(w->o.env->hub);
}

static void
take_datagram(void *ctx, const char *p, size_t n)
{
	const struct ws *w = ctx;

	ingest_datagram(w->o.ingest, p, n);
}

static void
on_inbox(struct ev_loop *loop, ev_io *io, int events)
{
	struct ws *w = ev_userdata(loop);

	(void)io;
	(void)events;
	inbox_read(w->o.inbox, clock_mono_ms(), take_datagram, w);
}

/* --- stopping --- */

static void
on_drain(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct ws *w = ev_userdata(loop);
	struct hub *h = w->o.env->hub;
	int64_t now_ms = clock_mono_ms();
	size_t sent = 0;

	(void)timer;
	(void)events;
	for (; w->drain_slot < hub_slots(h) && sent < w->drain_batch; w->drain_slot++) {
		struct peer *p = hub_peer_at(h, w->drain_slot);

		if (p == NULL || peer_has_ended(p))
			continue;
		session_end((struct session *)(void *)p, 4200, "Server is shutting down", now_ms);
		metric_add(w->o.env->metrics, METRIC_CLOSED_DRAIN, 1);
		sent++;
	}
	if ((hub_peer_count(h) == 0 && w->front.count == 0) || now_ms >= w->drain_deadline_ms)
		ev_break(loop, EVBREAK_ALL);
}

/* Listeners first, then the clients spread over seconds: they come back at once, elsewhere. */
static void
begin_drain(struct ws *w, long seconds)
{
	size_t ticks = (size_t)((double)seconds / DRAIN_TICK_SECONDS) + 1;

	ws_close_listener(w, &w->plain);
	ws_close_listener(w, &w->tls);
	http_front_drain(&w->front);
	w->o.env->is_draining = w->o.api->is_draining = true;
	w->drain_batch = hub_peer_count(w->o.env->hub) / ticks + 1;
	w->drain_deadline_ms = clock_mono_ms() + seconds * 1000 + 1000;
	log_info("draining connections=%zu seconds=%ld", hub_peer_count(w->o.env->hub), seconds);
	if (w->o.on_stop != NULL)
		w->o.on_stop(w->o.ctx);
	ev_timer_init(&w->drain, on_drain, 0, DRAIN_TICK_SECONDS);
	ev_timer_start(w->loop, &w->drain);
}

static void
on_signal(struct ev_loop *loop, ev_signal *sig, int events)
{
	struct ws *w = ev_userdata(loop);

	(void)events;
	if (sig->signum == SIGHUP) { /* a lost terminal is no reason to leave */
		renew_tls(w);
		if (w->o.on_hup != NULL)
			w->o.on_hup(w->o.ctx);
		return;
	}
	if (w->o.env->is_draining)
		ev_break(loop, EVBREAK_ALL);
	else
		begin_drain(w, sig->signum == SIGINT ? 0 : w->o.drain_seconds);
}

static void
watch_signals(struct ws *w)
{
	ev_signal_init(&w->on_term, on_signal, SIGTERM);
	ev_signal_start(w->loop, &w->on_term);
	ev_signal_init(&w->on_int, on_signal, SIGINT);
	ev_signal_start(w->loop, &w->on_int);
	ev_signal_init(&w->on_hup, on_signal, SIGHUP);
	ev_signal_start(w->loop, &w->on_hup);
}

static void
watch(struct ws *w)
{
	ev_timer_init(&w->tick, on_tick, WHEEL_TICK_MS / 1000.0, WHEEL_TICK_MS / 1000.0);
	ev_timer_start(w->loop, &w->tick);
	ev_prepare_init(&w->flush, on_flush);
	ev_prepare_start(w->loop, &w->flush);
	watch_signals(w);
	if (w->o.inbox != NULL) {
		ev_io_init(&w->inbox_io, on_inbox, inbox_fd(w->o.inbox), EV_READ);
		ev_io_start(w->loop, &w->inbox_io);
	}
}

/* --- life --- */

static enum err
open_context(struct ws *w)
{
	void *loops[] = { w->loop };
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.options = LWS_SERVER_OPTION_LIBEV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
			   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
		.foreign_loops = loops,
		.user = w,
		.gid = -1,
		.uid = -1,
		.pt_serv_buf_size = STREAM_READ_BYTES,
		.timeout_secs = LIMIT_HANDSHAKE_SECONDS,
	};

	protocols[0].per_session_data_size = ws_stream_size();
	lws_set_log_level(LLL_ERR | LLL_WARN, log_library);
	w->lws = lws_create_context(&info);
	if (w->lws != NULL)
		return OK;
	log_error("libwebsockets does not start: is libwebsockets-evlib-ev installed?");
	return ERR_IO;
}

enum err
ws_new(const struct ws_options *o, struct ws **out_ws)
{
	struct ws *w = xcalloc(1, sizeof *w);
	enum err e;

	w->o = *o;
	w->plain.fd = w->tls.fd = -1;
	w->socket_max = ws_raise_descriptors(o->max_connections);
	w->loop = ev_loop_new(EVFLAG_AUTO);
	if (w->loop == NULL)
		abort();
	ev_set_userdata(w->loop, w);
	w->front = (struct http_front){ .loop = w->loop,
		.api = o->api,
		.ctx = w,
		.on_upgrade = ws_conn_open,
		.body_seconds =
		    o->body_seconds > 0 ? (double)o->body_seconds : LIMIT_HTTP_BODY_SECONDS,
		.is_any_path = o->service != NULL && o->service->is_any_path };
	wheel_init(o->env->wheel, clock_mono_ms());
	hub_tick(o->env->hub, clock_mono_ms());
	if ((e = open_context(w)) == OK && (e = open_port(w, &w->plain, o->port, false)) == OK &&
	    (o->tls_port == 0 || (e = open_port(w, &w->tls, o->tls_port, true)) == OK)) {
		w->tls_files_ns = o->tls_port != 0 ? tls_files_ns(w) : 0;
		watch(w);
		*out_ws = w;
		return OK;
	}
	ws_free(w);
	return e;
}

int
ws_port(const struct ws *w)
{
	return w->plain.port;
}

int
ws_tls_port(const struct ws *w)
{
	return w->tls.port;
}

struct ev_loop *
ws_loop(struct ws *w)
{
	return w->loop;
}

void
ws_run(struct ws *w)
{
	(void)ev_run(w->loop, 0);
}

void
ws_free(struct ws *w)
{
	if (w == NULL)
		return;
	ws_close_listener(w, &w->plain);
	ws_close_listener(w, &w->tls);
	http_front_close(&w->front);
	if (w->lws != NULL)
		lws_context_destroy(w->lws);
	ev_loop_destroy(w->loop);
	free(w);
}
