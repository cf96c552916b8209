/*
 * http_message - an HTTP request and its response, as the API sees them: no socket. Pure.
 *
 * Owns:    a request its path, parameters and headers (http_request_free), the body is
 *          borrowed; a response its headers and body (http_response_clear).
 * Threads: the event-loop thread only.
 * Limits:  HTTP_PARAMS_MAX, HTTP_RESPONSE_MAX, HTTP_RESPONSE_HEADERS_MAX.
 */
#ifndef HTTP_MESSAGE_H
#define HTTP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "http_head.h"

#define HTTP_PARAMS_MAX 128 /* channels[] may stand in the query: a hundred and the auth_* */
#define HTTP_RESPONSE_MAX (32 * 1024 * 1024) /* the list of all channels */
#define HTTP_RESPONSE_HEADERS_MAX 2048
#define HTTP_METHOD_SIZE 16
#define HTTP_ADDRESS_SIZE 48 /* CLIENT_ADDRESS_SIZE */

struct http_param { /* percent-decoded, NUL-terminated */
	const char *name, *value;
};

struct http_request { /* all zero: empty */
	char method[HTTP_METHOD_SIZE];
	char *path; /* as sent: percent-encoded, without the query */
	struct http_param params[HTTP_PARAMS_MAX];
	size_t param_count;
	char *param_text; /* what params point into */
	/* headers, or NULL */
	char *authorization, *cookie, *origin, *host, *content_type, *x_app_id;
	char address[HTTP_ADDRESS_SIZE]; /* of the peer, as text; "" if it has none */
	const char *body;
	size_t body_len;
	bool is_loopback; /* peer and Host are, and no proxy stands between */
};

struct http_response {
	int status;
	const char *content_type; /* a literal */
	const char *allow;        /* with 405, a literal; else NULL */
	bool is_head;             /* the body is announced and not sent */
	bool is_private;          /* no other site may read it, nobody keep it */
	struct buf headers;       /* further ones, whole lines */
	struct buf body;
};

#define HTTP_RESPONSE_INIT                                                                         \
	((struct http_response){ .status = 500,                                                    \
	    .content_type = "text/plain",                                                          \
	    .headers = BUF_INIT(HTTP_RESPONSE_HEADERS_MAX),                                        \
	    .body = BUF_INIT(HTTP_RESPONSE_MAX) })

/* Decodes %XX and, in a query, '+'. NULL: a broken escape, or a NUL in it. The caller's. */
char *http_percent_decode(const char *p, size_t n, bool is_query);

/*
 * Fills method, path and params. ERR_INVALID: a broken escape; ERR_LIMIT: too many parameters.
 * What is filled is to be freed in each case.
 */
enum err http_request_set_target(struct http_request *r, struct http_slice method,
    struct http_slice path, struct http_slice query) MUST_CHECK;
void http_request_free(struct http_request *r);

/* The value of a parameter, or NULL. */
const char *http_request_param(const struct http_request *r, const char *name);

/* A header of the response. Values with control bytes are left out: none of ours has any. */
void http_response_header(struct http_response *r, const char *name, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Head and body, ready to be sent. is_last: the connection closes behind it. */
enum err http_response_write(struct buf *b, const struct http_response *r, bool is_last) MUST_CHECK;
void http_response_clear(struct http_response *r);

#endif
