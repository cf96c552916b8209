/*
 * The table of routes, on the public path. A new route is a row here.
 */
#include "app.h"

#include "clock.h"
#include "gate.h"
#include "killpoint.h"
#include "log.h"
#include "sign.h"
#include "worker_start.h"

/* pusher-js asks again for each channel at each reconnect: no more than reading. */
#define PUSHER (GATE_OPEN | GATE_FORM | GATE_READ)

static const struct route {
	const char *pattern; /* {...}: one segment, two at most */
	api_fn handler;
	enum http_method method;
	enum access_need need;
	int flags; /* enum gate_flag */
} routes[] = {
	{ "/api/send-message", api_send_message, HTTP_POST, NEED_OPEN_OR_IDENTITY,
	    GATE_OPEN | GATE_GROWS },
	{ "/api/chats", api_chats_list, HTTP_GET, NEED_ANYBODY, GATE_ETAG },
	{ "/api/chats", api_chat_create, HTTP_POST, NEED_IDENTITY, GATE_GROWS },
	{ "/api/chats/{id}", api_chat_get, HTTP_GET, NEED_CHAT, GATE_OPEN | GATE_ETAG },
	{ "/api/chats/{id}", api_chat_change, HTTP_PATCH, NEED_CHAT_MANAGE, GATE_OPEN },
	{ "/api/chats/{id}", api_chat_delete, HTTP_DELETE, NEED_CHAT_MANAGE, GATE_OPEN },
	/* of a deleted chat: the handler asks by itself */
	{ "/api/chats/{id}/restore", api_chat_restore, HTTP_POST, NEED_OPEN_OR_IDENTITY,
	    GATE_OPEN },
	{ "/api/chats/{id}/messages", api_messages, HTTP_GET, NEED_CHAT, GATE_OPEN | GATE_ETAG },
	{ "/api/chats/{id}/messages/{mid}", api_edit, HTTP_PATCH, NEED_CHAT,
	    GATE_OPEN | GATE_GROWS },
	{ "/api/chats/{id}/messages/{mid}", api_message_delete, HTTP_DELETE, NEED_CHAT, GATE_OPEN },
	{ "/api/chats/{id}/messages/{mid}/regenerate", api_regenerate, HTTP_POST, NEED_CHAT,
	    GATE_OPEN | GATE_GROWS },
	{ "/api/chats/{id}/head", api_head, HTTP_PUT, NEED_CHAT, GATE_OPEN },
	{ "/api/chats/{id}/stop", api_stop, HTTP_POST, NEED_CHAT, GATE_OPEN },
	{ "/api/chats/{id}/history", api_history, HTTP_GET, NEED_CHAT, GATE_OPEN | GATE_ETAG },
	{ "/api/chats/{id}/share", api_share, HTTP_POST, NEED_CHAT_OWNER, GATE_GROWS },
	{ "/api/chats/{id}/share", api_share_end, HTTP_DELETE, NEED_CHAT_OWNER, 0 },
	{ "/api/chats/{id}/members", api_members, HTTP_GET, NEED_CHAT, 0 },
	{ "/api/chats/{id}/members/{member}", api_member_remove, HTTP_DELETE, NEED_CHAT, 0 },
	{ "/api/join", api_join, HTTP_POST, NEED_IDENTITY, GATE_GROWS },
	{ "/api/me", api_me, HTTP_GET, NEED_ANYBODY, 0 },
	{ "/api/session", api_session_start, HTTP_POST, NEED_ANYBODY, GATE_GROWS },
	{ "/api/session", api_session_end, HTTP_DELETE, NEED_ANYBODY, 0 },
	{ "/broadcasting/auth", api_broadcasting_auth, HTTP_POST, NEED_OPEN_OR_IDENTITY, PUSHER },
	{ "/broadcasting/user-auth", api_broadcasting_user, HTTP_POST, NEED_IDENTITY, PUSHER },
	{ "/api/broadcasting/auth", api_broadcasting_auth, HTTP_POST, NEED_OPEN_OR_IDENTITY,
	    PUSHER },
	{ "/api/broadcasting/user-auth", api_broadcasting_user, HTTP_POST, NEED_IDENTITY, PUSHER },
	{ "/api/chats/{id}/export", api_export, HTTP_GET, NEED_CHAT, GATE_OPEN },
	{ "/api/import", api_import, HTTP_POST, NEED_IDENTITY, GATE_GROWS },
	{ "/api/search", api_search, HTTP_GET, NEED_ANYBODY, GATE_ETAG },
	{ "/api/usage", api_usage, HTTP_GET, NEED_ANYBODY, GATE_ETAG },
	{ "/api/config", api_config, HTTP_GET, NEED_NOTHING, GATE_OPEN | GATE_ETAG },
	{ "/api/health", api_health, HTTP_GET, NEED_NOTHING, GATE_OPEN },
	{ "/api/metrics", api_metrics, HTTP_GET, NEED_OPERATOR, 0 },
	{ "/api/operator", api_operator, HTTP_GET, NEED_OPERATOR, 0 },
};

/* True if path is of the pattern; what the {...} stand for goes into q. */
static bool
path_matches(const char *pattern, struct http_request *q)
{
	const char *path = q->path;

	q->param = q->param2 = NULL;
	while (*pattern != '\0') {
		if (*pattern == '{') {
			size_t n = strcspn(path, "/");

			if (n == 0)
				return false;
			if (q->param == NULL) {
				q->param = path;
				q->param_len = n;
			} else {
				q->param2 = path;
				q->param2_len = n;
			}
			path += n;
			pattern = strchr(pattern, '}') + 1;
		} else if (*pattern++ != *path++) {
			return false;
		}
	}
	return *path == '\0' || strcmp(path, "/") == 0; /* Laravel ignores a last slash */
}

/* The route, or NULL with the methods that the path has in allow ("" if it has none). */
static const struct route *
find_route(struct http_request *q, struct buf *allow, int *flags)
{
	static const char *const names[] = { [HTTP_GET] = "GET, HEAD",
		[HTTP_POST] = "POST",
		[HTTP_PUT] = "PUT",
		[HTTP_PATCH] = "PATCH",
		[HTTP_DELETE] = "DELETE" };
	enum http_method wanted = q->method == HTTP_HEAD ? HTTP_GET : q->method;

	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (!path_matches(routes[i].pattern, q))
			continue;
		*flags |= routes[i].flags;
		if (routes[i].method == wanted)
			return &routes[i];
		if (buf_addf(allow, "%s%s", allow->len > 0 ? ", " : "", names[routes[i].method]) !=
		    OK)
			return NULL;
	}
	return NULL;
}

/* True if CORS_ORIGINS lets this origin in; the header's value goes to *out. */
static bool
origin_allowed(const struct app *a, const char *origin, const char **out)
{
	const char *list = a->config->cors_origins;
	size_t n = strlen(origin);

	*out = origin;
	while (*list != '\0') {
		size_t len;

		list += strspn(list, ", ");
		len = strcspn(list, ", ");
		if (len == 1 && *list == '*') {
			*out = "*";
			return true;
		}
		if (len == n && strncmp(list, origin, n) == 0)
			return true;
		list += len;
	}
	return false;
}

static void
add_cors(const struct app *a, const struct http_request *q, struct http_response *r)
{
	const char *origin = q->header[HTTP_ORIGIN], *allowed;

	if (strcmp(a->config->cors_origins, "*") != 0)
		http_set_header(r, "Vary", "Origin");
	if (!origin_allowed(a, origin != NULL ? origin : "*", &allowed))
		return;
	http_set_header(r, "Access-Control-Allow-Origin", allowed);
	http_set_header(r, "Access-Control-Expose-Headers",
	    "X-Request-Id, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, ETag, Location, "
	    "Idempotent-Replayed");
}

static void
answer_preflight(const struct buf *allow, struct http_response *r)
{
	r->status = 204;
	http_set_header(r, "Access-Control-Allow-Methods", allow->data);
	http_set_header(r, "Access-Control-Allow-Headers",
	    "Content-Type, Accept, X-Socket-ID, Idempotency-Key, X-Requested-With, X-CSRF-TOKEN, "
	    "X-XSRF-TOKEN, Authorization, If-None-Match");
	http_set_header(r, "Access-Control-Max-Age", "86400");
}

static void
answer_without_route(
    const struct http_request *q, const struct buf *allow, int flags, struct http_response *r)
{
	if (allow->len == 0) {
		http_problem(r, 404, "not_found", "There is no such address here.", q->rid);
		return;
	}
	if (q->method == HTTP_OPTIONS && (flags & GATE_OPEN)) {
		answer_preflight(allow, r);
		return;
	}
	http_problem(
	    r, 405, "method_not_allowed", "This address does not take that method.", q->rid);
	http_set_header(r, "Allow", allow->data);
}

/* Tag is in the list of those that the client has. W/ before it does not matter here, and Apache
 * writes "tag-gzip" for what it has compressed. */
static bool
is_known_tag(const char *known, const char *tag)
{
	size_t n = strlen(tag) - 1; /* without the closing quote */

	for (const char *p = strstr(known, "\""); p != NULL; p = strstr(p + 1, "\""))
		if (strncmp(p, tag, n) == 0 && (p[n] == '"' || p[n] == '-'))
			return true;
	return strcmp(known, "*") == 0;
}

/* Whoever has this very answer already is told so instead of sent it again (RFC 9110 13.1.2). */
static void
add_etag(const struct http_request *q, struct http_response *r)
{
	char hex[SIGN_HEX_SIZE], tag[24];
	const char *known = q->header[HTTP_IF_NONE_MATCH];

	sign_sha256(r->body.data != NULL ? r->body.data : "", r->body.len, hex);
	(void)snprintf(tag, sizeof tag, "\"%.20s\"", hex);
	http_set_header(r, "ETag", tag);
	http_set_header(r, "Cache-Control", "private, no-cache");
	if (known != NULL && is_known_tag(known, tag)) {
		r->status = 304;
		buf_clear(&r->body);
	}
}

static void
count(const struct app *a, const struct http_response *r)
{
	static const char *const classes[] = { "1xx", "2xx", "3xx", "4xx", "5xx" };
	int class = r->status / 100;

	if (a->rates == NULL || class < 1 || class > (int)ARRAY_LEN(classes))
		return;
	rates_total_add(a->rates, classes[class - 1], clock_mono_ms());
	if (r->code != NULL && r->status >= 400)
		rates_total_add(a->rates, r->code, clock_mono_ms());
}

/* An answer that is opened as a page shows text and does nothing. */
static const struct {
	const char *name, *value;
} hardening[] = {
	{ "X-Content-Type-Options", "nosniff" },
	{ "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "no-referrer" },
};

/* False: there is no database to work with just now, and that is the answer. */
static bool
has_database(struct app *a, const struct route *route, const struct http_request *q, int64_t now_ms,
    struct http_response *r)
{
	enum err e = a->reader == NULL ? a->trouble : store_check(a->reader);

	if (e == OK && disk_room_is_damaged(a->room, now_ms))
		e = ERR_STORAGE;
	if (e == OK)
		return true;
	if (route->handler == api_health)
		api_health(a, q, r);
	else
		http_error(r, e, q->rid);
	return false;
}

/* False: there is no room on the disk for what it would store, and that is the answer. */
static bool
has_room(struct app *a, const struct route *route, const struct http_request *q, int64_t now_ms,
    struct http_response *r)
{
	enum err e = route->flags & GATE_GROWS ? disk_room_check(a->room, now_ms) : OK;

	if (e != OK)
		http_error(r, e, q->rid);
	return e == OK;
}

void
routes_run(struct app *a, struct http_request *q, struct http_response *r)
{
	auto_buf allow = BUF_INIT(256);
	int64_t started_ms = clock_mono_ms();
	int flags = 0;
	const struct route *route = find_route(q, &allow, &flags);
	struct gate gate = { 0 };
	bool is_usable = false;

	if (route == NULL) {
		answer_without_route(q, &allow, flags, r);
	} else {
		q->route = route->pattern;
		is_usable = has_database(a, route, q, started_ms, r);
		if (is_usable && gate_pass(a, q, route->need, route->flags, &gate, r) &&
		    has_room(a, route, q, started_ms, r))
			route->handler(a, q, r);
	}
	if (flags & GATE_OPEN)
		add_cors(a, q, r);
	http_set_header(r, "X-Request-Id", q->rid);
	if (route != NULL && (route->flags & GATE_ETAG) && r->status == 200)
		add_etag(q, r);
	else if (r->status != 204)
		http_set_header(r, "Cache-Control", "no-store");
	for (size_t i = 0; i < ARRAY_LEN(hardening); i++)
		http_set_header(r, hardening[i].name, hardening[i].value);
	if (!(flags & GATE_OPEN))
		http_set_header(r, "Cross-Origin-Resource-Policy", "same-origin");
	killpoint("before-answer");
	count(a, r);
	log_debug("request method=%d path=%s status=%d ms=%lld rid=%s", (int)q->method, q->path,
	    r->status, (long long)(clock_mono_ms() - started_ms), q->rid);
	/* Whoever passes by looks whether work waits that nobody does (design 2). */
	if (is_usable && a->reader != NULL)
		worker_ensure(a);
	gate_free(&gate);
}

static bool
is_import(const struct http_request *q)
{
	return q->method == HTTP_POST && strcmp(q->path, "/api/import") == 0;
}

size_t
routes_body_limit(const struct http_request *q)
{
	return is_import(q) ? LIMIT_EXPORT_BYTES : LIMIT_BODY_BYTES;
}

bool
routes_is_large(const struct http_request *q)
{
	static const char end[] = "/export";
	size_t n = strlen(q->path), len = sizeof end - 1;

	return is_import(q) || (n > len && strcmp(q->path + n - len, end) == 0);
}

void
routes_print(FILE *f)
{
	static const struct {
		int flag;
		const char *name;
	} flags[] = { { GATE_OPEN, "cors" }, { GATE_FORM, "form" }, { GATE_READ, "read" },
		{ GATE_ETAG, "etag" }, { GATE_GROWS, "grows" } };

	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		const char *method = http_method_name(routes[i].method);

		(void)fprintf(f, "%s\t%s\t%s\t", method, routes[i].pattern,
		    access_need_names[routes[i].need]);
		for (size_t k = 0; k < ARRAY_LEN(flags); k++)
			if (routes[i].flags & flags[k].flag)
				(void)fprintf(f, "%s ", flags[k].name);
		(void)fputc('\n', f);
	}
}
