#include "ai_http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <sys/queue.h>

#include "buf.h"
#include "clock.h"
#include "log.h"

/*
 * curl forbids to add or remove transfers within its callbacks. So on_write only collects what
 * came, and ai_http_poll hands it on when curl_multi_perform has returned: our callers may then
 * start and cancel as they like.
 *
 * First byte and idle have one length each for all transfers, so two queues in the order of
 * their start keep the next deadline at the head: nothing is ever searched. Connect and total
 * are curl's own.
 */

#define EXTRA_FDS_MAX 32
#define TCP_KEEPALIVE_SECONDS 30L

TAILQ_HEAD(queue, ai_http_transfer);

struct ai_http_transfer {
	CURL *easy;
	struct ai_http *http;
	const struct ai_http_handler *handler;
	void *arg;
	struct buf in; /* arrived, not yet handed over */
	size_t total;
	int64_t since_ms;    /* the start, or the last byte */
	struct queue *queue; /* starting or flowing of http */
	TAILQ_ENTRY(ai_http_transfer) link, dirty_link;
	bool is_dirty, is_too_big;
	char error[CURL_ERROR_SIZE];
};

struct ai_http {
	CURLM *multi;
	char *base, *ca_file; /* base: without the last '/' */
	bool is_https;
	struct curl_slist *headers;
	long connect_ms, first_byte_ms, idle_ms, total_ms;
	size_t max_bytes;
	struct queue starting; /* no byte yet, the oldest first */
	struct queue flowing;  /* the longest silent first */
	struct queue dirty;    /* bytes to hand over; by dirty_link */
};

/* --- construction ---------------------------------------------------------------------------- */

/* "scheme://host[:port][/prefix]" and nothing more; the prefix is kept. */
static enum err
read_base_url(struct ai_http *http, const char *text)
{
	CURLU *url = curl_url();
	char *scheme = NULL, *extra = NULL;
	enum err e = ERR_INVALID;
	size_t len = strlen(text);

	if (curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_QUERY, &extra, 0) != CURLUE_OK &&
	    curl_url_get(url, CURLUPART_FRAGMENT, &extra, 0) != CURLUE_OK &&
	    curl_url_get(url, CURLUPART_USER, &extra, 0) != CURLUE_OK &&
	    (strcmp(scheme, "https") == 0 || strcmp(scheme, "http") == 0)) {
		while (len > 0 && text[len - 1] == '/')
			len--;
		http->base = xstrndup(text, len);
		http->is_https = strcmp(scheme, "https") == 0;
		e = OK;
	}
	curl_free(scheme);
	curl_free(extra);
	curl_url_cleanup(url);
	return e;
}

/* A key with a line break would write headers of its own. */
static bool
is_header_value(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

static enum err
add_header(struct ai_http *http, const char *line)
{
	struct curl_slist *list = curl_slist_append(http->headers, line);

	if (list == NULL)
		return ERR_IO;
	http->headers = list;
	return OK;
}

static enum err
set_headers(struct ai_http *http, const struct ai_http_options *o)
{
	auto_char *line = NULL;
	enum err e = add_header(http, "Content-Type: application/json");

	if (e == OK)
		e = add_header(http, "Expect:"); /* no round trip before the body */
	if (e != OK || o->key == NULL || *o->key == '\0')
		return e;
	if (!is_header_value(o->key))
		return ERR_INVALID;
	if (asprintf(&line, "%s: %s", o->key_header, o->key) < 0) {
		line = NULL;
		return ERR_IO;
	}
	return add_header(http, line);
}

static enum err
set_up_multi(struct ai_http *http, long max_connections)
{
	http->multi = curl_multi_init();
	if (http->multi == NULL ||
	    curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX) != CURLM_OK ||
	    curl_multi_setopt(http->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, max_connections) !=
		CURLM_OK)
		return ERR_IO;
	return OK;
}

enum err
ai_http_new(const struct ai_http_options *options, struct ai_http **out)
{
	struct ai_http *http;
	enum err e;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return ERR_IO;
	http = xcalloc(1, sizeof(*http));
	TAILQ_INIT(&http->starting);
	TAILQ_INIT(&http->flowing);
	TAILQ_INIT(&http->dirty);
	http->connect_ms = options->connect_ms;
	http->first_byte_ms = options->first_byte_ms;
	http->idle_ms = options->idle_ms;
	http->total_ms = options->total_ms;
	http->max_bytes = options->max_bytes;
	http->ca_file = options->ca_file != NULL ? xstrdup(options->ca_file) : NULL;
	if ((e = read_base_url(http, options->base_url)) == OK &&
	    (e = set_headers(http, options)) == OK &&
	    (e = set_up_multi(http, options->max_connections)) == OK) {
		*out = http;
		return OK;
	}
	ai_http_free(http);
	return e;
}

/* --- one transfer ---------------------------------------------------------------------------- */

static void
enter_queue(struct ai_http_transfer *t, struct queue *queue)
{
	if (t->queue != NULL)
		TAILQ_REMOVE(t->queue, t, link);
	t->queue = queue;
	t->since_ms = clock_mono_ms();
	TAILQ_INSERT_TAIL(queue, t, link);
}

/* Called by curl; curl itself caps what comes at once. */
static size_t
on_write(char *p, size_t size, size_t n, void *arg)
{
	struct ai_http_transfer *t = arg;
	struct ai_http *http = t->http;

	n *= size;
	if (n == 0)
		return 0;
	if (n > http->max_bytes - t->total || buf_add(&t->in, p, n) != OK) {
		t->is_too_big = true;
		return 0;
	}
	t->total += n;
	enter_queue(t, &http->flowing);
	if (!t->is_dirty) {
		t->is_dirty = true;
		TAILQ_INSERT_TAIL(&http->dirty, t, dirty_link);
	}
	return n;
}

static const struct {
	CURLoption option;
	long value;
} fixed_options[] = {
	{ CURLOPT_NOSIGNAL, 1 },
	{ CURLOPT_QUICK_EXIT, 1 }, /* never join a resolver that still waits for its DNS server */
	{ CURLOPT_FOLLOWLOCATION, 0 },
	{ CURLOPT_NETRC, CURL_NETRC_IGNORED },
	{ CURLOPT_SSL_VERIFYPEER, 1 },
	{ CURLOPT_SSL_VERIFYHOST, 2 },
	{ CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
	{ CURLOPT_HTTP09_ALLOWED, 0 },
	{ CURLOPT_TCP_KEEPALIVE, 1 },
	{ CURLOPT_TCP_KEEPIDLE, TCP_KEEPALIVE_SECONDS },
	{ CURLOPT_TCP_KEEPINTVL, TCP_KEEPALIVE_SECONDS },
};

static CURLcode
set_security(CURL *easy, const struct ai_http *http)
{
	CURLcode c = CURLE_OK;

	for (size_t i = 0; c == CURLE_OK && i < ARRAY_LEN(fixed_options); i++)
		c = curl_easy_setopt(easy, fixed_options[i].option, fixed_options[i].value);
	if (c == CURLE_OK)
		c = curl_easy_setopt(
		    easy, CURLOPT_PROTOCOLS_STR, http->is_https ? "https" : "http");
	/* On plain http curl would wait for the first answer to learn whether it multiplexes. */
	if (c == CURLE_OK)
		c = curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
		    http->is_https ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
	if (c == CURLE_OK)
		c = curl_easy_setopt(easy, CURLOPT_PIPEWAIT, http->is_https ? 1L : 0L);
	if (c == CURLE_OK && http->ca_file != NULL)
		c = curl_easy_setopt(easy, CURLOPT_CAINFO, http->ca_file);
	return c;
}

static CURLcode
set_request(struct ai_http_transfer *t, const char *url, const char *body, size_t body_len)
{
	CURL *easy = t->easy;
	CURLcode c;

	if ((c = curl_easy_setopt(easy, CURLOPT_URL, url)) == CURLE_OK &&
	    (c = curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->http->headers)) == CURLE_OK &&
	    (c = curl_easy_setopt(easy, CURLOPT_USERAGENT, "charla")) == CURLE_OK &&
	    (c = curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, t->http->connect_ms)) ==
		CURLE_OK &&
	    (c = curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, t->http->total_ms)) == CURLE_OK &&
	    (c = curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->error)) == CURLE_OK &&
	    (c = curl_easy_setopt(easy, CURLOPT_PRIVATE, (void *)t)) == CURLE_OK &&
	    (c = curl_easy_setopt(easy, CURLOPT_WRITEDATA, (void *)t)) == CURLE_OK)
		c = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
	if (c != CURLE_OK || body == NULL)
		return c;
	if ((c = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body_len)) !=
	    CURLE_OK)
		return c;
	return curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
}

struct ai_http_transfer *
ai_http_start(struct ai_http *http, const char *path, const char *body, size_t body_len,
    const struct ai_http_handler *handler, void *arg)
{
	struct ai_http_transfer *t = xcalloc(1, sizeof(*t));
	auto_char *url = NULL;

	t->http = http;
	t->handler = handler;
	t->arg = arg;
	t->in = BUF_INIT(http->max_bytes);
	t->easy = curl_easy_init();
	/* What fails here is memory or a curl that was built without what we need. */
	if (t->easy == NULL || asprintf(&url, "%s%s", http->base, path) < 0 ||
	    set_security(t->easy, http) != CURLE_OK ||
	    set_request(t, url, body, body_len) != CURLE_OK ||
	    curl_multi_add_handle(http->multi, t->easy) != CURLM_OK) {
		log_error("curl cannot start a transfer");
		abort();
	}
	enter_queue(t, &http->starting);
	return t;
}

/* Out of curl and of all queues; its memory stays. */
static void
detach(struct ai_http_transfer *t)
{
	struct ai_http *http = t->http;

	if (t->is_dirty)
		TAILQ_REMOVE(&http->dirty, t, dirty_link);
	t->is_dirty = false;
	TAILQ_REMOVE(t->queue, t, link);
	(void)curl_multi_remove_handle(http->multi, t->easy);
	curl_easy_cleanup(t->easy);
	t->easy = NULL;
}

static void
transfer_free(struct ai_http_transfer *t)
{
	buf_free(&t->in);
	free(t);
}

void
ai_http_cancel(struct ai_http *http, struct ai_http_transfer *transfer)
{
	(void)http;
	detach(transfer);
	transfer_free(transfer);
}

void
ai_http_free(struct ai_http *http)
{
	struct ai_http_transfer *t;

	if (http == NULL)
		return;
	/* NOLINTBEGIN(clang-analyzer-unix.Malloc): it does not see that a cancel empties the queue
	 */
	while ((t = TAILQ_FIRST(&http->starting)) != NULL)
		ai_http_cancel(http, t);
	while ((t = TAILQ_FIRST(&http->flowing)) != NULL)
		ai_http_cancel(http, t);
	/* NOLINTEND(clang-analyzer-unix.Malloc) */
	(void)curl_multi_cleanup(http->multi);
	curl_slist_free_all(http->headers);
	free(http->base);
	free(http->ca_file);
	free(http);
	curl_global_cleanup();
}

/* --- the end of a transfer ------------------------------------------------------------------- */

static enum ai_http_end
end_of(const struct ai_http_transfer *t, CURLcode code)
{
	switch (code) {
	case CURLE_OK: return AI_HTTP_DONE;
	case CURLE_OPERATION_TIMEDOUT: return AI_HTTP_TIMEOUT;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_BAD_CONTENT_ENCODING: return AI_HTTP_GARBAGE;
	default: return t->is_too_big ? AI_HTTP_TOO_BIG : AI_HTTP_NETWORK;
	}
}

static int
status_of(CURL *easy)
{
	long status = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

static void
end_transfer(struct ai_http_transfer *t, enum ai_http_end end, const char *detail)
{
	curl_off_t retry_after_s = 0;
	struct ai_http_result result = { .end = end, .status = status_of(t->easy) };

	(void)curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
	result.retry_after_ms = retry_after_s > 0 ? retry_after_s * 1000 : 0;
	result.detail = detail;
	detach(t);
	t->handler->on_done(t->arg, &result);
	transfer_free(t);
}

/* --- the loop -------------------------------------------------------------------------------- */

static void
hand_over(struct ai_http *http)
{
	struct ai_http_transfer *t;

	while ((t = TAILQ_FIRST(&http->dirty)) != NULL) {
		TAILQ_REMOVE(&http->dirty, t, dirty_link);
		t->is_dirty = false;
		if (t->handler->on_bytes(t->arg, status_of(t->easy), t->in.data, t->in.len) == OK)
			buf_clear(&t->in);
		else
			ai_http_cancel(http, t);
	}
}

static void
end_what_is_done(struct ai_http *http)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
		CURLcode code = message->data.result;
		struct ai_http_transfer *t = NULL;

		if (message->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t) !=
			CURLE_OK ||
		    t == NULL)
			continue;
		end_transfer(
		    t, end_of(t, code), t->error[0] != '\0' ? t->error : curl_easy_strerror(code));
	}
}

static void
end_what_is_late(struct queue *queue, int64_t period_ms, const char *detail)
{
	int64_t now_ms = clock_mono_ms();
	struct ai_http_transfer *t;

	/* NOLINTBEGIN(clang-analyzer-unix.Malloc): it does not see that an end empties the queue */
	while ((t = TAILQ_FIRST(queue)) != NULL && now_ms - t->since_ms >= period_ms)
		end_transfer(t, AI_HTTP_TIMEOUT, detail);
	/* NOLINTEND(clang-analyzer-unix.Malloc) */
}

static int
until_deadline(const struct queue *queue, int64_t period_ms, int timeout_ms)
{
	const struct ai_http_transfer *t = TAILQ_FIRST(queue);
	int64_t left_ms;

	if (t == NULL)
		return timeout_ms;
	left_ms = t->since_ms + period_ms - clock_mono_ms();
	if (left_ms < 0)
		left_ms = 0;
	return left_ms < timeout_ms ? (int)left_ms : timeout_ms;
}

enum err
ai_http_poll(
    struct ai_http *http, int timeout_ms, const int *extra_fds, size_t n_extra, unsigned *out_ready)
{
	struct curl_waitfd extra[EXTRA_FDS_MAX] = { 0 };
	unsigned ready = 0;
	CURLMcode code;
	int running;

	if (n_extra > EXTRA_FDS_MAX)
		return ERR_INVALID;
	for (size_t i = 0; i < n_extra; i++)
		extra[i] = (struct curl_waitfd){ .fd = extra_fds[i], .events = CURL_WAIT_POLLIN };
	timeout_ms = until_deadline(&http->starting, http->first_byte_ms, timeout_ms);
	timeout_ms = until_deadline(&http->flowing, http->idle_ms, timeout_ms);
	code = curl_multi_poll(http->multi, extra, (unsigned)n_extra, timeout_ms, NULL);
	if (code == CURLM_OK)
		code = curl_multi_perform(http->multi, &running);
	if (code != CURLM_OK) {
		log_error("curl failed error=\"%s\"", curl_multi_strerror(code));
		return ERR_IO;
	}
	hand_over(http);
	end_what_is_done(http);
	end_what_is_late(&http->starting, http->first_byte_ms, "no byte of the answer in time");
	end_what_is_late(&http->flowing, http->idle_ms, "the answer stopped coming");
	for (size_t i = 0; i < n_extra; i++)
		ready |= extra[i].revents != 0 ? 1U << i : 0;
	*out_ready = ready;
	return OK;
}
