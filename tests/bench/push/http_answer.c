#include "http_answer.h"

size_t
http_answer_len(const struct buf *in, int *out_status)
{
	static const char length[] = "\r\ncontent-length:", chunks[] = "transfer-encoding: chunked";
	const char *end = in->len > 0 ? strstr(in->data, "\r\n\r\n") : NULL, *found;
	size_t head, len = 0;

	*out_status = 0;
	if (end == NULL || strncmp(in->data, "HTTP/1.1 ", 9) != 0)
		return 0;
	*out_status = (int)strtol(in->data + 9, NULL, 10);
	head = (size_t)(end - in->data) + 4;
	found = strcasestr(in->data, length);
	if (found != NULL && found < end) {
		len = strtoul(found + sizeof length - 1, NULL, 10);
	} else if (strcasestr(in->data, chunks) != NULL) {
		found = strstr(end, "\r\n0\r\n\r\n");
		if (found == NULL)
			return 0;
		len = (size_t)(found - in->data) + 7 - head;
	}
	return in->len >= head + len ? head + len : 0;
}
