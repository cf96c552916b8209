#include "load_crowd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include "fail.h"
#include "load_frame.h"

#define RX_BYTES ((size_t)1 << 20)
#define PORTS_OF_ONE_ADDRESS 20000
#define WS_KEY "dGhlIHNhbXBsZSBub25jZQ=="        /* RFC 6455 1.3 */
#define WS_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" /* and the answer to it */

enum state { CONNECTING, UPGRADING, GREETED, SUBSCRIBING, READY };

struct subscriber {
	struct poller_entry entry; /* first */
	struct crowd *crowd;
	enum state state;
	uint32_t channel;
	uint64_t next_seq;
	struct buf part;    /* bytes of a frame that is not all there */
	struct buf message; /* fragments of a message */
};

uint64_t
load_now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

const char *
crowd_channel(uint64_t channel, char out[CROWD_CHANNEL_SIZE])
{
	(void)snprintf(out, CROWD_CHANNEL_SIZE, "bench-%llu", (unsigned long long)channel);
	return out;
}

size_t
crowd_members(const struct crowd *c, uint64_t channel)
{
	size_t connections = c->options->connections, channels = c->options->channels;

	return connections / channels + (channel < connections % channels);
}

/* --- out: short, and the socket's buffer is empty --- */

static void
send_now(const struct subscriber *s, const char *p, size_t n)
{
	if (send(s->entry.fd, p, n, MSG_NOSIGNAL) != (ssize_t)n)
		fail_errno("a subscriber cannot send");
}

static void
send_frame(const struct subscriber *s, unsigned opcode, const char *p, size_t n)
{
	auto_buf b = BUF_INIT(RX_BYTES);

	must(client_frame_write(&b, opcode, p, n));
	send_now(s, b.data, b.len);
}

static void
send_upgrade(const struct subscriber *s)
{
	const struct load_options *o = s->crowd->options;
	auto_buf b = BUF_INIT(4096);

	must(buf_addf(&b,
	    "GET /app/%s?protocol=7&client=push_load&version=1.0 HTTP/1.1\r\n"
	    "Host: 127.0.0.1:%u\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Key: " WS_KEY "\r\nSec-WebSocket-Version: 13\r\n\r\n",
	    o->key, o->port));
	send_now(s, b.data, b.len);
}

static void
send_subscribe(const struct subscriber *s)
{
	char text[128], name[CROWD_CHANNEL_SIZE];
	int n = snprintf(text, sizeof text,
	    "{\"event\":\"pusher:subscribe\",\"data\":{\"channel\":\"%s\"}}",
	    crowd_channel(s->channel, name));

	send_frame(s, FRAME_TEXT, text, (size_t)n);
}

/* --- in --- */

static bool
has(const char *p, size_t n, const char *what)
{
	return memmem(p, n, what, strlen(what)) != NULL;
}

static bool
take_delivery(struct subscriber *s, const char *p, size_t n, uint64_t now_ns)
{
	struct crowd *c = s->crowd;
	uint64_t seq = s->next_seq, sent_ns = now_ns;

	switch (payload_read(c->format, p, n, &seq, &sent_ns)) {
	case PAYLOAD_NONE: return false;
	case PAYLOAD_CORRUPT: c->tally->corrupt++; break;
	case PAYLOAD_WHOLE: break;
	}
	tally_arrival(c->tally, &s->next_seq, seq);
	tally_latency(c->tally, sent_ns, now_ns);
	c->tally->bytes += n;
	c->progress_ns = now_ns;
	return true;
}

static void
take_text(struct subscriber *s, const char *p, size_t n, uint64_t now_ns)
{
	static const char pong[] = "{\"event\":\"pusher:pong\",\"data\":{}}";

	if (s->state == READY && take_delivery(s, p, n, now_ns))
		return;
	if (has(p, n, "pusher:ping")) {
		send_frame(s, FRAME_TEXT, pong, sizeof pong - 1);
	} else if (has(p, n, "pusher:error")) {
		fail("the server says: %.*s", (int)n, p);
	} else if (s->state == GREETED && has(p, n, "pusher:connection_established")) {
		s->state = SUBSCRIBING;
		send_subscribe(s);
	} else if (s->state == SUBSCRIBING && has(p, n, "subscription_succeeded")) {
		s->state = READY;
		s->crowd->ready++;
		s->crowd->progress_ns = now_ns;
	}
}

static void
take_data(struct subscriber *s, const struct server_frame *f, uint64_t now_ns)
{
	if (f->is_final && f->opcode == FRAME_TEXT) {
		take_text(s, f->payload, f->len, now_ns);
		return;
	}
	must(buf_add(&s->message, f->payload, f->len));
	if (f->is_final) {
		take_text(s, s->message.data, s->message.len, now_ns);
		buf_free(&s->message);
	}
}

static void
take_frame(struct subscriber *s, const struct server_frame *f, uint64_t now_ns)
{
	const unsigned char *code = (const unsigned char *)f->payload;

	switch (f->opcode) {
	case FRAME_CONTINUED:
	case FRAME_TEXT: take_data(s, f, now_ns); break;
	case FRAME_PING: send_frame(s, FRAME_PONG, f->payload, f->len); break;
	case FRAME_PONG: break;
	case FRAME_CLOSE:
		fail("the server closes a connection code=%d",
		    f->len < 2 ? 0 : code[0] << 8 | code[1]);
	default: fail("a frame of a kind that was not agreed on opcode=%u", f->opcode);
	}
}

/* Returns the bytes at the end that are not a whole frame yet. */
static size_t
take_frames(struct subscriber *s, const char *p, size_t n, uint64_t now_ns)
{
	struct server_frame f;
	int rc;

	while ((rc = server_frame_parse(p, n, &f)) > 0) {
		take_frame(s, &f, now_ns);
		p += f.size;
		n -= f.size;
	}
	if (rc < 0)
		fail("the server sends a masked frame or one with reserved bits");
	return n;
}

/* Returns the length of the answer, 0: it is not all there. */
static size_t
take_upgrade(struct subscriber *s, const char *p, size_t n)
{
	const char *end = memmem(p, n, "\r\n\r\n", 4);

	if (end == NULL)
		return 0;
	if (strncmp(p, "HTTP/1.1 101", 12) != 0 || !has(p, n, WS_ACCEPT))
		fail("the upgrade is refused: %.*s", (int)(end - p), p);
	s->state = GREETED;
	return (size_t)(end - p) + 4;
}

static void
take_bytes(struct subscriber *s, const char *p, size_t n)
{
	size_t used = 0;

	if (s->state == UPGRADING)
		used = take_upgrade(s, p, n);
	if (s->state != UPGRADING)
		used = n - take_frames(s, p + used, n - used, load_now_ns());
	if (used < n)
		must(buf_add(&s->part, p + used, n - used));
}

static void
on_readable(struct subscriber *s)
{
	char *rx = s->crowd->rx;
	size_t have = s->part.len;
	ssize_t n;

	if (have > 0) {
		memcpy(rx, s->part.data, have);
		buf_clear(&s->part);
	}
	n = recv(s->entry.fd, rx + have, RX_BYTES - have, 0);
	if (n < 0 && errno == EAGAIN)
		n = 0;
	else if (n < 0)
		fail_errno("a connection is lost");
	else if (n == 0)
		fail("the server has closed a connection");
	take_bytes(s, rx, have + (size_t)n);
}

static void
on_event(struct poller_entry *e, uint32_t events)
{
	struct subscriber *s = (struct subscriber *)(void *)e;
	int error = 0;
	socklen_t len = sizeof error;

	(void)events;
	if (s->state != CONNECTING) {
		on_readable(s);
		return;
	}
	if (getsockopt(e->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
		errno = error;
		fail_errno("cannot connect");
	}
	poller_change(s->crowd->poller, e, EPOLLIN);
	s->state = UPGRADING;
	send_upgrade(s);
}

/* --- life --- */

void
crowd_init(struct crowd *c, const struct load_options *o, const struct poller *p,
    struct payload_format *f, struct tally *t)
{
	*c = (struct crowd){ .options = o, .poller = p, .format = f, .tally = t };
	c->rx = xcalloc(1, RX_BYTES);
	c->all = xcalloc(o->connections, sizeof *c->all);
	for (size_t i = 0; i < o->connections; i++)
		c->all[i] = (struct subscriber){ .entry = { .fd = -1, .on_event = on_event },
			.crowd = c,
			.channel = (uint32_t)(i % o->channels),
			.part = BUF_INIT(RX_BYTES),
			.message = BUF_INIT(RX_BYTES) };
}

static void
connect_to(int fd, uint16_t port, uint32_t source)
{
	static const int on = 1;
	const struct sockaddr_in from = { .sin_family = AF_INET,
		.sin_addr = { .s_addr = htonl(INADDR_LOOPBACK + source) } };
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
	if (bind(fd, (const struct sockaddr *)&from, sizeof from) != 0)
		fail_errno("cannot bind");
	if (connect(fd, (const struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)
		fail_errno("cannot connect");
}

void
crowd_open_next(struct crowd *c)
{
	struct subscriber *s = &c->all[c->opened];
	/* not that of another run a moment ago, whose ports may still be in use */
	size_t source = 1 + (size_t)getpid() % 64 + c->opened / PORTS_OF_ONE_ADDRESS;

	s->entry.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->entry.fd < 0)
		fail_errno("socket");
	connect_to(s->entry.fd, c->options->port, (uint32_t)source);
	poller_add(c->poller, &s->entry, EPOLLIN | EPOLLOUT);
	c->opened++;
}

void
crowd_close(struct crowd *c)
{
	static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	for (size_t i = 0; i < c->opened; i++) {
		struct subscriber *s = &c->all[i];

		(void)setsockopt(s->entry.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		close_fd(&s->entry.fd);
		buf_free(&s->part);
		buf_free(&s->message);
	}
	free(c->all);
	free(c->rx);
}
