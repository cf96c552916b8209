/*
 * A request on the TLS port, where libwebsockets reads: one a connection.
 *
 * Its HTTP server must never see a second request (http_conn.h says why), so each answer closes.
 * It hands path and parameters over decoded; they are encoded again, so that http_api has one form.
 */
#include "ws_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <time.h>

#include "clock.h"
#include "http_body.h"
#include "http_peer.h"
#include "limit.h"

struct http_exchange {
	struct http_request request;
	struct http_body body;
	int64_t deadline_ms;
	bool is_head;
};

const char *
ws_header(struct lws *wsi, enum lws_token_indexes token, char *out, size_t size)
{
	int n = lws_hdr_copy(wsi, out, (int)size, token);

	return n > 0 ? out : NULL;
}

bool
ws_request_line(struct lws *wsi, const char **out_method, char *out_path, size_t size)
{
	static const struct {
		enum lws_token_indexes token;
		const char *name;
	} methods[] = {
		{ WSI_TOKEN_GET_URI, "GET" },
		{ WSI_TOKEN_POST_URI, "POST" },
		{ WSI_TOKEN_OPTIONS_URI, "OPTIONS" },
		{ WSI_TOKEN_HEAD_URI, "HEAD" },
		{ WSI_TOKEN_PUT_URI, "PUT" },
		{ WSI_TOKEN_PATCH_URI, "PATCH" },
		{ WSI_TOKEN_DELETE_URI, "DELETE" },
	};

	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (lws_hdr_total_length(wsi, methods[i].token) > 0) {
			*out_method = methods[i].name;
			return lws_hdr_copy(wsi, out_path, (int)size, methods[i].token) > 0;
		}
	return false;
}

/* --- reading -------------------------------------------------------------------------------------
 */

static bool
is_loopback(struct lws *wsi)
{
	static const char *const forwarded[] = {
		"forwarded:", "x-forwarded-host:", "x-forwarded-proto:", "x-real-ip:", "via:"
	};
	char host[256];

	if (lws_hdr_total_length(wsi, WSI_TOKEN_X_FORWARDED_FOR) > 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(forwarded); i++)
		if (lws_hdr_custom_length(wsi, forwarded[i], (int)strlen(forwarded[i])) > 0)
			return false;
	return ws_header(wsi, WSI_TOKEN_HOST, host, sizeof host) != NULL &&
	       http_host_is_loopback(host, strlen(host)) &&
	       http_peer_is_loopback(lws_get_socket_fd(wsi));
}

/* As encodeURIComponent does, but for what keep names. */
static enum err
add_encoded(struct buf *b, const char *p, const char *keep)
{
	enum err e = OK;

	for (; *p != '\0' && e == OK; p++) {
		if (isalnum((unsigned char)*p) || strchr("-_.!~*'()", *p) != NULL ||
		    strchr(keep, *p) != NULL)
			e = buf_add(b, p, 1);
		else
			e = buf_addf(b, "%%%02X", (unsigned char)*p);
	}
	return e;
}

static bool
fragment(struct lws *wsi, enum lws_token_indexes token, int i, char *out, size_t size)
{
	return lws_hdr_copy_fragment(wsi, out, (int)size, token, i) >= 0;
}

static enum err
read_query(struct lws *wsi, struct buf *out)
{
	char text[LIMIT_HTTP_HEAD_BYTES];
	enum err e = OK;

	for (int i = 0; e == OK && fragment(wsi, WSI_TOKEN_HTTP_URI_ARGS, i, text, sizeof text);
	     i++) {
		char *equals = strchr(text, '=');

		if (equals != NULL)
			*equals = '\0';
		if (i > 0)
			e = buf_adds(out, "&");
		if (e == OK)
			e = add_encoded(out, text, "");
		if (e == OK && equals != NULL && (e = buf_adds(out, "=")) == OK)
			e = add_encoded(out, equals + 1, "");
	}
	return e;
}

/* It cuts a path at ';' and '&' as it does a query. */
static bool
read_path(struct lws *wsi, enum lws_token_indexes token, struct buf *out)
{
	char text[LIMIT_HTTP_HEAD_BYTES];

	for (int i = 0; fragment(wsi, token, i, text, sizeof text); i++)
		if ((i > 0 && buf_adds(out, ";") != OK) || add_encoded(out, text, "/;,=@") != OK)
			return false;
	return out->len > 0;
}

static enum lws_token_indexes
method_token(const char *method)
{
	return strcmp(method, "GET") == 0       ? WSI_TOKEN_GET_URI
	       : strcmp(method, "POST") == 0    ? WSI_TOKEN_POST_URI
	       : strcmp(method, "HEAD") == 0    ? WSI_TOKEN_HEAD_URI
	       : strcmp(method, "PUT") == 0     ? WSI_TOKEN_PUT_URI
	       : strcmp(method, "PATCH") == 0   ? WSI_TOKEN_PATCH_URI
	       : strcmp(method, "OPTIONS") == 0 ? WSI_TOKEN_OPTIONS_URI
						: WSI_TOKEN_DELETE_URI;
}

/* Several fields of a name come joined: then they are no number and no coding. */
static int
begin_body(struct lws *wsi, struct http_exchange *x)
{
	char length[64] = "", coding[64] = "";
	struct http_slice l = { length, 0 }, t = { coding, 0 };
	int has_length = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH);
	int has_coding = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING);

	if (has_length > 0 &&
	    ws_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, length, sizeof length) == NULL)
		return 400;
	if (has_coding > 0 &&
	    ws_header(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING, coding, sizeof coding) == NULL)
		return 400;
	l.n = strlen(length);
	while (l.n > 0 && l.p[l.n - 1] == ' ')
		l.n--;
	t.n = strlen(coding);
	/* of the others it would never hand us the chunks */
	if (has_coding > 0 && strcmp(x->request.method, "POST") != 0)
		return 400;
	return http_body_begin_raw(&x->body, has_length > 0 ? &l : NULL, has_length > 0 ? 1 : 0,
	    has_coding > 0 ? &t : NULL, LIMIT_HTTP_BODY_BYTES);
}

static char *
field(struct lws *wsi, enum lws_token_indexes token)
{
	char text[LIMIT_HTTP_HEAD_BYTES];

	return ws_header(wsi, token, text, sizeof text) != NULL ? xstrdup(text) : NULL;
}

/* 0, or the status to refuse with. */
static int
begin(struct lws *wsi, struct http_exchange *x)
{
	auto_buf path = BUF_INIT(4 * LIMIT_HTTP_HEAD_BYTES);
	auto_buf query = BUF_INIT(4 * LIMIT_HTTP_HEAD_BYTES);
	char text[LIMIT_HTTP_HEAD_BYTES];
	const char *method;

	if (!ws_request_line(wsi, &method, text, sizeof text) ||
	    !read_path(wsi, method_token(method), &path) || read_query(wsi, &query) != OK ||
	    http_request_set_target(&x->request, (struct http_slice){ method, strlen(method) },
		(struct http_slice){ path.data, path.len },
		(struct http_slice){ query.data != NULL ? query.data : "", query.len }) != OK)
		return 400;
	x->request.authorization = field(wsi, WSI_TOKEN_HTTP_AUTHORIZATION);
	x->request.cookie = field(wsi, WSI_TOKEN_HTTP_COOKIE);
	x->request.origin = field(wsi, WSI_TOKEN_ORIGIN);
	x->request.host = field(wsi, WSI_TOKEN_HOST);
	x->request.content_type = field(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE);
	if (lws_hdr_custom_copy(wsi, text, sizeof text, "x-app-id:", 9) > 0)
		x->request.x_app_id = xstrdup(text);
	http_peer_address(lws_get_socket_fd(wsi), x->request.address, sizeof x->request.address);
	x->request.is_loopback = is_loopback(wsi);
	x->is_head = strcmp(method, "HEAD") == 0;
	return begin_body(wsi, x);
}

/* --- answering -----------------------------------------------------------------------------------
 */

int
ws_http_answer(struct lws *wsi, const struct http_response *r)
{
	auto_buf text = BUF_INIT(LWS_PRE + HTTP_RESPONSE_MAX + HTTP_RESPONSE_HEADERS_MAX + 1024);
	static const char room[LWS_PRE];

	if (buf_add(&text, room, sizeof room) == OK && http_response_write(&text, r, true) == OK)
		(void)lws_write(wsi, (unsigned char *)text.data + LWS_PRE, text.len - LWS_PRE,
		    LWS_WRITE_HTTP_FINAL);
	return -1;
}

static int
say(struct lws *wsi, struct conn *c, struct http_response *r)
{
	r->is_head = c->http->is_head;
	(void)ws_http_answer(wsi, r);
	http_response_clear(r);
	ws_http_drop(c);
	return -1;
}

static int
refuse(struct ws *w, struct lws *wsi, struct conn *c, int status)
{
	struct http_response r;

	http_api_refuse(w->o.api, status, &r);
	return say(wsi, c, &r);
}

static int
answer(struct ws *w, struct lws *wsi, struct conn *c)
{
	struct http_exchange *x = c->http;
	struct http_response r;

	x->request.body = x->body.bytes.data != NULL ? x->body.bytes.data : "";
	x->request.body_len = x->body.bytes.len;
	http_api_handle(w->o.api, &x->request, (int64_t)time(NULL), &r);
	return say(wsi, c, &r);
}

int
ws_http_request(struct ws *w, struct lws *wsi, struct conn *c)
{
	struct http_exchange *x;
	int status;

	ws_http_drop(c);
	x = c->http = xcalloc(1, sizeof *x);
	x->deadline_ms = clock_mono_ms() + LIMIT_HTTP_BODY_SECONDS * 1000L;
	if ((status = begin(wsi, x)) != 0)
		return refuse(w, wsi, c, status);
	if (http_body_is_done(&x->body))
		return answer(w, wsi, c);
	return 0;
}

int
ws_http_body(struct ws *w, struct lws *wsi, struct conn *c, const char *p, size_t n)
{
	struct http_exchange *x = c->http;
	size_t used;
	int status;

	if (x == NULL || n == 0)
		return x == NULL ? -1 : 0;
	if ((status = http_body_feed(&x->body, p, n, &used)) == 0 &&
	    clock_mono_ms() > x->deadline_ms)
		status = 408;
	if (status != 0)
		return refuse(w, wsi, c, status);
	return http_body_is_done(&x->body) ? answer(w, wsi, c) : 0;
}

void
ws_http_drop(struct conn *c)
{
	struct http_exchange *x = c->http;

	if (x == NULL)
		return;
	http_request_free(&x->request);
	http_body_free(&x->body);
	free(x);
	c->http = NULL;
}
