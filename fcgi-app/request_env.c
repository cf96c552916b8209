#include "request_env.h"

#include <stdio.h>

#include "ids.h"

static const char *const header_names[HTTP_HEADER_COUNT] = {
	[HTTP_CONTENT_TYPE] = "CONTENT_TYPE",
	[HTTP_ACCEPT_LANGUAGE] = "HTTP_ACCEPT_LANGUAGE",
	[HTTP_IDEMPOTENCY_KEY] = "HTTP_IDEMPOTENCY_KEY",
	[HTTP_X_SOCKET_ID] = "HTTP_X_SOCKET_ID",
	[HTTP_ORIGIN] = "HTTP_ORIGIN",
	[HTTP_REQUEST_METHOD] = "HTTP_ACCESS_CONTROL_REQUEST_METHOD",
	[HTTP_IF_NONE_MATCH] = "HTTP_IF_NONE_MATCH",
	[HTTP_AUTHORIZATION] = "HTTP_AUTHORIZATION",
	[HTTP_COOKIE] = "HTTP_COOKIE",
	[HTTP_HOST] = "HTTP_HOST",
	[HTTP_SEC_FETCH_SITE] = "HTTP_SEC_FETCH_SITE",
	[HTTP_FORWARDED] = "HTTP_FORWARDED",
	[HTTP_X_FORWARDED_FOR] = "HTTP_X_FORWARDED_FOR",
	[HTTP_X_FORWARDED_PROTO] = "HTTP_X_FORWARDED_PROTO",
	[HTTP_REMOTE_USER] = "REMOTE_USER",
	[HTTP_HTTPS] = "HTTPS",
	[HTTP_SCHEME] = "REQUEST_SCHEME",
};

static const char *
or_empty(const char *s)
{
	return s != NULL ? s : "";
}

static bool
is_mount(const char *path, size_t n)
{
	return (n == 4 && strncmp(path, "/api", n) == 0) ||
	       (n == 13 && strncmp(path, "/broadcasting", n) == 0);
}

/*
 * True if script names the program itself (/cgi-bin/fcgi-app, /app.fcgi) and not a mount. Where the
 * server does not tell the file's name, what follows begins with a mount.
 */
static bool
is_own_name(const char *script, const char *filename, const char *info)
{
	const char *a = strrchr(script, '/'), *b = strrchr(or_empty(filename), '/');

	if (is_mount(script, strlen(script)))
		return false;
	if (filename == NULL || *filename == '\0')
		return is_mount(info, *info == '/' ? 1 + strcspn(info + 1, "/") : 0);
	return a != NULL && b != NULL && strcmp(a, b) == 0 && a[1] != '\0';
}

/*
 * /api and /broadcasting are mounted side by side, so the mount is part of the path: SCRIPT_NAME
 * and PATH_INFO together, without the program's own name and without APP_BASE (design 2).
 */
static enum err
public_path(char out[REQUEST_PATH_MAX], const char *base, env_get_fn get, void *arg)
{
	const char *script = or_empty(get(arg, "SCRIPT_NAME"));
	const char *info = or_empty(get(arg, "PATH_INFO"));
	size_t base_len = strlen(base), n;

	if (*info == '\0' && *script == '\0') { /* no server that was tested does this */
		info = or_empty(get(arg, "REQUEST_URI"));
		n = strcspn(info, "?");
		if (n >= REQUEST_PATH_MAX)
			return ERR_INVALID;
		memcpy(out, info, n);
		out[n] = '\0';
		if (!http_decode(out))
			return ERR_INVALID;
	} else {
		if (*info != '\0' && is_own_name(script, get(arg, "SCRIPT_FILENAME"), info))
			script = "";
		n = strlen(script) + strlen(info);
		if (n >= REQUEST_PATH_MAX)
			return ERR_INVALID;
		(void)snprintf(out, REQUEST_PATH_MAX, "%s%s", script, info);
	}
	if (base_len > 0 && strncmp(out, base, base_len) == 0 && out[base_len] == '/')
		memmove(out, out + base_len, strlen(out + base_len) + 1);
	return out[0] == '/' ? OK : ERR_INVALID;
}

static void
request_id(struct http_request *q, env_get_fn get, void *arg)
{
	static const char *const names[] = { "REQUEST_ID", "UNIQUE_ID", "HTTP_X_REQUEST_ID" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *given = or_empty(get(arg, names[i]));

		if (id_is_request_id(given, strlen(given))) {
			(void)snprintf(q->rid, sizeof q->rid, "%s", given);
			return;
		}
	}
	id_random(q->rid);
}

enum err
request_from_env(struct http_request *q, char path_buf[REQUEST_PATH_MAX], const char *base,
    env_get_fn get, void *arg)
{
	*q = (struct http_request){
		.method = http_method_of(or_empty(get(arg, "REQUEST_METHOD"))),
		.query = or_empty(get(arg, "QUERY_STRING")),
		.remote_addr = or_empty(get(arg, "REMOTE_ADDR")),
		.path = path_buf,
	};
	for (size_t i = 0; i < HTTP_HEADER_COUNT; i++)
		q->header[i] = get(arg, header_names[i]);
	/* Apache renames what was set before an internal redirect. */
	if (q->header[HTTP_AUTHORIZATION] == NULL)
		q->header[HTTP_AUTHORIZATION] = get(arg, "REDIRECT_HTTP_AUTHORIZATION");
	request_id(q, get, arg);
	return public_path(path_buf, base, get, arg);
}

long long
request_content_length(env_get_fn get, void *arg)
{
	const char *text = get(arg, "CONTENT_LENGTH");
	char *end;
	long long n;

	if (text == NULL || *text < '0' || *text > '9')
		return -1;
	n = strtoll(text, &end, 10);
	return *end == '\0' ? n : -1;
}
