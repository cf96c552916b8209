#include "http_upgrade.h"

#include <string.h>

#include "sign.h"

/* Sixteen bytes in base64: RFC 6455 4.1. */
static bool
is_key(const struct http_slice *key)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	if (key == NULL || key->n != 24 || memcmp(key->p + 22, "==", 2) != 0)
		return false;
	for (size_t i = 0; i < 22; i++)
		if (memchr(alphabet, key->p[i], sizeof alphabet - 1) == NULL)
			return false;
	return true;
}

/* What followed a body would be read as frames. */
static bool
has_body(const struct http_head *h)
{
	const struct http_slice *length = http_head_field(h, "Content-Length");

	return http_head_field(h, "Transfer-Encoding") != NULL ||
	       (length != NULL && !http_slice_is(*length, "0"));
}

static bool
is_sound(const struct http_head *h, const struct http_slice *key)
{
	return h->method.n == 3 && memcmp(h->method.p, "GET", 3) == 0 && !h->is_1_0 &&
	       http_head_has_token(h, "Connection", "upgrade") && is_key(key) &&
	       http_head_count(h, "Sec-WebSocket-Key") == 1 && http_head_count(h, "Host") == 1 &&
	       !has_body(h);
}

bool
http_is_upgrade(const struct http_head *h)
{
	return http_head_has_token(h, "Upgrade", "websocket");
}

enum err
http_upgrade_write(struct buf *b, const struct http_head *h)
{
	const struct http_slice *key = http_head_field(h, "Sec-WebSocket-Key");
	char accept[SIGN_ACCEPT_SIZE];

	if (!is_sound(h, key))
		return ERR_INVALID;
	sign_websocket_accept(key->p, key->n, accept);
	return buf_addf(b,
	    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
	    accept);
}
