/*
 * Any bytes as a datagram: each line that is taken, written again, is one line that is taken as the
 * same. decode(encode(x)) == x.
 */
#include <stdint.h>

#include "notify_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
differs(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a != b : strcmp(a, b) != 0;
}

static void
check_same(const struct notify_line *a, const struct notify_line *b)
{
	if (a->op != b->op || a->channel_count != b->channel_count || a->data_len != b->data_len ||
	    a->uid != b->uid || differs(a->app, b->app) || differs(a->name, b->name) ||
	    differs(a->socket_id, b->socket_id) || differs(a->rid, b->rid) ||
	    differs(a->user_id, b->user_id) || differs(a->setting, b->setting) ||
	    (a->data_len > 0 && memcmp(a->data, b->data, a->data_len) != 0))
		abort();
	for (size_t i = 0; i < a->channel_count; i++)
		if (differs(a->channels[i], b->channels[i]))
			abort();
}

static void
check_line(const char *p, size_t n)
{
	struct notify_line line, again;
	/* a control character of one byte may come back as six */
	auto_buf b = BUF_INIT(8 * LIMIT_DATAGRAM_BYTES);

	if (notify_line_parse(p, n, &line) != OK)
		return;
	if (notify_line_write(&b, &line) != OK || b.data[b.len - 1] != '\n' ||
	    memchr(b.data, '\n', b.len - 1) != NULL)
		abort();
	if (b.len - 1 <= LIMIT_DATAGRAM_BYTES) {
		if (notify_line_parse(b.data, b.len - 1, &again) != OK)
			abort();
		check_same(&line, &again);
		notify_line_clear(&again);
	}
	notify_line_clear(&line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *line;
	size_t n = size, len;

	while (notify_next_line(&p, &n, &line, &len)) {
		if (len == 0 || memchr(line, '\n', len) != NULL || line + len > p)
			abort();
		check_line(line, len);
	}
	return 0;
}
