#include "rfc6455.h"

#define FIN 0x80
#define RESERVED 0x70
#define OPCODE 0x0f
#define CONTROL 0x08
#define MASK 0x80
#define LENGTH 0x7f
#define LENGTH_16 126
#define LENGTH_64 127
#define MASK_BYTES 4

/* --- close codes ---------------------------------------------------------------------------------
 */

/* Those of the RFC, those that IANA has added, and those of libraries and applications. */
bool
rfc6455_is_close_code(unsigned code)
{
	if (code >= 3000 && code <= 4999)
		return true;
	return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

static enum rfc6455_got
broken(struct rfc6455_item *out, uint16_t code)
{
	out->code = code;
	return WS_GOT_BROKEN;
}

/* --- the head of a frame -------------------------------------------------------------------------
 */

static unsigned
opcode_of(const struct rfc6455 *r)
{
	return r->head[0] & OPCODE;
}

static bool
is_control(const struct rfc6455 *r)
{
	return (r->head[0] & CONTROL) != 0;
}

static bool
is_fin(const struct rfc6455 *r)
{
	return (r->head[0] & FIN) != 0;
}

static bool
is_known(unsigned opcode)
{
	return opcode <= WS_BINARY || (opcode >= WS_CLOSE && opcode <= WS_PONG);
}

static bool
is_first_byte_sound(const struct rfc6455 *r)
{
	if ((r->head[0] & RESERVED) != 0 || !is_known(opcode_of(r)))
		return false;
	if (is_control(r))
		return is_fin(r);
	return (opcode_of(r) == WS_CONTINUATION) == (r->fragments > 0);
}

static bool
is_second_byte_sound(const struct rfc6455 *r)
{
	return (r->head[1] & MASK) != 0 &&
	       (!is_control(r) || (r->head[1] & LENGTH) <= RFC6455_CONTROL_MAX);
}

static unsigned
length_bytes(const struct rfc6455 *r)
{
	unsigned length = r->head[1] & LENGTH;

	return length == LENGTH_64 ? 8 : length == LENGTH_16 ? 2 : 0;
}

/* False: longer than need be, or negative. */
static bool
read_length(struct rfc6455 *r)
{
	unsigned n = length_bytes(r);

	r->left = n == 0 ? r->head[1] & LENGTH : 0;
	for (unsigned i = 0; i < n; i++)
		r->left = r->left << 8 | r->head[2 + i];
	if (n == 2)
		return r->left > RFC6455_CONTROL_MAX;
	return n == 0 || (r->left > UINT16_MAX && r->left <= INT64_MAX);
}

/* Of a frame that carries a part of a message. */
static enum rfc6455_got
begin_data(struct rfc6455 *r, struct rfc6455_item *out)
{
	if (opcode_of(r) != WS_CONTINUATION) {
		r->is_text = opcode_of(r) == WS_TEXT;
		r->utf8 = (struct utf8_check){ .need = 0 };
		r->message.max = r->message_max;
	}
	out->code = WS_CODE_TOO_LONG;
	if (++r->fragments > r->fragments_max)
		return WS_GOT_TOO_MANY;
	return r->left > r->message_max - r->message.len ? WS_GOT_TOO_LONG : WS_GOT_NOTHING;
}

static enum rfc6455_got
take_head(struct rfc6455 *r, unsigned char byte, struct rfc6455_item *out)
{
	r->head[r->head_len++] = byte;
	if (r->head_len == 1)
		return is_first_byte_sound(r) ? WS_GOT_NOTHING : broken(out, WS_CODE_PROTOCOL);
	if (r->head_len == 2 && !is_second_byte_sound(r))
		return broken(out, WS_CODE_PROTOCOL);
	if (r->head_len == 2 + length_bytes(r) && !read_length(r))
		return broken(out, WS_CODE_PROTOCOL);
	if (r->head_len < 2 + length_bytes(r) + MASK_BYTES)
		return WS_GOT_NOTHING;
	r->is_in_payload = true;
	r->mask_at = 0;
	return is_control(r) ? WS_GOT_NOTHING : begin_data(r, out);
}

/* --- payload -------------------------------------------------------------------------------------
 */

static void
unmask(struct rfc6455 *r, unsigned char *p, size_t n)
{
	const uint8_t *mask = r->head + r->head_len - MASK_BYTES;
	unsigned char turned[8];
	uint64_t key, word;
	size_t i = 0;

	for (size_t k = 0; k < sizeof turned; k++)
		turned[k] = mask[(r->mask_at + k) % MASK_BYTES];
	memcpy(&key, turned, sizeof key);
	for (; i + sizeof word <= n; i += sizeof word) {
		memcpy(&word, p + i, sizeof word);
		word ^= key;
		memcpy(p + i, &word, sizeof word);
	}
	for (; i < n; i++)
		p[i] ^= turned[i % sizeof turned];
	r->mask_at = (uint8_t)((r->mask_at + n) % MASK_BYTES);
}

static void
keep_control(struct rfc6455 *r, const unsigned char *p, size_t n)
{
	if (r->control == NULL)
		r->control = xcalloc(1, RFC6455_CONTROL_MAX);
	memcpy(r->control + r->control_len, p, n);
	r->control_len = (uint8_t)(r->control_len + n);
}

/* Pieces are kept, unless this one is all there is. */
static enum rfc6455_got
take_payload(struct rfc6455 *r, unsigned char *p, size_t n, struct rfc6455_item *out)
{
	bool is_whole = n == r->left;

	unmask(r, p, n);
	out->p = p;
	out->n = n;
	if (is_control(r)) {
		if (!is_whole || r->control_len > 0)
			keep_control(r, p, n);
		return WS_GOT_NOTHING;
	}
	if (r->is_text && !utf8_check_feed(&r->utf8, (const char *)p, n))
		return broken(out, WS_CODE_NOT_UTF8);
	if (is_whole && is_fin(r) && r->message.len == 0)
		return WS_GOT_NOTHING;
	if (n > 0 && buf_add(&r->message, p, n) != OK)
		abort(); /* begin_data has seen to it */
	return WS_GOT_NOTHING;
}

static enum rfc6455_got
end_close(struct rfc6455_item *out)
{
	if (out->n == 0) {
		out->code = WS_CODE_NONE;
		return WS_GOT_CLOSE;
	}
	if (out->n == 1)
		return broken(out, WS_CODE_PROTOCOL);
	out->code = (uint16_t)(out->p[0] << 8 | out->p[1]);
	if (!rfc6455_is_close_code(out->code))
		return broken(out, WS_CODE_PROTOCOL);
	if (!utf8_is_valid((const char *)out->p + 2, out->n - 2))
		return broken(out, WS_CODE_NOT_UTF8);
	return WS_GOT_CLOSE;
}

static enum rfc6455_got
end_control(struct rfc6455 *r, struct rfc6455_item *out)
{
	if (r->control_len > 0) {
		out->p = r->control;
		out->n = r->control_len;
		r->control_len = 0;
	}
	switch (opcode_of(r)) {
	case WS_PING: return WS_GOT_PING;
	case WS_PONG: return WS_GOT_PONG;
	default: return end_close(out);
	}
}

static enum rfc6455_got
end_data(struct rfc6455 *r, struct rfc6455_item *out)
{
	if (!is_fin(r))
		return WS_GOT_NOTHING;
	if (r->is_text && !utf8_check_is_whole(&r->utf8))
		return broken(out, WS_CODE_NOT_UTF8);
	if (r->message.len > 0) {
		out->p = (const unsigned char *)r->message.data;
		out->n = r->message.len;
	}
	out->is_text = r->is_text;
	r->fragments = 0;
	return WS_GOT_MESSAGE;
}

/* --- both ----------------------------------------------------------------------------------------
 */

static enum rfc6455_got
step(struct rfc6455 *r, unsigned char **p, size_t *n, struct rfc6455_item *out)
{
	size_t take = 1;
	enum rfc6455_got got;

	if (!r->is_in_payload) {
		got = take_head(r, **p, out);
	} else {
		take = *n < r->left ? *n : (size_t)r->left;
		got = take_payload(r, *p, take, out);
		r->left -= take;
	}
	*p += take;
	*n -= take;
	if (got != WS_GOT_NOTHING || !r->is_in_payload || r->left > 0)
		return got;
	if (out->p == NULL) /* a frame without payload */
		out->p = *p;
	got = is_control(r) ? end_control(r, out) : end_data(r, out);
	r->is_in_payload = false;
	r->head_len = 0;
	return got;
}

enum rfc6455_got
rfc6455_next(struct rfc6455 *r, unsigned char **p, size_t *n, struct rfc6455_item *out)
{
	enum rfc6455_got got = WS_GOT_NOTHING;

	if (r->fragments == 0 && r->message.len > 0)
		buf_free(&r->message); /* the last message: an idle connection holds no buffer */
	while (*n > 0 && got == WS_GOT_NOTHING) {
		*out = (struct rfc6455_item){ .p = NULL };
		got = step(r, p, n, out);
	}
	return got;
}

void
rfc6455_free(struct rfc6455 *r)
{
	buf_free(&r->message);
	free(r->control);
	r->control = NULL;
}
