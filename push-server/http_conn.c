#include "http_conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <utlist.h>

#include "http_body.h"
#include "http_peer.h"
#include "limit.h"

#define READ_BYTES (64 * 1024)
#define LINGER_SECONDS 2           /* for the answer to be read by one who is still sending */
#define LINGER_BYTES (1024 * 1024) /* read away meanwhile */
#define OUT_PAUSE (64 * 1024)      /* no further pipelined request while so much waits */
#define OUT_MAX (HTTP_RESPONSE_MAX + HTTP_RESPONSE_HEADERS_MAX + 1024 + OUT_PAUSE)

enum state {
	STATE_HEAD, /* between requests, or in a head */
	STATE_BODY,
	STATE_LINGER, /* everything is said: reads away what still comes */
};

struct exchange { /* a request, from its head to its answer */
	struct http_request request;
	struct http_body body;
};

struct http_conn {
	struct http_front *front;
	struct http_conn *prev, *next;
	ev_io io;
	ev_timer timer;
	int fd;
	double since; /* when the last request ended, or it was accepted; of the loop's clock */
	enum state state;
	bool is_last;                 /* the connection ends behind what is in out */
	bool is_eof;                  /* he will send no more */
	bool is_flush_due;            /* an upgrade waits for the answers before it */
	bool is_head, is_close_asked; /* of the request that is read */
	struct buf in, out;
	size_t sent;         /* of out */
	size_t lingered;     /* bytes read away */
	size_t body_counted; /* of this body, in front->body_bytes */
	struct exchange *x;  /* NULL: in no request */
};

/* --- life ----------------------------------------------------------------------------------------
 */

static void
count_body(struct http_conn *c, size_t bytes)
{
	c->front->body_bytes += bytes - c->body_counted;
	c->body_counted = bytes;
}

static void
free_exchange(struct http_conn *c)
{
	if (c->x == NULL)
		return;
	count_body(c, 0);
	http_body_free(&c->x->body);
	http_request_free(&c->x->request);
	free(c->x);
	c->x = NULL;
}

/* Without its descriptor. */
static void
forget(struct http_conn *c)
{
	struct http_front *f = c->front;

	free_exchange(c);
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
	forget(c);
	f->on_gone(f->ctx);
}

static void
set_deadline(struct http_conn *c, double seconds)
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

/* --- answering -----------------------------------------------------------------------------------
 */

static void
end_request(struct http_conn *c)
{
	free_exchange(c);
	c->since = ev_now(c->front->loop);
	c->state = STATE_HEAD;
	set_deadline(c, c->in.len > 0 ? LIMIT_HANDSHAKE_SECONDS : LIMIT_HTTP_IDLE_SECONDS);
}

static void
say(struct http_conn *c, struct http_response *r)
{
	r->is_head = c->is_head;
	c->is_last |= c->is_close_asked || c->front->is_draining;
	if (http_response_write(&c->out, r, c->is_last) != OK)
		c->is_last = true;
	http_response_clear(r);
	end_request(c);
}

static void
refuse(struct http_conn *c, int status)
{
	struct http_response r;

	c->is_last = true;
	http_api_refuse(c->front->api, status, &r);
	say(c, &r);
}

static void
answer(struct http_conn *c)
{
	struct http_request *request = &c->x->request;
	const struct buf *body = &c->x->body.bytes;
	struct http_response r;

	request->body = body->data != NULL ? body->data : "";
	request->body_len = body->len;
	http_api_handle(c->front->api, request, (int64_t)time(NULL), &r);
	say(c, &r);
}

/* --- becoming a WebSocket ------------------------------------------------------------------------
 */

/* Sixteen bytes in base64: RFC 6455 4.1. */
static bool
is_key(const struct http_slice *key)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	if (key == NULL || key->n != 24 || memcmp(key->p + 22, "==", 2) != 0)
		return false;
	for (size_t i = 0; i < 22; i++)
		if (memchr(alphabet, key->p[i], sizeof alphabet - 1) == NULL)
			return false;
	return true;
}

static enum err
add_field(struct buf *b, const struct http_head *h, const char *name)
{
	const struct http_slice *value = http_head_field(h, name);

	if (value == NULL)
		return OK;
	return buf_addf(b, "%s: %.*s\r\n", name, (int)value->n, value->p);
}

/* What libwebsockets reads: only what it needs, from what was found to be sound. */
static enum err
write_upgrade(struct buf *b, const struct http_head *h)
{
	enum err e;

	if ((e = buf_addf(b, "GET %.*s%s%.*s HTTP/1.1\r\n", (int)h->path.n, h->path.p,
		 h->query.n > 0 ? "?" : "", (int)h->query.n, h->query.p)) != OK ||
	    (e = add_field(b, h, "Host")) != OK || (e = add_field(b, h, "Origin")) != OK ||
	    (e = add_field(b, h, "Sec-WebSocket-Key")) != OK)
		return e;
	return buf_adds(b, "Upgrade: websocket\r\nConnection: Upgrade\r\n"
			   "Sec-WebSocket-Version: 13\r\n\r\n");
}

/* True: c is gone, or has its refusal. */
static void
upgrade(struct http_conn *c, const struct http_head *h)
{
	struct http_front *f = c->front;
	const struct http_slice *version = http_head_field(h, "Sec-WebSocket-Version");
	auto_char *path = http_percent_decode(h->path.p, h->path.n, false);
	auto_buf head = BUF_INIT(2 * LIMIT_HTTP_HEAD_BYTES);
	struct http_response r;
	int fd = c->fd;

	c->is_last = true;
	if (!http_slice_is(h->method, "GET") || h->is_1_0 || path == NULL ||
	    !http_head_has_token(h, "Connection", "upgrade") ||
	    !is_key(http_head_field(h, "Sec-WebSocket-Key")) || http_head_count(h, "Host") > 1 ||
	    http_head_field(h, "Transfer-Encoding") != NULL || write_upgrade(&head, h) != OK) {
		metric_add(f->api->metrics, METRIC_REFUSED_UPGRADE, 1);
		refuse(c, 400);
	} else if (!http_api_may_upgrade(
		       f->api, path, version != NULL && http_slice_is(*version, "13"), &r)) {
		say(c, &r);
	} else if (buf_add(&head, c->in.data + h->len, c->in.len - h->len) == OK) {
		forget(c);
		f->on_upgrade(f->ctx, fd, head.data, head.len);
	} else {
		refuse(c, 400); /* one who talks so much before the door is opened */
	}
}

/* --- reading a request ---------------------------------------------------------------------------
 */

static bool
is_loopback(const struct http_conn *c, const struct http_head *h)
{
	static const char *const forwarded[] = { "Forwarded", "X-Forwarded-For", "X-Forwarded-Host",
		"X-Forwarded-Proto", "X-Real-IP", "Via" };
	const struct http_slice *host = http_head_field(h, "Host");

	for (size_t i = 0; i < ARRAY_LEN(forwarded); i++)
		if (http_head_field(h, forwarded[i]) != NULL)
			return false;
	return host != NULL && http_head_count(h, "Host") == 1 &&
	       http_host_is_loopback(host->p, host->n) && http_peer_is_loopback(c->fd);
}

static int
read_request(struct http_conn *c, const struct http_head *h)
{
	const struct http_slice *authorization = http_head_field(h, "Authorization");
	struct http_request *r = &c->x->request;

	if (http_request_set_target(r, h->method, h->path, h->query) != OK)
		return 400;
	if (authorization != NULL)
		r->authorization = xstrndup(authorization->p, authorization->n);
	r->is_loopback = is_loopback(c, h);
	return http_body_begin(&c->x->body, h, LIMIT_HTTP_BODY_BYTES);
}

/* 0, or the status to refuse with. */
static int
begin(struct http_conn *c, const struct http_head *h)
{
	int status;

	c->x = xcalloc(1, sizeof *c->x);
	c->is_head = http_slice_is(h->method, "HEAD");
	if ((status = read_request(c, h)) != 0)
		return status;
	c->is_close_asked = http_head_has_token(h, "Connection", "close") ||
			    (h->is_1_0 && !http_head_has_token(h, "Connection", "keep-alive"));
	if (http_body_is_done(&c->x->body))
		return 0;
	set_deadline(c, LIMIT_HTTP_BODY_SECONDS);
	if (http_head_has_token(h, "Expect", "100-continue") && !h->is_1_0)
		return buf_adds(&c->out, "HTTP/1.1 100 Continue\r\n\r\n") == OK ? 0 : 500;
	return 0;
}

/* True: something was taken, there may be more to do. c may be gone when false. */
static bool
step_head(struct http_conn *c)
{
	struct http_head h;
	int status = http_head_parse(c->in.data, c->in.len, &h);

	if (status == HTTP_HEAD_MORE)
		return false;
	c->is_head = false;
	if (status != HTTP_HEAD_DONE) {
		refuse(c, status);
		return false;
	}
	if (http_head_field(&h, "Upgrade") != NULL &&
	    http_head_has_token(&h, "Upgrade", "websocket")) {
		c->is_flush_due = c->out.len > 0;
		if (!c->is_flush_due)
			upgrade(c, &h);
		return false;
	}
	if ((status = begin(c, &h)) != 0) {
		refuse(c, status);
		return false;
	}
	buf_consume(&c->in, h.len);
	c->state = STATE_BODY;
	return true;
}

static bool
step_body(struct http_conn *c)
{
	size_t used = 0;
	struct http_body *body = &c->x->body;
	int status = c->in.len > 0 ? http_body_feed(body, c->in.data, c->in.len, &used) : 0;

	buf_consume(&c->in, used);
	count_body(c, body->bytes.len);
	if (status == 0 && c->front->body_bytes > LIMIT_HTTP_BODIES_BYTES)
		status = 503;
	if (status != 0) {
		refuse(c, status);
		return false;
	}
	if (!http_body_is_done(body))
		return false;
	answer(c);
	return true;
}

enum progress { GONE, WAITS /* for more to come */, PAUSED /* until something is sent */ };

static enum progress
work(struct http_conn *c)
{
	struct http_front *f = c->front;
	size_t before = f->count;
	bool is_going = true;

	while (is_going && !c->is_last && c->out.len - c->sent < OUT_PAUSE &&
	       (c->in.len > 0 || c->state == STATE_BODY))
		is_going = c->state == STATE_HEAD ? step_head(c) : step_body(c);
	if (f->count != before)
		return GONE;
	if (c->is_flush_due)
		return PAUSED;
	return is_going && !c->is_last && (c->in.len > 0 || c->state == STATE_BODY) ? PAUSED
										    : WAITS;
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
	set_deadline(c, LINGER_SECONDS);
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
			set_deadline(c, LIMIT_HTTP_BODY_SECONDS);
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
	enum progress p;

	do {
		if ((p = work(c)) == GONE || !flush(c) || c->out.len > 0)
			return; /* flush waits for room */
	} while (p == PAUSED);
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
		set_deadline(c, LIMIT_HANDSHAKE_SECONDS);
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
	refuse(c, 408);
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
