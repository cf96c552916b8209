#include "reply.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>

#include "answer.h"

struct reply {
	struct standin *server;
	struct evhttp_request *req;
	struct evhttp_connection *conn;
	struct event *timer;
	struct script script;
	struct google_error error; /* http != 0: answered instead of the script */
	bool is_stream_route, hangs, has_begun;
	bool is_break_planned;
	struct buf frame; /* what was built and is not yet handed over, from sent on */
	size_t sent;
};

enum outcome { FINISHED, ABORTED, BROKEN, REFUSED };

static void on_timer(evutil_socket_t fd, short what, void *arg);

/* --- life -------------------------------------------------------------------------------- */
static void
count_outcome(struct journal_counters *n, enum outcome outcome)
{
	switch (outcome) {
	case FINISHED: n->finished++; break;
	case ABORTED: n->aborted++; break;
	case BROKEN: n->broken++; break;
	case REFUSED: n->refused++; break;
	}
	n->open_streams--;
}

static void
reply_free(struct reply *r, enum outcome outcome)
{
	evhttp_connection_set_closecb(r->conn, NULL, NULL);
	count_outcome(&r->server->journal.n, outcome);
	event_free(r->timer);
	script_free(&r->script);
	buf_free(&r->frame);
	free(r);
}

/* The client is gone, or the server stops. */
static void
on_close(struct evhttp_connection *conn, void *arg)
{
	struct reply *r = arg;
	struct evhttp_request *req = r->req;

	(void)conn;
	reply_free(r, ABORTED);
	/* After a network error evhttp cuts the request loose if it still waits for our answer. */
	if (evhttp_request_get_connection(req) == NULL)
		evhttp_send_reply_end(req);
}

/* The last byte left in order. */
static void
on_complete(struct evhttp_request *req, void *arg)
{
	struct reply *r = arg;

	(void)req;
	if (r->error.http != 0)
		reply_free(r, REFUSED);
	else
		reply_free(r, r->is_break_planned ? BROKEN : FINISHED);
}

/*
 * evhttp stops reading while a request is answered and so would not see the client leave before
 * the first byte is written. Its own error callback is kept, its read callback must not run.
 */
static void
watch_for_close(struct reply *r)
{
	struct bufferevent *bev = evhttp_connection_get_bufferevent(r->conn);
	bufferevent_data_cb on_write;
	bufferevent_event_cb on_event;
	void *arg;

	bufferevent_getcb(bev, NULL, &on_write, &on_event, &arg);
	bufferevent_setcb(bev, NULL, on_write, on_event, arg);
	(void)bufferevent_enable(bev, EV_READ);
	evhttp_connection_set_closecb(r->conn, on_close, r);
	evhttp_request_set_on_complete_cb(r->req, on_complete, r);
}

/* Small frames must leave at once: Nagle and delayed ACKs would add 40 ms to each. */
static void
set_no_delay(const struct reply *r)
{
	evutil_socket_t fd = bufferevent_getfd(evhttp_connection_get_bufferevent(r->conn));
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void
wait_ms(struct reply *r, int64_t ms)
{
	struct timeval tv = { 0 };

	if (ms > 0) {
		tv.tv_sec = ms / 1000;
		tv.tv_usec = ms % 1000 * 1000;
	}
	(void)event_add(r->timer, &tv);
}

/* --- sending ----------------------------------------------------------------------------- */
static void on_written(struct evhttp_connection *conn, void *arg);

/*
 * evhttp shuts a socket down before it closes it, and the client would see an end instead of a
 * reset. So it gets another file in the socket's place, which is closed by that.
 */
static void
reset_socket(struct evhttp_connection *conn)
{
	struct bufferevent *bev = evhttp_connection_get_bufferevent(conn);
	evutil_socket_t fd = bufferevent_getfd(bev);
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	auto_fd other = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	(void)bufferevent_setfd(bev, -1);
	if (other < 0 || dup3(other, fd, O_CLOEXEC) < 0)
		abort();
}

static void
drop_connection(struct reply *r, bool with_reset)
{
	struct evhttp_connection *conn = r->conn;

	reply_free(r, BROKEN);
	if (with_reset)
		reset_socket(conn);
	evhttp_connection_free(conn); /* with the request */
}

static void
send_piece(struct reply *r)
{
	struct evbuffer *piece = evbuffer_new();
	size_t len = r->frame.len - r->sent;
	int64_t slice = r->script.d.slice;

	if (slice != DIRECTIVE_UNSET && len > (size_t)slice)
		len = (size_t)slice;
	(void)evbuffer_add(piece, r->frame.data + r->sent, len);
	r->sent += len;
	r->server->journal.n.bytes += (int64_t)len;
	evhttp_send_reply_chunk_with_cb(r->req, piece, on_written, r);
	evbuffer_free(piece);
}

static void
send_next(struct reply *r)
{
	struct timespec now;

	buf_clear(&r->frame);
	r->sent = 0;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	r->script.now_us = now.tv_sec * 1000000LL + now.tv_nsec / 1000;
	switch (script_next(&r->script, &r->frame)) {
	case SCRIPT_FRAME: send_piece(r); break;
	case SCRIPT_END: evhttp_send_reply_end(r->req); break;
	case SCRIPT_DROP: drop_connection(r, false); break;
	case SCRIPT_RESET: drop_connection(r, true); break;
	case SCRIPT_STALL: break;
	}
}

/* The kernel has all that was given. */
static void
on_written(struct evhttp_connection *conn, void *arg)
{
	struct reply *r = arg;

	(void)conn;
	if (r->sent < r->frame.len)
		send_piece(r);
	else
		wait_ms(r, r->script.d.delay);
}

/* --- the beginning ----------------------------------------------------------------------- */
static void
begin_stream(struct reply *r)
{
	bool is_sse = r->script.form == SCRIPT_SSE;

	answer_headers(r->req, is_sse ? ANSWER_SSE : ANSWER_JSON);
	if (r->is_stream_route)
		(void)evhttp_add_header(
		    evhttp_request_get_output_headers(r->req), "Content-Disposition", "attachment");
	set_no_delay(r);
	evhttp_send_reply_start(r->req, 200, NULL);
	send_next(r);
}

static void
begin_body(struct reply *r)
{
	if (script_next(&r->script, &r->frame) != SCRIPT_FRAME)
		abort();
	r->server->journal.n.bytes += (int64_t)r->frame.len;
	answer_bytes(r->req, 200, ANSWER_JSON, &r->frame);
}

static void
begin(struct reply *r)
{
	r->has_begun = true;
	if (r->error.http != 0)
		answer_error(r->req, &r->error, r->is_stream_route);
	else if (script_needs_chunks(&r->script))
		begin_stream(r);
	else
		begin_body(r);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct reply *r = arg;

	(void)fd;
	(void)what;
	if (r->has_begun)
		send_next(r);
	else if (!r->hangs)
		begin(r);
}

/* --- the order --------------------------------------------------------------------------- */
static enum script_form
form_of(const struct reply_order *order)
{
	if (!order->is_stream_route || order->d->plain_json)
		return SCRIPT_UNARY;
	return order->is_sse ? SCRIPT_SSE : SCRIPT_ARRAY;
}

/* The status that is answered instead of a reply, 0 for none. */
static int
status_of(const struct reply_order *order)
{
	const struct directives *d = order->d;
	bool breaks_with_error =
	    d->error_after != DIRECTIVE_UNSET || d->bare_error_after != DIRECTIVE_UNSET;

	if (d->status != DIRECTIVE_UNSET)
		return (int)d->status;
	if (!order->is_stream_route && breaks_with_error)
		return d->code != DIRECTIVE_UNSET ? (int)d->code : 503;
	return 0;
}

void
reply_start(struct standin *s, struct evhttp_request *req, const struct reply_order *order)
{
	struct reply *r = xcalloc(1, sizeof *r);
	struct journal_counters *n = &s->journal.n;
	int status = status_of(order);

	r->server = s;
	r->req = req;
	r->conn = evhttp_request_get_connection(req);
	r->timer = evtimer_new(s->base, on_timer, r);
	r->is_stream_route = order->is_stream_route;
	r->hangs = order->d->hang;
	r->frame = BUF_INIT(SCRIPT_FRAME_MAX);
	script_init(&r->script, form_of(order), order->d, order->model->resolves_to, order->prompt);
	r->is_break_planned = script_is_broken(&r->script);
	if (status != 0)
		google_error_of_status(&r->error, status, order->d, order->model->id);
	if (++n->open_streams > n->max_open_streams)
		n->max_open_streams = n->open_streams;
	watch_for_close(r);
	wait_ms(r, status != 0 ? order->d->late : order->d->first);
}
