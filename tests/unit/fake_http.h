/*
 * fake_http - a server on 127.0.0.1 that answers with given bytes, whatever they are.
 *
 * Each connection carries one request and takes the next answer of the script; when the script
 * is at its end the last one is given again. What was asked is kept for the test to compare.
 *
 * Threads: one that accepts, one a connection; fake_http_stop joins and closes everything.
 */
#ifndef FAKE_HTTP_H
#define FAKE_HTTP_H

#include <arpa/inet.h>
#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "buf.h"

#define FAKE_REQUEST_MAX (256 * 1024)
#define FAKE_STACK (128 * 1024)

enum fake_end {
	FAKE_CLOSE,
	FAKE_RESET, /* RST instead of FIN */
	FAKE_HOLD,  /* stays open and silent until fake_http_stop */
};

struct fake_answer {
	const char *bytes;
	size_t len; /* 0: all of bytes */
	enum fake_end end;
	size_t slice;     /* bytes a send(2); 0: all at once */
	const char *path; /* if the first has one: the first whose path stands in the request */
};

struct fake_http {
	int listen_fd, stop_fd;
	char url[64];
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t idle;
	const struct fake_answer *script; /* {lock}, as is all below */
	size_t script_len, given, open_count;
	struct buf paths;   /* "POST /a;GET /b;" */
	struct buf request; /* the last one, head and body */
};

struct fake_connection {
	struct fake_http *server;
	int fd;
};

static inline bool
fake_is_stopping(struct fake_http *s, int fd, short events)
{
	struct pollfd fds[] = { { .fd = s->stop_fd, .events = POLLIN },
		{ .fd = fd, .events = events } };

	return poll(fds, ARRAY_LEN(fds), -1) < 0 || fds[0].revents != 0;
}

/* The request with its body in b; false: the peer left before. */
static inline bool
fake_read_request(struct fake_http *s, int fd, struct buf *b)
{
	char chunk[16384];

	for (;;) {
		const char *end = b->len > 0 ? strstr(b->data, "\r\n\r\n") : NULL;
		const char *length = b->len > 0 ? strcasestr(b->data, "content-length:") : NULL;
		size_t body = length != NULL && end != NULL && length < end
				  ? (size_t)strtoul(length + strlen("content-length:"), NULL, 10)
				  : 0;
		ssize_t n;

		if (end != NULL && b->len >= (size_t)(end + 4 - b->data) + body)
			return true;
		if (fake_is_stopping(s, fd, POLLIN))
			return false;
		n = recv(fd, chunk, sizeof(chunk), 0);
		if (n <= 0 || buf_add(b, chunk, (size_t)n) != OK)
			return false;
	}
}

static inline size_t
fake_pick(const struct fake_http *s, const struct buf *request)
{
	if (s->script[0].path == NULL)
		return s->given < s->script_len ? s->given : s->script_len - 1;
	for (size_t i = 0; i + 1 < s->script_len; i++)
		if (strstr(request->data, s->script[i].path) != NULL)
			return i;
	return s->script_len - 1;
}

static inline struct fake_answer
fake_next(struct fake_http *s, const struct buf *request)
{
	int method_and_path = (int)(strstr(request->data, " HTTP/") - request->data);
	struct fake_answer a;
	enum err e;

	pthread_mutex_lock(&s->lock);
	e = buf_addf(&s->paths, "%.*s;", method_and_path, request->data);
	buf_clear(&s->request);
	if (e == OK)
		e = buf_add(&s->request, request->data, request->len);
	assert(e == OK);
	a = s->script[fake_pick(s, request)];
	s->given++;
	pthread_mutex_unlock(&s->lock);
	return a;
}

static inline void
fake_send(struct fake_http *s, int fd, const struct fake_answer *a)
{
	size_t len = a->len > 0 ? a->len : strlen(a->bytes);
	size_t slice = a->slice > 0 ? a->slice : len;

	for (size_t sent = 0; sent < len;) {
		size_t want = len - sent < slice ? len - sent : slice;
		ssize_t n = send(fd, a->bytes + sent, want, MSG_NOSIGNAL);

		if (n < 0)
			return;
		sent += (size_t)n;
	}
	while (a->end == FAKE_HOLD && !fake_is_stopping(s, fd, 0))
		; /* woken by POLLHUP only: the peer left */
	if (a->end == FAKE_RESET)
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
}

static inline void *
fake_serve(void *arg)
{
	struct fake_connection *c = arg;
	struct fake_http *s = c->server;
	auto_buf request = BUF_INIT(FAKE_REQUEST_MAX);

	if (fake_read_request(s, c->fd, &request)) {
		struct fake_answer a = fake_next(s, &request);

		fake_send(s, c->fd, &a);
	}
	(void)close(c->fd);
	free(c);
	pthread_mutex_lock(&s->lock);
	if (--s->open_count == 0)
		pthread_cond_signal(&s->idle);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static inline void *
fake_accept(void *arg)
{
	struct fake_http *s = arg;
	pthread_attr_t attr;

	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	(void)pthread_attr_setstacksize(&attr, FAKE_STACK);
	while (!fake_is_stopping(s, s->listen_fd, POLLIN)) {
		int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		struct fake_connection *c;
		pthread_t thread;

		if (fd < 0)
			continue;
		c = xcalloc(1, sizeof(*c));
		*c = (struct fake_connection){ s, fd };
		pthread_mutex_lock(&s->lock);
		s->open_count++;
		pthread_mutex_unlock(&s->lock);
		if (pthread_create(&thread, &attr, fake_serve, c) != 0)
			abort();
	}
	(void)pthread_attr_destroy(&attr);
	return NULL;
}

static inline void
fake_http_start(struct fake_http *s, const struct fake_answer *script, size_t script_len)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);

	*s = (struct fake_http){ .script = script,
		.script_len = script_len,
		.paths = BUF_INIT(FAKE_REQUEST_MAX),
		.request = BUF_INIT(FAKE_REQUEST_MAX) };
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->idle, NULL);
	s->stop_fd = eventfd(0, EFD_CLOEXEC);
	s->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->stop_fd < 0 || bind(s->listen_fd, (struct sockaddr *)&addr, len) != 0 ||
	    listen(s->listen_fd, SOMAXCONN) != 0 ||
	    getsockname(s->listen_fd, (struct sockaddr *)&addr, &len) != 0 ||
	    pthread_create(&s->thread, NULL, fake_accept, s) != 0)
		abort();
	(void)snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d", ntohs(addr.sin_port));
}

static inline void
fake_http_stop(struct fake_http *s)
{
	(void)eventfd_write(s->stop_fd, 1);
	(void)pthread_join(s->thread, NULL);
	pthread_mutex_lock(&s->lock);
	while (s->open_count > 0)
		pthread_cond_wait(&s->idle, &s->lock);
	pthread_mutex_unlock(&s->lock);
	(void)close(s->listen_fd);
	(void)close(s->stop_fd);
	buf_free(&s->paths);
	buf_free(&s->request);
}

#endif
