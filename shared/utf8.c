#include "utf8.h"

#include <string.h>

#define ASCII_WORD UINT64_C(0x8080808080808080) /* no bit of it is set in eight ASCII bytes */

/*
 * Length of the character at p (n > 0 bytes are there), 0 if it is not one. Table 3-7 of the
 * Unicode standard, which RFC 3629 section 4 repeats.
 */
static size_t
char_len(const unsigned char *p, size_t n)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (n < len || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return len;
}

bool
utf8_is_valid(const char *p, size_t n)
{
	struct utf8_check c = { .need = 0 };

	return utf8_check_feed(&c, p, n) && utf8_check_is_whole(&c);
}

static size_t
ascii_len(const char *p, size_t n)
{
	uint64_t word;
	size_t i = 0;

	for (; i + sizeof word <= n; i += sizeof word) {
		memcpy(&word, p + i, sizeof word);
		if ((word & ASCII_WORD) != 0)
			break;
	}
	return i;
}

/* The first byte of a character says how many follow, and what the second may be. */
static bool
begin_char(struct utf8_check *c, unsigned char first)
{
	if (first < 0x80)
		return true;
	if (first < 0xc2 || first > 0xf4)
		return false;
	c->need = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
	c->low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	c->high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
	return true;
}

bool
utf8_check_feed(struct utf8_check *c, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char byte;

		if (c->need == 0 && (i += ascii_len(p + i, n - i)) == n)
			break;
		byte = (unsigned char)p[i];
		if (c->need == 0) {
			if (!begin_char(c, byte))
				return false;
			continue;
		}
		if (byte < c->low || byte > c->high)
			return false;
		c->need--;
		c->low = 0x80;
		c->high = 0xbf;
	}
	return true;
}

size_t
utf8_utf16_len(const char *p, size_t n)
{
	size_t units = 0;

	/* Each lead byte is a unit; a 4-byte character is a pair. */
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		units += (size_t)((c & 0xc0) != 0x80) + (size_t)(c >= 0xf0);
	}
	return units;
}

size_t
utf8_cut(const char *p, size_t n, size_t max)
{
	size_t m = n < max ? n : max;

	if (m < n) { /* back to the start of the character that max falls into */
		while (m > 0 && ((unsigned char)p[m] & 0xc0) == 0x80)
			m--;
		return m;
	}
	/* A torn character at the very end: find its lead byte and see whether it is whole. */
	for (size_t back = 1; back <= 4 && back <= m; back++) {
		unsigned char c = (unsigned char)p[m - back];

		if ((c & 0xc0) == 0x80)
			continue;
		if (c >= 0xc0 && back < (size_t)(c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4))
			return m - back;
		break;
	}
	return m;
}

size_t
utf8_bytes_of_utf16(const char *p, size_t n, size_t units)
{
	size_t i = 0, seen = 0;

	while (i < n) {
		unsigned char c = (unsigned char)p[i];
		size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
		size_t cost = len == 4 ? 2 : 1;

		if (seen + cost > units)
			break;
		seen += cost;
		i += len;
	}
	return i < n ? i : n;
}

static uint32_t
decode(const unsigned char *p, size_t len)
{
	uint32_t c;

	if (len == 1)
		return p[0];
	c = p[0] & (0xffU >> (len + 1));
	for (size_t i = 1; i < len; i++)
		c = c << 6 | (p[i] & 0x3fU);
	return c;
}

/* White_Space of Unicode plus the zero-width characters that look like nothing. */
static bool
is_space(uint32_t c)
{
	return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
	       (c >= 0x2000 && c <= 0x200d) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
	       c == 0x205f || c == 0x2060 || c == 0x3000 || c == 0xfeff;
}

bool
utf8_is_blank(const char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;

	for (size_t i = 0, len; i < n; i += len)
		if ((len = char_len(u + i, n - i)) == 0 || !is_space(decode(u + i, len)))
			return false;
	return true;
}
