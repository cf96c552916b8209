/*
 * answer - whole HTTP answers.
 *
 * Threads: the event loop. req stays evhttp's; it is gone, or going, after the call.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include <event2/http.h>
#include <jansson.h>

#include "buf.h"
#include "google_error.h"

#define ANSWER_JSON "application/json; charset=UTF-8"
#define ANSWER_SSE "text/event-stream"

void answer_headers(struct evhttp_request *req, const char *content_type);
void answer_json(struct evhttp_request *req, int status, json_t *body); /* steals body */
void answer_bytes(
    struct evhttp_request *req, int status, const char *content_type, const struct buf *b);

/* The stream route gives its errors as text/event-stream, except those about keys. */
void answer_error(
    struct evhttp_request *req, const struct google_error *error, bool is_stream_route);

/* What answers a path that nobody serves: a page, not JSON. */
void answer_page(struct evhttp_request *req, int status);

#endif
