/*
 * ai_http - HTTP transfers to one base URL, a thousand at once. Only user of curl.h.
 *
 * No redirects, no cookies, no netrc, no content decoding; the base URL's scheme only; TLS 1.2
 * or newer with verification; h2 where the server has it, replies share its connections. Names
 * are resolved in curl's threads, and leaving a transfer never waits for them.
 *
 * Owns:    path and body of a transfer are borrowed until it ends. A transfer is gone after
 *          on_done, after ai_http_cancel, and after on_bytes returned an error.
 * Threads: one. Callbacks come from ai_http_poll only, never from within curl, so they may
 *          start and cancel transfers; the running one ends by on_bytes returning an error.
 * Errors:  ERR_INVALID: options; ERR_IO: curl failed as a whole, logged.
 */
#ifndef AI_HTTP_H
#define AI_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util.h"

struct ai_http;
struct ai_http_transfer;

struct ai_http_options {
	const char *base_url;
	const char *key_header, *key; /* key NULL or "": none is sent */
	const char *ca_file;          /* NULL: the system's */
	long connect_ms, first_byte_ms, idle_ms, total_ms;
	long max_connections; /* 0: no limit */
	size_t max_bytes;     /* of one answer, all bytes */
};

enum ai_http_end {
	AI_HTTP_DONE,    /* the answer is whole; any status */
	AI_HTTP_TIMEOUT, /* one of the four deadlines */
	AI_HTTP_NETWORK, /* no connection, TLS refused, or cut */
	AI_HTTP_GARBAGE, /* not HTTP as we speak it */
	AI_HTTP_TOO_BIG,
};

struct ai_http_result {
	enum ai_http_end end;
	int status;             /* 0: no header came */
	int64_t retry_after_ms; /* of the Retry-After header; 0: none */
	const char *detail;     /* for the log, until the callback returns; never the key */
};

struct ai_http_handler {
	/*
	 * Any return but OK drops the transfer at once, without on_done; path and body may be
	 * freed then already. n > 0.
	 */
	enum err (*on_bytes)(void *arg, int status, const char *p, size_t n);
	void (*on_done)(void *arg, const struct ai_http_result *result);
};

enum err ai_http_new(const struct ai_http_options *options, struct ai_http **out) MUST_CHECK;
void ai_http_free(struct ai_http *http);

/* body NULL: GET, else POST of JSON. path starts with '/' and follows the base URL. */
struct ai_http_transfer *ai_http_start(struct ai_http *http, const char *path, const char *body,
    size_t body_len, const struct ai_http_handler *handler, void *arg);
void ai_http_cancel(struct ai_http *http, struct ai_http_transfer *transfer);

/* As ai_client_poll. */
enum err ai_http_poll(struct ai_http *http, int timeout_ms, const int *extra_fds, size_t n_extra,
    unsigned *out_ready) MUST_CHECK;

#endif
