/*
 * buf - growing bytes with a maximum.
 *
 * Owns:    data, freed by buf_free (or the auto_buf local).
 * Threads: one at a time.
 * Errors:  ERR_LIMIT when the content would pass max; the buffer is then unchanged.
 *
 * data is always NUL-terminated after the first append, the NUL is not counted in len.
 */
#ifndef BUF_H
#define BUF_H

#include <stddef.h>

#include "util.h"

struct buf {
	char *data;
	size_t len, cap, max;
};

#define BUF_INIT(max_bytes) ((struct buf){ .max = (max_bytes) })
#define auto_buf __attribute__((cleanup(buf_free))) struct buf

enum err buf_add(struct buf *b, const void *p, size_t n) MUST_CHECK;
enum err buf_adds(struct buf *b, const char *s) MUST_CHECK;
enum err buf_addf(struct buf *b, const char *fmt, ...) MUST_CHECK PRINTF_LIKE(2, 3);
void buf_consume(struct buf *b, size_t n); /* drops the first n bytes, n <= len */
void buf_clear(struct buf *b);             /* len = 0, keeps the memory */
void buf_free(struct buf *b);
char *buf_take(struct buf *b); /* the caller's, never NULL; the buffer is empty afterwards */

#endif
