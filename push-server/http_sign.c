#include "http_sign.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "limit.h"
#include "sign.h"

#define SIGNED_TEXT_MAX (64 * 1024)

/* Names compare and sort in lower case, as the libraries sign them. */
struct sorted {
	char *name; /* owned */
	const char *value;
	size_t place;  /* as sent */
	size_t base_n; /* of name without "[0]" or "[]" */
};

static int
by_name(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

/* Of a list the order is that in which it was sent: "a[10]" is not before "a[2]". */
static int
by_base(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;
	int order = memcmp(x->name, y->name, x->base_n < y->base_n ? x->base_n : y->base_n);

	if (order == 0)
		order = (x->base_n > y->base_n) - (x->base_n < y->base_n);
	return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

static struct sorted
sorted_of(const struct http_request *r, size_t i)
{
	struct sorted s = {
		.name = xstrdup(r->params[i].name), .value = r->params[i].value, .place = i
	};

	for (char *p = s.name; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	s.base_n = strcspn(s.name, "[");
	return s;
}

static bool
is_same_base(const struct sorted *a, const struct sorted *b)
{
	return a->base_n == b->base_n && memcmp(a->name, b->name, a->base_n) == 0;
}

static bool
is_list(const struct sorted *s)
{
	return s->name[s->base_n] == '[';
}

/* Of a list there may be several; of anything else two readers would take different ones. */
static bool
has_twice(const struct sorted *list, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (strcmp(list[i - 1].name, list[i].name) == 0 && !is_list(&list[i]))
			return true;
	return false;
}

/* "a=1&b=2". PHP signs a list as "a=1,2" (joined), Ruby as "a[]=1&a[]=2". */
static enum err
write_params(struct buf *b, const struct sorted *list, size_t n, bool is_joined)
{
	const struct sorted *last = NULL;
	enum err e = OK;

	for (size_t i = 0; i < n && e == OK; i++) {
		const struct sorted *s = &list[i];

		if (strcmp(s->name, "auth_signature") == 0)
			continue;
		if (is_joined && is_list(s) && last != NULL && is_same_base(last, s))
			e = buf_addf(b, ",%s", s->value);
		else
			e = buf_addf(b, "%s%.*s=%s", last != NULL ? "&" : "",
			    (int)(is_joined ? s->base_n : strlen(s->name)), s->name, s->value);
		last = s;
	}
	return e;
}

/* out_twice: a name stands there twice. */
static enum err
add_params(struct buf *sent, struct buf *joined, const struct http_request *r, bool *out_twice)
{
	struct sorted list[HTTP_PARAMS_MAX];
	enum err e;

	for (size_t i = 0; i < r->param_count; i++)
		list[i] = sorted_of(r, i);
	qsort(list, r->param_count, sizeof *list, by_name);
	*out_twice = has_twice(list, r->param_count);
	e = write_params(sent, list, r->param_count, false);
	qsort(list, r->param_count, sizeof *list, by_base);
	if (e == OK)
		e = write_params(joined, list, r->param_count, true);
	for (size_t i = 0; i < r->param_count; i++)
		free(list[i].name);
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
is_signature(
    const struct app *app, const struct http_request *r, const char *path, const char *params)
{
	const char *signature = http_request_param(r, "auth_signature");
	auto_char *decoded = http_percent_decode(path, strlen(path), false);

	if (signature == NULL)
		return false;
	return is_signature_over(app, r->method, path, params, signature) ||
	       (decoded != NULL && strcmp(decoded, path) != 0 &&
		   is_signature_over(app, r->method, decoded, params, signature));
}

/* Of what may have been signed the likeliest comes first: each try is a digest. */
static bool
is_signed(const struct app *app, const struct http_request *r, const char *path,
    const struct buf *sent, const struct buf *joined)
{
	bool has_list =
	    sent->len != joined->len || memcmp(sent->data, joined->data, sent->len) != 0;

	if (is_signature(app, r, path, sent->data) ||
	    (has_list && is_signature(app, r, path, joined->data)))
		return true;
	return path != r->path && (is_signature(app, r, r->path, sent->data) ||
				      (has_list && is_signature(app, r, r->path, joined->data)));
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
http_sign_problem(
    const struct app *app, const struct http_request *r, const char *path, int64_t now_s)
{
	auto_buf sent = BUF_INIT(SIGNED_TEXT_MAX), joined = BUF_INIT(SIGNED_TEXT_MAX);
	bool is_twice = false;

	if (add_params(&sent, &joined, r, &is_twice) != OK || sent.data == NULL)
		return "The authentication parameters are missing.";
	if (is_twice)
		return "A query parameter is given twice.";
	if (!is(r, "auth_key", app->key))
		return "The auth_key is not a key of this app.";
	if (!is(r, "auth_version", "1.0"))
		return "The auth_version must be 1.0.";
	if (!is_signed(app, r, path, &sent, &joined))
		return "Invalid auth signature provided.";
	if (!is_timely(http_request_param(r, "auth_timestamp"), now_s))
		return "The auth_timestamp is more than 600 seconds away from the server's time.";
	if (!is_body_intact(r))
		return "The body_md5 is missing or is not that of the body.";
	return NULL;
}
