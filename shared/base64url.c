#include "base64url.h"

#include <stdint.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void
base64url_encode(const void *p, size_t n, char *out)
{
	const unsigned char *in = p;
	uint32_t bits = 0;
	int have = 0;

	for (size_t i = 0; i < n; i++) {
		bits = (bits << 8 | in[i]) & 0x3fff;
		for (have += 8; have >= 6; have -= 6)
			*out++ = digits[bits >> (have - 6) & 63];
	}
	if (have > 0)
		*out++ = digits[bits << (6 - have) & 63];
	*out = '\0';
}

static int
value_of(char c)
{
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

enum err
base64url_decode(const char *p, size_t n, void *out, size_t out_size, size_t *out_len)
{
	unsigned char *to = out;
	uint32_t bits = 0;
	size_t len = 0;
	int have = 0;

	if (n % 4 == 1)
		return ERR_INVALID;
	for (size_t i = 0; i < n; i++) {
		int value = value_of(p[i]);

		if (value < 0)
			return ERR_INVALID;
		bits = (bits << 6 | (uint32_t)value) & 0x3fff;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if (len == out_size)
			return ERR_LIMIT;
		to[len++] = (unsigned char)(bits >> have);
	}
	if ((bits & ((1U << have) - 1)) != 0)
		return ERR_INVALID;
	*out_len = len;
	return OK;
}
