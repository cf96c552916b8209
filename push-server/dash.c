/* Paths, files, sign-in, and signatures for the feed's channels. */
#include "dash_internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "dash_files.h"
#include "ids.h"
#include "json.h"
#include "log.h"
#include "operator.h"
#include "sign.h"

#define BODY_DEPTH 16
#define OLD_CHANNELS "private-websockets-dashboard-"
#define CSP                                                                                        \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "          \
	"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "        \
	"require-trusted-types-for 'script'; trusted-types 'none'"

/* --- the gate ------------------------------------------------------------------------------------
 */

/* A challenge that makes no browser ask by itself: the page has a form. */
#define SCHEME "Bearer"

static bool
is_let_in(const struct http_call *c, enum gate_verdict v, struct http_response *out)
{
	const char *text = http_gate_refusal(v, SCHEME, out);

	if (v != GATE_IN)
		http_answer_error(c->api, out, out->status, text);
	return v == GATE_IN;
}

/* --- files ---------------------------------------------------------------------------------------
 */

static const char *
type_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	if (dot == NULL)
		return "text/html; charset=utf-8";
	return strcmp(dot, ".css") == 0 ? "text/css; charset=utf-8"
					: "text/javascript; charset=utf-8";
}

static void
answer_file(const struct dash_file *f, int status, struct http_response *out)
{
	out->status = status;
	out->content_type = type_of(f->name);
	http_response_header(out, "Content-Security-Policy", "%s", CSP);
	http_response_header(out, "Referrer-Policy", "same-origin");
	http_response_header(out, "X-Frame-Options", "DENY");
	http_response_header(out, "Cross-Origin-Opener-Policy", "same-origin");
	http_response_header(out, "X-Robots-Tag", "noindex");
	if (buf_adds(&out->body, f->text) != OK)
		out->status = 500;
}

static const struct dash_file *
file_of(const char *name)
{
	for (size_t i = 0; i < dash_file_count; i++)
		if (strcmp(dash_files[i].name, name) == 0)
			return &dash_files[i];
	return NULL;
}

/* Its addresses are relative, so it must be asked for with the slash, whatever stands before. */
static void
get_page(const struct http_call *c, const char *rest, struct http_response *out)
{
	enum gate_verdict v;

	if (*rest == '\0') {
		bool is_old = strstr(c->request->path, "laravel-websockets") != NULL;

		out->status = 302;
		http_response_header(
		    out, "Location", "%s", is_old ? "laravel-websockets/" : "dashboard/");
		return;
	}
	v = operator_gate(c->api->gate, c->request, c->now_s);
	(void)http_gate_refusal(v, SCHEME, out);
	answer_file(file_of(""), out->status, out);
}

/* --- sign-in -------------------------------------------------------------------------------------
 */

json_t *
dash_read_body(const struct http_call *c, struct http_response *out)
{
	const char *type = c->request->content_type;
	json_t *root = NULL;

	if (type == NULL || strncasecmp(type, "application/json", 16) != 0) {
		http_answer_error(c->api, out, 415, "The body must be application/json.");
		return NULL;
	}
	if (json_parse(c->request->body, c->request->body_len, BODY_DEPTH, true, &root, NULL, 0) ==
		OK &&
	    json_is_object(root))
		return root;
	json_decref(root);
	http_answer_error(c->api, out, 400, "The body must be a JSON object.");
	return NULL;
}

static void
set_cookie(const struct http_call *c, const char *value, int seconds, struct http_response *out)
{
	bool is_https =
	    c->request->origin != NULL && strncasecmp(c->request->origin, "https:", 6) == 0;

	http_response_header(out, "Set-Cookie",
	    OPERATOR_COOKIE "=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s", value, seconds,
	    is_https ? "; Secure" : "");
}

static void
post_session(const struct http_call *c, struct http_response *out)
{
	json_auto_t *body = dash_read_body(c, out);
	char value[OPERATOR_VALUE_SIZE];
	enum gate_verdict v;

	if (body == NULL)
		return;
	v = operator_gate_try(
	    c->api->gate, c->request, json_member_string(body, "password"), c->now_s);
	if (!is_let_in(c, v, out)) {
		log_warn("operator: sign-in refused address=%s status=%d", c->request->address,
		    out->status);
		return;
	}
	operator_cookie_make(c->api->gate->password, c->now_s, value);
	set_cookie(c, value, OPERATOR_SECONDS, out);
	log_info("operator: signed in address=%s", c->request->address);
	out->status = 204;
}

static void
delete_session(const struct http_call *c, struct http_response *out)
{
	if (!operator_gate_is_own_site(c->request)) {
		(void)is_let_in(c, GATE_CROSS_SITE, out);
		return;
	}
	set_cookie(c, "", 0, out);
	out->status = 204;
}

/* --- signatures ----------------------------------------------------------------------------------
 */

/* Ours, or one of laravel-websockets' of the app that the header names; NULL: not to be signed. */
static const struct app *
app_to_sign(const struct http_call *c, const char *channel)
{
	const char *id = c->request->x_app_id;

	if (feed_is_channel(c->api->dash->feed, channel))
		return feed_app(c->api->dash->feed);
	if (id == NULL || strncmp(channel, OLD_CHANNELS, sizeof OLD_CHANNELS - 1) != 0)
		return NULL;
	return apps_by_id(c->api->apps, id, strlen(id));
}

static void
sign(const struct http_call *c, const char *socket_id, const char *channel,
    struct http_response *out)
{
	const struct app *app = channel != NULL ? app_to_sign(c, channel) : NULL;
	auto_buf text = BUF_INIT(1024), auth = BUF_INIT(1024);
	char mac[SIGN_HEX_SIZE];

	if (app == NULL || socket_id == NULL || !id_is_socket_id(socket_id, strlen(socket_id)) ||
	    buf_addf(&text, "%s:%s", socket_id, channel) != OK) {
		http_answer_error(c->api, out, 403, "Only channels of the dashboard are signed.");
		return;
	}
	sign_hmac_sha256(app->secret, text.data, text.len, mac);
	if (buf_addf(&auth, "%s:%s", app->key, mac) == OK)
		http_answer_json(out, 200, json_pack("{s:s}", "auth", auth.data));
}

/* pusher-js sends a form. */
static void
post_auth(const struct http_call *c, struct http_response *out)
{
	static const struct http_slice method = { "POST", 4 }, path = { "/", 1 };
	struct http_slice body = { c->request->body, c->request->body_len };
	const char *type = c->request->content_type;
	struct http_request form = { .path = NULL };
	json_auto_t *root = NULL;

	if (type != NULL && strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0) {
		if (http_request_set_target(&form, method, path, body) == OK)
			sign(c, http_request_param(&form, "socket_id"),
			    http_request_param(&form, "channel_name"), out);
		else
			http_answer_error(c->api, out, 400, "The form is not well-formed.");
		http_request_free(&form);
	} else if ((root = dash_read_body(c, out)) != NULL) {
		sign(c, json_member_string(root, "socket_id"),
		    json_member_string(root, "channel_name"), out);
	}
}

/* --- the table -----------------------------------------------------------------------------------
 */

/* "*" is an app's id. */
static const struct {
	const char *method, *first, *last;
	void (*handle)(const struct http_call *c, struct http_response *out);
	bool is_open, has_app;
	const char *allow; /* of a path with several methods: all of them (RFC 9110, 15.5.6) */
} routes[] = {
	{ "POST", "/session", "", post_session, .is_open = true, .allow = "POST, DELETE" },
	{ "DELETE", "/session", "", delete_session, .is_open = true, .allow = "POST, DELETE" },
	{ "POST", "/auth", "", .handle = post_auth },
	{ "GET", "/api/state", "", .handle = dash_get_state },
	{ "GET", "/api/", "/channels", .handle = dash_get_channels, .has_app = true },
	{ "GET", "/api/", "/channel", .handle = dash_get_channel, .has_app = true },
	{ "GET", "/api/", "/history", .handle = dash_get_history, .has_app = true },
	{ "GET", "/api/", "/statistics", .handle = dash_get_statistics, .has_app = true },
	{ "POST", "/api/", "/event", .handle = dash_post_event, .has_app = true },
	{ "POST", "/api/", "/terminate", .handle = dash_post_terminate, .has_app = true },
};

/* The app's id is one segment between first and last: *out_id, *out_n. */
static bool
fits(size_t route, const char *rest, const char **out_id, size_t *out_n)
{
	size_t first = strlen(routes[route].first), last = strlen(routes[route].last);
	size_t n = strlen(rest);

	if (!routes[route].has_app)
		return strcmp(rest, routes[route].first) == 0;
	if (n <= first + last || strncmp(rest, routes[route].first, first) != 0 ||
	    strcmp(rest + n - last, routes[route].last) != 0)
		return false;
	*out_id = rest + first;
	*out_n = n - first - last;
	return memchr(*out_id, '/', *out_n) == NULL;
}

static void
run(struct http_call *c, size_t route, const char *id, size_t n, struct http_response *out)
{
	if (!routes[route].is_open &&
	    !is_let_in(c, operator_gate(c->api->gate, c->request, c->now_s), out))
		return;
	if (routes[route].has_app) {
		auto_char *decoded = http_percent_decode(id, n, false);

		c->app =
		    decoded != NULL ? apps_by_id(c->api->apps, decoded, strlen(decoded)) : NULL;
		if (c->app == NULL) {
			http_answer_error(c->api, out, 404, "There is no such app.");
			return;
		}
	}
	routes[route].handle(c, out);
}

bool
dash_matches(const char *path, const char **out_rest)
{
	static const char *const names[] = { "/dashboard", "/laravel-websockets" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t n = strlen(names[i]);

		if (strncmp(path, names[i], n) == 0 && (path[n] == '\0' || path[n] == '/')) {
			*out_rest = path + n;
			return true;
		}
	}
	return false;
}

void
dash_handle(const struct http_api *api, const struct http_request *r, const char *rest,
    int64_t now_s, struct http_response *out)
{
	struct http_call c = { .api = api, .request = r, .path = r->path, .now_s = now_s };
	const char *method = strcmp(r->method, "HEAD") == 0 ? "GET" : r->method, *id = NULL;
	const struct dash_file *file;
	size_t n = 0;

	out->is_private = true;
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (!fits(i, rest, &id, &n))
			continue;
		if (strcmp(method, routes[i].method) == 0) {
			run(&c, i, id, n, out);
			return;
		}
		out->allow = routes[i].allow != NULL ? routes[i].allow : routes[i].method;
	}
	file = *rest == '/' ? file_of(rest + 1) : NULL;
	if (out->allow != NULL)
		http_answer_error(api, out, 405, "This path has another method.");
	else if (strcmp(method, "GET") != 0 || (*rest != '\0' && file == NULL))
		http_answer_error(api, out, 404, "There is nothing here.");
	else if (file != NULL && *file->name != '\0')
		answer_file(file, 200, out);
	else
		get_page(&c, rest, out);
}
