/*
 * token - secrets that we give out: session cookies, API tokens, invitations. 256 random bits,
 * base64url; kept nowhere but as SHA-256.
 *
 * Threads: any.
 */
#ifndef TOKEN_H
#define TOKEN_H

#include <stdbool.h>

#include "base64url.h"
#include "sign.h"

#define TOKEN_LEN BASE64URL_LEN(32)
#define TOKEN_SIZE (TOKEN_LEN + 1)
#define API_TOKEN_PREFIX                                                                           \
	"charla_" /* so that secret scanners and people know one when they see it */
#define API_TOKEN_LEN (sizeof API_TOKEN_PREFIX - 1 + TOKEN_LEN)
#define API_TOKEN_SIZE (API_TOKEN_LEN + 1)

void token_random(char out[TOKEN_SIZE]);
bool token_is_one(const char *p, size_t n); /* the form, nothing more */
bool api_token_is_one(const char *p, size_t n);

#endif
