/*
 * channel_auth - the signatures that let a connection into a private channel, or sign it in.
 *
 * Threads: any; pure. Comparison takes constant time.
 * Source: Pusher's auth signatures: "KEY:" and hex(HMAC-SHA256(secret, text)).
 */
#ifndef CHANNEL_AUTH_H
#define CHANNEL_AUTH_H

#include <stdbool.h>

#include "apps.h"

/* Text: SOCKET:CHANNEL, and :CHANNEL_DATA unless that is NULL. auth may be NULL: false. */
bool channel_auth_is_valid(const struct app *app, const char *socket_id, const char *channel,
    const char *channel_data, const char *auth);

/* The same for a sign-in. Text: SOCKET::user::USER_DATA. */
bool user_auth_is_valid(
    const struct app *app, const char *socket_id, const char *user_data, const char *auth);

#endif
