#include "http_upgrade.h"

#include <string.h>

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

static enum err
add_field(struct buf *b, const struct http_head *h, const char *name)
{
	const struct http_slice *value = http_head_field(h, name);

	if (value == NULL)
		return OK;
	return buf_addf(b, "%s: %.*s\r\n", name, (int)value->n, value->p);
}

static bool
is_sound(const struct http_head *h)
{
	return http_slice_is(h->method, "GET") && !h->is_1_0 &&
	       http_head_has_token(h, "Connection", "upgrade") &&
	       is_key(http_head_field(h, "Sec-WebSocket-Key")) && http_head_count(h, "Host") <= 1 &&
	       http_head_field(h, "Transfer-Encoding") == NULL;
}

bool
http_is_upgrade(const struct http_head *h)
{
	return http_head_has_token(h, "Upgrade", "websocket");
}

enum err
http_upgrade_write(struct buf *b, const struct http_head *h)
{
	enum err e;

	if (!is_sound(h))
		return ERR_INVALID;
	if ((e = buf_addf(b, "GET %.*s%s%.*s HTTP/1.1\r\n", (int)h->path.n, h->path.p,
		 h->query.n > 0 ? "?" : "", (int)h->query.n, h->query.p)) != OK ||
	    (e = add_field(b, h, "Host")) != OK || (e = add_field(b, h, "Origin")) != OK ||
	    (e = add_field(b, h, "Sec-WebSocket-Key")) != OK)
		return e;
	return buf_adds(b, "Upgrade: websocket\r\nConnection: Upgrade\r\n"
			   "Sec-WebSocket-Version: 13\r\n\r\n");
}
