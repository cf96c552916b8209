/*
 * jwt - verifies a JSON Web Token: JWS compact form, HS256 and nothing else (RFC 7515, 7519, 8725).
 *
 * The signature is verified before anything of the payload is looked at; the algorithm is ours to
 * say, not the token's. exp and sub are required; iss and aud are compared when they are
 * configured.
 *
 * Ours and not Debian 12's libjwt (1.10.2), which compares the signature with strcmp.
 *
 * Pure; fuzzed.
 */
#ifndef JWT_H
#define JWT_H

#include <stdint.h>

#include "store_access.h"

struct jwt_rules {
	const char *secret, *issuer, *audience; /* the last two may be "" */
	int64_t now_s;
};

struct jwt_claims {
	char subject[LIMIT_SUBJECT_BYTES + 1];
	char name[PERSON_NAME_SIZE]; /* "" if it has none */
	int64_t issued_s, expires_s; /* issued_s 0: it does not say */
};

/* NULL when it holds, and *out is filled; else why not, for the log: "expired", "forged"... */
const char *jwt_verify(
    const char *p, size_t n, const struct jwt_rules *rules, struct jwt_claims *out) MUST_CHECK;

/* Three parts of the alphabet: what else comes as a bearer token is no JWT. */
bool jwt_is_one(const char *p, size_t n);

#endif
