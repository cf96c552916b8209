/*
 * post_load - posts to /api/send-message as so many clients at once, each on a kept connection,
 * each message the first of its chat, each awaited before the client's next. It costs far less CPU
 * than what it measures: with few cores a load generator in a scripting language is most of the
 * figure.
 *
 *   post_load PORT CONTENT     127.0.0.1; CONTENT: the message, as inside a JSON string
 *     stdin, a line a run:     CLIENTS POSTS
 *     stdout, a line a run:    {"seconds":S,"median_ms":M,"p99_ms":P,"cpu_ms":C}
 *
 * Connections are opened before a run's clock starts. Errors: anything but 202 ends the program.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

#include "push/fail.h"
#include "push/http_answer.h"
#include "push/load_crowd.h"
#include "push/load_tally.h"
#include "push/load_usage.h"
#include "push/poller.h"

#define CLIENTS_MAX 1024
#define ANSWER_BYTES ((size_t)64 * 1024)

struct client {
	struct poller_entry entry; /* first */
	struct run *run;
	struct buf in;
	uint64_t sent_ns;
	bool waits;
};

struct run {
	struct poller poller;
	struct histogram times;
	const char *content;
	uint16_t port;
	unsigned chats;         /* so far, of all runs */
	size_t to_send, flying; /* of this run */
};

static void
post_next(struct client *c)
{
	struct run *run = c->run;
	char body[1024], text[1400];
	int len, n;

	if (run->to_send == 0)
		return;
	run->to_send--;
	run->flying++;
	c->waits = true;
	len = snprintf(body, sizeof body,
	    "{\"chatId\":\"load%d-%u\",\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}",
	    (int)getpid(), run->chats++, run->content);
	n = snprintf(text, sizeof text,
	    "POST /api/send-message HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
	    "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
	    run->port, len, body);
	if (len >= (int)sizeof body || n >= (int)sizeof text)
		fail("the message is too long");
	c->sent_ns = load_now_ns();
	if (send(c->entry.fd, text, (size_t)n, MSG_NOSIGNAL) != n)
		fail_errno("cannot send a request");
}

static void on_answer(struct poller_entry *e, uint32_t events);

static void
open_client(struct client *c)
{
	static const int on = 1;
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(c->run->port),
		.sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };

	buf_clear(&c->in);
	c->entry.on_event = on_answer;
	c->entry.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->entry.fd < 0 || connect(c->entry.fd, (const struct sockaddr *)&to, sizeof to) != 0 ||
	    fcntl(c->entry.fd, F_SETFL, O_NONBLOCK) != 0 ||
	    setsockopt(c->entry.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
		fail_errno("cannot connect");
	poller_add(&c->run->poller, &c->entry, EPOLLIN);
}

static void
on_answer(struct poller_entry *e, uint32_t events)
{
	struct client *c = (struct client *)(void *)e;
	char room[4096];
	ssize_t n = recv(e->fd, room, sizeof room, 0);
	bool is_last;
	size_t len;
	int status;

	(void)events;
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		if (c->waits)
			fail("closed instead of answered");
		close_fd(&e->fd);
		open_client(c);
		return;
	}
	must(buf_add(&c->in, room, (size_t)n));
	len = http_answer_len(&c->in, &status);
	if (status != 0 && status != 202)
		fail("not accepted: %s", c->in.data);
	if (len == 0)
		return;
	histogram_add(&c->run->times, load_now_ns() - c->sent_ns);
	is_last = strcasestr(c->in.data, "\r\nconnection: close") != NULL;
	buf_consume(&c->in, len);
	c->waits = false;
	c->run->flying--;
	if (is_last) {
		close_fd(&e->fd);
		open_client(c);
	}
	post_next(c);
}

static bool
is_open(const struct client *c)
{
	char byte;

	return c->entry.fd >= 0 && recv(c->entry.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	       errno == EAGAIN;
}

static void
run_once(struct run *run, struct client *clients, size_t count, size_t posts)
{
	double cpu_s = usage_own_cpu_s();
	uint64_t start_ns;

	memset(&run->times, 0, sizeof run->times);
	for (size_t i = 0; i < count; i++) {
		if (clients[i].run == NULL)
			clients[i] = (struct client){
				.entry.fd = -1, .run = run, .in = BUF_INIT(ANSWER_BYTES)
			};
		if (!is_open(&clients[i])) { /* servers end what was idle for seconds */
			close_fd(&clients[i].entry.fd);
			open_client(&clients[i]);
		}
	}
	run->to_send = posts;
	start_ns = load_now_ns();
	for (size_t i = 0; i < count; i++)
		post_next(&clients[i]);
	while (run->flying > 0)
		poller_wait(&run->poller, -1);
	(void)printf("{\"seconds\":%.6f,\"median_ms\":%.3f,\"p99_ms\":%.3f,\"cpu_ms\":%.3f}\n",
	    (double)(load_now_ns() - start_ns) / 1e9, histogram_us(&run->times, 0.5) / 1e3,
	    histogram_us(&run->times, 0.99) / 1e3, (usage_own_cpu_s() - cpu_s) * 1e3);
	(void)fflush(stdout);
}

int
main(int argc, char **argv)
{
	static struct client clients[CLIENTS_MAX];
	static struct run run;
	char line[64], *rest;

	log_init("post_load", LOG_INFO);
	if (argc != 3)
		fail("post_load PORT CONTENT");
	run.port = (uint16_t)strtoul(argv[1], NULL, 10);
	run.content = argv[2];
	poller_open(&run.poller);
	while (fgets(line, sizeof line, stdin) != NULL) {
		size_t count = strtoul(line, &rest, 10), posts = strtoul(rest, NULL, 10);

		if (count == 0 || count > CLIENTS_MAX || posts == 0)
			fail("1 to %d clients, and a number of posts", CLIENTS_MAX);
		run_once(&run, clients, count, posts);
	}
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		buf_free(&clients[i].in);
	return EXIT_SUCCESS;
}
