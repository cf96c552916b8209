#include "ids.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

#include "util.h"

void
random_bytes(void *out, size_t n)
{
	unsigned char *p = out;

	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);

		if (got < 0 && errno != EINTR)
			abort();
		if (got > 0) {
			p += got;
			n -= (size_t)got;
		}
	}
}

double
random_unit(void)
{
	uint32_t x;

	random_bytes(&x, sizeof x);
	return (double)x / 4294967296.0;
}

void
id_random(char out[ID_SIZE])
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned char raw[18] = { 0 }; /* 16 random, 2 of padding for the last group */

	random_bytes(raw, 16);
	for (size_t i = 0, o = 0; o < ID_SIZE - 1; i += 3) {
		uint32_t group =
		    (uint32_t)raw[i] << 16 | (uint32_t)raw[i + 1] << 8 | (uint32_t)raw[i + 2];

		for (int shift = 18; shift >= 0 && o < ID_SIZE - 1; shift -= 6)
			out[o++] = digits[group >> shift & 63];
	}
	out[ID_SIZE - 1] = '\0';
}

static bool
is_alnum(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
id_is_channel_name(const char *p, size_t n, size_t max_len)
{
	if (n == 0 || n > max_len)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_alnum(p[i]) && (p[i] == '\0' || strchr("_-=@,.;", p[i]) == NULL))
			return false;
	return true;
}

bool
id_is_pusher_name(const char *p, size_t n, size_t max_len)
{
	if ((n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
		return false;
	return id_is_channel_name(p, n, max_len);
}

bool
id_is_socket_id(const char *p, size_t n)
{
	size_t dot = 0;

	if (n < 3 || n > 64)
		return false;
	while (dot < n && is_digit(p[dot]))
		dot++;
	if (dot == 0 || dot >= n - 1 || p[dot] != '.')
		return false;
	for (size_t i = dot + 1; i < n; i++)
		if (!is_digit(p[i]))
			return false;
	return true;
}

bool
id_is_request_id(const char *p, size_t n)
{
	if (n < 8 || n > 64)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_alnum(p[i]) && p[i] != '_' && p[i] != '-')
			return false;
	return true;
}
