/*
 * http - one request and one response, whatever brings them (FastCGI, plain CGI, a test).
 *
 * Owns:    a request borrows everything from the transport for the time of the call; a response
 *          owns its body and headers (http_response_free).
 * Threads: one request, one thread.
 */
#ifndef HTTP_H
#define HTTP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "http_text.h"

#define HTTP_RID_SIZE 65
#define HTTP_RESPONSE_MAX (16UL * 1024 * 1024)

enum http_method {
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_PATCH,
	HTTP_DELETE,
	HTTP_OPTIONS,
	HTTP_OTHER
};
enum http_method http_method_of(const char *name);
const char *http_method_name(enum http_method m); /* "" for HTTP_OTHER */

/* Headers that handlers read; NULL when absent. */
enum http_header {
	HTTP_CONTENT_TYPE,
	HTTP_ACCEPT_LANGUAGE,
	HTTP_IDEMPOTENCY_KEY,
	HTTP_X_SOCKET_ID,
	HTTP_ORIGIN,
	HTTP_REQUEST_METHOD, /* Access-Control-Request-Method: this is a preflight */
	HTTP_AUTHORIZATION,
	HTTP_IF_NONE_MATCH,
	HTTP_COOKIE,
	HTTP_HOST,
	HTTP_SEC_FETCH_SITE,
	HTTP_FORWARDED,
	HTTP_X_FORWARDED_FOR,
	HTTP_X_FORWARDED_PROTO,
	HTTP_REMOTE_USER, /* no header: what the web server found out */
	HTTP_HTTPS,       /* the web server's too: "on" */
	HTTP_SCHEME,      /* and REQUEST_SCHEME */
	HTTP_HEADER_COUNT
};

struct identity;
struct chat;

struct http_request {
	enum http_method method;
	const char *path;  /* public and decoded, e.g. /api/chats/1/history */
	const char *query; /* raw, never NULL */
	const char *header[HTTP_HEADER_COUNT];
	const char *body;
	size_t body_len;
	enum err
	    body_error; /* ERR_LIMIT: too large, ERR_INVALID: cut, ERR_BUSY: too slow; else OK */
	const char *remote_addr;
	char rid[HTTP_RID_SIZE];
	/* filled by the router */
	const char *route; /* its pattern, for the log */
	const char *param; /* what {id} stood for, NULL without one */
	size_t param_len;
	const char *param2; /* the second {...} of the pattern */
	size_t param2_len;
	const struct identity *caller; /* who it is (identity.h); never NULL in a handler */
	const struct chat
	    *chat;  /* of {id}, when the route needs a chat: may be read, not written */
	int access; /* enum access: what the caller may do with it */
};

struct http_response {
	int status;
	const char *content_type;
	const char *code; /* of a problem; NULL: none */
	struct buf body;
	struct buf headers; /* "Name: value\r\n" each, safe already */
};

#define HTTP_RESPONSE_INIT                                                                         \
	{                                                                                          \
		.status = 200, .content_type = "application/json",                                 \
		.body = { .max = HTTP_RESPONSE_MAX }, .headers = {                                 \
			.max = 8192                                                                \
		}                                                                                  \
	}

void http_response_free(struct http_response *r);

/* name and value must be ours or checked: CR and LF in value end it here. */
void http_set_header(struct http_response *r, const char *name, const char *value);

/* Sets status and body; steals value. */
void http_json(struct http_response *r, int status, json_t *value);

/*
 * RFC 9457 problem+json with our member "code" (static storage). detail is a sentence for people.
 * Clears what the body held.
 */
void http_problem(
    struct http_response *r, int status, const char *code, const char *detail, const char *rid);

/* The same with Laravel's members: {"message", "errors": {field: [text]}}; status 422. */
struct field_error {
	const char *field;
	char text[160];
};
void http_invalid(struct http_response *r, const struct field_error *e, const char *rid);

/* Fills *why; ERR_INVALID. */
enum err field_error(struct field_error *why, const char *field, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* The answer for an error that no handler has words of its own for. */
void http_error(struct http_response *r, enum err e, const char *rid);

/*
 * The member of the query, percent-decoded once into out ('+' is a space). False if absent, too
 * long, or with a NUL in it.
 */
bool http_query(const char *query, const char *name, char *out, size_t out_size);

bool http_query_has(const char *query, const char *name);

/* A number of the query within 0..max; fallback if absent, false if it is something else. */
bool http_query_number(
    const char *query, const char *name, int64_t max, int64_t fallback, int64_t *out);

/* What the browser asks for first: "es" or "en". */
const char *http_language(const struct http_request *q);

/* Percent-decodes in place; false on a bad escape or %00. */
bool http_decode(char *s);

#endif
