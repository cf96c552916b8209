/*
 * http_message - an HTTP request and its response, as the API sees them: no socket.
 *
 * Owns:    a request borrows everything; a response owns its body (http_response_free).
 * Threads: the event-loop thread only.
 */
#ifndef HTTP_MESSAGE_H
#define HTTP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

#define HTTP_PARAMS_MAX 32
#define HTTP_RESPONSE_MAX (4 * 1024 * 1024)

struct http_param { /* percent-decoded, NUL-terminated */
	const char *name, *value;
};

struct http_request {
	const char *method;
	const char *path; /* percent-decoded */
	struct http_param params[HTTP_PARAMS_MAX];
	size_t param_count;
	const char *body;
	size_t body_len;
	const char *authorization; /* the header, or NULL */
	bool is_loopback;          /* peer and Host are, and no proxy stands between */
};

struct http_response {
	int status;
	const char *content_type; /* a literal */
	const char *allow;        /* with 405, a literal; else NULL */
	struct buf body;
};

/* The value of a parameter, or NULL. */
const char *http_request_param(const struct http_request *r, const char *name);

void http_response_free(struct http_response *r);

#endif
