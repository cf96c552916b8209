#include "http_message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "http_text.h"

/* --- the request ---------------------------------------------------------------------------------
 */

/* Decodes in place; the text never grows. */
static bool
decode(char *text, size_t n, bool is_query)
{
	size_t to = 0;

	for (size_t i = 0; i < n; i++) {
		char c = text[i];

		if (c == '+' && is_query) {
			c = ' ';
		} else if (c == '%') {
			int high = i + 2 < n ? hex_digit(text[i + 1]) : -1;
			int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

			if (low < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (c == '\0')
			return false;
		text[to++] = c;
	}
	text[to] = '\0';
	return true;
}

char *
http_percent_decode(const char *p, size_t n, bool is_query)
{
	char *text = xstrndup(p, n);

	if (strlen(text) == n && decode(text, n, is_query))
		return text;
	free(text);
	return NULL;
}

/* One "name=value", NUL-terminated, in param_text. */
static enum err
add_param(struct http_request *r, char *text)
{
	char *equals = strchr(text, '=');
	char *value = equals != NULL ? equals + 1 : text + strlen(text);

	if (*text == '\0')
		return OK;
	if (r->param_count == HTTP_PARAMS_MAX)
		return ERR_LIMIT;
	if (equals != NULL)
		*equals = '\0';
	if (!decode(text, strlen(text), true) || !decode(value, strlen(value), true))
		return ERR_INVALID;
	r->params[r->param_count++] = (struct http_param){ text, value };
	return OK;
}

static enum err
read_query(struct http_request *r, struct http_slice query)
{
	char *rest;
	enum err e = OK;

	if (query.n == 0)
		return OK;
	rest = r->param_text = xstrndup(query.p, query.n);
	while (rest != NULL && e == OK)
		e = add_param(r, strsep(&rest, "&"));
	return e;
}

enum err
http_request_set_target(struct http_request *r, struct http_slice method, struct http_slice path,
    struct http_slice query)
{
	char *decoded;

	if (method.n >= sizeof r->method)
		return ERR_INVALID;
	if ((decoded = http_percent_decode(path.p, path.n, false)) == NULL)
		return ERR_INVALID;
	free(decoded); /* it can be, that is all */
	memcpy(r->method, method.p, method.n);
	r->method[method.n] = '\0';
	r->path = xstrndup(path.p, path.n);
	return read_query(r, query);
}

void
http_request_free(struct http_request *r)
{
	free(r->path);
	free(r->param_text);
	free(r->authorization);
	free(r->cookie);
	free(r->origin);
	free(r->host);
	free(r->content_type);
	free(r->x_app_id);
	*r = (struct http_request){ .path = NULL };
}

const char *
http_request_param(const struct http_request *r, const char *name)
{
	for (size_t i = 0; i < r->param_count; i++)
		if (strcmp(r->params[i].name, name) == 0)
			return r->params[i].value;
	return NULL;
}

/* --- the response --------------------------------------------------------------------------------
 */

static bool
is_printable(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

void
http_response_header(struct http_response *r, const char *name, const char *fmt, ...)
{
	char value[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(value, sizeof value, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof value && is_printable(value))
		(void)!buf_addf(&r->headers, "%s: %s\r\n", name, value);
}

enum err
http_response_write(struct buf *b, const struct http_response *r, bool is_last)
{
	bool has_body = r->status != 204 && r->status != 304;
	enum err e = buf_addf(b,
	    "HTTP/1.1 %d %s\r\n%s\r\nX-Content-Type-Options: nosniff\r\n%s%s%s%s%s", r->status,
	    http_reason(r->status),
	    r->is_private ? "Cross-Origin-Resource-Policy: same-origin\r\nCache-Control: no-store"
			  : "Access-Control-Allow-Origin: *",
	    r->allow != NULL ? "Allow: " : "", r->allow != NULL ? r->allow : "",
	    r->allow != NULL ? "\r\n" : "", r->headers.data != NULL ? r->headers.data : "",
	    is_last ? "Connection: close\r\n" : "");

	if (e == OK && has_body)
		e = buf_addf(
		    b, "Content-Type: %s\r\nContent-Length: %zu\r\n", r->content_type, r->body.len);
	if (e == OK)
		e = buf_adds(b, "\r\n");
	if (e == OK && has_body && !r->is_head && r->body.len > 0)
		e = buf_add(b, r->body.data, r->body.len);
	return e;
}

void
http_response_clear(struct http_response *r)
{
	buf_free(&r->headers);
	buf_free(&r->body);
}
