#include "cgi.h"

#include <stdio.h>

#include "limit.h"
#include "request_env.h"

static const char *
from_environment(void *arg, const char *name)
{
	(void)arg;
	return getenv(name); /* NOLINT(concurrency-mt-unsafe): nobody sets variables here */
}

static enum err
read_body(struct buf *body)
{
	char chunk[8192];
	long long left = request_content_length(from_environment, NULL);

	while (left > 0) {
		size_t want = left < (long long)sizeof chunk ? (size_t)left : sizeof chunk;
		size_t n = fread(chunk, 1, want, stdin);

		if (n == 0)
			return ERR_INVALID;
		if (buf_add(body, chunk, n) != OK)
			return ERR_LIMIT;
		left -= (long long)n;
	}
	return OK;
}

int
cgi_run(struct app *a)
{
	auto_buf body = BUF_INIT(LIMIT_EXPORT_BYTES);
	char path[REQUEST_PATH_MAX];
	struct http_request q;
	struct http_response r = HTTP_RESPONSE_INIT;
	enum err e = request_from_env(&q, path, a->config->app_base, from_environment, NULL);

	if (e == OK)
		body.max = routes_body_limit(&q);
	q.body_error = read_body(&body);
	q.body = body.data != NULL ? body.data : "";
	q.body_len = body.len;
	if (e == OK)
		routes_run(a, &q, &r);
	else
		http_problem(&r, 404, "not_found", "There is no such address here.", q.rid);
	(void)printf("Status: %d %s\r\n", r.status, http_reason(r.status));
	if (r.status != 204 && r.status != 304)
		(void)printf(
		    "Content-Type: %s\r\nContent-Length: %zu\r\n", r.content_type, r.body.len);
	(void)printf("%s\r\n", r.headers.data != NULL ? r.headers.data : "");
	if (q.method != HTTP_HEAD && r.body.len > 0)
		(void)fwrite(r.body.data, 1, r.body.len, stdout);
	http_response_free(&r);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
