/*
 * base64url - RFC 4648 5, without padding: tokens and the parts of a JWT.
 *
 * Pure; threads: any.
 */
#ifndef BASE64URL_H
#define BASE64URL_H

#include <stddef.h>

#include "util.h"

#define BASE64URL_LEN(n) (((n)*4 + 2) / 3) /* characters of n bytes, without the NUL */

/* out has BASE64URL_LEN(n) + 1 bytes. */
void base64url_encode(const void *p, size_t n, char *out);

/*
 * At most out_size bytes; *out_len says how many. ERR_INVALID: a foreign character (padding is
 * one), a length that no encoder makes, or bits left over; ERR_LIMIT: out is too small.
 */
enum err base64url_decode(
    const char *p, size_t n, void *out, size_t out_size, size_t *out_len) MUST_CHECK;

#endif
