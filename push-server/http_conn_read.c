/* Requests of a connection: read, answered, or handed over as a WebSocket. */
#include "http_conn_internal.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "client_address.h"
#include "http_peer.h"
#include "http_upgrade.h"
#include "limit.h"
#include "log.h"

static void
count_body(struct http_conn *c, size_t bytes)
{
	c->front->body_bytes += bytes - c->body_counted;
	c->body_counted = bytes;
}

void
http_conn_free_exchange(struct http_conn *c)
{
	if (c->x == NULL)
		return;
	count_body(c, 0);
	http_body_free(&c->x->body);
	http_request_free(&c->x->request);
	free(c->x);
	c->x = NULL;
}

/* --- answering -----------------------------------------------------------------------------------
 */

static void
end_request(struct http_conn *c)
{
	http_conn_free_exchange(c);
	c->since = ev_now(c->front->loop);
	c->state = STATE_HEAD;
	http_conn_deadline(c, c->in.len > 0 ? LIMIT_HANDSHAKE_SECONDS : LIMIT_HTTP_IDLE_SECONDS);
}

/* RFC 9110, 6.6.1: whoever has a clock says the time. */
static void
add_date(struct http_response *r)
{
	static time_t last; /* event-loop thread only */
	static char text[sizeof "Tue, 24 Nov 2026 04:06:08 GMT"];
	time_t now = time(NULL);
	struct tm tm;

	if (now != last && gmtime_r(&now, &tm) != NULL &&
	    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0)
		last = now;
	if (last == now)
		http_response_header(r, "Date", "%s", text);
}

static void
say(struct http_conn *c, struct http_response *r)
{
	r->is_head = c->is_head;
	add_date(r);
	c->is_last |= c->is_close_asked || c->front->is_draining;
	if (c->is_keep_asked && !c->is_last)
		http_response_header(r, "Connection", "keep-alive");
	if (http_response_write(&c->out, r, c->is_last) != OK)
		c->is_last = true;
	http_response_clear(r);
	end_request(c);
}

void
http_conn_refuse(struct http_conn *c, int status)
{
	struct http_response r;

	c->is_last = true;
	http_api_refuse(c->front->api, status, &r);
	say(c, &r);
}

static void
answer(struct http_conn *c)
{
	struct http_request *request = &c->x->request;
	const struct buf *body = &c->x->body.bytes;
	struct http_response r;

	request->body = body->data != NULL ? body->data : "";
	request->body_len = body->len;
	http_api_handle(c->front->api, request, (int64_t)time(NULL), &r);
	log_debug("request method=%s path=%s status=%d address=%s", request->method, request->path,
	    r.status, request->address); /* not the query: there are signatures in it */
	say(c, &r);
}

static char *
field(const struct http_head *h, const char *name)
{
	const struct http_slice *value = http_head_field(h, name);

	return value != NULL ? xstrndup(value->p, value->n) : NULL;
}

/* Whose request it is: the peer's, or whom a trusted proxy names. */
static void
read_address(const struct http_conn *c, const struct http_head *h, struct http_request *r)
{
	char peer[HTTP_ADDRESS_SIZE];
	auto_buf forwarded = BUF_INIT(LIMIT_HTTP_HEAD_BYTES);

	/* some proxies write a line of their own behind the client's: the lines are one list */
	for (size_t i = 0; i < h->field_count; i++)
		if (http_slice_is(h->fields[i].name, "X-Forwarded-For"))
			(void)!buf_addf(&forwarded, "%s%.*s", forwarded.len > 0 ? "," : "",
			    (int)h->fields[i].value.n, h->fields[i].value.p);
	http_peer_address(stream_fd(c->stream), peer, sizeof peer);
	client_address(peer, forwarded.data,
	    c->front->api->trusted_proxies != NULL ? c->front->api->trusted_proxies : "",
	    r->address);
}

/* --- becoming a WebSocket ------------------------------------------------------------------------
 */

static bool
may_upgrade(struct http_conn *c, const struct http_head *h, const char *path,
    struct http_response *out_refusal)
{
	const struct http_front *f = c->front;
	const struct http_slice *version = http_head_field(h, "Sec-WebSocket-Version");
	bool is_13 = version != NULL && http_slice_is(*version, "13");

	if (f->is_any_path && is_13)
		return true;
	return http_api_may_upgrade(f->api, path, is_13, out_refusal);
}

/* c goes, and what it has is handed over. */
static void
hand_over(
    struct http_conn *c, const struct http_head *h, const char *path, const struct http_request *r)
{
	struct http_front *f = c->front;
	struct stream *s = c->stream;
	struct buf in = c->in;
	struct http_upgrade u = { .path = path,
		.protocol = http_request_param(r, "protocol"),
		.origin = r->origin,
		.address = r->address,
		.rest = (unsigned char *)in.data + h->len,
		.rest_len = in.len - h->len };

	c->in = BUF_INIT(0);
	http_conn_forget(c);
	f->on_upgrade(f->ctx, s, &u);
	buf_free(&in);
}

/* c is gone, or has its refusal. */
static void
upgrade(struct http_conn *c, const struct http_head *h)
{
	auto_char *path = http_percent_decode(h->path.p, h->path.n, false);
	auto_buf answer = BUF_INIT(1024);
	struct http_request request = { .path = NULL };
	struct http_response r;

	c->is_last = true;
	if (path == NULL || http_upgrade_write(&answer, h) != OK ||
	    http_request_set_target(&request, h->method, h->path, h->query) != OK) {
		metric_add(c->front->api->metrics, METRIC_REFUSED_UPGRADE, 1);
		http_conn_refuse(c, 400);
	} else if (!may_upgrade(c, h, path, &r)) {
		say(c, &r);
	} else {
		request.origin = field(h, "Origin");
		read_address(c, h, &request);
		log_debug("upgrade path=%s address=%s", path, request.address);
		stream_write(c->stream, answer.data, answer.len);
		hand_over(c, h, path, &request);
	}
	http_request_free(&request);
}

/* --- reading a request ---------------------------------------------------------------------------
 */

/* A proxy has passed it on. */
static bool
is_forwarded(const struct http_head *h)
{
	static const char *const names[] = { "Forwarded", "X-Real-IP", "Via" };
	static const char prefix[] = "X-Forwarded-";

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (http_head_field(h, names[i]) != NULL)
			return true;
	for (size_t i = 0; i < h->field_count; i++)
		if (h->fields[i].name.n >= sizeof prefix - 1 &&
		    strncasecmp(h->fields[i].name.p, prefix, sizeof prefix - 1) == 0)
			return true;
	return false;
}

static bool
is_loopback(const struct http_conn *c, const struct http_head *h)
{
	const struct http_slice *host = http_head_field(h, "Host");

	return !is_forwarded(h) && host != NULL && http_head_count(h, "Host") == 1 &&
	       http_host_is_loopback(host->p, host->n) &&
	       http_peer_is_loopback(stream_fd(c->stream));
}

static int
read_request(struct http_conn *c, const struct http_head *h)
{
	struct http_request *r = &c->x->request;

	if (!h->is_1_0 && http_head_count(h, "Host") != 1)
		return 400; /* RFC 9112 3.2 */
	if (http_request_set_target(r, h->method, h->path, h->query) != OK)
		return 400;
	r->authorization = field(h, "Authorization");
	r->cookie = field(h, "Cookie");
	r->origin = field(h, "Origin");
	r->host = field(h, "Host");
	r->content_type = field(h, "Content-Type");
	r->x_app_id = field(h, "X-App-ID");
	read_address(c, h, r);
	r->is_loopback = is_loopback(c, h);
	return http_body_begin(&c->x->body, h, LIMIT_HTTP_BODY_BYTES);
}

/* 0, or the status to refuse with. */
static int
begin(struct http_conn *c, const struct http_head *h)
{
	int status;

	c->x = xcalloc(1, sizeof *c->x);
	c->is_head = http_slice_is(h->method, "HEAD");
	if ((status = read_request(c, h)) != 0)
		return status;
	c->is_keep_asked = h->is_1_0 && http_head_has_token(h, "Connection", "keep-alive");
	c->is_close_asked =
	    http_head_has_token(h, "Connection", "close") || (h->is_1_0 && !c->is_keep_asked);
	if (http_body_is_done(&c->x->body))
		return 0;
	http_conn_deadline(c, c->front->body_seconds);
	if (http_head_has_token(h, "Expect", "100-continue") && !h->is_1_0)
		return buf_adds(&c->out, "HTTP/1.1 100 Continue\r\n\r\n") == OK ? 0 : 500;
	return 0;
}

/* True: something was taken, there may be more to do. c may be gone when false. */
static bool
step_head(struct http_conn *c)
{
	struct http_head h;
	int status = http_head_parse(c->in.data, c->in.len, &h);

	if (status == HTTP_HEAD_MORE)
		return false;
	c->is_head = false;
	if (status != HTTP_HEAD_DONE) {
		http_conn_refuse(c, status);
		return false;
	}
	if (http_is_upgrade(&h)) {
		c->is_flush_due = c->out.len > 0;
		if (!c->is_flush_due)
			upgrade(c, &h);
		return false;
	}
	if ((status = begin(c, &h)) != 0) {
		http_conn_refuse(c, status);
		return false;
	}
	buf_consume(&c->in, h.len);
	c->state = STATE_BODY;
	return true;
}

static bool
step_body(struct http_conn *c)
{
	size_t used = 0;
	struct http_body *body = &c->x->body;
	int status = c->in.len > 0 ? http_body_feed(body, c->in.data, c->in.len, &used) : 0;

	buf_consume(&c->in, used);
	count_body(c, body->bytes.len);
	if (status == 0 && c->front->body_bytes > LIMIT_HTTP_BODIES_BYTES)
		status = 503;
	if (status != 0) {
		http_conn_refuse(c, status);
		return false;
	}
	if (!http_body_is_done(body))
		return false;
	answer(c);
	return true;
}

enum http_progress
http_conn_work(struct http_conn *c)
{
	struct http_front *f = c->front;
	size_t before = f->count;
	bool is_going = true;

	while (is_going && !c->is_last && c->out.len - c->sent < OUT_PAUSE &&
	       (c->in.len > 0 || c->state == STATE_BODY))
		is_going = c->state == STATE_HEAD ? step_head(c) : step_body(c);
	if (f->count != before)
		return HTTP_GONE;
	if (c->is_flush_due)
		return HTTP_PAUSED;
	return is_going && !c->is_last && (c->in.len > 0 || c->state == STATE_BODY) ? HTTP_PAUSED
										    : HTTP_WAITS;
}
