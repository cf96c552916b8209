#include "http_head.h"

#include <string.h>
#include <strings.h>

#include "limit.h"
#include "util.h"

/* --- characters ----------------------------------------------------------------------------------
 */

static bool
is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool
is_token(struct http_slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_token_char(s.p[i]))
			return false;
	return s.n > 0;
}

static bool
is_value(struct http_slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static bool
is_target(struct http_slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= 0x20 || c == 0x7f)
			return false;
	}
	return s.n > 0;
}

bool
http_slice_is(struct http_slice s, const char *text)
{
	return strlen(text) == s.n && strncasecmp(s.p, text, s.n) == 0;
}

static struct http_slice
trim(struct http_slice s)
{
	while (s.n > 0 && (*s.p == ' ' || *s.p == '\t')) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* Cuts s at the first c: the part before it is returned, s keeps what follows. */
static bool
cut(struct http_slice *s, char c, struct http_slice *out)
{
	const char *at = s->n > 0 ? memchr(s->p, c, s->n) : NULL;

	if (at == NULL)
		return false;
	*out = (struct http_slice){ s->p, (size_t)(at - s->p) };
	s->n -= out->n + 1;
	s->p = at + 1;
	return true;
}

/* --- lines ---------------------------------------------------------------------------------------
 */

/* "http://host/x" is asked of proxies, and to be taken by everybody (RFC 9112 3.2.2). */
static struct http_slice
origin_form(struct http_slice target)
{
	static const char *const schemes[] = { "http://", "https://" };

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t n = strlen(schemes[i]);
		const char *slash;

		if (target.n <= n || strncasecmp(target.p, schemes[i], n) != 0)
			continue;
		slash = memchr(target.p + n, '/', target.n - n);
		if (slash != NULL)
			return (struct http_slice){ slash, target.n - (size_t)(slash - target.p) };
	}
	return target;
}

static int
read_request_line(struct http_slice line, struct http_head *h)
{
	struct http_slice target;

	if (!cut(&line, ' ', &h->method) || !cut(&line, ' ', &target) || !is_token(h->method) ||
	    !is_target(target))
		return 400;
	if (line.n != 8 || memcmp(line.p, "HTTP/", 5) != 0 || line.p[6] != '.')
		return 400;
	if (line.p[5] != '1' || (line.p[7] != '0' && line.p[7] != '1'))
		return 505;
	h->is_1_0 = line.p[7] == '0';
	h->path = origin_form(target);
	if (*h->path.p != '/' && !http_slice_is(h->path, "*"))
		return 400;
	h->query = h->path;
	if (cut(&h->query, '?', &target))
		h->path = target;
	else
		h->query.n = 0;
	return 0;
}

static int
read_field(struct http_slice line, struct http_head *h)
{
	struct http_field f;

	if (h->field_count == HTTP_FIELDS_MAX)
		return 431;
	if (!cut(&line, ':', &f.name) || !is_token(f.name))
		return 400;
	f.value = trim(line);
	if (!is_value(f.value))
		return 400;
	h->fields[h->field_count++] = f;
	return 0;
}

/* The next line without its CRLF. 1: there is one, 0: not yet, -1: a bare LF. */
static int
next_line(const char *p, size_t n, size_t *at, struct http_slice *out)
{
	const char *lf = memchr(p + *at, '\n', n - *at);

	if (lf == NULL)
		return 0;
	if (lf == p + *at || lf[-1] != '\r')
		return -1;
	*out = (struct http_slice){ p + *at, (size_t)(lf - 1 - (p + *at)) };
	*at = (size_t)(lf - p) + 1;
	return 1;
}

int
http_head_parse(const char *p, size_t n, struct http_head *out)
{
	struct http_slice line;
	size_t at = 0;
	bool is_first = true;
	int rc, status = 0;

	if (n == 0)
		return HTTP_HEAD_MORE;
	out->field_count = 0;
	while ((rc = next_line(p, n, &at, &line)) == 1) {
		if (at > LIMIT_HTTP_HEAD_BYTES)
			return 431;
		if (line.n == 0 && is_first)
			continue; /* old clients send an empty line after a body */
		if (line.n == 0) {
			out->len = at;
			return HTTP_HEAD_DONE;
		}
		status = is_first ? read_request_line(line, out) : read_field(line, out);
		if (status != 0)
			return status;
		is_first = false;
	}
	/* neither a method nor the empty line before one: no need to wait for more (TLS, say) */
	if (rc < 0 || (is_first && at < n && !is_token_char(p[at]) && p[at] != '\r'))
		return 400;
	return n >= LIMIT_HTTP_HEAD_BYTES ? 431 : HTTP_HEAD_MORE;
}

/* --- fields --------------------------------------------------------------------------------------
 */

const struct http_slice *
http_head_field(const struct http_head *h, const char *name)
{
	for (size_t i = 0; i < h->field_count; i++)
		if (http_slice_is(h->fields[i].name, name))
			return &h->fields[i].value;
	return NULL;
}

size_t
http_head_count(const struct http_head *h, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < h->field_count; i++)
		n += http_slice_is(h->fields[i].name, name);
	return n;
}

static bool
list_has(struct http_slice list, const char *token)
{
	struct http_slice part;

	while (cut(&list, ',', &part))
		if (http_slice_is(trim(part), token))
			return true;
	return http_slice_is(trim(list), token);
}

bool
http_head_has_token(const struct http_head *h, const char *name, const char *token)
{
	for (size_t i = 0; i < h->field_count; i++)
		if (http_slice_is(h->fields[i].name, name) && list_has(h->fields[i].value, token))
			return true;
	return false;
}
