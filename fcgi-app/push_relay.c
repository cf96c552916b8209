#include "push_relay.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "ai_http.h"
#include "clock.h"
#include "log.h"
#include "relay_batch.h"
#include "stale_socket.h"

#define CONNECT_MS 3000
#define ANSWER_MS 10000
#define ANSWER_BYTES (64UL * 1024)
#define PAUSE_MS 250 /* doubled after each failure */
#define PAUSE_MAX_MS 5000

struct request {
	struct push_relay *relay;
	struct ai_http_transfer *transfer; /* NULL: free */
	struct relay_queue lines;
	struct buf path, body;
};

struct push_relay {
	pthread_t thread;
	int fd, stop_fd;
	atomic_int state;  /* enum relay_state */
	atomic_llong done; /* push_relay_done */
	struct ai_http *http;
	struct relay_app app;
	/* of the thread alone */
	struct relay_queue waiting;
	size_t count;     /* lines that wait or are under way */
	int64_t received; /* datagrams */
	struct request requests[RELAY_REQUESTS];
	int64_t pause_ms, next_ms; /* after failures; monotonic */
	char *datagram;            /* LIMIT_DATAGRAM_BYTES */
};

/* --- what comes in --- */

static void
take_line(struct push_relay *r, const char *p, size_t n)
{
	struct relay_line *l = xcalloc(1, sizeof *l);

	if (notify_line_parse(p, n, &l->line) != OK) {
		free(l);
		return;
	}
	if (l->line.op != NOTIFY_PUBLISH) {
		relay_line_free(l);
		return;
	}
	l->datagram = r->received;
	TAILQ_INSERT_TAIL(&r->waiting, l, link);
	r->count++;
}

static void
read_datagrams(struct push_relay *r)
{
	while (r->count < RELAY_LINES) {
		ssize_t n = recv(r->fd, r->datagram, LIMIT_DATAGRAM_BYTES, 0);
		const char *p = r->datagram, *line;
		size_t left = n > 0 ? (size_t)n : 0, len;

		if (n < 0)
			return;
		r->received++;
		while (notify_next_line(&p, &left, &line, &len))
			take_line(r, line, len);
	}
}

/* --- what goes out --- */

static void
set_state(struct push_relay *r, enum relay_state state, int status, const char *detail)
{
	if (atomic_exchange(&r->state, (int)state) == (int)state)
		return;
	switch (state) {
	case RELAY_OK: log_info("push server takes requests"); break;
	case RELAY_AWAY:
		log_warn(
		    "push server does not take requests status=%d reason=\"%s\"", status, detail);
		break;
	case RELAY_REFUSED:
		log_error("push server refuses us status=%d settings=PUSHER_APP_ID,PUSHER_APP_KEY,"
			  "PUSHER_APP_SECRET",
		    status);
		break;
	}
}

static bool
is_busy(const void *arg, const struct relay_line *l)
{
	const struct push_relay *r = arg;
	const struct relay_line *other;

	for (size_t i = 0; i < RELAY_REQUESTS; i++)
		TAILQ_FOREACH(other, &r->requests[i].lines, link)
	if (relay_same_chat(other, l))
		return true;
	return false;
}

static void
drop_lines(struct request *q)
{
	struct relay_line *l;

	while ((l = TAILQ_FIRST(&q->lines)) != NULL) {
		TAILQ_REMOVE(&q->lines, l, link);
		relay_line_free(l);
		q->relay->count--;
	}
}

/* Before all others, in their order. */
static void
put_back(struct request *q, bool alone)
{
	struct relay_line *l;

	while ((l = TAILQ_LAST(&q->lines, relay_queue)) != NULL) {
		TAILQ_REMOVE(&q->lines, l, link);
		l->goes_alone = l->goes_alone || alone;
		TAILQ_INSERT_HEAD(&q->relay->waiting, l, link);
	}
}

static void
pause_after_failure(struct push_relay *r)
{
	r->pause_ms = r->pause_ms == 0 ? PAUSE_MS : 2 * r->pause_ms;
	if (r->pause_ms > PAUSE_MAX_MS)
		r->pause_ms = PAUSE_MAX_MS;
	r->next_ms = clock_mono_ms() + r->pause_ms;
}

static enum err
on_bytes(void *arg, int status, const char *p, size_t n)
{
	(void)arg;
	(void)status;
	(void)p;
	(void)n;
	return OK; /* {} */
}

static void
on_done(void *arg, const struct ai_http_result *result)
{
	struct request *q = arg;
	struct push_relay *r = q->relay;
	int status = result->end == AI_HTTP_DONE ? result->status : 0;
	bool is_single = TAILQ_FIRST(&q->lines) == TAILQ_LAST(&q->lines, relay_queue);

	q->transfer = NULL;
	if (status >= 200 && status < 300) {
		r->pause_ms = 0;
		set_state(r, RELAY_OK, status, "");
		drop_lines(q);
	} else if (status == 401 || status == 403 || status == 404) {
		set_state(r, RELAY_REFUSED, status, "");
		put_back(q, false);
		pause_after_failure(r);
	} else if (status == 400 || status == 413 || status == 422) {
		/* one of them is what it does not like: each goes alone, and that one is dropped */
		if (is_single) {
			log_warn("push server refuses an event name=%s status=%d rid=%s",
			    TAILQ_FIRST(&q->lines)->line.name, status,
			    TAILQ_FIRST(&q->lines)->line.rid != NULL
				? TAILQ_FIRST(&q->lines)->line.rid
				: "");
			drop_lines(q);
		} else {
			put_back(q, true);
		}
	} else {
		set_state(r, RELAY_AWAY, status, result->detail != NULL ? result->detail : "");
		put_back(q, false);
		pause_after_failure(r);
	}
}

static const struct ai_http_handler handler = { .on_bytes = on_bytes, .on_done = on_done };

static bool
start_request(struct push_relay *r, struct request *q)
{
	if (!relay_take(&r->waiting, &q->lines, is_busy, r))
		return false;
	buf_clear(&q->body);
	buf_clear(&q->path);
	if (relay_body(&q->lines, &q->body) != OK ||
	    relay_path(&r->app, &q->body, clock_wall_ms() / 1000, &q->path) != OK) {
		drop_lines(q);
		return true;
	}
	q->transfer = ai_http_start(r->http, q->path.data, q->body.data, q->body.len, &handler, q);
	return true;
}

static size_t
running(const struct push_relay *r)
{
	size_t n = 0;

	for (size_t i = 0; i < RELAY_REQUESTS; i++)
		n += r->requests[i].transfer != NULL;
	return n;
}

/* After a failure one request tries whether it is over. */
static void
start_requests(struct push_relay *r, int64_t now_ms)
{
	size_t max = r->pause_ms > 0 ? 1 : RELAY_REQUESTS;

	if (now_ms < r->next_ms)
		return;
	for (size_t i = 0; i < RELAY_REQUESTS && running(r) < max; i++)
		if (r->requests[i].transfer == NULL && !start_request(r, &r->requests[i]))
			return;
}

/* --- the thread --- */

static int64_t
oldest_of(const struct relay_queue *lines, int64_t oldest)
{
	const struct relay_line *l;

	TAILQ_FOREACH(l, lines, link)
	if (l->datagram < oldest)
		oldest = l->datagram;
	return oldest;
}

static void
note_done(struct push_relay *r)
{
	int64_t oldest = oldest_of(&r->waiting, r->received + 1);

	for (size_t i = 0; i < RELAY_REQUESTS; i++)
		oldest = oldest_of(&r->requests[i].lines, oldest);
	atomic_store(&r->done, oldest - 1);
}

static int
timeout_ms(const struct push_relay *r, int64_t now_ms)
{
	if (TAILQ_EMPTY(&r->waiting) || r->next_ms <= now_ms)
		return PAUSE_MAX_MS;
	return (int)(r->next_ms - now_ms);
}

static void *
run(void *arg)
{
	struct push_relay *r = arg;
	unsigned ready = 0;

	while (!(ready & 1U)) {
		int fds[] = { r->stop_fd, r->fd };
		int64_t now_ms = clock_mono_ms();
		size_t n = r->count < RELAY_LINES ? 2 : 1; /* a full queue reads no more */

		start_requests(r, now_ms);
		if (ai_http_poll(r->http, timeout_ms(r, now_ms), fds, n, &ready) != OK)
			break;
		if (ready & 2U)
			read_datagrams(r);
		note_done(r);
	}
	return NULL;
}

/* --- start and end --- */

static enum err
open_socket(struct push_relay *r, const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void)snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	stale_socket_remove(path); /* we hold worker.lock: nobody else's */
	r->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (r->fd < 0 || bind(r->fd, (const struct sockaddr *)&at, sizeof at) != 0 ||
	    chmod(path, 0600) != 0) {
		log_errno("relay socket failed path=%s", path);
		return ERR_IO;
	}
	return OK;
}

static enum err
open_http(struct push_relay *r, const struct config *c)
{
	char base[512];
	bool is_ipv6 = strchr(c->pusher_host, ':') != NULL && c->pusher_host[0] != '[';
	struct ai_http_options options = {
		.base_url = base,
		.connect_ms = CONNECT_MS,
		.first_byte_ms = ANSWER_MS,
		.idle_ms = ANSWER_MS,
		.total_ms = 2 * ANSWER_MS,
		.max_connections = RELAY_REQUESTS,
		.max_bytes = ANSWER_BYTES,
	};

	(void)snprintf(base, sizeof base, is_ipv6 ? "%s://[%s]:%ld" : "%s://%s:%ld",
	    c->pusher_scheme, c->pusher_host, c->pusher_port);
	return ai_http_new(&options, &r->http);
}

enum err
push_relay_open(struct push_relay **out, const struct config *c, const char *socket_path)
{
	struct push_relay *r = xcalloc(1, sizeof *r);
	enum err e;

	r->fd = -1;
	r->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->app = (struct relay_app){ c->pusher_app_id, c->pusher_app_key, c->pusher_app_secret };
	r->datagram = xcalloc(1, LIMIT_DATAGRAM_BYTES);
	TAILQ_INIT(&r->waiting);
	for (size_t i = 0; i < RELAY_REQUESTS; i++) {
		r->requests[i].relay = r;
		TAILQ_INIT(&r->requests[i].lines);
		r->requests[i].path = BUF_INIT(4096);
		r->requests[i].body = BUF_INIT(2 * LIMIT_DATAGRAM_BYTES);
	}
	if ((e = open_socket(r, socket_path)) == OK && (e = open_http(r, c)) == OK &&
	    pthread_create(&r->thread, NULL, run, r) == 0) {
		*out = r;
		return OK;
	}
	push_relay_close(r);
	return e != OK ? e : ERR_IO;
}

void
push_relay_close(struct push_relay *r)
{
	uint64_t one = 1;
	struct relay_line *l;

	if (r == NULL)
		return;
	if (r->thread != 0 && write(r->stop_fd, &one, sizeof one) > 0)
		(void)pthread_join(r->thread, NULL);
	for (size_t i = 0; i < RELAY_REQUESTS; i++) {
		if (r->requests[i].transfer != NULL)
			ai_http_cancel(r->http, r->requests[i].transfer);
		drop_lines(&r->requests[i]);
		buf_free(&r->requests[i].path);
		buf_free(&r->requests[i].body);
	}
	while ((l = TAILQ_FIRST(&r->waiting)) != NULL) {
		TAILQ_REMOVE(&r->waiting, l, link);
		relay_line_free(l);
	}
	if (r->http != NULL)
		ai_http_free(r->http);
	close_fd(&r->fd);
	close_fd(&r->stop_fd);
	free(r->datagram);
	free(r);
}

enum relay_state
push_relay_state(const struct push_relay *r)
{
	return (enum relay_state)atomic_load(&r->state);
}

int64_t
push_relay_done(const struct push_relay *r)
{
	return atomic_load(&r->done);
}
