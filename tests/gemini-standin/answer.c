#include "answer.h"

#include <event2/buffer.h>

#include "google_json.h"

#define ANSWER_MAX (256u << 20) /* 1,000 remembered requests */

void
answer_headers(struct evhttp_request *req, const char *content_type)
{
	static const struct {
		const char *name, *value;
	} headers[] = {
		{ "Vary", "Origin, X-Origin, Referer" },
		{ "Server-Timing", "gfet4t7; dur=1" },
		{ "X-Content-Type-Options", "nosniff" },
	};
	struct evkeyvalq *out = evhttp_request_get_output_headers(req);

	(void)evhttp_add_header(out, "Content-Type", content_type);
	for (size_t i = 0; i < ARRAY_LEN(headers); i++)
		(void)evhttp_add_header(out, headers[i].name, headers[i].value);
}

void
answer_bytes(struct evhttp_request *req, int status, const char *content_type, const struct buf *b)
{
	struct evbuffer *body = evhttp_request_get_output_buffer(req);

	answer_headers(req, content_type);
	(void)evbuffer_add(body, b->data, b->len);
	evhttp_send_reply(req, status, NULL, NULL);
}

static void
answer_json_as(struct evhttp_request *req, int status, const char *content_type, json_t *body)
{
	auto_buf b = BUF_INIT(ANSWER_MAX);

	/* Bodies that we build are smaller; what is left is an answer without one. */
	if (google_json_pretty(&b, body, false) != OK)
		buf_clear(&b);
	json_decref(body);
	answer_bytes(req, status, content_type, &b);
}

void
answer_json(struct evhttp_request *req, int status, json_t *body)
{
	answer_json_as(req, status, ANSWER_JSON, body);
}

void
answer_error(struct evhttp_request *req, const struct google_error *error, bool is_stream_route)
{
	answer_json_as(
	    req, error->http, is_stream_route ? ANSWER_SSE : ANSWER_JSON, google_error_json(error));
}

void
answer_page(struct evhttp_request *req, int status)
{
	auto_buf b = BUF_INIT(1024);

	if (buf_addf(&b,
		"<!DOCTYPE html>\n<html lang=en>\n<meta charset=utf-8>\n<title>Error %d</title>\n"
		"<p>The requested URL was not found on this server.\n",
		status) != OK)
		abort();
	answer_bytes(req, status, "text/html; charset=UTF-8", &b);
}
