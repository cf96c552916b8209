#include "load_frame.h"

#include <stdint.h>

#define FIN 0x80
#define RESERVED 0x70 /* no extension was agreed on */
#define OPCODE 0x0f
#define MASKED 0x80
#define LEN16 126
#define LEN64 127

int
server_frame_parse(const char *p, size_t n, struct server_frame *out)
{
	const unsigned char *h = (const unsigned char *)p;
	size_t head = 2;
	uint64_t len;

	if (n < 2)
		return 0;
	len = h[1] & (MASKED - 1);
	if ((h[0] & RESERVED) != 0 || (h[1] & MASKED) != 0)
		return -1;
	if (len >= LEN16) {
		head = len == LEN16 ? 4 : 10;
		if (n < head)
			return 0;
		len = 0;
		for (size_t i = 2; i < head; i++)
			len = len << 8 | h[i];
	}
	if (n - head < len)
		return 0;
	*out = (struct server_frame){ .opcode = h[0] & OPCODE,
		.is_final = (h[0] & FIN) != 0,
		.payload = p + head,
		.len = len,
		.size = head + len };
	return 1;
}

enum err
client_frame_write(struct buf *b, unsigned opcode, const char *p, size_t n)
{
	static const unsigned char mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
	unsigned char head[8] = { (unsigned char)(FIN | opcode) };
	size_t head_len = 2, at;
	enum err e;

	if (n > UINT16_MAX)
		return ERR_LIMIT;
	head[1] = (unsigned char)(MASKED | (n < LEN16 ? n : LEN16));
	if (n >= LEN16) {
		head[2] = (unsigned char)(n >> 8);
		head[3] = (unsigned char)n;
		head_len = 4;
	}
	memcpy(head + head_len, mask, sizeof mask);
	if ((e = buf_add(b, head, head_len + sizeof mask)) != OK)
		return e;
	at = b->len;
	if ((e = buf_add(b, p, n)) != OK)
		return e;
	for (size_t i = 0; i < n; i++)
		b->data[at + i] = (char)(b->data[at + i] ^ mask[i % sizeof mask]);
	return OK;
}
