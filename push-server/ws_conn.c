/*
 * One WebSocket: pieces become messages for the session, frames become bytes for the socket.
 *
 * Frames go out ready-made by LWS_WRITE_RAW, straight from the fan-out while the socket takes
 * them. Never while lws_partial_buffered(): libwebsockets keeps what the socket refused as a list
 * of at most 1,024 segments, and beyond that a message would be lost. Then the outbox keeps
 * references, and what has gathered is joined into one write when the socket has room again.
 */
#include "ws_internal.h"

#include <stdio.h>
#include <sys/socket.h>

#include "clock.h"
#include "limit.h"

#define JOIN_BYTES (64 * 1024) /* of one write; longer frames go alone */

static struct conn *
conn_of(struct peer *p)
{
	return (struct conn *)(void *)p;
}

/* --- out -----------------------------------------------------------------------------------------
 */

/* What the socket takes of it at once: most of the time all. Returns how much that is. */
static size_t
send_at_once(const struct conn *c, const unsigned char *bytes, size_t len)
{
	ssize_t n = send(c->plain_fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	return n > 0 ? (size_t)n : 0;
}

/* A dead socket is not an error here: its close is on the way. */
static bool
conn_write(struct peer *p, struct frame *f)
{
	struct conn *c = conn_of(p);
	unsigned char *bytes;
	size_t len, sent = 0;

	if (lws_partial_buffered(c->wsi))
		return false;
	bytes = frame_ws(f, &len);
	if (c->plain_fd >= 0)
		sent = send_at_once(c, bytes, len);
	if (sent < len)
		(void)lws_write(c->wsi, bytes + sent, len - sent, LWS_WRITE_RAW);
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
	(void)lws_callback_on_writable(c->wsi);
}

static void
conn_ping(struct peer *p)
{
	struct conn *c = conn_of(p);

	c->is_ping_due = true;
	(void)lws_callback_on_writable(c->wsi);
}

static const struct transport transport = {
	.write = conn_write,
	.wake = conn_wake,
	.ping = conn_ping,
};

static int
write_alone(struct lws *wsi, struct frame *f)
{
	size_t len;
	unsigned char *bytes = frame_ws(f, &len);
	int n = lws_write(wsi, bytes, len, LWS_WRITE_RAW);

	frame_unref(f);
	return n;
}

/* One write of as many waiting frames as fit. Negative: the socket is dead. */
static int
write_waiting(struct lws *wsi, struct outbox *o)
{
	static unsigned char joined[JOIN_BYTES]; /* event-loop thread only */
	size_t n = 0, len;

	while (!outbox_is_empty(o)) {
		struct frame *f;
		const unsigned char *bytes = frame_ws(outbox_peek(o), &len);

		if (n + len > sizeof joined)
			break;
		memcpy(joined + n, bytes, len);
		n += len;
		f = outbox_pop(o);
		frame_unref(f);
	}
	if (n > 0)
		return lws_write(wsi, joined, n, LWS_WRITE_RAW);
	return write_alone(wsi, outbox_pop(o));
}

static int
say_close(struct conn *c)
{
	static unsigned char none[1];

	if (c->session.peer.close_code == PEER_GONE)
		return -1;
	lws_close_reason(c->wsi, (enum lws_close_status)c->session.peer.close_code, none, 0);
	return -1;
}

int
ws_conn_writable(struct conn *c)
{
	struct outbox *o = &c->session.peer.outbox;
	unsigned char ping[LWS_PRE];

	while (!outbox_is_empty(o) && !lws_partial_buffered(c->wsi))
		if (write_waiting(c->wsi, o) < 0)
			return -1;
	if (!outbox_is_empty(o) || lws_partial_buffered(c->wsi)) {
		(void)lws_callback_on_writable(c->wsi);
		return 0;
	}
	if (peer_has_ended(&c->session.peer))
		return say_close(c);
	if (c->is_ping_due) {
		c->is_ping_due = false;
		return lws_write(c->wsi, ping + LWS_PRE, 0, LWS_WRITE_PING) < 0 ? -1 : 0;
	}
	return 0;
}

/* --- in ------------------------------------------------------------------------------------------
 */

int
ws_conn_upgrade(struct ws *w, struct lws *wsi)
{
	struct http_response refusal;
	char path[1024], text[32];
	const char *method, *value;
	bool is_version_13;

	/* by lws_hdr_copy: the callback's own pointer may be freed memory (CVE-2025-11677) */
	value = ws_header(wsi, WSI_TOKEN_UPGRADE, text, sizeof text);
	if (value == NULL || strcasecmp(value, "websocket") != 0 ||
	    !ws_request_line(wsi, &method, path, sizeof path)) {
		metric_add(w->o.env->metrics, METRIC_REFUSED_UPGRADE, 1);
		return -1;
	}
	value = ws_header(wsi, WSI_TOKEN_VERSION, text, sizeof text);
	is_version_13 = value != NULL && strcmp(value, "13") == 0;
	if (http_api_may_upgrade(w->o.api, path, is_version_13, &refusal)) {
		http_response_clear(&refusal);
		return 0;
	}
	(void)ws_http_answer(wsi, &refusal);
	http_response_clear(&refusal);
	return -1;
}

int
ws_conn_open(struct ws *w, struct lws *wsi, struct conn *c)
{
	char path[1024], origin[512], protocol[32];
	struct session_request r = { .key = NULL };
	const char *method;

	if (!ws_request_line(wsi, &method, path, sizeof path) ||
	    !apps_match_path(w->o.env->apps, path, &r.key, &r.key_len))
		return -1;
	r.origin = ws_header(wsi, WSI_TOKEN_ORIGIN, origin, sizeof origin);
	/* it returns the value's place in our buffer, behind the name */
	r.protocol = lws_get_urlarg_by_name(wsi, "protocol=", protocol, sizeof protocol);
	c->wsi = wsi;
	c->plain_fd = lws_is_ssl(wsi) ? -1 : lws_get_socket_fd(wsi);
	c->rx = BUF_INIT(LIMIT_WS_MESSAGE_BYTES);
	session_open(&c->session, w->o.env, &transport, &r, clock_mono_ms());
	return 0;
}

static int
refuse_message(struct conn *c, enum metric why, uint16_t code, const char *text)
{
	metric_add(c->session.env->metrics, why, 1);
	buf_free(&c->rx);
	session_end(&c->session, code, text, clock_mono_ms());
	return 0;
}

int
ws_conn_receive(struct lws *wsi, struct conn *c, const char *p, size_t n)
{
	bool is_frame_end = lws_remaining_packet_payload(wsi) == 0;

	if (peer_has_ended(&c->session.peer))
		return 0;
	if (lws_is_final_fragment(wsi) && is_frame_end && c->rx.len == 0) {
		c->fragments = 0;
		session_receive(&c->session, p, n, clock_mono_ms());
		return 0;
	}
	if (buf_add(&c->rx, p, n) != OK)
		return refuse_message(c, METRIC_CLOSED_TOO_LONG, 1009, "The message is too long");
	if (!is_frame_end)
		return 0;
	if (++c->fragments > LIMIT_WS_FRAGMENTS)
		return refuse_message(c, METRIC_CLOSED_FRAGMENTS, 1009, "Too many fragments");
	if (lws_is_final_fragment(wsi)) {
		c->fragments = 0;
		session_receive(&c->session, c->rx.data, c->rx.len, clock_mono_ms());
		buf_free(&c->rx); /* an idle connection holds no buffer */
	}
	return 0;
}

void
ws_conn_close(struct conn *c)
{
	session_close(&c->session);
	buf_free(&c->rx);
}

void
ws_conn_cut(struct conn *c)
{
	(void)shutdown(lws_get_socket_fd(c->wsi), SHUT_RDWR);
}
