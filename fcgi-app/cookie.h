/*
 * cookie - the value of one cookie out of a Cookie header (RFC 6265 5.4), and the header that sets
 * ours.
 *
 * Pure; fuzzed.
 */
#ifndef COOKIE_H
#define COOKIE_H

#include <stdbool.h>
#include <stddef.h>

#define COOKIE_HTTPS "__Host-sid" /* a browser takes it only with Secure, Path=/ and no Domain */
#define COOKIE_HTTP "sid"
#define COOKIE_LINE_SIZE 256

/*
 * Borrowed from header; NULL if it has none of that name, or several: then somebody planted one,
 * and none counts. header may be NULL.
 */
const char *cookie_find(const char *header, const char *name, size_t *out_len);

/* The value of Set-Cookie for a session; value "" takes the cookie away. */
void cookie_write(const char *value, bool is_https, long max_age_s, char out[COOKIE_LINE_SIZE]);

#endif
