/*
 * One WebSocket: bytes become messages for the session, frames become bytes for the stream.
 *
 * Frames go out ready-made, straight from the fan-out while the socket takes them. Never while
 * the stream is congested: then the outbox keeps references, and what has gathered is joined into
 * one write when there is room again.
 *
 * Ending: what waits is sent, then a close frame, then it waits for the other end to close, at
 * most SESSION_CLOSE_GRACE_MS; who has broken the protocol is not listened to any more.
 */
#include "ws_internal.h"

#include "clock.h"
#include "http_message.h"
#include "limit.h"
#include "log.h"

#define JOIN_BYTES (64 * 1024) /* of one write; longer frames go alone */
#define UNREAD_MAX (2 * STREAM_READ_BYTES)
#define CLOSE_BYTES 4 /* a close frame: head and code */

struct conn {
	struct session session; /* first: a peer, a session and a conn have one address */
	const struct ws_service *service;
	struct rfc6455 rx;
	struct buf unread;   /* what came while he does not read what he is sent */
	uint16_t heard_code; /* of the close frame that came; 0: none yet */
	bool is_ping_due, is_closed /* ours is sent */, is_deaf;
};

#define CONN_SIZE ((sizeof(struct conn) + PEER_LINE - 1) / PEER_LINE * PEER_LINE)

static struct conn *
conn_of(struct peer *p)
{
	return (struct conn *)(void *)p;
}

static struct stream *
stream_of(const struct conn *c)
{
	return c->session.peer.link;
}

/* Its first line holds what a delivery needs. */
static struct conn *
conn_new(void)
{
	struct conn *c = aligned_alloc(PEER_LINE, CONN_SIZE);

	if (c == NULL)
		abort();
	memset(c, 0, sizeof *c);
	return c;
}

/* --- out -----------------------------------------------------------------------------------------
 */

static bool
conn_write(struct peer *p, struct frame *f)
{
	struct stream *s = p->link;
	const unsigned char *bytes;
	size_t len;

	if (stream_is_congested(s))
		return false;
	bytes = frame_ws(f, &len);
	stream_write(s, bytes, len);
	return true;
}

static void
conn_wake(struct peer *p)
{
	struct conn *c = conn_of(p);

	/* one who does not read gets his last frame within the grace, or is cut off */
	if (peer_has_ended(p))
		wheel_set(c->session.env->wheel, &c->session.timer,
		    clock_mono_ms() + SESSION_CLOSE_GRACE_MS);
	stream_want_room(stream_of(c));
}

static void
conn_ping(struct peer *p)
{
	struct conn *c = conn_of(p);

	c->is_ping_due = true;
	stream_want_room(stream_of(c));
}

static const struct transport transport = {
	.write = conn_write,
	.wake = conn_wake,
	.ping = conn_ping,
};

/* One write of as many waiting frames as fit. */
static void
write_waiting(struct stream *s, struct outbox *o)
{
	static unsigned char joined[JOIN_BYTES]; /* event-loop thread only */
	size_t n = 0, len;
	struct frame *f;

	while (!outbox_is_empty(o)) {
		const unsigned char *bytes = frame_ws(outbox_peek(o), &len);

		if (n + len > sizeof joined)
			break;
		memcpy(joined + n, bytes, len);
		n += len;
		f = outbox_pop(o);
		frame_unref(f);
	}
	if (n > 0) {
		stream_write(s, joined, n);
		return;
	}
	f = outbox_pop(o);
	stream_write(s, frame_ws(f, &len), len);
	frame_unref(f);
}

static void
conn_free(struct conn *c)
{
	session_close(&c->session);
	rfc6455_free(&c->rx);
	buf_free(&c->unread);
	free(c);
}

/* c is gone. */
static void
leave(struct conn *c)
{
	stream_leave(stream_of(c));
	conn_free(c);
}

static void
write_close(struct conn *c, unsigned code)
{
	const unsigned char bytes[CLOSE_BYTES] = { 0x80 | WS_CLOSE, 2, (unsigned char)(code >> 8),
		(unsigned char)code };
	static const unsigned char bare[2] = { 0x80 | WS_CLOSE, 0 };
	char id[SOCKET_ID_SIZE] = "-";

	if (c->session.peer.app != NULL)
		(void)hub_socket_id(&c->session.peer, id);
	log_debug(
	    "close socket=%s code=%u by=%s", id, code, c->heard_code != 0 ? "client" : "server");
	if (code == WS_CODE_NONE)
		stream_write(stream_of(c), bare, sizeof bare);
	else
		stream_write(stream_of(c), bytes, sizeof bytes);
	c->is_closed = true;
}

/* The session has ended: nothing more will wait. False: c is gone. */
static bool
end(struct conn *c)
{
	if (!c->is_closed && !stream_is_congested(stream_of(c)))
		write_close(c, c->heard_code != 0 ? c->heard_code : c->session.peer.close_code);
	if (stream_is_congested(stream_of(c))) {
		stream_want_room(stream_of(c));
		return true;
	}
	if (c->heard_code != 0) {
		leave(c);
		return false;
	}
	if (c->is_deaf)
		stream_end(stream_of(c));
	return true;
}

/* False: c is gone. */
static bool
write_what_waits(struct conn *c)
{
	static const unsigned char ping[2] = { 0x80 | WS_PING, 0 };
	struct outbox *o = &c->session.peer.outbox;

	while (!outbox_is_empty(o) && !stream_is_congested(stream_of(c)))
		write_waiting(stream_of(c), o);
	if (stream_is_congested(stream_of(c))) {
		stream_want_room(stream_of(c));
		return true;
	}
	if (c->is_ping_due && !c->is_closed) {
		c->is_ping_due = false;
		stream_write(stream_of(c), ping, sizeof ping);
	}
	return !peer_has_ended(&c->session.peer) || end(c);
}

/* --- in ------------------------------------------------------------------------------------------
 */

/* Whether anything follows or not, he will not be listened to. */
static void
refuse(struct conn *c, enum rfc6455_got got, uint16_t code)
{
	struct metrics *m = c->session.env->metrics;

	c->is_deaf = true;
	rfc6455_free(&c->rx);
	if (peer_has_ended(&c->session.peer))
		return;
	if (got == WS_GOT_TOO_LONG)
		metric_add(m, METRIC_CLOSED_TOO_LONG, 1);
	else if (got == WS_GOT_TOO_MANY)
		metric_add(m, METRIC_CLOSED_FRAGMENTS, 1);
	else
		metric_add(m, METRIC_CLOSED_PROTOCOL, 1);
	session_end(&c->session, code, NULL, clock_mono_ms());
}

static void
answer_ping(struct conn *c, const struct rfc6455_item *item)
{
	struct frame *pong = frame_new_as(WS_PONG, item->p, item->n);

	if (peer_give(&c->session.peer, pong) != OK)
		session_fell_behind(&c->session);
}

/* False: c is gone. */
static bool
take(struct conn *c, enum rfc6455_got got, const struct rfc6455_item *item)
{
	int64_t now_ms = clock_mono_ms();

	session_seen(&c->session, now_ms);
	switch (got) {
	case WS_GOT_MESSAGE:
		if (!peer_has_ended(&c->session.peer))
			c->service->receive(
			    &c->session, (const char *)item->p, item->n, item->is_text, now_ms);
		return true;
	case WS_GOT_PING: answer_ping(c, item); return true;
	case WS_GOT_CLOSE:
		c->heard_code = item->code;
		session_end_quietly(&c->session, now_ms);
		return end(c);
	case WS_GOT_BROKEN:
	case WS_GOT_TOO_LONG:
	case WS_GOT_TOO_MANY: refuse(c, got, item->code); return true;
	case WS_GOT_PONG:
	case WS_GOT_NOTHING: break;
	}
	return true;
}

/* He is listened to while he takes what he is answered. */
static void
on_bytes(void *ctx, unsigned char *p, size_t n)
{
	struct conn *c = ctx;
	struct rfc6455_item item;
	enum rfc6455_got got;

	while (!c->is_deaf && c->heard_code == 0) {
		if (stream_is_congested(stream_of(c))) {
			stream_want_room(stream_of(c));
			if (n > 0 && buf_add(&c->unread, p, n) != OK)
				leave(c); /* more than a stream reads that is congested */
			return;
		}
		if ((got = rfc6455_next(&c->rx, &p, &n, &item)) == WS_GOT_NOTHING)
			return;
		if (!take(c, got, &item))
			return;
	}
}

static void
on_room(void *ctx)
{
	struct conn *c = ctx;
	struct buf unread = c->unread;

	if (!write_what_waits(c) || unread.len == 0)
		return;
	c->unread = BUF_INIT(UNREAD_MAX);
	on_bytes(c, (unsigned char *)unread.data, unread.len);
	buf_free(&unread);
}

static void
on_closed(void *ctx)
{
	conn_free(ctx);
}

/* --- life ----------------------------------------------------------------------------------------
 */

static const struct stream_handler handler = {
	.on_bytes = on_bytes,
	.on_room = on_room,
	.on_closed = on_closed,
};

void
ws_conn_cut(struct session *s)
{
	leave((struct conn *)(void *)s);
}

void
ws_conn_open(void *ctx, struct stream *stream, const struct http_upgrade *u)
{
	struct ws *w = ctx;
	struct conn *c = conn_new();
	const struct ws_service *service = w->o.service != NULL ? w->o.service : &ws_pusher;
	struct session_request r = {
		.protocol = u->protocol, .origin = u->origin, .address = u->address
	};

	(void)apps_match_path(w->o.env->apps, u->path, &r.key, &r.key_len);
	c->session.peer.link = stream;
	c->service = service;
	c->unread = BUF_INIT(UNREAD_MAX);
	c->rx.message_max = service->message_max;
	c->rx.fragments_max = service->fragments_max;
	stream_handle(stream, &handler, c);
	service->open(&c->session, w->o.env, &transport, &r, clock_mono_ms());
	on_bytes(c, u->rest, u->rest_len);
}

static void
receive_pusher(struct session *s, const char *p, size_t n, bool is_text, int64_t now_ms)
{
	(void)is_text; /* who sends binary frames is read all the same, as by soketi */
	session_receive(s, p, n, now_ms);
}

const struct ws_service ws_pusher = {
	.message_max = LIMIT_WS_MESSAGE_BYTES,
	.fragments_max = LIMIT_WS_FRAGMENTS,
	.open = session_open,
	.receive = receive_pusher,
};
