/*
 * bare_broadcaster - the practical limit of one thread, to measure push-server against: epoll, one
 * frame a message, one send() a subscriber. It knows just enough of the Pusher protocol to get
 * subscribers, takes JSON lines from a Unix datagram socket and passes each on as it is to the
 * subscribers of its "channel". It checks nothing that it need not: a yardstick, not a server.
 *
 *   bare_broadcaster SOCKET direct      one send() a message and subscriber
 *   bare_broadcaster SOCKET coalesce    the messages of up to 64 waiting datagrams in one send()
 *
 * Listens on a free port of 127.0.0.1, which it prints.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "push/bare_channel.h"
#include "push/bare_conn.h"
#include "push/fail.h"

#define DATAGRAMS_MAX 64
#define DATAGRAM_BYTES 65536
#define BACKLOG 4096

static struct {
	struct poller poller;
	struct poller_entry listener, datagrams;
	struct bare_channel *dirty;
	unsigned datagrams_at_once;
} server;

static void
flush(void)
{
	for (; server.dirty != NULL; server.dirty = server.dirty->next_dirty) {
		struct bare_channel *c = server.dirty;

		for (size_t i = 0; i < c->count; i++)
			bare_conn_send(c->members[i], c->out.data, c->out.len);
		buf_clear(&c->out);
	}
}

static void
take_line(const char *p, size_t n)
{
	char head[BARE_HEAD_MAX];
	size_t len;
	const char *name = bare_json_string(p, n, "\"channel\":\"", &len);
	struct bare_channel *c = name != NULL ? bare_channel_find(name, len) : NULL;

	if (c == NULL || c->count == 0 || n > BARE_FRAME_BYTES)
		return;
	if (c->out.len == 0) {
		c->next_dirty = server.dirty;
		server.dirty = c;
	}
	must(buf_add(&c->out, head, bare_frame_head(head, n)));
	must(buf_add(&c->out, p, n));
}

static void
take_datagram(const char *p, size_t n)
{
	const char *end = p + n, *stop;

	for (; p < end; p = stop + 1) {
		stop = memchr(p, '\n', (size_t)(end - p));
		if (stop == NULL)
			stop = end;
		take_line(p, (size_t)(stop - p));
		if (server.datagrams_at_once == 1)
			flush();
	}
}

static void
on_datagrams(struct poller_entry *e, uint32_t events)
{
	static char text[DATAGRAMS_MAX][DATAGRAM_BYTES];
	struct mmsghdr messages[DATAGRAMS_MAX] = { 0 };
	struct iovec parts[DATAGRAMS_MAX];
	int n;

	(void)events;
	for (size_t i = 0; i < server.datagrams_at_once; i++) {
		parts[i] = (struct iovec){ .iov_base = text[i], .iov_len = DATAGRAM_BYTES };
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	n = recvmmsg(e->fd, messages, server.datagrams_at_once, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		take_datagram(text[i], messages[i].msg_len);
	flush();
}

static void
on_connections(struct poller_entry *e, uint32_t events)
{
	int fd;

	(void)events;
	while ((fd = accept4(e->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		bare_conn_accept(&server.poller, fd);
}

static unsigned
listen_tcp(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 ||
	    listen(fd, BACKLOG) != 0 || getsockname(fd, (struct sockaddr *)&at, &len) != 0)
		fail_errno("cannot listen");
	server.listener = (struct poller_entry){ .fd = fd, .on_event = on_connections };
	poller_add(&server.poller, &server.listener, EPOLLIN);
	return ntohs(at.sin_port);
}

static void
listen_datagrams(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof at.sun_path)
		fail("the path is too long path=%s", path);
	memcpy(at.sun_path, path, strlen(path));
	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) != 0)
		fail_errno("cannot bind path=%s", path);
	server.datagrams = (struct poller_entry){ .fd = fd, .on_event = on_datagrams };
	poller_add(&server.poller, &server.datagrams, EPOLLIN);
}

static void
raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

int
main(int argc, char **argv)
{
	log_init("bare_broadcaster", LOG_INFO);
	if (argc != 3 || (strcmp(argv[2], "direct") != 0 && strcmp(argv[2], "coalesce") != 0)) {
		(void)fputs("usage: bare_broadcaster SOCKET direct|coalesce\n", stderr);
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	raise_descriptors();
	poller_open(&server.poller);
	server.datagrams_at_once = strcmp(argv[2], "direct") == 0 ? 1 : DATAGRAMS_MAX;
	listen_datagrams(argv[1]);
	(void)printf("bare_broadcaster listening on 127.0.0.1:%u\n", listen_tcp());
	(void)fflush(stdout);
	for (;;)
		poller_wait(&server.poller, -1);
}
