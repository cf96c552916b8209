/*
 * http_sign - is this request of the HTTP API really signed by the app? Pure; fuzzed.
 *
 * Checked: auth_key is the app's, auth_version 1.0, auth_timestamp within
 * LIMIT_HTTP_SIGNATURE_SECONDS of now, body_md5 of the body, no parameter twice (but of a list),
 * auth_signature over method, path (as sent, or decoded) and sorted parameters.
 *
 * Threads: any. Source: Pusher's "HTTP API, authentication".
 */
#ifndef HTTP_SIGN_H
#define HTTP_SIGN_H

#include <stdint.h>

#include "apps.h"
#include "http_message.h"

/*
 * NULL: valid. Else a literal sentence for the 401. path: the end of r->path that may have been
 * signed instead of all of it (libraries leave a prefix out). now_s: wall clock, seconds.
 */
const char *http_sign_problem(
    const struct app *app, const struct http_request *r, const char *path, int64_t now_s);

#endif
