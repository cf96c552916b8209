/*
 * Any bytes as what a WebSocket client sends: read whole, and read in pieces, they are the same
 * messages and end in the same way. The first byte says how they are cut.
 */
#include <stdint.h>
#include <stdio.h>

#include "rfc6455.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MESSAGE_MAX 5000
#define FRAGMENTS_MAX 8
#define LOG_MAX (1024UL * 1024)

static void
check(const struct rfc6455_item *item, enum rfc6455_got got)
{
	if (got == WS_GOT_MESSAGE &&
	    (item->n > MESSAGE_MAX ||
		(item->is_text && !utf8_is_valid((const char *)item->p, item->n))))
		abort();
	if ((got == WS_GOT_PING || got == WS_GOT_PONG || got == WS_GOT_CLOSE) &&
	    item->n > RFC6455_CONTROL_MAX)
		abort();
	if (got == WS_GOT_CLOSE && item->code != WS_CODE_NONE && !rfc6455_is_close_code(item->code))
		abort();
	if (got >= WS_GOT_BROKEN && item->code != WS_CODE_PROTOCOL &&
	    item->code != WS_CODE_NOT_UTF8 && item->code != WS_CODE_TOO_LONG)
		abort();
}

/* One line an item. False: nothing further can be read. */
static bool
note(struct buf *log, enum rfc6455_got got, const struct rfc6455_item *item)
{
	bool has_bytes = got == WS_GOT_MESSAGE || got == WS_GOT_PING || got == WS_GOT_PONG;

	(void)!buf_addf(log, "%d %d %u ", (int)got, item->is_text, item->code);
	if (has_bytes && item->n > 0)
		(void)!buf_add(log, item->p, item->n);
	(void)!buf_adds(log, "\n");
	return got < WS_GOT_CLOSE;
}

static void
read_in_steps(struct buf *log, const uint8_t *data, size_t size, size_t step)
{
	struct rfc6455 r = { .message_max = MESSAGE_MAX, .fragments_max = FRAGMENTS_MAX };
	bool is_going = true;

	for (size_t at = 0; at < size && is_going; at += step) {
		size_t n = step < size - at ? step : size - at;
		unsigned char *bytes = xcalloc(1, n), *p = bytes; /* of its own: no byte beyond */
		struct rfc6455_item item;
		enum rfc6455_got got;

		memcpy(bytes, data + at, n);
		while (is_going && (got = rfc6455_next(&r, &p, &n, &item)) != WS_GOT_NOTHING) {
			check(&item, got);
			is_going = note(log, got, &item);
		}
		free(bytes);
	}
	rfc6455_free(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf whole = BUF_INIT(LOG_MAX), cut = BUF_INIT(LOG_MAX);

	if (size < 2)
		return 0;
	read_in_steps(&whole, data + 1, size - 1, size);
	read_in_steps(&cut, data + 1, size - 1, 1 + data[0] % 40);
	if (whole.len != cut.len || (whole.len > 0 && memcmp(whole.data, cut.data, whole.len) != 0))
		abort();
	return 0;
}
