/*
 * operator - who has DASHBOARD_PASSWORD: by a cookie that both programs can check, or by the
 * password itself in Authorization (Bearer, or Basic with any user name).
 *
 * The cookie is "<expiry in seconds>.<nonce>.<HMAC-SHA256 by the password>": nothing is kept, one
 * sign-in serves push-server and fcgi-app, and another password ends all of them.
 *
 * Pure but for random_bytes. Threads: any. An empty or NULL password opens nothing.
 */
#ifndef OPERATOR_H
#define OPERATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPERATOR_COOKIE "charla_operator"
#define OPERATOR_SECONDS (12 * 3600)
#define OPERATOR_VALUE_SIZE 160

/* A cookie's value, good for OPERATOR_SECONDS. */
void operator_cookie_make(const char *password, int64_t now_s, char out[OPERATOR_VALUE_SIZE]);

/* header: Cookie, with whatever else is in it; NULL: none. */
bool operator_cookie_holds(const char *password, const char *header, int64_t now_s);

/* header: Authorization; NULL: none. */
bool operator_authorization_holds(const char *password, const char *header);

/* In constant time. */
bool operator_password_is(const char *password, const char *given);

#endif
