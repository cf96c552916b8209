/*
 * Any bytes as a bearer token: none holds whose signature is not ours, computed here once more. Any
 * bytes as the claims of a token that is well signed: what holds names somebody and has not
 * expired.
 */
#include <stdint.h>

#include "base64url.h"
#include "jwt.h"
#include "utf8.h"

#define KEY "a-secret-of-32-characters-012345"
#define HEADER "eyJhbGciOiJIUzI1NiJ9" /* {"alg":"HS256"} */
#define NOW 1700000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_claims(const struct jwt_claims *c)
{
	if (c->subject[0] == '\0' || strlen(c->subject) > LIMIT_SUBJECT_BYTES ||
	    c->expires_s <= NOW)
		abort();
	if (strlen(c->name) > LIMIT_NAME_BYTES || !utf8_is_valid(c->name, strlen(c->name)))
		abort();
}

static void
as_token(const struct jwt_rules *rules, const char *p, size_t n)
{
	unsigned char mac[SIGN_RAW_SIZE];
	char want[BASE64URL_LEN(SIGN_RAW_SIZE) + 1];
	struct jwt_claims c = { 0 };
	size_t end = n;

	if (jwt_verify(p, n, rules, &c) != NULL)
		return;
	while (end > 0 && p[end - 1] != '.')
		end--;
	sign_hmac_sha256_raw(KEY, strlen(KEY), p, end - 1, mac);
	base64url_encode(mac, sizeof mac, want);
	if (n - end != strlen(want) || memcmp(p + end, want, n - end) != 0)
		abort();
	check_claims(&c);
}

static void
as_claims(const struct jwt_rules *rules, const char *p, size_t n)
{
	char text[2 * LIMIT_CREDENTIAL_BYTES] = HEADER ".";
	unsigned char mac[SIGN_RAW_SIZE];
	struct jwt_claims c = { 0 };
	size_t len;

	if (n > LIMIT_CREDENTIAL_BYTES)
		return;
	base64url_encode(p, n, text + strlen(text));
	len = strlen(text);
	sign_hmac_sha256_raw(KEY, strlen(KEY), text, len, mac);
	text[len++] = '.';
	base64url_encode(mac, sizeof mac, text + len);
	if (jwt_verify(text, strlen(text), rules, &c) == NULL)
		check_claims(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct jwt_rules any = { KEY, "", "", NOW },
				      strict = { KEY, "me", "you", NOW };
	const struct jwt_rules *rules = size > 0 && (data[0] & 1) ? &strict : &any;

	if (size == 0)
		return 0;
	as_token(rules, (const char *)data + 1, size - 1);
	as_claims(rules, (const char *)data + 1, size - 1);
	return 0;
}
