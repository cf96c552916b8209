/*
 * Any bytes as a connection's input: read whole, and read in two pieces with the body byte by byte,
 * they are the same requests, or are refused with the same status.
 */
#include <stdint.h>
#include <stdio.h>

#include "http_body.h"
#include "http_message.h"
#include "limit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BODY_MAX 4096

/* What a reader has understood: one line a request, then how it ended. */
static void
note(struct buf *log, const struct http_head *h, const struct http_body *b)
{
	(void)!buf_addf(log, "%.*s %.*s %.*s %d %zu %zu:", (int)h->method.n, h->method.p,
	    (int)h->path.n, h->path.p, (int)h->query.n, h->query.p, h->is_1_0, h->field_count,
	    b->bytes.len);
	(void)!buf_add(log, b->bytes.data != NULL ? b->bytes.data : "", b->bytes.len);
	(void)!buf_adds(log, "\n");
}

static void
check_target(const struct http_head *h)
{
	struct http_request r = { .path = NULL };

	if (http_request_set_target(&r, h->method, h->path, h->query) == OK)
		for (size_t i = 0; i < r.param_count; i++)
			if (http_request_param(&r, r.params[i].name) == NULL)
				abort();
	http_request_free(&r);
}

/* 0: the body is done; else the status, or -1: more is wanted. */
static int
read_body(struct http_body *b, const char *p, size_t n, size_t step, size_t *out_used)
{
	*out_used = 0;
	while (*out_used < n && !http_body_is_done(b)) {
		size_t left = n - *out_used, used = 0;
		int status = http_body_feed(b, p + *out_used, step < left ? step : left, &used);

		*out_used += used;
		if (status != 0)
			return status;
	}
	return http_body_is_done(b) ? 0 : -1;
}

static void
read_all(struct buf *log, const char *p, size_t n, size_t step)
{
	for (int i = 0; i < 8 && n > 0; i++) {
		struct http_head h;
		struct http_body b = { .state = HTTP_BODY_DONE };
		size_t used = 0;
		int status = http_head_parse(p, n, &h);

		if (status == HTTP_HEAD_MORE)
			return;
		if (status == HTTP_HEAD_DONE) {
			if (h.len > n)
				abort();
			check_target(&h);
			status = http_body_begin(&b, &h, BODY_MAX);
			if (status == 0)
				status = read_body(&b, p + h.len, n - h.len, step, &used);
			if (b.bytes.len > BODY_MAX || h.len + used > n)
				abort();
		}
		if (status != 0) {
			(void)!buf_addf(log, "end %d\n", status);
			http_body_free(&b);
			return;
		}
		note(log, &h, &b);
		http_body_free(&b);
		p += h.len + used;
		n -= h.len + used;
	}
}

/* A prefix is unfinished, or refused as the whole is: never a request of its own. */
static void
check_prefix(const char *p, size_t n, size_t cut)
{
	struct http_head whole, part;
	int status = http_head_parse(p, n, &whole), early = http_head_parse(p, cut, &part);

	if (early == HTTP_HEAD_DONE && (status != HTTP_HEAD_DONE || part.len != whole.len))
		abort();
	if (early != HTTP_HEAD_DONE && early != HTTP_HEAD_MORE && early != status &&
	    !(early == 400 && status != HTTP_HEAD_DONE))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf whole = BUF_INIT(1 << 22), pieces = BUF_INIT(1 << 22);
	const char *p = (const char *)data;

	if (size < 2)
		return 0;
	check_prefix(p + 2, size - 2, (data[0] * 256U + data[1]) % (size - 1));
	read_all(&whole, p + 2, size - 2, size);
	read_all(&pieces, p + 2, size - 2, 1);
	if (whole.len != pieces.len ||
	    (whole.len > 0 && memcmp(whole.data, pieces.data, whole.len) != 0))
		abort();
	return 0;
}
