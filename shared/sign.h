/*
 * sign - the digests of the Pusher protocol.
 *
 * Threads: any. Only user of libcrypto's HMAC and MD5 outside of TLS.
 */
#ifndef SIGN_H
#define SIGN_H

#include <stdbool.h>
#include <stddef.h>

#define SIGN_HEX_SIZE 65 /* HMAC-SHA256 or SHA-256 as lower-case hex, and the NUL */
#define SIGN_RAW_SIZE 32 /* the same as bytes */
#define MD5_HEX_SIZE 33

void sign_hmac_sha256(const char *secret, const void *p, size_t n, char out[SIGN_HEX_SIZE]);
void sign_hmac_sha256_raw(const void *secret, size_t secret_len, const void *p, size_t n,
    unsigned char out[SIGN_RAW_SIZE]);
void sign_sha256(const void *p, size_t n, char out[SIGN_HEX_SIZE]);
void sign_md5(const void *p, size_t n, char out[MD5_HEX_SIZE]);

/* Constant time in the content; lengths are not secret. */
bool sign_equal(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
