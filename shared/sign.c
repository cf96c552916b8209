#include "sign.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "util.h"

static void
hex(const unsigned char *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

void
sign_hmac_sha256_raw(const void *secret, size_t secret_len, const void *p, size_t n,
    unsigned char out[SIGN_RAW_SIZE])
{
	unsigned len = 0;

	if (HMAC(EVP_sha256(), secret, (int)secret_len, p, n, out, &len) == NULL)
		abort();
}

void
sign_hmac_sha256(const char *secret, const void *p, size_t n, char out[SIGN_HEX_SIZE])
{
	unsigned char raw[SIGN_RAW_SIZE];

	sign_hmac_sha256_raw(secret, strlen(secret), p, n, raw);
	hex(raw, sizeof raw, out);
}

static void
digest(const EVP_MD *kind, const void *p, size_t n, char *out)
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_Digest(p, n, raw, &len, kind, NULL) != 1)
		abort();
	hex(raw, len, out);
}

void
sign_sha256(const void *p, size_t n, char out[SIGN_HEX_SIZE])
{
	digest(EVP_sha256(), p, n, out);
}

void
sign_md5(const void *p, size_t n, char out[MD5_HEX_SIZE])
{
	digest(EVP_md5(), p, n, out);
}

void
sign_shared_secret_of(
    const unsigned char master[SIGN_RAW_SIZE], const char *channel, char out[SIGN_BASE64_SIZE])
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1 ||
	    EVP_DigestUpdate(ctx, channel, strlen(channel)) != 1 ||
	    EVP_DigestUpdate(ctx, master, SIGN_RAW_SIZE) != 1 ||
	    EVP_DigestFinal_ex(ctx, raw, &len) != 1)
		abort();
	EVP_MD_CTX_free(ctx);
	(void)EVP_EncodeBlock((unsigned char *)out, raw, (int)len);
}

void
sign_shared_secret(const char *key, const char *channel, char out[SIGN_BASE64_SIZE])
{
	static const char label[] = "encrypted channels";
	unsigned char master[SIGN_RAW_SIZE];

	sign_hmac_sha256_raw(key, strlen(key), label, sizeof label - 1, master);
	sign_shared_secret_of(master, channel, out);
}

bool
sign_equal(const char *a, size_t a_len, const char *b, size_t b_len)
{
	return a_len == b_len && CRYPTO_memcmp(a, b, a_len) == 0;
}

void
sign_websocket_accept(const char *key, size_t n, char out[SIGN_ACCEPT_SIZE])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) != 1 ||
	    EVP_DigestUpdate(ctx, key, n) != 1 ||
	    EVP_DigestUpdate(ctx, guid, sizeof guid - 1) != 1 ||
	    EVP_DigestFinal_ex(ctx, raw, &len) != 1)
		abort();
	EVP_MD_CTX_free(ctx);
	(void)EVP_EncodeBlock((unsigned char *)out, raw, (int)len);
}
