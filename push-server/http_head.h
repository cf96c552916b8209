/*
 * http_head - the head of an HTTP/1.1 request: bytes -> fields. Pure; fuzzed.
 *
 * Strict, because proxies and we must never disagree on where a request ends: lines end in CRLF,
 * no folded lines, no space before a colon, no control bytes.
 *
 * Owns:    nothing; every slice points into the bytes that were given.
 * Threads: any.
 * Limits:  LIMIT_HTTP_HEAD_BYTES, HTTP_FIELDS_MAX; beyond: 431.
 * Source:  RFC 9112 2 to 5, RFC 9110 5.5 and 5.6.2.
 */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_FIELDS_MAX 64

struct http_slice {
	const char *p;
	size_t n;
};

struct http_field {
	struct http_slice name, value; /* value without the space around it */
};

struct http_head {
	struct http_slice method, path, query; /* as sent, still percent-encoded */
	bool is_1_0;
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t field_count;
	size_t len; /* of the whole head, the empty line included */
};

#define HTTP_HEAD_MORE 0
#define HTTP_HEAD_DONE 200

/* HTTP_HEAD_MORE, HTTP_HEAD_DONE (*out is valid), or the status to refuse with. */
int http_head_parse(const char *p, size_t n, struct http_head *out);

/* The first field of that name, or NULL. Names compare without case. */
const struct http_slice *http_head_field(const struct http_head *h, const char *name);
size_t http_head_count(const struct http_head *h, const char *name);

/* Is token in any of the comma-separated fields of that name? Without case. */
bool http_head_has_token(const struct http_head *h, const char *name, const char *token);

bool http_slice_is(struct http_slice s, const char *text); /* without case */

#endif
