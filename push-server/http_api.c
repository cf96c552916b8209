#include "http_api.h"

#include <string.h>
#include <time.h>

#include "app_metrics.h"
#include "http_call.h"
#include "http_sign.h"
#include "json.h"
#include "prometheus.h"
#include "sign.h"

#define SEGMENTS_MAX 8

/* A path cut at its slashes, still encoded; the text is the request's. */
struct segments {
	const char *p[SEGMENTS_MAX];
	size_t n[SEGMENTS_MAX];
	size_t count;
};

static bool
cut(const char *path, struct segments *out)
{
	out->count = 0;
	while (*path == '/') {
		size_t n = strcspn(++path, "/");

		if (out->count == SEGMENTS_MAX)
			return false;
		out->p[out->count] = path;
		out->n[out->count++] = n;
		path += n;
	}
	return *path == '\0';
}

/* --- forms of answer -----------------------------------------------------------------------------
 */

void
http_answer_json(struct http_response *out, int status, json_t *body)
{
	out->status = status;
	out->content_type = "application/json";
	if (json_write(&out->body, body) != OK)
		out->status = 500;
	json_decref(body);
}

void
http_answer_error(
    const struct http_api *api, struct http_response *out, int status, const char *text)
{
	static const struct {
		int status;
		enum metric metric;
	} counters[] = {
		{ 401, METRIC_HTTP_BAD_SIGNATURE },
		{ 403, METRIC_HTTP_FORBIDDEN },
		{ 404, METRIC_HTTP_NOT_FOUND },
		{ 405, METRIC_HTTP_NOT_FOUND },
		{ 408, METRIC_HTTP_TIMEOUT },
		{ 413, METRIC_HTTP_TOO_LARGE },
		{ 426, METRIC_REFUSED_UPGRADE },
		{ 429, METRIC_HTTP_RATE },
		{ 431, METRIC_HTTP_TOO_LARGE },
		{ 503, METRIC_HTTP_BUSY },
	};
	enum metric which = METRIC_HTTP_BAD_REQUEST;

	for (size_t i = 0; i < ARRAY_LEN(counters); i++)
		if (counters[i].status == status)
			which = counters[i].metric;
	metric_add(api->metrics, which, 1);
	http_answer_json(out, status, json_pack("{s:s, s:i}", "error", text, "code", status));
}

void
http_api_refuse(const struct http_api *api, int status, struct http_response *out)
{
	static const struct {
		int status;
		const char *text;
	} texts[] = {
		{ 408, "The request did not come in time." },
		{ 413, "The body is larger than allowed." },
		{ 431, "The head of the request is larger than allowed." },
		{ 501, "Of the transfer codings only chunked is understood." },
		{ 503, "Too much is being received at once, try again." },
		{ 505, "HTTP/1.0 and HTTP/1.1 are spoken here." },
	};
	const char *text = "The request is not well-formed.";

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i].status == status)
			text = texts[i].text;
	*out = HTTP_RESPONSE_INIT;
	http_answer_error(api, out, status, text);
}

bool
http_api_may_upgrade(
    const struct http_api *api, const char *path, bool is_version_13, struct http_response *out)
{
	const char *key;
	size_t n;

	*out = HTTP_RESPONSE_INIT;
	if (!apps_match_path(api->apps, path, &key, &n)) {
		metric_add(api->metrics, METRIC_REFUSED_UPGRADE, 1);
		http_answer_error(api, out, 404, "There is no WebSocket here.");
		return false;
	}
	if (is_version_13)
		return true;
	http_response_header(out, "Sec-WebSocket-Version", "13");
	http_response_header(out, "Upgrade", "websocket");
	http_answer_error(api, out, 426, "Sec-WebSocket-Version must be 13.");
	return false;
}

/* --- what is not signed --------------------------------------------------------------------------
 */

static void
get_healthz(const struct http_api *api, const struct http_request *r, struct http_response *out)
{
	(void)api;
	(void)r;
	out->status = 200;
	out->content_type = "text/plain; charset=utf-8";
	if (buf_adds(&out->body, "ok\n") != OK)
		out->status = 500;
}

/* As soketi and Sockudo answer. */
static void
get_ok(const struct http_api *api, const struct http_request *r, struct http_response *out)
{
	(void)api;
	(void)r;
	out->status = 200;
	out->content_type = "text/plain; charset=utf-8";
	if (buf_adds(&out->body, "OK") != OK)
		out->status = 500;
}

/* As laravel-websockets 2 and Reverb answer: probes of a load balancer need no change. */
static void
get_health(const struct http_api *api, const struct http_request *r, struct http_response *out)
{
	(void)api;
	(void)r;
	http_answer_json(out, 200, json_pack("{s:b}", "ok", 1));
}

static void
get_up(const struct http_api *api, const struct http_request *r, struct http_response *out)
{
	(void)api;
	(void)r;
	http_answer_json(out, 200, json_pack("{s:s}", "health", "OK"));
}

static void
get_ready(const struct http_api *api, const struct http_request *r, struct http_response *out)
{
	json_t *refused = json_array();

	(void)r;
	for (size_t i = 0; i < api->refusals->count; i++)
		(void)json_array_append_new(
		    refused, json_pack("{s:I, s:I}", "uid", (json_int_t)api->refusals->list[i].uid,
				 "count", (json_int_t)api->refusals->list[i].count));
	http_answer_json(out, api->is_draining ? 503 : 200,
	    json_pack("{s:b, s:o, s:s}", "ready", !api->is_draining, "refused", refused, "setting",
		"PUSH_SOCKET_USERS"));
}

const char *
http_gate_refusal(enum gate_verdict v, const char *scheme, struct http_response *out)
{
	static const struct {
		int status;
		const char *text;
	} verdicts[] = {
		[GATE_IN] = { 200, "" },
		[GATE_PASSWORD] = { 401, "This is for operators: DASHBOARD_PASSWORD." },
		[GATE_CLOSED] = { 403, "This is for operators: from this machine itself in local "
				       "mode, or with DASHBOARD_PASSWORD set." },
		[GATE_WAIT] = { 429, "Too many wrong passwords, wait a minute." },
		[GATE_CROSS_SITE] = { 403, "This cannot be done from another site." },
	};

	if (v == GATE_PASSWORD)
		http_response_header(
		    out, "WWW-Authenticate", "%s realm=\"charla operators\"", scheme);
	if (v == GATE_WAIT)
		http_response_header(out, "Retry-After", "%d", GATE_SECONDS);
	out->status = verdicts[v].status;
	return verdicts[v].text;
}

bool
http_api_lets_in(const struct http_api *api, const struct http_request *r, int64_t now_s,
    struct http_response *out)
{
	enum gate_verdict v = operator_gate(api->gate, r, now_s);
	const char *text = http_gate_refusal(v, "Basic", out);

	out->is_private = true;
	if (v != GATE_IN)
		http_answer_error(api, out, out->status, text);
	return v == GATE_IN;
}

static void
get_metrics(const struct http_api *api, const struct http_request *r, struct http_response *out)
{
	if (!http_api_lets_in(api, r, (int64_t)time(NULL), out))
		return;
	out->status = 200;
	out->content_type = PROMETHEUS_TYPE;
	if (app_metrics_write(&out->body, api->apps) != OK ||
	    metrics_write(&out->body, api->metrics) != OK)
		out->status = 500;
}

/* --- what is signed ------------------------------------------------------------------------------
 */

/* Answers and returns false unless the app exists, is enabled, and has signed. */
static bool
is_allowed(const struct http_call *c, struct http_response *out)
{
	const char *problem;

	if (c->app == NULL) {
		http_answer_error(c->api, out, 404, "There is no such app.");
		return false;
	}
	problem = http_sign_problem(c->app, c->request, c->path, c->now_s);
	if (problem != NULL) {
		http_answer_error(c->api, out, 401, problem);
		return false;
	}
	if (!c->app->is_enabled)
		http_answer_error(c->api, out, 403, "The app is not enabled.");
	return c->app->is_enabled;
}

/* --- the table -----------------------------------------------------------------------------------
 */

/* Either plain or call. "*" stands for one segment: the first is the app's id, the second arg. */
static const struct {
	const char *method, *pattern;
	void (*plain)(const struct http_api *, const struct http_request *, struct http_response *);
	void (*call)(const struct http_call *, struct http_response *);
} routes[] = {
	{ "GET", "/healthz", .plain = get_healthz },
	{ "GET", "/", .plain = get_ok },
	{ "GET", "/live", .plain = get_ok },
	{ "GET", "/accept-traffic", .plain = get_ok },
	{ "GET", "/health", .plain = get_health },
	{ "GET", "/up", .plain = get_up },
	{ "GET", "/ready", .plain = get_ready },
	{ "GET", "/metrics", .plain = get_metrics },
	{ "POST", "/apps/*/events", .call = http_post_events },
	{ "POST", "/apps/*/batch_events", .call = http_post_batch_events },
	{ "GET", "/apps/*/channels", .call = http_get_channels },
	{ "GET", "/apps/*/channels/*", .call = http_get_channel },
	{ "GET", "/apps/*/channels/*/users", .call = http_get_users },
	{ "GET", "/apps/*/channels/*/stats", .call = http_get_channel_stats },
	{ "POST", "/apps/*/channels/*/events", .call = http_post_channel_events },
	{ "POST", "/apps/*/users/*/terminate_connections", .call = http_post_terminate },
	{ "GET", "/apps/*/connections", .call = http_get_connections },
};

static bool
matches(const struct segments *path, const char *pattern)
{
	struct segments want;

	if (!cut(pattern, &want) || want.count != path->count)
		return false;
	for (size_t i = 0; i < want.count; i++) {
		if (want.n[i] == 1 && want.p[i][0] == '*') {
			if (path->n[i] == 0)
				return false;
			continue;
		}
		if (want.n[i] != path->n[i] || memcmp(want.p[i], path->p[i], want.n[i]) != 0)
			return false;
	}
	return true;
}

static void
run(const struct http_api *api, const struct http_request *r, size_t route,
    const struct segments *path, int64_t now_s, struct http_response *out)
{
	/* the path as a whole decodes, so its segments do */
	auto_char *id = path->count > 1 ? http_percent_decode(path->p[1], path->n[1], false) : NULL;
	auto_char *arg =
	    path->count > 3 ? http_percent_decode(path->p[3], path->n[3], false) : NULL;
	struct http_call c = { .api = api,
		.request = r,
		.path = apps_strip_prefix(api->apps, r->path),
		.arg = arg,
		.now_s = now_s };

	if (routes[route].plain != NULL) {
		routes[route].plain(api, r, out);
		return;
	}
	c.app = id != NULL ? apps_by_id(api->apps, id, strlen(id)) : NULL;
	if (!is_allowed(&c, out))
		return;
	c.app->counts.now.api_requests++;
	routes[route].call(&c, out);
}

/* What soketi allows a page to send. */
static void
answer_preflight(struct http_response *out)
{
	out->status = 204;
	http_response_header(out, "Access-Control-Allow-Methods", "GET, POST, OPTIONS");
	http_response_header(out, "Access-Control-Allow-Headers",
	    "Origin, Content-Type, X-Auth-Token, X-Requested-With, Accept, Authorization, "
	    "X-CSRF-TOKEN, XSRF-TOKEN, X-Socket-Id");
	http_response_header(out, "Access-Control-Max-Age", "86400");
}

void
http_api_handle(const struct http_api *api, const struct http_request *r, int64_t now_s,
    struct http_response *out)
{
	const char *method = strcmp(r->method, "HEAD") == 0 ? "GET" : r->method;
	struct segments path;
	const char *rest;

	*out = HTTP_RESPONSE_INIT;
	metric_add(api->metrics, METRIC_HTTP_REQUESTS, 1);
	if (api->dash != NULL && dash_matches(r->path, &rest)) {
		dash_handle(api, r, rest, now_s, out);
		return;
	}
	if (strcmp(method, "OPTIONS") == 0) {
		answer_preflight(out);
		return;
	}
	if (cut(apps_strip_prefix(api->apps, r->path), &path)) {
		for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
			if (!matches(&path, routes[i].pattern))
				continue;
			if (strcmp(method, routes[i].method) == 0) {
				run(api, r, i, &path, now_s, out);
				return;
			}
			out->allow = routes[i].method;
		}
	}
	if (out->allow != NULL)
		http_answer_error(api, out, 405, "This path has another method.");
	else
		http_answer_error(api, out, 404, "There is nothing here.");
}
