#include "load_publisher.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "fail.h"
#include "http_answer.h"
#include "load_crowd.h"
#include "sign.h"

#define TEXT_BYTES ((size_t)256 * 1024)
#define SEND_BUFFER                                                                                \
	(1 << 20) /* the stock one takes 167 small datagrams, then waits for a quarter */

static void
compose(struct publisher *p, const char *channel, uint64_t seq)
{
	payload_write(p->format, seq, load_now_ns(), p->payload);
	buf_clear(&p->text);
	for (const char *t = p->options->text; *t != '\0'; t++)
		if (t[0] == '%' && t[1] == 'c') {
			must(buf_adds(&p->text, channel));
			t++;
		} else if (t[0] == '%' && t[1] == 'd') {
			must(buf_add(&p->text, p->payload, p->format->size));
			t++;
		} else {
			must(buf_add(&p->text, t, 1));
		}
}

/* --- datagrams --- */

static void
on_room(struct poller_entry *e, uint32_t events)
{
	struct publisher *p = (struct publisher *)(void *)e;

	(void)events;
	p->is_busy = false;
	poller_change(p->poller, e, 0);
}

static void
datagram_open(struct publisher *p)
{
	static const int room = SEND_BUFFER;
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = strlen(p->options->socket);

	if (n >= sizeof to.sun_path)
		fail("the path is too long path=%s", p->options->socket);
	memcpy(to.sun_path, p->options->socket, n);
	p->entry.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->entry.fd < 0 ||
	    setsockopt(p->entry.fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room) != 0 ||
	    connect(p->entry.fd, (const struct sockaddr *)&to, sizeof to) != 0)
		fail_errno("cannot reach the datagram socket path=%s", p->options->socket);
	p->entry.on_event = on_room;
	poller_add(p->poller, &p->entry, 0);
}

static bool
datagram_send(struct publisher *p)
{
	if (send(p->entry.fd, p->text.data, p->text.len, 0) >= 0)
		return true;
	if (errno != EAGAIN && errno != ENOBUFS)
		fail_errno("cannot send a datagram");
	p->is_busy = true;
	poller_change(p->poller, &p->entry, EPOLLOUT);
	return false;
}

/* --- HTTP: one request at a time --- */

static void on_http(struct poller_entry *e, uint32_t events);

static void
http_connect(struct publisher *p)
{
	static const int on = 1;
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(p->options->port),
		.sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };

	p->entry.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (p->entry.fd < 0 || connect(p->entry.fd, (const struct sockaddr *)&to, sizeof to) != 0 ||
	    fcntl(p->entry.fd, F_SETFL, O_NONBLOCK) != 0 ||
	    setsockopt(p->entry.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
		fail_errno("cannot connect to the HTTP API");
	buf_clear(&p->in);
	p->is_busy = false;
	p->entry.on_event = on_http;
	poller_add(p->poller, &p->entry, EPOLLIN);
}

static void
http_flush(struct publisher *p)
{
	ssize_t n = send(p->entry.fd, p->out.data, p->out.len, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN)
		fail_errno("cannot send a request");
	if (n > 0)
		buf_consume(&p->out, (size_t)n);
	poller_change(p->poller, &p->entry, p->out.len > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static bool
http_send(struct publisher *p)
{
	const struct load_options *o = p->options;
	char query[256], md5[MD5_HEX_SIZE], signature[SIGN_HEX_SIZE];
	auto_buf text = BUF_INIT(4096);

	sign_md5(p->text.data, p->text.len, md5);
	(void)snprintf(query, sizeof query,
	    "auth_key=%s&auth_timestamp=%lld&auth_version=1.0&body_md5=%s", o->key,
	    (long long)time(NULL), md5);
	must(buf_addf(&text, "POST\n/apps/%s/events\n%s", o->app_id, query));
	sign_hmac_sha256(o->secret, text.data, text.len, signature);
	must(buf_addf(&p->out,
	    "POST /apps/%s/events?%s&auth_signature=%s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
	    o->app_id, query, signature, p->text.len));
	must(buf_add(&p->out, p->text.data, p->text.len));
	p->is_busy = true;
	http_flush(p);
	return true;
}

/* Some servers close after each answer. */
static void
http_reconnect(struct publisher *p)
{
	close_fd(&p->entry.fd);
	http_connect(p);
}

static void
on_http(struct poller_entry *e, uint32_t events)
{
	struct publisher *p = (struct publisher *)(void *)e;
	char room[16384];
	bool is_last;
	size_t len;
	ssize_t n;
	int status;

	if ((events & EPOLLOUT) != 0 && p->out.len > 0)
		http_flush(p);
	n = recv(e->fd, room, sizeof room, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0 && p->is_busy)
		fail("the HTTP API closes instead of answering");
	if (n <= 0) {
		http_reconnect(p);
		return;
	}
	must(buf_add(&p->in, room, (size_t)n));
	len = http_answer_len(&p->in, &status);
	if (status != 0 && status / 100 != 2)
		fail("publishing is refused: %s", p->in.data);
	if (len == 0)
		return;
	is_last = strcasestr(p->in.data, "\r\nconnection: close") != NULL;
	buf_consume(&p->in, len);
	p->is_busy = false;
	if (is_last)
		http_reconnect(p);
}

/* --- both --- */

void
publisher_open(struct publisher *p, const struct load_options *o, const struct poller *poller,
    const struct payload_format *f)
{
	*p = (struct publisher){ .entry = { .fd = -1 },
		.options = o,
		.poller = poller,
		.format = f,
		.payload = xcalloc(1, f->size),
		.text = BUF_INIT(TEXT_BYTES),
		.in = BUF_INIT(TEXT_BYTES),
		.out = BUF_INIT(2 * TEXT_BYTES) };
	if (o->publish_by == PUBLISH_HTTP)
		http_connect(p);
	else
		datagram_open(p);
}

bool
publisher_send(struct publisher *p, uint64_t channel, uint64_t seq)
{
	char name[CROWD_CHANNEL_SIZE];

	if (p->is_busy)
		return false;
	compose(p, crowd_channel(channel, name), seq);
	return p->options->publish_by == PUBLISH_HTTP ? http_send(p) : datagram_send(p);
}

void
publisher_close(struct publisher *p)
{
	close_fd(&p->entry.fd);
	buf_free(&p->text);
	buf_free(&p->in);
	buf_free(&p->out);
	free(p->payload);
}
