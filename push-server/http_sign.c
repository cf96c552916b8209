#include "http_sign.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "limit.h"
#include "sign.h"

#define SIGNED_TEXT_MAX (64 * 1024)

/* Parameter names compare and sort in lower case, as the libraries sign them. */
struct sorted {
	char *name; /* owned */
	const char *value;
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct sorted *)a)->name, ((const struct sorted *)b)->name);
}

static char *
lower(const char *s)
{
	char *copy = xstrdup(s);

	for (char *p = copy; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return copy;
}

static bool
has_twice(const struct sorted *list, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (strcmp(list[i - 1].name, list[i].name) == 0)
			return true;
	return false;
}

/* "a=1&b=2"; out_twice: a name stands there twice. */
static enum err
add_params(struct buf *b, const struct http_request *r, bool *out_twice)
{
	struct sorted list[HTTP_PARAMS_MAX];
	const char *joint = "";
	enum err e = OK;

	for (size_t i = 0; i < r->param_count; i++)
		list[i] = (struct sorted){ lower(r->params[i].name), r->params[i].value };
	qsort(list, r->param_count, sizeof *list, by_name);
	*out_twice = has_twice(list, r->param_count);
	for (size_t i = 0; i < r->param_count; i++) {
		if (e == OK && strcmp(list[i].name, "auth_signature") != 0) {
			e = buf_addf(b, "%s%s=%s", joint, list[i].name, list[i].value);
			joint = "&";
		}
		free(list[i].name);
	}
	return e;
}

static bool
is_signature_over(const struct app *app, const char *method, const char *path, const char *params,
    const char *signature)
{
	auto_buf text = BUF_INIT(SIGNED_TEXT_MAX);
	char want[SIGN_HEX_SIZE];

	if (buf_addf(&text, "%s\n%s\n%s", method, path, params) != OK)
		return false;
	sign_hmac_sha256(app->secret, text.data, text.len, want);
	return sign_equal(signature, strlen(signature), want, sizeof want - 1);
}

/* Libraries sign the path before they encode it, others what they send. */
static bool
is_signature(const struct app *app, const struct http_request *r, const char *params)
{
	const char *signature = http_request_param(r, "auth_signature");
	auto_char *decoded = http_decode(r->path, strlen(r->path), false);

	if (signature == NULL)
		return false;
	return is_signature_over(app, r->method, r->path, params, signature) ||
	       (decoded != NULL && is_signature_over(app, r->method, decoded, params, signature));
}

static bool
is_timely(const char *timestamp, int64_t now_s)
{
	char *end;
	long long t;

	if (timestamp == NULL || !isdigit((unsigned char)*timestamp))
		return false;
	errno = 0;
	t = strtoll(timestamp, &end, 10);
	return *end == '\0' && errno == 0 && t >= now_s - LIMIT_HTTP_SIGNATURE_SECONDS &&
	       t <= now_s + LIMIT_HTTP_SIGNATURE_SECONDS;
}

static bool
is_body_intact(const struct http_request *r)
{
	const char *md5 = http_request_param(r, "body_md5");
	char want[MD5_HEX_SIZE];

	if (md5 == NULL)
		return r->body_len == 0;
	sign_md5(r->body != NULL ? r->body : "", r->body_len, want);
	return sign_equal(md5, strlen(md5), want, sizeof want - 1);
}

static bool
is(const struct http_request *r, const char *param, const char *want)
{
	const char *value = http_request_param(r, param);

	return value != NULL && strcmp(value, want) == 0;
}

const char *
http_sign_problem(const struct app *app, const struct http_request *r, int64_t now_s)
{
	auto_buf params = BUF_INIT(SIGNED_TEXT_MAX);
	bool is_twice = false;

	if (add_params(&params, r, &is_twice) != OK || params.data == NULL)
		return "The authentication parameters are missing.";
	if (is_twice)
		return "A query parameter is given twice.";
	if (!is(r, "auth_key", app->key))
		return "The auth_key is not a key of this app.";
	if (!is(r, "auth_version", "1.0"))
		return "The auth_version must be 1.0.";
	if (!is_signature(app, r, params.data))
		return "Invalid auth signature provided.";
	if (!is_timely(http_request_param(r, "auth_timestamp"), now_s))
		return "The auth_timestamp is more than 600 seconds away from the server's time.";
	if (!is_body_intact(r))
		return "The body_md5 is missing or is not that of the body.";
	return NULL;
}
