/*
 * http_body - where the body of a request ends, and what is in it. Pure; fuzzed.
 *
 * Content-Length: digits only, once. Or Transfer-Encoding: chunked and nothing else; both
 * together, or another coding, are refused: two readers could see two different requests.
 *
 * Owns:    the decoded bytes (http_body_free).
 * Threads: any.
 * Limits:  max bytes, decoded; HTTP_CHUNK_LINE_MAX a size line; HTTP_TRAILERS_MAX of trailers.
 * Source:  RFC 9112 6 and 7.
 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include "buf.h"
#include "http_head.h"

#define HTTP_CHUNK_LINE_MAX 256
#define HTTP_TRAILERS_MAX 4096

enum http_body_state {
	HTTP_BODY_LENGTH,   /* so many bytes to come */
	HTTP_BODY_SIZE,     /* in the line with the size of a chunk */
	HTTP_BODY_DATA,     /* in a chunk */
	HTTP_BODY_DATA_END, /* in the CRLF behind it */
	HTTP_BODY_TRAILERS, /* behind the last chunk */
	HTTP_BODY_DONE,
};

struct http_body {
	enum http_body_state state;
	size_t left; /* of the body, or of the chunk */
	size_t max;
	char line[HTTP_CHUNK_LINE_MAX]; /* a size line or a trailer, while it comes */
	size_t line_len, trailer_bytes;
	struct buf bytes;
};

/* The three below return 0, or the status to refuse with. */
int http_body_begin(struct http_body *b, const struct http_head *h, size_t max);

/* For a head that somebody else has parsed; each may be NULL: absent. count: of length fields. */
int http_body_begin_raw(struct http_body *b, const struct http_slice *length, size_t length_count,
    const struct http_slice *coding, size_t max);

/* *out_used <= n bytes belonged to this body; fewer only when it is done. */
int http_body_feed(struct http_body *b, const char *p, size_t n, size_t *out_used);

static inline bool
http_body_is_done(const struct http_body *b)
{
	return b->state == HTTP_BODY_DONE;
}

void http_body_free(struct http_body *b);

#endif
