#include "http_conn_internal.h"

#include <errno.h>
#include <sys/socket.h>
#include <utlist.h>

#include "limit.h"

#define READ_BYTES (64 * 1024)
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
	ev_io_stop(f->loop, &c->io);
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
	struct http_front *f = c->front;

	(void)close(c->fd);
	http_conn_forget(c);
	f->on_gone(f->ctx);
}

void
http_conn_deadline(struct http_conn *c, double seconds)
{
	c->timer.repeat = seconds;
	ev_timer_again(c->front->loop, &c->timer);
}

static void
want(struct http_conn *c, int events)
{
	if ((c->io.events & (EV_READ | EV_WRITE)) == events && ev_is_active(&c->io))
		return;
	ev_io_stop(c->front->loop, &c->io);
	ev_io_set(&c->io, c->fd, events);
	ev_io_start(c->front->loop, &c->io);
}

/* --- the socket ----------------------------------------------------------------------------------
 */

/* Nothing more is said. Closing at once would throw away the answer if he is still sending. */
static void
linger(struct http_conn *c)
{
	if (c->is_eof || shutdown(c->fd, SHUT_WR) != 0) {
		drop(c);
		return;
	}
	c->state = STATE_LINGER;
	buf_free(&c->in);
	http_conn_deadline(c, LINGER_SECONDS);
	want(c, EV_READ);
}

/* False: c is gone. */
static bool
flush(struct http_conn *c)
{
	while (c->sent < c->out.len) {
		ssize_t n = send(c->fd, c->out.data + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			http_conn_deadline(c, LIMIT_HTTP_BODY_SECONDS);
			want(c, EV_WRITE);
			return true;
		}
		if (n < 0) {
			drop(c);
			return false;
		}
		c->sent += (size_t)n;
	}
	buf_free(&c->out);
	c->sent = 0;
	c->is_flush_due = false;
	return true;
}

/* Works off what has come, sends, and decides what to wait for. */
static void
advance(struct http_conn *c)
{
	enum http_progress p;

	do {
		if ((p = http_conn_work(c)) == HTTP_GONE || !flush(c) || c->out.len > 0)
			return; /* flush waits for room */
	} while (p == HTTP_PAUSED);
	if (c->in.len == 0)
		buf_free(&c->in);
	if (c->is_last)
		linger(c);
	else if (c->is_eof || (c->front->is_draining && c->in.len == 0 && c->state == STATE_HEAD))
		drop(c);
	else
		want(c, EV_READ);
}

static void
read_away(struct http_conn *c, size_t n)
{
	c->lingered += n;
	if (n == 0 || c->lingered > LINGER_BYTES)
		drop(c);
}

static void
on_readable(struct http_conn *c)
{
	static char bytes[READ_BYTES]; /* event-loop thread only */
	ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);
	bool was_idle = c->in.len == 0 && c->state == STATE_HEAD;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		drop(c);
		return;
	}
	if (c->state == STATE_LINGER) {
		read_away(c, (size_t)n);
		return;
	}
	if (n == 0)
		c->is_eof = true;
	else if (buf_add(&c->in, bytes, (size_t)n) != OK)
		abort(); /* its maximum is what can be in it, and one read */
	if (was_idle && n > 0)
		http_conn_deadline(c, LIMIT_HANDSHAKE_SECONDS);
	advance(c);
}

static void
on_io(struct ev_loop *loop, ev_io *io, int events)
{
	struct http_conn *c = io->data;

	(void)loop;
	if ((events & EV_WRITE) == 0)
		on_readable(c);
	else if (flush(c) && c->out.len == 0)
		advance(c);
}

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
http_front_accept(struct http_front *f, int fd)
{
	struct http_conn *c = xcalloc(1, sizeof *c);

	c->front = f;
	c->fd = fd;
	c->since = ev_now(f->loop);
	c->in = BUF_INIT(LIMIT_HTTP_HEAD_BYTES + READ_BYTES);
	c->out = BUF_INIT(OUT_MAX);
	DL_APPEND(f->list, c);
	f->count++;
	ev_io_init(&c->io, on_io, fd, EV_READ);
	c->io.data = c;
	ev_timer_init(&c->timer, on_deadline, 0, LIMIT_HANDSHAKE_SECONDS);
	c->timer.data = c;
	ev_timer_again(f->loop, &c->timer);
	ev_io_start(f->loop, &c->io);
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
