#include "http_api.h"

#include <string.h>

#include "http_events.h"
#include "http_sign.h"
#include "json.h"
#include "sign.h"

#define SEGMENTS_MAX 8

/* A path cut at its slashes; the text is the request's. */
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

/* --- what is not signed --------------------------------------------------------------------------
 */

static void
set_json(struct http_response *out, int status, json_t *body)
{
	out->status = status;
	out->content_type = "application/json";
	if (json_write(&out->body, body) != OK)
		out->status = 500;
	json_decref(body);
}

void
http_api_refuse(const struct http_api *api, int status, const char *text, struct http_response *out)
{
	metric_add(
	    api->metrics, status == 413 ? METRIC_HTTP_TOO_LARGE : METRIC_HTTP_BAD_REQUEST, 1);
	*out = (struct http_response){ .body = BUF_INIT(HTTP_RESPONSE_MAX) };
	set_json(out, status, json_pack("{s:s}", "error", text));
}

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

static void
get_ready(const struct http_api *api, const struct http_request *r, struct http_response *out)
{
	json_t *refused = json_array();

	(void)r;
	for (size_t i = 0; i < api->refusals->count; i++)
		(void)json_array_append_new(
		    refused, json_pack("{s:I, s:I}", "uid", (json_int_t)api->refusals->list[i].uid,
				 "count", (json_int_t)api->refusals->list[i].count));
	set_json(out, api->is_draining ? 503 : 200,
	    json_pack("{s:b, s:o, s:s}", "ready", !api->is_draining, "refused", refused, "setting",
		"PUSH_SOCKET_USERS"));
}

/* With a password: whoever has it. Without: this machine only, and only in development. */
static bool
is_operator(const struct http_api *api, const struct http_request *r)
{
	static const char bearer[] = "Bearer ";
	const char *password = api->operator_password;

	if (password == NULL || *password == '\0')
		return r->is_loopback && !api->is_production;
	return r->authorization != NULL &&
	       strncmp(r->authorization, bearer, sizeof bearer - 1) == 0 &&
	       sign_equal(r->authorization + sizeof bearer - 1,
		   strlen(r->authorization + sizeof bearer - 1), password, strlen(password));
}

static void
get_metrics(const struct http_api *api, const struct http_request *r, struct http_response *out)
{
	struct metrics_now now = {
		.connections = hub_peer_count(api->hub),
		.channels = hub_channel_count(api->hub),
		.subscriptions = hub_subscription_count(api->hub),
	};

	if (!is_operator(api, r)) {
		set_json(out, 403, json_pack("{s:s}", "error", "Metrics are for operators."));
		return;
	}
	out->status = 200;
	out->content_type = "text/plain; version=0.0.4; charset=utf-8";
	if (metrics_write(&out->body, api->metrics, &now) != OK)
		out->status = 500;
}

/* --- what is signed ------------------------------------------------------------------------------
 */

struct call {
	const struct http_api *api;
	const struct http_request *request;
	struct app *app;
};

static void
post_events(const struct call *c, struct http_response *out)
{
	json_t *body = NULL;
	const char *problem = NULL;
	int status =
	    http_events_publish(c->api->hub, c->api->metrics, c->app, c->request, &body, &problem);

	if (problem != NULL)
		http_api_refuse(c->api, status, problem, out);
	else
		set_json(out, status, body);
}

/* Answers and returns false unless the app exists, is enabled, and has signed. */
static bool
is_allowed(const struct http_api *api, const struct http_request *r, const struct app *app,
    int64_t now_s, struct http_response *out)
{
	const char *problem;

	if (app == NULL) {
		set_json(out, 404, json_pack("{s:s}", "error", "There is no such app."));
		return false;
	}
	problem = http_sign_problem(app, r, now_s);
	if (problem != NULL) {
		metric_add(api->metrics, METRIC_HTTP_BAD_SIGNATURE, 1);
		set_json(out, 401, json_pack("{s:s}", "error", problem));
		return false;
	}
	if (!app->is_enabled)
		set_json(out, 403, json_pack("{s:s}", "error", "The app is not enabled."));
	return app->is_enabled;
}

/* --- the table -----------------------------------------------------------------------------------
 */

/* Either plain or call. "*" stands for one segment; in a signed route the first is the app's id. */
static const struct {
	const char *method, *pattern;
	void (*plain)(const struct http_api *, const struct http_request *, struct http_response *);
	void (*call)(const struct call *, struct http_response *);
} routes[] = {
	{ "GET", "/healthz", .plain = get_healthz },
	{ "GET", "/ready", .plain = get_ready },
	{ "GET", "/metrics", .plain = get_metrics },
	{ "POST", "/apps/*/events", .call = post_events },
};

static bool
matches(const struct segments *path, const char *pattern)
{
	struct segments want;

	if (!cut(pattern, &want) || want.count != path->count)
		return false;
	for (size_t i = 0; i < want.count; i++) {
		if (want.n[i] == 1 && want.p[i][0] == '*')
			continue;
		if (want.n[i] != path->n[i] || memcmp(want.p[i], path->p[i], want.n[i]) != 0)
			return false;
	}
	return true;
}

static void
run(const struct http_api *api, const struct http_request *r, size_t route,
    const struct segments *path, int64_t now_s, struct http_response *out)
{
	struct call c = { .api = api, .request = r };

	if (routes[route].plain != NULL) {
		routes[route].plain(api, r, out);
		return;
	}
	c.app = apps_by_id(api->apps, path->p[1], path->n[1]);
	if (is_allowed(api, r, c.app, now_s, out))
		routes[route].call(&c, out);
}

void
http_api_handle(const struct http_api *api, const struct http_request *r, int64_t now_s,
    struct http_response *out)
{
	struct segments path;
	bool is_known = false;

	*out = (struct http_response){ .body = BUF_INIT(HTTP_RESPONSE_MAX) };
	metric_add(api->metrics, METRIC_HTTP_REQUESTS, 1);
	if (cut(r->path, &path)) {
		for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
			if (!matches(&path, routes[i].pattern))
				continue;
			if (strcmp(r->method, routes[i].method) == 0) {
				run(api, r, i, &path, now_s, out);
				return;
			}
			is_known = true;
			out->allow = routes[i].method;
		}
	}
	if (is_known)
		set_json(out, 405, json_pack("{s:s}", "error", "This path has another method."));
	else
		set_json(out, 404, json_pack("{s:s}", "error", "There is nothing here."));
}
