#include "bare_conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <sys/socket.h>

#include "bare_channel.h"
#include "fail.h"

#define RX_BYTES ((size_t)64 * 1024)
#define WAITING_BYTES ((size_t)1 << 30)
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455 1.3 */
#define KEY_MAX 64
#define NAME_MAX_LEN 200

struct bare_conn {
	struct poller_entry entry; /* first */
	const struct poller *poller;
	int is_upgraded;
	unsigned channel_count;
	struct bare_channel **channels;
	struct buf in, out; /* an unfinished request or frame; bytes not sent */
};

/* --- out --- */

static void
keep(struct bare_conn *k, const char *p, size_t n)
{
	if (k->out.len == 0)
		poller_change(k->poller, &k->entry, EPOLLIN | EPOLLOUT);
	must(buf_add(&k->out, p, n));
}

void
bare_conn_send(struct bare_conn *k, const char *p, size_t n)
{
	ssize_t sent = 0;

	if (k->out.len == 0)
		sent = send(k->entry.fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent == (ssize_t)n)
		return;
	if (sent < 0 && errno != EAGAIN)
		return; /* a dead one: it is about to be told */
	keep(k, p + (sent > 0 ? sent : 0), n - (size_t)(sent > 0 ? sent : 0));
}

static void
send_text(struct bare_conn *k, const char *p, size_t n)
{
	char frame[1024];
	size_t head = bare_frame_head(frame, n);

	memcpy(frame + head, p, n);
	bare_conn_send(k, frame, head + n);
}

static void
on_writable(struct bare_conn *k)
{
	ssize_t n = send(k->entry.fd, k->out.data, k->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n <= 0)
		return;
	buf_consume(&k->out, (size_t)n);
	if (k->out.len == 0)
		poller_change(k->poller, &k->entry, EPOLLIN);
}

/* --- in --- */

static void
close_conn(struct bare_conn *k)
{
	for (unsigned i = 0; i < k->channel_count; i++)
		bare_channel_leave(k->channels[i], k);
	close_fd(&k->entry.fd);
	free(k->channels);
	buf_free(&k->in);
	buf_free(&k->out);
	free(k);
}

static void
subscribe(struct bare_conn *k, const char *name, size_t n)
{
	struct bare_channel *c = bare_channel_get(name, n);
	char text[512];
	int len = snprintf(text, sizeof text,
	    "{\"event\":\"pusher_internal:subscription_succeeded\",\"channel\":\"%s\",\"data\":"
	    "\"{}\"}",
	    c->name);

	bare_channel_join(c, k);
	k->channels = xrealloc(k->channels, k->channel_count + 1, sizeof(struct bare_channel *));
	k->channels[k->channel_count++] = c;
	send_text(k, text, (size_t)len);
}

static void
take_text(struct bare_conn *k, const char *p, size_t n)
{
	static const char pong[] = "{\"event\":\"pusher:pong\",\"data\":\"{}\"}";
	size_t len;
	const char *name = bare_json_string(p, n, "\"channel\":\"", &len);

	if (memmem(p, n, "pusher:ping", 11) != NULL)
		send_text(k, pong, sizeof pong - 1);
	else if (memmem(p, n, "pusher:subscribe", 16) != NULL && name != NULL && len < NAME_MAX_LEN)
		subscribe(k, name, len);
}

/* Returns the bytes used, or -1 to close. */
static ssize_t
take_frames(struct bare_conn *k, char *p, size_t n)
{
	size_t used = 0;

	while (n - used >= 6) {
		unsigned char *h = (unsigned char *)p + used;
		size_t len = h[1] & 127U, head = 6;

		if (len == 127 || (h[0] & 15) == 8)
			return -1;
		if (len == 126) {
			head = 8;
			len = (size_t)h[2] << 8 | h[3];
		}
		if (n - used < head + len)
			break;
		for (size_t i = 0; i < len; i++)
			h[head + i] ^= h[head - 4 + i % 4];
		if ((h[0] & 15) == 1)
			take_text(k, (char *)h + head, len);
		used += head + len;
	}
	return (ssize_t)used;
}

static int
upgrade(struct bare_conn *k, const char *request)
{
	static unsigned long long next_id;
	const char *key = strcasestr(request, "\r\nsec-websocket-key:");
	unsigned char digest[20];
	char text[KEY_MAX + sizeof GUID], accept[64], answer[512];
	size_t len;
	int n;

	if (key == NULL)
		return -1;
	key += strlen("\r\nsec-websocket-key:");
	key += strspn(key, " ");
	len = strcspn(key, "\r\n ");
	if (len > KEY_MAX)
		return -1;
	memcpy(text, key, len);
	memcpy(text + len, GUID, sizeof GUID - 1);
	if (EVP_Digest(text, len + sizeof GUID - 1, digest, NULL, EVP_sha1(), NULL) != 1)
		fail("no SHA-1");
	(void)EVP_EncodeBlock((unsigned char *)accept, digest, sizeof digest);
	n = snprintf(answer, sizeof answer,
	    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: %s\r\n\r\n",
	    accept);
	bare_conn_send(k, answer, (size_t)n);
	k->is_upgraded = 1;
	n = snprintf(answer, sizeof answer,
	    "{\"event\":\"pusher:connection_established\",\"data\":"
	    "\"{\\\"socket_id\\\":\\\"1.%llu\\\",\\\"activity_timeout\\\":120}\"}",
	    ++next_id);
	send_text(k, answer, (size_t)n);
	return 0;
}

static ssize_t
take_bytes(struct bare_conn *k, char *p, size_t n)
{
	if (k->is_upgraded)
		return take_frames(k, p, n);
	if (strstr(p, "\r\n\r\n") == NULL)
		return 0;
	return upgrade(k, p) == 0 ? (ssize_t)n : -1;
}

static void
on_readable(struct bare_conn *k)
{
	static char rx[RX_BYTES + 1];
	size_t have = k->in.len;
	ssize_t n, used;

	if (have > 0)
		memcpy(rx, k->in.data, have);
	n = recv(k->entry.fd, rx + have, RX_BYTES - have, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		close_conn(k);
		return;
	}
	have += (size_t)n;
	rx[have] = '\0';
	buf_clear(&k->in);
	used = take_bytes(k, rx, have);
	if (used < 0)
		close_conn(k);
	else if ((size_t)used < have)
		must(buf_add(&k->in, rx + used, have - (size_t)used));
}

static void
on_event(struct poller_entry *e, uint32_t events)
{
	struct bare_conn *k = (struct bare_conn *)(void *)e;

	if ((events & EPOLLOUT) != 0)
		on_writable(k);
	if ((events & ~(uint32_t)EPOLLOUT) != 0)
		on_readable(k);
}

void
bare_conn_accept(const struct poller *p, int fd)
{
	static const int on = 1;
	struct bare_conn *k = xcalloc(1, sizeof *k);

	k->entry = (struct poller_entry){ .fd = fd, .on_event = on_event };
	k->poller = p;
	k->in = BUF_INIT(RX_BYTES - 1);
	k->out = BUF_INIT(WAITING_BYTES);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	poller_add(p, &k->entry, EPOLLIN);
}
