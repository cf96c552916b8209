#include "http_conn_internal.h"

#include <utlist.h>

#include "limit.h"

#define WRITE_BYTES (64 * 1024)
#define LINGER_SECONDS 2 /* for the answer to be read by one who is still sending */
#define LINGER_BYTES                                                                               \
	(16 * 1024 * 1024) /* read away meanwhile: the body that was too large, mostly */
#define OUT_MAX (HTTP_RESPONSE_MAX + HTTP_RESPONSE_HEADERS_MAX + 1024 + OUT_PAUSE)

/* --- life ----------------------------------------------------------------------------------------
 */

void
http_conn_forget(struct http_conn *c)
{
	struct http_front *f = c->front;

	http_conn_free_exchange(c);
	ev_timer_stop(f->loop, &c->timer);
	DL_DELETE(f->list, c);
	f->count--;
	buf_free(&c->in);
	buf_free(&c->out);
	free(c);
}

static void
drop(struct http_conn *c)
{
	stream_leave(c->stream);
	http_conn_forget(c);
}

void
http_conn_deadline(struct http_conn *c, double seconds)
{
	c->timer.repeat = seconds;
	ev_timer_again(c->front->loop, &c->timer);
}

/* --- the stream ----------------------------------------------------------------------------------
 */

/* Nothing more is said. Closing at once would throw away the answer if he is still sending. */
static void
linger(struct http_conn *c)
{
	c->state = STATE_LINGER;
	buf_free(&c->in);
	http_conn_deadline(c, LINGER_SECONDS);
	stream_end(c->stream);
}

/* In pieces, so that what waits lies in out and not a second time in the stream. */
static void
flush(struct http_conn *c)
{
	while (c->sent < c->out.len && !stream_is_congested(c->stream)) {
		size_t left = c->out.len - c->sent;
		size_t n = left < WRITE_BYTES ? left : WRITE_BYTES;

		stream_write(c->stream, c->out.data + c->sent, n);
		c->sent += n;
	}
	if (stream_is_congested(c->stream)) {
		http_conn_deadline(c, LIMIT_HTTP_BODY_SECONDS);
		stream_want_room(c->stream);
		return;
	}
	buf_free(&c->out);
	c->sent = 0;
	c->is_flush_due = false;
}

/* Works off what has come, sends, and decides what to wait for. */
static void
advance(struct http_conn *c)
{
	enum http_progress p;

	do {
		if ((p = http_conn_work(c)) == HTTP_GONE)
			return;
		flush(c);
		if (stream_is_congested(c->stream))
			return; /* nothing is read until there is room */
	} while (p == HTTP_PAUSED);
	if (c->in.len == 0)
		buf_free(&c->in);
	if (c->is_last)
		linger(c);
	else if (c->front->is_draining && c->in.len == 0 && c->state == STATE_HEAD)
		drop(c);
}

static void
on_bytes(void *ctx, unsigned char *p, size_t n)
{
	struct http_conn *c = ctx;
	bool was_idle = c->in.len == 0 && c->state == STATE_HEAD;

	if (c->state == STATE_LINGER) {
		c->lingered += n;
		if (c->lingered > LINGER_BYTES)
			drop(c);
		return;
	}
	if (buf_add(&c->in, p, n) != OK) { /* its maximum is what can be in it, and two reads */
		drop(c);
		return;
	}
	if (was_idle)
		http_conn_deadline(c, LIMIT_HANDSHAKE_SECONDS);
	if (!stream_is_congested(c->stream))
		advance(c);
}

static void
on_room(void *ctx)
{
	struct http_conn *c = ctx;

	flush(c);
	if (!stream_is_congested(c->stream))
		advance(c);
}

static void
on_closed(void *ctx)
{
	http_conn_forget(ctx);
}

static const struct stream_handler handler = {
	.on_bytes = on_bytes,
	.on_room = on_room,
	.on_closed = on_closed,
};

static void
on_deadline(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct http_conn *c = timer->data;

	(void)loop;
	(void)events;
	if (c->state == STATE_LINGER || c->out.len > 0 ||
	    (c->in.len == 0 && c->state == STATE_HEAD)) {
		drop(c);
		return;
	}
	http_conn_refuse(c, 408);
	advance(c);
}

void
http_front_accept(struct http_front *f, struct stream *s)
{
	struct http_conn *c = xcalloc(1, sizeof *c);

	c->front = f;
	c->stream = s;
	c->since = ev_now(f->loop);
	c->in = BUF_INIT(LIMIT_HTTP_HEAD_BYTES + 2 * STREAM_READ_BYTES);
	c->out = BUF_INIT(OUT_MAX);
	DL_APPEND(f->list, c);
	f->count++;
	stream_handle(s, &handler, c);
	ev_timer_init(&c->timer, on_deadline, 0, LIMIT_HANDSHAKE_SECONDS);
	c->timer.data = c;
	ev_timer_again(f->loop, &c->timer);
}

static bool
is_idle(const struct http_conn *c)
{
	return c->state == STATE_HEAD && c->in.len == 0 && c->out.len == 0;
}

void
http_front_reap(struct http_front *f, double idle_seconds)
{
	double before = ev_now(f->loop) - idle_seconds;
	struct http_conn *c, *next;

	DL_FOREACH_SAFE(f->list, c, next)
	if (is_idle(c) && c->since < before)
		drop(c);
}

void
http_front_drain(struct http_front *f)
{
	struct http_conn *c, *next;

	f->is_draining = true;
	DL_FOREACH_SAFE(f->list, c, next)
	if (is_idle(c))
		drop(c);
}

void
http_front_close(struct http_front *f)
{
	struct http_conn *c, *next;

	DL_FOREACH_SAFE(f->list, c, next)
	drop(c);
}
