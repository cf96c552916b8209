#include "ws_internal.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

struct stream { /* the user space of a connection, zeroed by libwebsockets */
	struct lws *wsi;
	const struct stream_handler *handler; /* NULL: nobody's */
	void *ctx;
	int plain_fd;           /* without TLS; else -1 */
	bool is_ended, is_left; /* to be closed */
	bool is_congested;
	bool is_room_wanted;
	bool is_heard; /* bytes have come */
};

size_t
ws_stream_size(void)
{
	return sizeof(struct stream);
}

void
stream_handle(struct stream *s, const struct stream_handler *h, void *ctx)
{
	s->handler = h;
	s->ctx = ctx;
}

int
stream_fd(const struct stream *s)
{
	return lws_get_socket_fd(s->wsi);
}

/* --- out -----------------------------------------------------------------------------------------
 */

/* Not asked of libwebsockets: its part of a connection is far away in memory. */
bool
stream_is_congested(const struct stream *s)
{
	return s->is_congested;
}

/* It would spin on what comes in while something waits to go out: then nothing is read. */
static void
note_congestion(struct stream *s)
{
	bool is_congested = lws_partial_buffered(s->wsi) != 0;

	if (is_congested != s->is_congested)
		(void)lws_rx_flow_control(s->wsi, is_congested ? 0 : 1);
	s->is_congested = is_congested;
}

/* A dead socket is not an error here: its end is on the way. */
void
stream_write(struct stream *s, const void *p, size_t n)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): drops a const that the library lacks */
	unsigned char *bytes = (unsigned char *)(uintptr_t)p;
	ssize_t sent = s->plain_fd >= 0 ? send(s->plain_fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
	size_t done = sent > 0 ? (size_t)sent : 0;

	if (done == n)
		return;
	(void)lws_write(s->wsi, bytes + done, n - done, LWS_WRITE_RAW);
	note_congestion(s);
	if (s->is_congested)
		(void)lws_callback_on_writable(s->wsi);
}

void
stream_want_room(struct stream *s)
{
	s->is_room_wanted = true;
	(void)lws_callback_on_writable(s->wsi);
}

/* --- the end -------------------------------------------------------------------------------------
 */

/* The library has no half-closing: it would wait for the other end to close, holding on to all. */
static void
shut(struct stream *s, int how)
{
	SSL *ssl = s->plain_fd < 0 ? lws_get_ssl(s->wsi) : NULL;

	if (ssl != NULL && SSL_is_init_finished(ssl) && !stream_is_congested(s)) {
		(void)SSL_shutdown(ssl);
		ERR_clear_error();
	}
	(void)shutdown(lws_get_socket_fd(s->wsi), how);
}

void
stream_end(struct stream *s)
{
	if (!s->is_ended)
		shut(s, SHUT_WR);
	s->is_ended = true;
}

void
stream_leave(struct stream *s)
{
	s->handler = NULL;
	if (s->is_left)
		return;
	s->is_left = true;
	shut(s, SHUT_RDWR);
	/* from within one of its callbacks it closes right behind it, and this is never heard of */
	lws_set_timeout(s->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

/* --- what libwebsockets tells --------------------------------------------------------------------
 */

void
ws_stream_open(struct ws *w, struct lws *wsi, struct stream *s)
{
	s->wsi = wsi;
	s->plain_fd = lws_is_ssl(wsi) ? -1 : lws_get_socket_fd(wsi);
	http_front_accept(&w->front, s);
}

int
ws_stream_bytes(struct stream *s, unsigned char *p, size_t n)
{
	/* of its handshake's timeout nothing ends but by this; from now on deadlines are ours */
	if (!s->is_heard && !s->is_left)
		lws_set_timeout(s->wsi, NO_PENDING_TIMEOUT, 0);
	s->is_heard = true;
	if (s->handler != NULL)
		s->handler->on_bytes(s->ctx, p, n);
	return s->is_left ? -1 : 0;
}

int
ws_stream_room(struct stream *s)
{
	note_congestion(s);
	if (s->is_congested) {
		(void)lws_callback_on_writable(s->wsi);
		return 0;
	}
	if (s->is_room_wanted && s->handler != NULL) {
		s->is_room_wanted = false;
		s->handler->on_room(s->ctx);
	}
	return s->is_left ? -1 : 0;
}

void
ws_stream_gone(struct stream *s)
{
	const struct stream_handler *h = s->handler;

	s->handler = NULL;
	s->is_left = true;
	if (h != NULL)
		h->on_closed(s->ctx);
}
