/*
 * request_env - CGI variables -> struct http_request. The same for FastCGI and plain CGI.
 *
 * Pure. Owns: nothing; path_buf is the caller's. Source: RFC 3875 4.1, reference page fastcgi.
 */
#ifndef REQUEST_ENV_H
#define REQUEST_ENV_H

#include "http.h"

#define REQUEST_PATH_MAX 2048

typedef const char *(*env_get_fn)(void *arg, const char *name); /* NULL: absent */

/*
 * Everything but the body. base: APP_BASE, removed from the path. ERR_INVALID: no usable path.
 */
enum err request_from_env(struct http_request *q, char path_buf[REQUEST_PATH_MAX], const char *base,
    env_get_fn get, void *arg) MUST_CHECK;

/* The value of CONTENT_LENGTH, -1 if it is absent or no number. */
long long request_content_length(env_get_fn get, void *arg);

#endif
