#include "ai_http_priv.h"

#include <stdio.h>
#include <sys/epoll.h>

#include "clock.h"
#include "log.h"

#define TCP_KEEPALIVE_SECONDS 30L

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
	CURLM *m = http->multi = curl_multi_init();

	http->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (m == NULL || http->epoll_fd < 0 ||
	    curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, ai_http_on_socket) != CURLM_OK ||
	    curl_multi_setopt(m, CURLMOPT_SOCKETDATA, (void *)http) != CURLM_OK ||
	    curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, ai_http_on_timer) != CURLM_OK ||
	    curl_multi_setopt(m, CURLMOPT_TIMERDATA, (void *)http) != CURLM_OK ||
	    curl_multi_setopt(m, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX) != CURLM_OK ||
	    curl_multi_setopt(m, CURLMOPT_MAX_TOTAL_CONNECTIONS, max_connections) != CURLM_OK)
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
	http->epoll_fd = -1;
	http->timer_ms = -1;
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

void
ai_http_enter(struct ai_http_transfer *t, struct transfer_queue *queue)
{
	if (t->queue != NULL)
		TAILQ_REMOVE(t->queue, t, link);
	t->queue = queue;
	t->since_ms = clock_mono_ms();
	TAILQ_INSERT_TAIL(queue, t, link);
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
		c = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ai_http_on_write);
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
	ai_http_enter(t, &http->starting);
	return t;
}

void
ai_http_detach(struct ai_http_transfer *t)
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

void
ai_http_transfer_free(struct ai_http_transfer *t)
{
	buf_free(&t->in);
	free(t);
}

void
ai_http_cancel(struct ai_http *http, struct ai_http_transfer *transfer)
{
	(void)http;
	ai_http_detach(transfer);
	ai_http_transfer_free(transfer);
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
	close_fd(&http->epoll_fd);
	curl_slist_free_all(http->headers);
	free(http->base);
	free(http->ca_file);
	free(http);
	curl_global_cleanup();
}
