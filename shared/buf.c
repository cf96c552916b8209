#include "buf.h"

#include <stdarg.h>
#include <stdio.h>

#define BUF_FIRST 256

/* Room for n more bytes and the NUL. Doubles, so that appending stays linear. */
static enum err
reserve(struct buf *b, size_t n)
{
	size_t want, cap = b->cap > 0 ? b->cap : BUF_FIRST;

	if (n > b->max - b->len)
		return ERR_LIMIT;
	want = b->len + n + 1;
	if (want <= b->cap)
		return OK;
	while (cap < want)
		cap *= 2;
	b->data = xrealloc(b->data, cap, 1);
	b->cap = cap;
	return OK;
}

enum err
buf_add(struct buf *b, const void *p, size_t n)
{
	enum err e = reserve(b, n);

	if (e != OK)
		return e;
	if (n > 0)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = '\0';
	return OK;
}

enum err
buf_adds(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

enum err
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	enum err e;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	e = n < 0 ? ERR_INVALID : reserve(b, (size_t)n);
	if (e == OK) {
		(void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
	va_end(ap);
	return e;
}

void
buf_consume(struct buf *b, size_t n)
{
	if (n == 0)
		return;
	memmove(b->data, b->data + n, b->len - n + 1);
	b->len -= n;
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

void
buf_free(struct buf *b)
{
	free(b->data);
	b->data = NULL;
	b->len = b->cap = 0;
}

char *
buf_take(struct buf *b)
{
	char *p = b->data != NULL ? b->data : xstrdup("");

	b->data = NULL;
	b->len = b->cap = 0;
	return p;
}
