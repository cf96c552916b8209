#include "token.h"

#include "ids.h"

void
token_random(char out[TOKEN_SIZE])
{
	unsigned char raw[32];

	random_bytes(raw, sizeof raw);
	base64url_encode(raw, sizeof raw, out);
}

bool
token_is_one(const char *p, size_t n)
{
	unsigned char raw[32];
	size_t len;

	return n == TOKEN_LEN && base64url_decode(p, n, raw, sizeof raw, &len) == OK;
}

bool
api_token_is_one(const char *p, size_t n)
{
	size_t prefix = sizeof API_TOKEN_PREFIX - 1;

	return n == API_TOKEN_LEN && strncmp(p, API_TOKEN_PREFIX, prefix) == 0 &&
	       token_is_one(p + prefix, n - prefix);
}
