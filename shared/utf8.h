/*
 * utf8 - lengths and cuts of UTF-8 text.
 *
 * Threads: any; pure. Lengths in events and in the HTTP API are UTF-16 code units, because the
 * clients are JavaScript and compare with String.length.
 */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool utf8_is_valid(const char *p, size_t n); /* RFC 3629: no surrogates, no overlong forms */

/* The same for text that comes in pieces: false at the first byte that cannot be. Zeroed: new. */
struct utf8_check {
	uint8_t need;      /* bytes of a character still to come */
	uint8_t low, high; /* what the next of them may be */
};

bool utf8_check_feed(struct utf8_check *c, const char *p, size_t n);

static inline bool
utf8_check_is_whole(const struct utf8_check *c)
{
	return c->need == 0;
}

size_t utf8_utf16_len(const char *p, size_t n); /* p valid */

/* The largest m <= max with p[0..m) ending at a character; p valid up to a torn end. */
size_t utf8_cut(const char *p, size_t n, size_t max);

/* Bytes of p that hold the first units UTF-16 units, never splitting a pair. p valid. */
size_t utf8_bytes_of_utf16(const char *p, size_t n, size_t units);

bool utf8_is_blank(const char *p, size_t n); /* nothing but ASCII and Unicode space, or empty */

#endif
