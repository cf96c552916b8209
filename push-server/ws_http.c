/*
 * One HTTP request on a connection: read into an exchange, answered by http_api.
 *
 * Content-Length is parsed by us: libwebsockets 4.1.6 takes negative, huge and repeated ones
 * (reference: reliability 2). After anything that is not plain the connection closes.
 */
#include "ws_internal.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <time.h>

#include "limit.h"

#define HEAD_BYTES 512

struct http_exchange {
	struct http_request request;
	char method[16], path[1024], authorization[512];
	char *texts[HTTP_PARAMS_MAX]; /* "name\0value" */
	struct buf body;
	size_t expected;
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

/* Peer and Host are loopback and no proxy says that it stands between. */
static bool
is_loopback(struct lws *wsi)
{
	char peer[64], host[256];

	if (lws_get_peer_simple(wsi, peer, sizeof peer) == NULL ||
	    (strncmp(peer, "127.", 4) != 0 && strcmp(peer, "::1") != 0 &&
		strncmp(peer, "::ffff:127.", 11) != 0))
		return false;
	if (lws_hdr_total_length(wsi, WSI_TOKEN_X_FORWARDED_FOR) > 0 ||
	    lws_hdr_custom_length(wsi, "forwarded:", 10) > 0 ||
	    lws_hdr_custom_length(wsi, "x-forwarded-proto:", 18) > 0 ||
	    lws_hdr_custom_length(wsi, "x-forwarded-host:", 17) > 0)
		return false;
	if (ws_header(wsi, WSI_TOKEN_HOST, host, sizeof host) == NULL)
		return false;
	return strncmp(host, "127.", 4) == 0 || strncmp(host, "localhost", 9) == 0 ||
	       strncmp(host, "[::1]", 5) == 0;
}

/* libwebsockets hands each "name=value" over decoded. False: more than we take. */
static bool
read_params(struct lws *wsi, struct http_exchange *x)
{
	char text[4096];
	int n;

	for (int i = 0;
	     (n = lws_hdr_copy_fragment(wsi, text, sizeof text, WSI_TOKEN_HTTP_URI_ARGS, i)) > 0;
	     i++) {
		struct http_param *p = &x->request.params[x->request.param_count];
		char *equals;

		if (x->request.param_count == HTTP_PARAMS_MAX)
			return false;
		x->texts[x->request.param_count] = xstrndup(text, (size_t)n);
		equals = strchr(x->texts[x->request.param_count], '=');
		p->name = x->texts[x->request.param_count++];
		p->value = "";
		if (equals != NULL) {
			*equals = '\0';
			p->value = equals + 1;
		}
	}
	return n == 0 || n == -1;
}

/* The length of the body, or what is wrong with the request's framing. */
static int
read_length(struct lws *wsi, size_t *out)
{
	char text[32], *end;
	int len = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH);
	unsigned long n;

	*out = 0;
	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0)
		return 411;
	if (len == 0)
		return 0;
	if (ws_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof text) == NULL ||
	    text[strspn(text, "0123456789")] != '\0')
		return 400;
	n = strtoul(text, &end, 10);
	if (n > LIMIT_HTTP_BODY_BYTES)
		return 413;
	*out = n;
	return 0;
}

int
ws_http_answer(struct lws *wsi, const struct http_response *r, bool is_last)
{
	static const char *const reasons[][2] = { { "200", "OK" }, { "204", "No Content" },
		{ "400", "Bad Request" }, { "401", "Unauthorized" }, { "403", "Forbidden" },
		{ "404", "Not Found" }, { "405", "Method Not Allowed" },
		{ "411", "Length Required" }, { "413", "Content Too Large" },
		{ "426", "Upgrade Required" }, { "429", "Too Many Requests" },
		{ "503", "Service Unavailable" } };
	size_t size = LWS_PRE + HEAD_BYTES + r->body.len;
	unsigned char *room = xcalloc(1, size), *p = room + LWS_PRE;
	char status[8];
	const char *reason = "Error";
	int n;

	(void)snprintf(status, sizeof status, "%d", r->status);
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (strcmp(reasons[i][0], status) == 0)
			reason = reasons[i][1];
	n = snprintf((char *)p, HEAD_BYTES,
	    "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
	    "Access-Control-Allow-Origin: *\r\nX-Content-Type-Options: nosniff\r\n%s%s%s%s%s\r\n",
	    r->status, reason, r->content_type != NULL ? r->content_type : "text/plain",
	    r->body.len, r->allow != NULL ? "Allow: " : "", r->allow != NULL ? r->allow : "",
	    r->allow != NULL ? "\r\n" : "", r->status == 426 ? "Sec-WebSocket-Version: 13\r\n" : "",
	    is_last ? "Connection: close\r\n" : "");
	if (r->body.len > 0)
		memcpy(p + n, r->body.data, r->body.len);
	n = lws_write(wsi, p, (size_t)n + r->body.len, LWS_WRITE_HTTP_FINAL);
	free(room);
	if (n < 0 || is_last)
		return -1;
	return lws_http_transaction_completed(wsi) != 0 ? -1 : 0;
}

static int
refuse(struct ws *w, struct lws *wsi, struct conn *c, int status, const char *text)
{
	struct http_response r;
	int rc;

	http_api_refuse(w->o.api, status, text, &r);
	rc = ws_http_answer(wsi, &r, true);
	http_response_free(&r);
	ws_http_drop(c);
	return rc;
}

static int
answer(struct ws *w, struct lws *wsi, struct conn *c)
{
	struct http_exchange *x = c->http;
	struct http_response r;
	int rc;

	x->request.body = x->body.data != NULL ? x->body.data : "";
	x->request.body_len = x->body.len;
	http_api_handle(w->o.api, &x->request, (int64_t)time(NULL), &r);
	ws_http_drop(c);
	rc = ws_http_answer(wsi, &r, false);
	http_response_free(&r);
	return rc;
}

int
ws_http_request(struct ws *w, struct lws *wsi, struct conn *c)
{
	struct http_exchange *x;
	const char *method;
	int status;

	ws_http_drop(c);
	x = c->http = xcalloc(1, sizeof *x);
	x->body = BUF_INIT(LIMIT_HTTP_BODY_BYTES);
	if (!ws_request_line(wsi, &method, x->path, sizeof x->path))
		return refuse(w, wsi, c, 400, "The request line cannot be read.");
	if (!read_params(wsi, x))
		return refuse(w, wsi, c, 400, "Too many parameters.");
	if ((status = read_length(wsi, &x->expected)) != 0)
		return refuse(w, wsi, c, status,
		    status == 411   ? "Send a Content-Length."
		    : status == 413 ? "The body is too large."
				    : "The Content-Length is no number.");
	x->request.method = method;
	x->request.path = x->path;
	x->request.is_loopback = is_loopback(wsi);
	x->request.authorization =
	    ws_header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, x->authorization, sizeof x->authorization);
	if (x->expected == 0)
		return answer(w, wsi, c);
	return 0;
}

int
ws_http_body(struct conn *c, const char *p, size_t n)
{
	if (c->http == NULL || buf_add(&c->http->body, p, n) != OK)
		return -1;
	return 0;
}

int
ws_http_complete(struct ws *w, struct lws *wsi, struct conn *c)
{
	if (c->http == NULL) /* answered already */
		return 0;
	if (c->http->body.len != c->http->expected)
		return refuse(w, wsi, c, 400, "The body is not as long as announced.");
	return answer(w, wsi, c);
}

void
ws_http_drop(struct conn *c)
{
	struct http_exchange *x = c->http;

	if (x == NULL)
		return;
	for (size_t i = 0; i < HTTP_PARAMS_MAX; i++)
		free(x->texts[i]);
	buf_free(&x->body);
	free(x);
	c->http = NULL;
}
