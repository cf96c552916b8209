#include "http_body.h"

#include <string.h>

#include "http_text.h"
#include "limit.h"

/* --- framing -------------------------------------------------------------------------------------
 */

static int
read_length(struct http_slice s, size_t max, size_t *out)
{
	size_t n = 0;

	if (s.n == 0)
		return 400;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return 400;
	for (size_t i = 0; i < s.n; i++) {
		n = n * 10 + (size_t)(s.p[i] - '0');
		if (n > max)
			return 413;
	}
	*out = n;
	return 0;
}

int
http_body_begin_raw(struct http_body *b, const struct http_slice *length, size_t length_count,
    const struct http_slice *coding, size_t max)
{
	int status;

	*b = (struct http_body){ .state = HTTP_BODY_DONE, .max = max, .bytes = BUF_INIT(max) };
	if (coding != NULL) {
		if (length_count > 0)
			return 400;
		if (!http_slice_is(*coding, "chunked"))
			return 501;
		b->state = HTTP_BODY_SIZE;
		return 0;
	}
	if (length_count > 1)
		return 400;
	if (length == NULL)
		return 0;
	if ((status = read_length(*length, max, &b->left)) != 0)
		return status;
	if (b->left > 0)
		b->state = HTTP_BODY_LENGTH;
	return 0;
}

int
http_body_begin(struct http_body *b, const struct http_head *h, size_t max)
{
	const struct http_slice *coding = http_head_field(h, "Transfer-Encoding");
	int status = http_body_begin_raw(b, http_head_field(h, "Content-Length"),
	    http_head_count(h, "Content-Length"), coding, max);

	/* chunks are not of HTTP/1.0: what a proxy of that age passes on is not to be trusted */
	if (coding != NULL && (h->is_1_0 || http_head_count(h, "Transfer-Encoding") > 1))
		return 400;
	return status;
}

/* --- chunks --------------------------------------------------------------------------------------
 */

/* "1a;name=value": the extension is read over. */
static int
read_chunk_size(struct http_body *b)
{
	size_t i = 0, size = 0;
	int digit;

	for (; i < b->line_len && (digit = hex_digit(b->line[i])) >= 0; i++) {
		size = size * 16 + (size_t)digit;
		if (size > b->max - b->bytes.len)
			return 413;
	}
	if (i == 0)
		return 400;
	while (i < b->line_len && (b->line[i] == ' ' || b->line[i] == '\t'))
		i++;
	if (i < b->line_len && b->line[i] != ';')
		return 400;
	b->left = size;
	b->state = size > 0 ? HTTP_BODY_DATA : HTTP_BODY_TRAILERS;
	return 0;
}

static int
end_line(struct http_body *b)
{
	int status = 0;

	if (b->line_len == 0 || b->line[b->line_len - 1] != '\r')
		return 400;
	b->line_len--;
	switch (b->state) {
	case HTTP_BODY_SIZE: status = read_chunk_size(b); break;
	case HTTP_BODY_DATA_END:
		if (b->line_len > 0)
			return 400;
		b->state = HTTP_BODY_SIZE;
		break;
	default:
		if (b->line_len == 0)
			b->state = HTTP_BODY_DONE;
		break;
	}
	b->line_len = 0;
	return status;
}

static int
feed_line(struct http_body *b, char c)
{
	if (b->state == HTTP_BODY_TRAILERS && ++b->trailer_bytes > HTTP_TRAILERS_MAX)
		return 431;
	if (c == '\n')
		return end_line(b);
	/* a CR is only for the end, and other control bytes are for nobody */
	if ((b->line_len > 0 && b->line[b->line_len - 1] == '\r') ||
	    ((unsigned char)c < 0x20 && c != '\r' && c != '\t'))
		return 400;
	if (b->line_len == sizeof b->line)
		return b->state == HTTP_BODY_TRAILERS ? 431 : 400;
	b->line[b->line_len++] = c;
	return 0;
}

/* --- both ----------------------------------------------------------------------------------------
 */

static int
feed_bytes(struct http_body *b, const char *p, size_t n, size_t *out_used)
{
	size_t take = n < b->left ? n : b->left;

	if (buf_add(&b->bytes, p, take) != OK)
		return 413;
	b->left -= take;
	*out_used = take;
	if (b->left == 0)
		b->state = b->state == HTTP_BODY_LENGTH ? HTTP_BODY_DONE : HTTP_BODY_DATA_END;
	return 0;
}

int
http_body_feed(struct http_body *b, const char *p, size_t n, size_t *out_used)
{
	size_t at = 0;
	int status = 0;

	while (at < n && status == 0 && b->state != HTTP_BODY_DONE) {
		size_t used = 1;

		if (b->state == HTTP_BODY_LENGTH || b->state == HTTP_BODY_DATA)
			status = feed_bytes(b, p + at, n - at, &used);
		else
			status = feed_line(b, p[at]);
		at += used;
	}
	*out_used = at;
	return status;
}

void
http_body_free(struct http_body *b)
{
	buf_free(&b->bytes);
}
