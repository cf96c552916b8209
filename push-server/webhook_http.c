#include "webhook_http.h"

#include <ev.h>

#include "clock.h"
#include "limit.h"
#include "log.h"
#include "webhook_curl.h"

#define CONNECTIONS_KEPT 16L

static const struct webhook_curl *curl; /* NULL: not loaded yet */

struct webhook_http {
	struct webhooks *hooks;
	struct ev_loop *loop;
	CURLM *multi;
	ev_timer curl_timer, run_timer;
};

/* A socket that curl has us watch. */
struct watch {
	ev_io io;
	struct webhook_http *http;
};

struct transfer {
	CURL *easy;
	struct curl_slist *headers;
	struct webhook_post *post;
	size_t answered;
	char error[CURL_ERROR_SIZE];
};

/* --- one transfer --------------------------------------------------------------------------------
 */

static void
transfer_free(struct webhook_http *h, struct transfer *t)
{
	(void)curl->multi_remove_handle(h->multi, t->easy);
	curl->easy_cleanup(t->easy);
	curl->slist_free_all(t->headers);
	free(t);
}

/* The answer says nothing that we need. */
static size_t
/* NOLINTNEXTLINE(readability-non-const-parameter): curl's form */
on_answer(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	(void)bytes;
	t->answered += size * n;
	return t->answered <= LIMIT_WEBHOOK_ANSWER_BYTES ? size * n : 0;
}

static void
add_header(struct transfer *t, const char *name, const char *value)
{
	auto_char *line = NULL;
	struct curl_slist *list;

	if (asprintf(&line, "%s: %s", name, value) < 0)
		abort();
	list = curl->slist_append(t->headers, line);
	if (list == NULL)
		abort();
	t->headers = list;
}

static void
add_headers(struct transfer *t, const struct webhook_post *p)
{
	/* exactly this: Pusher's libraries compare the whole header */
	add_header(t, "Content-Type", "application/json");
	add_header(t, "X-Pusher-Key", p->key);
	add_header(t, "X-Pusher-Signature", p->signature);
	t->headers = curl->slist_append(t->headers, "Expect:");
	for (char *const *line = p->headers; line != NULL && *line != NULL; line++)
		t->headers = curl->slist_append(t->headers, *line);
}

static void
set_options(struct transfer *t)
{
	const struct webhook_post *p = t->post;
	CURL *c = t->easy;

	(void)curl->easy_setopt(c, CURLOPT_PRIVATE, t);
	(void)curl->easy_setopt(c, CURLOPT_URL, p->url);
	(void)curl->easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl->easy_setopt(c, CURLOPT_POST, 1L);
	(void)curl->easy_setopt(c, CURLOPT_POSTFIELDS, p->body);
	(void)curl->easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)p->body_len);
	(void)curl->easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
	(void)curl->easy_setopt(c, CURLOPT_USERAGENT, "charla-push-server");
	(void)curl->easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl->easy_setopt(c, CURLOPT_PROXY, "");
	(void)curl->easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl->easy_setopt(c, CURLOPT_QUICK_EXIT, 1L); /* leaving waits for no resolver */
	(void)curl->easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)LIMIT_WEBHOOK_CONNECT_MS);
	(void)curl->easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)LIMIT_WEBHOOK_TOTAL_MS);
	(void)curl->easy_setopt(c, CURLOPT_WRITEFUNCTION, on_answer);
	(void)curl->easy_setopt(c, CURLOPT_WRITEDATA, t);
	(void)curl->easy_setopt(c, CURLOPT_ERRORBUFFER, t->error);
}

static void
start(void *ctx, struct webhook_post *p)
{
	struct webhook_http *h = ctx;
	struct transfer *t = xcalloc(1, sizeof *t);

	t->post = p;
	t->easy = curl->easy_init();
	if (t->easy == NULL)
		abort();
	add_headers(t, p);
	set_options(t);
	p->transfer = t;
	if (curl->multi_add_handle(h->multi, t->easy) != CURLM_OK)
		abort();
}

static void
cancel(void *ctx, struct webhook_post *p)
{
	transfer_free(ctx, p->transfer);
	p->transfer = NULL;
}

/* Of an address only the host: there may be a password or a token in the rest. */
static void
log_failure(const struct transfer *t, CURLcode rc, long status)
{
	static struct log_limit limit;
	const char *host = strstr(t->post->url, "://") + 3;
	const char *at = memchr(host, '@', strcspn(host, "/?#"));
	unsigned long suppressed;

	if (at != NULL)
		host = at + 1;
	if (log_allowed(&limit, &suppressed))
		log_warn(
		    "a webhook was not taken host=%.*s status=%ld reason=\"%s\" suppressed=%lu",
		    (int)strcspn(host, "/?#"), host, status,
		    rc != CURLE_OK ? curl->easy_strerror(rc) : "", suppressed);
}

static void
finish(struct webhook_http *h, CURL *easy, CURLcode rc)
{
	struct transfer *t = NULL;
	struct webhook_post *p;
	long status = 0;
	bool is_taken;

	(void)curl->easy_getinfo(easy, CURLINFO_PRIVATE, &t);
	(void)curl->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	/* an answer that is too long to be read whole is an answer */
	is_taken = (rc == CURLE_OK || rc == CURLE_WRITE_ERROR) && status >= 200 && status < 300;
	if (!is_taken)
		log_failure(t, rc, status);
	p = t->post;
	transfer_free(h, t);
	webhooks_done(h->hooks, p, is_taken);
}

/* --- curl on the loop ----------------------------------------------------------------------------
 */

static void
act(struct webhook_http *h, curl_socket_t fd, int events)
{
	CURLMsg *m;
	int running, left;

	(void)curl->multi_socket_action(h->multi, fd, events, &running);
	while ((m = curl->multi_info_read(h->multi, &left)) != NULL)
		if (m->msg == CURLMSG_DONE)
			finish(h, m->easy_handle, m->data.result);
}

static void
on_io(struct ev_loop *loop, ev_io *io, int events)
{
	const struct watch *w = (const struct watch *)(const void *)io;

	(void)loop;
	act(w->http, io->fd,
	    ((events & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
		((events & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0));
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct webhook_http *h = arg;
	struct watch *w = socket_arg;

	(void)easy;
	if (w != NULL)
		ev_io_stop(h->loop, &w->io);
	if (what == CURL_POLL_REMOVE) {
		(void)curl->multi_assign(h->multi, fd, NULL);
		free(w);
		return 0;
	}
	if (w == NULL) {
		w = xcalloc(1, sizeof *w);
		w->http = h;
		ev_init(&w->io, on_io);
		(void)curl->multi_assign(h->multi, fd, w);
	}
	ev_io_set(&w->io, fd,
	    ((what & CURL_POLL_IN) != 0 ? EV_READ : 0) |
		((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0));
	ev_io_start(h->loop, &w->io);
	return 0;
}

static void
set_timer(struct webhook_http *h, ev_timer *timer, int64_t in_ms)
{
	ev_timer_stop(h->loop, timer);
	if (in_ms < 0)
		return;
	ev_timer_set(timer, (double)in_ms / 1000.0, 0);
	ev_timer_start(h->loop, timer);
}

static int
on_curl_wants_time(CURLM *multi, long in_ms, void *arg)
{
	struct webhook_http *h = arg;

	(void)multi;
	set_timer(h, &h->curl_timer, in_ms);
	return 0;
}

static void
on_curl_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static void
on_run_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct webhook_http *h = timer->data;

	(void)loop;
	(void)events;
	webhooks_run(h->hooks);
}

static void
wake(void *ctx, int64_t in_ms)
{
	struct webhook_http *h = ctx;

	set_timer(h, &h->run_timer, in_ms);
}

/* --- life ----------------------------------------------------------------------------------------
 */

static void
set_multi_options(struct webhook_http *h)
{
	(void)curl->multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	(void)curl->multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	(void)curl->multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_curl_wants_time);
	(void)curl->multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	(void)curl->multi_setopt(
	    h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)LIMIT_WEBHOOK_CONNECTIONS);
	(void)curl->multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
}

static enum err
start_curl(struct webhook_http *h)
{
	enum err e;

	if (h->multi != NULL)
		return OK;
	if ((e = webhook_curl_load(&curl)) != OK)
		return e;
	if (curl->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (h->multi = curl->multi_init()) == NULL) {
		log_error("libcurl does not start");
		return ERR_IO;
	}
	set_multi_options(h);
	return OK;
}

struct webhook_http *
webhook_http_new(struct metrics *m, struct ev_loop *loop)
{
	struct webhook_http *h = xcalloc(1, sizeof *h);
	const struct webhook_transport transport = { .ctx = h,
		.start = start,
		.cancel = cancel,
		.wake = wake,
		.mono_ms = clock_mono_ms,
		.wall_ms = clock_wall_ms };

	h->loop = loop;
	ev_timer_init(&h->curl_timer, on_curl_timer, 0, 0);
	h->curl_timer.data = h;
	ev_timer_init(&h->run_timer, on_run_timer, 0, 0);
	h->run_timer.data = h;
	h->hooks = webhooks_new(&transport, m);
	return h;
}

struct hub_observer
webhook_http_observer(struct webhook_http *h)
{
	return webhooks_observer(h->hooks);
}

const struct webhooks *
webhook_http_queue(const struct webhook_http *h)
{
	return h->hooks;
}

enum err
webhook_http_configure(struct webhook_http *h, const struct apps *apps)
{
	const struct app *app;
	enum err e = OK;

	for (size_t i = 0; e == OK && (app = apps_at(apps, i)) != NULL; i++)
		if (app->webhook_count > 0)
			e = start_curl(h);
	if (e == OK)
		webhooks_configure(h->hooks, apps);
	return e;
}

void
webhook_http_free(struct webhook_http *h)
{
	if (h == NULL)
		return;
	if (webhooks_waiting(h->hooks) > 0)
		log_warn("webhooks are lost: they were not taken before the end count=%zu",
		    webhooks_waiting(h->hooks));
	webhooks_free(h->hooks);
	if (h->multi != NULL) {
		(void)curl->multi_cleanup(h->multi);
		curl->global_cleanup();
	}
	ev_timer_stop(h->loop, &h->curl_timer);
	ev_timer_stop(h->loop, &h->run_timer);
	free(h); /* the library stays: nothing of it may be called after its code is gone */
}
