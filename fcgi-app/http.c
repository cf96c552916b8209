#include "http.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "json.h"
#include "util.h"

static const char *const method_names[] = {
	[HTTP_GET] = "GET",
	[HTTP_HEAD] = "HEAD",
	[HTTP_POST] = "POST",
	[HTTP_PUT] = "PUT",
	[HTTP_PATCH] = "PATCH",
	[HTTP_DELETE] = "DELETE",
	[HTTP_OPTIONS] = "OPTIONS",
};

enum http_method
http_method_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(method_names); i++)
		if (strcmp(method_names[i], name) == 0)
			return (enum http_method)i;
	return HTTP_OTHER;
}

const char *
http_method_name(enum http_method m)
{
	return m < HTTP_OTHER ? method_names[m] : "";
}

void
http_response_free(struct http_response *r)
{
	buf_free(&r->body);
	buf_free(&r->headers);
}

void
http_set_header(struct http_response *r, const char *name, const char *value)
{
	/* A header that does not fit any more is left out: ours are few and short. */
	if (buf_addf(&r->headers, "%s: %.*s\r\n", name, (int)strcspn(value, "\r\n"), value) != OK)
		return;
}

static void
set_json(struct http_response *r, int status, const char *type, json_t *value)
{
	json_auto_t *owned = value;

	buf_clear(&r->body);
	r->status = status;
	r->content_type = type;
	if (owned == NULL || json_write(&r->body, owned) != OK) {
		r->status = 500;
		buf_clear(&r->body);
	}
}

void
http_json(struct http_response *r, int status, json_t *value)
{
	set_json(r, status, "application/json", value);
}

static json_t *
problem(int status, const char *code, const char *detail, const char *rid)
{
	return json_pack("{s:s, s:s, s:i, s:s, s:s, s:s}", "type", "about:blank", "title",
	    http_reason(status), "status", status, "code", code, "detail", detail, "instance", rid);
}

void
http_problem(
    struct http_response *r, int status, const char *code, const char *detail, const char *rid)
{
	r->code = code;
	set_json(r, status, "application/problem+json", problem(status, code, detail, rid));
}

void
http_invalid(struct http_response *r, const struct field_error *e, const char *rid)
{
	json_t *p = problem(422, "validation_failed", e->text, rid);

	r->code = "validation_failed";
	(void)json_object_set_new(p, "message", json_string("The given data was invalid."));
	(void)json_object_set_new(p, "errors", json_pack("{s:[s]}", e->field, e->text));
	set_json(r, 422, "application/problem+json", p);
}

enum err
field_error(struct field_error *why, const char *field, const char *fmt, ...)
{
	va_list ap;

	why->field = field;
	va_start(ap, fmt);
	(void)vsnprintf(why->text, sizeof why->text, fmt, ap);
	va_end(ap);
	return ERR_INVALID;
}

static const struct {
	enum err e;
	int status;
	const char *code, *detail, *retry_after;
} error_answers[] = {
	{ ERR_INVALID, 400, "bad_request", "The request cannot be understood.", NULL },
	{ ERR_NOT_FOUND, 404, "not_found", "There is no such thing here.", NULL },
	{ ERR_CONFLICT, 409, "conflict", "The request contradicts what is stored.", NULL },
	{ ERR_LIMIT, 413, "too_large", "The request is too large.", NULL },
	{ ERR_QUOTA, 429, "quota", "Your share is used up for now. Please try again later.", "5" },
	{ ERR_BUSY, 503, "busy", "The database is busy. Please try again.", "1" },
	{ ERR_FULL, 507, "storage_full", "The disk is full. Nothing was stored.", "60" },
	{ ERR_STORAGE, 503, "storage_failed",
	    "What is stored cannot be read or written now. Nothing was changed.", "30" },
	{ ERR_IO, 500, "internal", "Something failed here; the log knows more.", NULL },
	{ ERR_UPSTREAM, 503, "upstream", "The AI service did not answer.", "5" },
};

void
http_error(struct http_response *r, enum err e, const char *rid)
{
	for (size_t i = 0; i < ARRAY_LEN(error_answers); i++)
		if (error_answers[i].e == e) {
			http_problem(r, error_answers[i].status, error_answers[i].code,
			    error_answers[i].detail, rid);
			if (error_answers[i].retry_after != NULL)
				http_set_header(r, "Retry-After", error_answers[i].retry_after);
			return;
		}
	http_problem(r, 500, "internal", "Something failed here.", rid);
}

/*
 * The n bytes at p into out, NUL-terminated; false on a bad escape, %00, or no room. plus: what '+'
 * is.
 */
static bool
decode(const char *p, size_t n, char plus, char *out, size_t out_size)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		char c = p[i];

		if (c == '%') {
			int high = i + 2 < n ? hex_digit(p[i + 1]) : -1;
			int low = high < 0 ? -1 : hex_digit(p[i + 2]);

			c = low < 0 ? '\0' : (char)(high * 16 + low);
			i += 2;
		} else if (c == '+') {
			c = plus;
		}
		if (c == '\0' || len + 1 >= out_size)
			return false;
		out[len++] = c;
	}
	out[len] = '\0';
	return true;
}

bool
http_decode(char *s)
{
	size_t n = strlen(s);

	return decode(s, n, '+', s, n + 1); /* never longer than what was read of it */
}

/* The raw value of the first member of that name, NULL if there is none. */
static const char *
find_member(const char *query, const char *name, size_t *out_len)
{
	size_t name_len = strlen(name);

	while (*query != '\0') {
		size_t len = strcspn(query, "&");

		if (len > name_len && strncmp(query, name, name_len) == 0 &&
		    query[name_len] == '=') {
			*out_len = len - name_len - 1;
			return query + name_len + 1;
		}
		query += len + (query[len] == '&');
	}
	return NULL;
}

bool
http_query(const char *query, const char *name, char *out, size_t out_size)
{
	size_t n;
	const char *value = find_member(query, name, &n);

	if (value == NULL)
		return false;
	if (decode(value, n, ' ', out, out_size))
		return true;
	out[0] = '\0';
	return false;
}

bool
http_query_number(const char *query, const char *name, int64_t max, int64_t fallback, int64_t *out)
{
	char text[24], *end;
	size_t len;
	long long n;

	if (find_member(query, name, &len) == NULL) {
		*out = fallback;
		return true;
	}
	if (!http_query(query, name, text, sizeof text) || *text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoll(text, &end, 10);
	if (*end != '\0' || errno != 0 || n > max)
		return false;
	*out = n;
	return true;
}

const char *
http_language(const struct http_request *q)
{
	const char *accepted = q->header[HTTP_ACCEPT_LANGUAGE];

	return accepted != NULL && strncasecmp(accepted, "en", 2) == 0 ? "en" : "es";
}

bool
http_query_has(const char *query, const char *name)
{
	size_t n = strlen(name);

	while (*query != '\0') {
		size_t len = strcspn(query, "&");

		if (len > n && strncmp(query, name, n) == 0 && query[n] == '=')
			return true;
		query += len + (query[len] == '&');
	}
	return false;
}
