/* dash: who may ask what under /dashboard, and that no answer has a secret in it. */
#include "fake_push.h"
#include "http_api.h"

#define NOW 1767225600
#define PASSWORD "operators only"

struct scene {
	struct world world;
	struct status_server server;
	struct operator_gate gate;
	struct refusals refusals;
	struct dash dash;
	struct http_api api;
	struct fake client;
};

static int
open_scene(void **state)
{
	struct scene *s = xcalloc(1, sizeof *s);

	world_open(&s->world);
	s->server = (struct status_server){ .metrics = &s->world.metrics };
	s->dash.feed = feed_new(s->world.hub, s->world.apps, &s->server);
	s->dash.stats = stats_new(
	    &(struct stats_options){
		.path = "/dev/null/none", .interval_seconds = 60, .apps = s->world.apps },
	    NOW * INT64_C(1000));
	s->api = (struct http_api){ .hub = s->world.hub,
		.apps = s->world.apps,
		.metrics = &s->world.metrics,
		.refusals = &s->refusals,
		.gate = &s->gate,
		.dash = &s->dash };
	fake_open(&s->world, &s->client);
	*state = s;
	return 0;
}

static int
close_scene(void **state)
{
	struct scene *s = *state;

	fake_close(&s->client);
	stats_free(s->dash.stats);
	feed_free(s->dash.feed);
	world_close(&s->world);
	free(s);
	return 0;
}

static struct http_slice
slice(const char *text)
{
	return (struct http_slice){ text, strlen(text) };
}

/* From this machine unless is_far; body NULL: none. out is to be cleared. */
static int
ask(struct scene *s, const char *method, const char *target, const char *body, bool is_far,
    struct http_response *out)
{
	struct http_request r = { .is_loopback = !is_far };
	size_t n = strcspn(target, "?");
	const char *rest;

	assert_int_equal(
	    http_request_set_target(&r, slice(method), (struct http_slice){ target, n },
		slice(target[n] == '?' ? target + n + 1 : "")),
	    OK);
	if (body != NULL) {
		r.body = body;
		r.body_len = strlen(body);
		r.content_type = xstrdup("application/json");
	}
	*out = HTTP_RESPONSE_INIT;
	assert_true(dash_matches(r.path, &rest));
	dash_handle(&s->api, &r, rest, NOW, out);
	http_request_free(&r);
	assert_true(out->is_private);
	if (out->body.len > 0)
		assert_null(strstr(out->body.data, FAKE_SECRET));
	return out->status;
}

/* The body of an answer with that status, until the next call. */
static const char *
answer(struct scene *s, const char *method, const char *target, const char *body, int want)
{
	static char text[65536];
	struct http_response out;

	assert_int_equal(ask(s, method, target, body, false, &out), want);
	assert_true(out.body.len < sizeof text);
	(void)snprintf(text, sizeof text, "%s", out.body.len > 0 ? out.body.data : "");
	http_response_clear(&out);
	return text;
}

static void
its_paths_end_at_a_slash(void **state)
{
	const char *rest = NULL;

	(void)state;
	assert_true(dash_matches("/dashboard", &rest));
	assert_string_equal(rest, "");
	assert_true(dash_matches("/laravel-websockets/api/3/statistics", &rest));
	assert_string_equal(rest, "/api/3/statistics");
	assert_false(dash_matches("/dashboards", &rest));
	assert_false(dash_matches("/x/dashboard", &rest));
	assert_false(dash_matches("", &rest));
}

static void
each_request_has_its_status(void **state)
{
	static const struct {
		const char *method, *target, *body;
		int near, far, locked; /* loopback, elsewhere, loopback with a password set */
	} cases[] = {
		{ "GET", "/dashboard", NULL, 302, 302, 302 },
		{ "HEAD", "/dashboard/", NULL, 200, 403, 401 },
		{ "GET", "/dashboard/nothing.js", NULL, 404, 404, 404 },
		{ "GET", "/dashboard/../.env", NULL, 404, 404, 404 },
		{ "GET", "/dashboard/api/state", NULL, 200, 403, 401 },
		{ "POST", "/dashboard/api/state", "{}", 405, 405, 405 },
		{ "GET", "/dashboard/api/3/channels", NULL, 200, 403, 401 },
		{ "GET", "/dashboard/api/4/channels", NULL, 404, 403, 401 },
		{ "GET", "/dashboard/api/charla-dashboard/channels", NULL, 404, 403, 401 },
		{ "GET", "/dashboard/api/3/4/channels", NULL, 404, 404, 404 },
		{ "GET", "/dashboard/api/3/channel?name=nobody", NULL, 404, 403, 401 },
		{ "GET", "/dashboard/api/3/channel", NULL, 404, 403, 401 },
		{ "GET", "/dashboard/api/3/history?span=hour", NULL, 200, 403, 401 },
		{ "GET", "/dashboard/api/3/history?span=year", NULL, 400, 403, 401 },
		{ "POST", "/dashboard/api/3/event", NULL, 415, 403, 401 },
		{ "POST", "/dashboard/api/3/event", "[]", 400, 403, 401 },
		{ "POST", "/dashboard/api/3/event", "{\"channel\":\"c\"}", 400, 403, 401 },
		{ "POST", "/dashboard/api/3/terminate", "{}", 400, 403, 401 },
		{ "POST", "/dashboard/api/3/terminate", "{\"socket_id\":\"x\"}", 400, 403, 401 },
		{ "POST", "/dashboard/session", "{\"password\":\"x\"}", 403, 403, 401 },
	};
	struct scene *s = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct http_response out;
		int near, far, locked;

		s->gate.password = NULL;
		near = ask(s, cases[i].method, cases[i].target, cases[i].body, false, &out);
		http_response_clear(&out);
		far = ask(s, cases[i].method, cases[i].target, cases[i].body, true, &out);
		http_response_clear(&out);
		s->gate.password = PASSWORD;
		locked = ask(s, cases[i].method, cases[i].target, cases[i].body, false, &out);
		http_response_clear(&out);
		if (near != cases[i].near || far != cases[i].far || locked != cases[i].locked)
			fail_msg(
			    "%s %s: %d %d %d", cases[i].method, cases[i].target, near, far, locked);
	}
}

static void
a_405_names_every_method_of_the_path(void **state)
{
	struct scene *s = *state;
	struct http_response out;

	assert_int_equal(ask(s, "GET", "/dashboard/session", NULL, false, &out), 405);
	assert_string_equal(out.allow, "POST, DELETE");
	http_response_clear(&out);
	assert_int_equal(ask(s, "POST", "/dashboard/api/state", "{}", false, &out), 405);
	assert_string_equal(out.allow, "GET");
	http_response_clear(&out);
}

static void
the_password_opens_and_wrong_ones_are_counted(void **state)
{
	struct scene *s = *state;
	struct http_response out;

	s->gate.password = PASSWORD;
	assert_int_equal(
	    ask(s, "POST", "/dashboard/session", "{\"password\":\"" PASSWORD "\"}", true, &out),
	    204);
	assert_non_null(strstr(out.headers.data, "HttpOnly; SameSite=Strict"));
	http_response_clear(&out);
	for (int i = 0; i <= GATE_FAILURES; i++) {
		assert_int_equal(
		    ask(s, "POST", "/dashboard/session", "{\"password\":\"x\"}", true, &out),
		    i < GATE_FAILURES ? 401 : 429);
		http_response_clear(&out);
	}
}

static void
an_event_is_sent_and_its_readers_counted(void **state)
{
	struct scene *s = *state;
	const char *text;

	fake_subscribe(&s->client, "room", NULL);
	buf_clear(&s->client.said);
	text = answer(s, "POST", "/dashboard/api/3/event",
	    "{\"channel\":\"room\",\"name\":\"e\",\"data\":\"x\"}", 200);
	assert_string_equal(text, "{\"delivered\":1}");
	assert_said(&s->client, "{\"event\":\"e\",\"channel\":\"room\",\"data\":\"x\"}\n");
	text = answer(s, "POST", "/dashboard/api/3/event",
	    "{\"channel\":\"empty\",\"name\":\"e\",\"data\":\"x\"}", 200);
	assert_string_equal(text, "{\"delivered\":0}");
}

static void
the_fullest_channels_come_first_and_all_are_counted(void **state)
{
	struct scene *s = *state;
	const char *text;
	json_auto_t *root = NULL;
	struct fake second;

	for (int i = 0; i <= DASH_CHANNELS; i++) {
		char name[16];

		(void)snprintf(name, sizeof name, "room%03d", i);
		assert_int_equal(
		    hub_subscribe(s->world.hub, &s->client.session.peer, name, strlen(name), NULL),
		    OK);
	}
	fake_open(&s->world, &second);
	fake_subscribe(&second, "room050", NULL);
	text = answer(s, "GET", "/dashboard/api/3/channels?prefix=room", NULL, 200);
	root = json_loads(text, 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(root, "total")), DASH_CHANNELS + 1);
	assert_int_equal(json_array_size(json_object_get(root, "channels")), DASH_CHANNELS);
	assert_non_null(strstr(text, "[{\"name\":\"room050\",\"subscriptions\":2},"
				     "{\"name\":\"room000\",\"subscriptions\":1}"));
	fake_close(&second);
}

static void
a_connection_is_ended_by_its_socket_id(void **state)
{
	struct scene *s = *state;
	const char *text;
	char id[SOCKET_ID_SIZE], body[64];

	(void)snprintf(body, sizeof body, "{\"socket_id\":\"%s\"}",
	    hub_socket_id(&s->client.session.peer, id));
	text = answer(s, "POST", "/dashboard/api/3/terminate", body, 200);
	assert_string_equal(text, "{\"terminated\":1}");
}

static void
only_channels_of_the_dashboard_are_signed(void **state)
{
	static const struct {
		const char *body;
		int status;
	} cases[] = {
		{ "{\"socket_id\":\"1.2\",\"channel_name\":\"private-app-Mw\"}", 200 },
		{ "{\"socket_id\":\"1.2\",\"channel_name\":\"private-room\"}", 403 },
		{ "{\"socket_id\":\"1.2\",\"channel_name\":\"private-app-NA\"}", 403 },
		{ "{\"socket_id\":\"1.2:x\",\"channel_name\":\"private-app-Mw\"}", 403 },
		{ "{\"channel_name\":\"private-app-Mw\"}", 403 },
		/* of which app, X-App-ID would say */
		{ "{\"socket_id\":\"1.2\",\"channel_name\":\"private-websockets-dashboard-"
		  "connection\"}",
		    403 },
	};
	struct scene *s = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		(void)answer(s, "POST", "/dashboard/auth", cases[i].body, cases[i].status);
}

#define scene_test(f) cmocka_unit_test_setup_teardown(f, open_scene, close_scene)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_paths_end_at_a_slash),
		scene_test(each_request_has_its_status),
		scene_test(a_405_names_every_method_of_the_path),
		scene_test(the_password_opens_and_wrong_ones_are_counted),
		scene_test(an_event_is_sent_and_its_readers_counted),
		scene_test(the_fullest_channels_come_first_and_all_are_counted),
		scene_test(a_connection_is_ended_by_its_socket_id),
		scene_test(only_channels_of_the_dashboard_are_signed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
