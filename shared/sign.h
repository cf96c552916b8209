/*
 * sign - the digests of the Pusher protocol.
 *
 * Threads: any. Only user of libcrypto's digests outside of TLS.
 */
#ifndef SIGN_H
#define SIGN_H

#include <stdbool.h>
#include <stddef.h>

#define SIGN_HEX_SIZE 65    /* HMAC-SHA256 or SHA-256 as lower-case hex, and the NUL */
#define SIGN_RAW_SIZE 32    /* the same as bytes */
#define SIGN_BASE64_SIZE 45 /* the same as base64, and the NUL */
#define MD5_HEX_SIZE 33
#define SIGN_ACCEPT_SIZE 29 /* a SHA-1 as base64, and the NUL */

void sign_hmac_sha256(const char *secret, const void *p, size_t n, char out[SIGN_HEX_SIZE]);
void sign_hmac_sha256_raw(const void *secret, size_t secret_len, const void *p, size_t n,
    unsigned char out[SIGN_RAW_SIZE]);
void sign_sha256(const void *p, size_t n, char out[SIGN_HEX_SIZE]);
void sign_md5(const void *p, size_t n, char out[MD5_HEX_SIZE]);

/* Sec-WebSocket-Accept for the Sec-WebSocket-Key of n bytes (RFC 6455 4.2.2). */
void sign_websocket_accept(const char *key, size_t n, char out[SIGN_ACCEPT_SIZE]);

/*
 * shared_secret of an encrypted channel: SHA-256(channel name || 32-byte master key), where the
 * master key is HMAC-SHA256(key, "encrypted channels").
 */
void sign_shared_secret(const char *key, const char *channel, char out[SIGN_BASE64_SIZE]);
/* The same with a given master key: what Pusher's libraries compute. */
void sign_shared_secret_of(
    const unsigned char master[SIGN_RAW_SIZE], const char *channel, char out[SIGN_BASE64_SIZE]);

/* Constant time in the content; lengths are not secret. */
bool sign_equal(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
