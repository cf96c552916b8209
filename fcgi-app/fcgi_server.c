/*
 * What fcgi2 does and does not do was measured (reference: fastcgi 1); each rule below is one of
 * its findings:
 *  - a kept connection pins a thread: keepConnection = 0, stdin drained before FCGX_Finish_r;
 *  - CONTENT_LENGTH is not enforced by the library: the end is the empty STDIN record;
 *  - reads block for ever: timeouts on the socket;
 *  - FCGX_FPrintF aborts on what it does not know: the answer is built in memory;
 *  - it ends a connection by waiting until the peer ends it, which is for who has not read all that
 *    the peer sent (what is unread would take the answer with it). Detached, it just closes.
 */
#include "fcgi_server.h"

#include <errno.h>
#include <fcgi_config.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

#include "clock.h"
#include "large.h"
#include "limit.h"
#include "log.h"
#include "request_env.h"
#include "stale_socket.h"

#define THREAD_STACK (512UL * 1024)
/* As many as the kernel allows: where no place is left lighttpd answers 500. */
#define BACKLOG 4096

struct worker {
	struct fcgi_server *server;
	struct app app;
	pthread_t thread;
	int epoll_fd;
	bool is_running;
};

struct fcgi_server {
	int listen_fd, stop_fd;
	size_t count;
	struct worker workers[LIMIT_ACCEPT_THREADS];
};

/* --- one request --- */

static const char *
param(void *arg, const char *name)
{
	FCGX_Request *r = arg;

	return FCGX_GetParam(name, r->envp);
}

/* What is there, at least one byte; 0 at the end. FCGX_GetStr would wait until all of max is. */
static int
read_some(FCGX_Stream *in, char *out, int max)
{
	int c = FCGX_GetChar(in), n;

	if (c == EOF)
		return 0;
	out[0] = (char)c;
	n = (int)(in->stop - in->rdNext);
	if (n > max - 1)
		n = max - 1;
	return n > 0 ? 1 + FCGX_GetStr(out + 1, n, in) : 1;
}

/* To the end of the stream, keeping at most body->max. Who dribbles is cut off. */
static enum err
read_body(FCGX_Request *r, struct buf *body)
{
	char chunk[8192];
	long long announced = request_content_length(param, r), got = 0;
	int64_t until_ms = clock_mono_ms() + LIMIT_BODY_SECONDS * 1000;
	enum err e = OK;
	int n;

	while ((n = read_some(r->in, chunk, sizeof chunk)) > 0) {
		got += n;
		if (e == OK)
			e = buf_add(body, chunk, (size_t)n);
		if (got > 16LL * (long long)LIMIT_BODY_BYTES + (long long)body->max)
			break; /* it will not end: closing is the answer */
		if (clock_mono_ms() > until_ms)
			return ERR_BUSY;
	}
	if (e == OK && (FCGX_GetError(r->in) != 0 || got < announced))
		e = ERR_INVALID;
	return e;
}

static void
write_answer(FCGX_Request *r, const struct http_request *q, struct http_response *a)
{
	auto_buf head = BUF_INIT(16384);
	enum err e = buf_addf(&head, "Status: %d %s\r\n", a->status, http_reason(a->status));

	if (e == OK && a->status != 204 && a->status != 304)
		e = buf_addf(&head, "Content-Type: %s\r\nContent-Length: %zu\r\n", a->content_type,
		    a->body.len);
	if (e == OK && a->headers.len > 0)
		e = buf_add(&head, a->headers.data, a->headers.len);
	if (e == OK)
		e = buf_add(&head, "\r\n", 2);
	if (e != OK || FCGX_PutStr(head.data, (int)head.len, r->out) < 0)
		return;
	/* The peer may be gone; what was committed stays committed. */
	if (q->method != HTTP_HEAD && a->body.len > 0)
		(void)FCGX_PutStr(a->body.data, (int)a->body.len, r->out);
}

static void
set_timeouts(int fd)
{
	struct timeval limit = { .tv_sec = LIMIT_IO_SECONDS };

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

/* The body, then the handler, then the answer. */
static void
answer(struct worker *w, FCGX_Request *r, struct http_request *q)
{
	auto_buf body = BUF_INIT(routes_body_limit(q));
	struct http_response a = HTTP_RESPONSE_INIT;

	q->body_error = read_body(r, &body);
	q->body = body.data != NULL ? body.data : "";
	q->body_len = body.len;
	routes_run(&w->app, q, &a);
	write_answer(r, q, &a);
	http_response_free(&a);
}

static void
answer_large(struct worker *w, FCGX_Request *r, struct http_request *q)
{
	struct http_response a = HTTP_RESPONSE_INIT;

	if (large_enter()) {
		answer(w, r, q);
		large_leave();
		return;
	}
	q->body_error = ERR_BUSY; /* it was not read */
	http_problem(&a, 503, "busy",
	    "Other chats are being imported or exported. Please try again in a moment.", q->rid);
	http_set_header(&a, "Retry-After", "2");
	write_answer(r, q, &a);
	http_response_free(&a);
}

static void
answer_nobody(FCGX_Request *r, struct http_request *q)
{
	auto_buf body = BUF_INIT(LIMIT_BODY_BYTES);
	struct http_response a = HTTP_RESPONSE_INIT;

	q->body_error = read_body(r, &body);
	http_problem(&a, 404, "not_found", "There is no such address here.", q->rid);
	write_answer(r, q, &a);
	http_response_free(&a);
}

static void
serve(struct worker *w, FCGX_Request *r)
{
	char path[REQUEST_PATH_MAX];
	struct http_request q;

	set_timeouts(r->ipcFd);
	if (request_from_env(&q, path, w->app.config->app_base, param, r) != OK)
		answer_nobody(r, &q);
	else if (routes_is_large(&q))
		answer_large(w, r, &q);
	else
		answer(w, r, &q);
	r->keepConnection = 0;
	/* Whoever has sent more than was read is not cut off before he has read the answer. */
	if (q.body_error == OK)
		FCGX_Detach(r);
	else
		FCGX_Attach(r);
	FCGX_Finish_r(r);
}

/* --- threads --- */

/* Out of descriptors or memory: the library says so and a naive loop would end here. */
static void
pause_briefly(void)
{
	struct timespec pause = { .tv_nsec = 50000000L };

	(void)nanosleep(&pause, NULL);
}

static void *
run(void *arg)
{
	struct worker *w = arg;
	FCGX_Request r;

	if (FCGX_InitRequest(&r, w->server->listen_fd, 0) != 0)
		return NULL;
	for (;;) {
		struct epoll_event event;
		int n = epoll_wait(w->epoll_fd, &event, 1, -1), rc;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || event.data.fd == w->server->stop_fd)
			break;
		rc = FCGX_Accept_r(&r);
		if (rc == 0)
			serve(w, &r);
		else if (rc != -EAGAIN && rc != -EINTR)
			pause_briefly();
	}
	FCGX_Free(&r, 1);
	return NULL;
}

/*
 * A thread of its own epoll set, with EPOLLEXCLUSIVE on the listener: one connection wakes one
 * thread, the eventfd wakes all.
 */
static enum err
watch(struct worker *w)
{
	struct epoll_event listener = { .events = EPOLLIN | EPOLLEXCLUSIVE,
		.data.fd = w->server->listen_fd };
	struct epoll_event stop = { .events = EPOLLIN, .data.fd = w->server->stop_fd };

	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll_fd < 0 ||
	    epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->server->listen_fd, &listener) != 0 ||
	    epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->server->stop_fd, &stop) != 0) {
		log_errno("epoll failed");
		return ERR_IO;
	}
	return OK;
}

static enum err
start_worker(struct fcgi_server *s, struct worker *w, const struct app *base)
{
	pthread_attr_t attributes;
	enum err e;

	w->server = s;
	w->app = *base;
	w->epoll_fd = -1;
	if (base->trouble == OK &&
	    (e = store_open(&w->app.reader, base->config->db_path, STORE_READ)) != OK)
		return e;
	if ((e = watch(w)) != OK)
		return e;
	(void)pthread_attr_init(&attributes);
	(void)pthread_attr_setstacksize(&attributes, THREAD_STACK);
	w->is_running = pthread_create(&w->thread, &attributes, run, w) == 0;
	(void)pthread_attr_destroy(&attributes);
	return w->is_running ? OK : ERR_IO;
}

enum err
fcgi_server_start(struct fcgi_server **out, int listen_fd, const struct app *base)
{
	struct fcgi_server *s = xcalloc(1, sizeof *s);
	enum err e = OK;

	s->listen_fd = listen_fd;
	s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	(void)fcntl(listen_fd, F_SETFL, fcntl(listen_fd, F_GETFL) | O_NONBLOCK);
	if (FCGX_Init() != 0)
		e = ERR_IO;
	while (e == OK && s->count < (size_t)base->config->accept_threads)
		e = start_worker(s, &s->workers[s->count++], base);
	if (e == OK)
		*out = s;
	else
		fcgi_server_stop(s);
	return e;
}

void
fcgi_server_stop(struct fcgi_server *s)
{
	uint64_t one = 1;

	if (s == NULL)
		return;
	if (write(s->stop_fd, &one, sizeof one) < 0)
		log_errno("stopping failed");
	for (size_t i = 0; i < s->count; i++) {
		struct worker *w = &s->workers[i];

		if (w->is_running)
			(void)pthread_join(w->thread, NULL);
		close_fd(&w->epoll_fd);
		store_close(w->app.reader);
	}
	close_fd(&s->stop_fd);
	free(s);
}

/* --- the listening socket --- */

static bool
somebody_listens(const struct sockaddr_un *at)
{
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof *at) == 0;
}

enum err
fcgi_listen(const char *path, int *out_fd)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof at.sun_path) {
		log_error("socket path is too long path=%s max=%zu", path, sizeof at.sun_path - 1);
		return ERR_INVALID;
	}
	memcpy(at.sun_path, path, strlen(path) + 1);
	if (somebody_listens(&at)) {
		log_error("another fcgi-app listens path=%s", path);
		return ERR_CONFLICT;
	}
	stale_socket_remove(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 ||
	    chmod(path, 0660) != 0 || listen(fd, BACKLOG) != 0) {
		log_errno("cannot listen path=%s", path);
		close_fd(&fd);
		return ERR_IO;
	}
	*out_fd = fd;
	return OK;
}

bool
fcgi_is_spawned(void)
{
	return FCGX_IsCGI() == 0;
}
