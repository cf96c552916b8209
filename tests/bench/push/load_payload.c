#include "load_payload.h"

#include <stdbool.h>

#include "util.h"

#define MARK 31
#define SEQ_AT 2
#define SEQ_DIGITS 12
#define TIME_AT 14
#define TIME_DIGITS 16
#define END_AT 30

void
payload_format_init(struct payload_format *f, size_t size)
{
	*f = (struct payload_format){ .size = size, .letters = xcalloc(1, size) };
	for (size_t i = 0; i < size; i++)
		f->letters[i] = (char)('a' + i * 7 % 26);
}

void
payload_format_free(struct payload_format *f)
{
	free(f->letters);
	*f = (struct payload_format){ .size = 0 };
}

static void
put_hex(char *out, size_t digits, uint64_t v)
{
	for (size_t i = digits; i-- > 0; v >>= 4)
		out[i] = "0123456789abcdef"[v & 15];
}

void
payload_write(const struct payload_format *f, uint64_t seq, uint64_t time_ns, char *out)
{
	out[0] = '@';
	out[1] = 'w';
	put_hex(out + SEQ_AT, SEQ_DIGITS, seq);
	put_hex(out + TIME_AT, TIME_DIGITS, time_ns);
	out[END_AT] = '@';
	memcpy(out + MARK, f->letters + MARK, f->size - MARK);
}

static bool
get_hex(const char *p, size_t digits, uint64_t *out)
{
	uint64_t v = 0;

	for (size_t i = 0; i < digits; i++) {
		char c = p[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	*out = v;
	return true;
}

/* It stands at the same place in almost every frame: there first. */
static const char *
find_mark(struct payload_format *f, const char *p, size_t n)
{
	const char *m = p + f->hint;

	if (f->hint + MARK <= n && m[0] == '@' && m[1] == 'w' && m[END_AT] == '@')
		return m;
	m = memmem(p, n, "@w", 2);
	if (m == NULL || (size_t)(p + n - m) < MARK || m[END_AT] != '@')
		return NULL;
	f->hint = (size_t)(m - p);
	return m;
}

enum payload_state
payload_read(
    struct payload_format *f, const char *p, size_t n, uint64_t *out_seq, uint64_t *out_time_ns)
{
	const char *m = find_mark(f, p, n);
	uint64_t seq, time_ns;

	if (m == NULL)
		return PAYLOAD_NONE;
	if (!get_hex(m + SEQ_AT, SEQ_DIGITS, &seq) ||
	    !get_hex(m + TIME_AT, TIME_DIGITS, &time_ns) || (size_t)(p + n - m) < f->size ||
	    memcmp(m + MARK, f->letters + MARK, f->size - MARK) != 0)
		return PAYLOAD_CORRUPT;
	*out_seq = seq;
	*out_time_ns = time_ns;
	return PAYLOAD_WHOLE;
}
