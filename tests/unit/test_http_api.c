#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "http_api.h"
#include "http_info.h"
#include "json.h"
#include "keyed_hash.h"
#include "limit.h"
#include "pusher_json.h"
#include "sign.h"

#define NOW 1353088179

static char id[] = "3", key[] = "k", secret[] = "s", name[] = "n", none[] = "";
static const struct config config = { .pusher_app_id = id,
	.pusher_app_key = key,
	.pusher_app_secret = secret,
	.pusher_app_name = name,
	.pusher_app_path = none };

struct scene {
	struct metrics metrics;
	struct operator_gate gate;
	struct refusals refusals;
	struct apps *apps;
	struct http_api api;
	struct peer peer;
	char last[4096]; /* the last frame that the peer was sent */
};

static struct scene s;

static bool
take(struct peer *p, struct frame *f)
{
	(void)p;
	if (frame_messages(f) == 1)
		(void)snprintf(s.last, sizeof s.last, "%.*s", (int)frame_len(f), frame_text(f));
	return true;
}

static void
ignore(struct peer *p)
{
	(void)p;
}

static const struct transport transport = { .write = take, .wake = ignore, .ping = ignore };

static int
open_scene(void **state)
{
	(void)state;
	s = (struct scene){ .apps = NULL };
	keyed_hash_init();
	assert_int_equal(apps_from_config(&config, &s.apps), OK);
	s.api = (struct http_api){ .hub = hub_new(&s.metrics),
		.apps = s.apps,
		.metrics = &s.metrics,
		.gate = &s.gate,
		.refusals = &s.refusals };
	hub_tick(s.api.hub, 1000);
	s.peer.transport = &transport;
	assert_int_equal(hub_attach(s.api.hub, apps_at(s.apps, 0), &s.peer), OK);
	assert_int_equal(hub_subscribe(s.api.hub, &s.peer, "c", 1, NULL), OK);
	return 0;
}

static int
close_scene(void **state)
{
	(void)state;
	hub_detach(s.api.hub, &s.peer);
	outbox_clear(&s.peer.outbox);
	hub_forget_app(s.api.hub, apps_at(s.apps, 0));
	hub_free(s.api.hub);
	apps_free(s.apps);
	return 0;
}

static struct http_slice
slice(const char *text)
{
	return (struct http_slice){ text, strlen(text) };
}

/* The answer to a request; query as it stands. */
static int
ask(const char *method, const char *path, const char *query, const char *body,
    struct http_response *out)
{
	struct http_request r = { .body = body, .body_len = strlen(body), .is_loopback = true };

	assert_int_equal(http_request_set_target(&r, slice(method), slice(path), slice(query)), OK);
	http_api_handle(&s.api, &r, NOW, out);
	http_request_free(&r);
	return out->status;
}

/* Signed; the text of the answer, until the next call. */
static const char *
call(const char *method, const char *path, const char *body, int want)
{
	static char text[65536];
	auto_buf query = BUF_INIT(4096), signed_text = BUF_INIT(8192);
	char md5[MD5_HEX_SIZE], hex[SIGN_HEX_SIZE];
	struct http_response out;

	sign_md5(body, strlen(body), md5);
	assert_int_equal(
	    buf_addf(&query, "auth_key=k&auth_timestamp=%d&auth_version=1.0&body_md5=%s", NOW, md5),
	    OK);
	assert_int_equal(buf_addf(&signed_text, "%s\n%s\n%s", method, path, query.data), OK);
	sign_hmac_sha256(secret, signed_text.data, signed_text.len, hex);
	assert_int_equal(buf_addf(&query, "&auth_signature=%s", hex), OK);
	assert_int_equal(ask(method, path, query.data, body, &out), want);
	(void)snprintf(text, sizeof text, "%s", out.body.data != NULL ? out.body.data : "");
	http_response_clear(&out);
	hub_flush(s.api.hub);
	return text;
}

static void
an_event_reaches_the_subscribers_and_the_answer_is_empty(void **state)
{
	(void)state;
	assert_string_equal(call("POST", "/apps/3/events",
				"{\"name\":\"e\",\"channels\":[\"c\",\"d\"],\"data\":\"x\"}", 200),
	    "{}");
	assert_string_equal(s.last, "{\"event\":\"e\",\"channel\":\"c\",\"data\":\"x\"}");
	assert_int_equal(s.metrics.count[METRIC_EVENTS_HTTP], 2);
}

static void
what_a_cache_channel_remembers_is_told(void **state)
{
	(void)state;
	(void)call("POST", "/apps/3/events",
	    "{\"name\":\"e\",\"channel\":\"cache-x\",\"data\":\"{\\\"a\\\":1}\"}", 200);
	assert_string_equal(
	    call("POST", "/apps/3/events",
		"{\"name\":\"f\",\"channel\":\"cache-x\",\"data\":\"y\",\"info\":\"cache\"}", 200),
	    "{\"channels\":{\"cache-x\":{\"cache\":{\"data\":\"y\",\"ttl\":1800}}}}");
	hub_tick(s.api.hub, 1000 + LIMIT_CACHE_SECONDS * 1000 + 1);
	assert_string_equal(call("GET", "/apps/3/channels/cache-x", "", 200),
	    "{\"occupied\":false,\"subscription_count\":0}");
}

static void
a_batch_with_a_mistake_publishes_nothing(void **state)
{
	(void)state;
	(void)call("POST", "/apps/3/batch_events",
	    "{\"batch\":[{\"name\":\"e\",\"channel\":\"c\",\"data\":\"x\"},"
	    "{\"name\":\"e\",\"channel\":\"c\"}]}",
	    400);
	assert_string_equal(s.last, "");
	assert_string_equal(call("POST", "/apps/3/batch_events",
				"{\"batch\":[{\"name\":\"e\",\"channel\":\"c\",\"data\":\"x\","
				"\"info\":\"subscription_count\"},"
				"{\"name\":\"e\",\"channel\":\"d\",\"data\":\"x\"}]}",
				200),
	    "{\"batch\":[{\"subscription_count\":1},{}]}");
}

static void
the_rate_is_counted_by_the_second(void **state)
{
	static const char body[] = "{\"name\":\"e\",\"channel\":\"c\",\"data\":\"x\"}";

	(void)state;
	apps_at(s.apps, 0)->limits.api_events_per_second = 2;
	(void)call("POST", "/apps/3/events", body, 200);
	(void)call("POST", "/apps/3/events", body, 200);
	(void)call("POST", "/apps/3/events", body, 429);
	assert_int_equal(s.metrics.count[METRIC_HTTP_RATE], 1);
	apps_at(s.apps, 0)->api_second--; /* a second later */
	(void)call("POST", "/apps/3/events", body, 200);
}

static void
each_refusal_has_its_status_and_counter(void **state)
{
	static const struct {
		const char *method, *path;
		int status;
		enum metric metric;
	} cases[] = {
		{ "GET", "/nothing", 404, METRIC_HTTP_NOT_FOUND },
		{ "GET", "/apps", 404, METRIC_HTTP_NOT_FOUND },
		{ "GET", "/apps/3/channels/a/b/c/d/e/f/g", 404, METRIC_HTTP_NOT_FOUND },
		{ "GET", "/apps//channels", 404, METRIC_HTTP_NOT_FOUND },
		{ "GET", "/apps/4/channels", 404, METRIC_HTTP_NOT_FOUND },
		{ "DELETE", "/apps/3/events", 405, METRIC_HTTP_NOT_FOUND },
		{ "GET", "/apps/3/channels", 401, METRIC_HTTP_BAD_SIGNATURE },
	};
	struct http_response out;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t before = s.metrics.count[cases[i].metric];

		assert_int_equal(
		    ask(cases[i].method, cases[i].path, "", "", &out), cases[i].status);
		assert_int_equal(s.metrics.count[cases[i].metric], before + 1);
		http_response_clear(&out);
	}
	apps_at(s.apps, 0)->is_enabled = false;
	(void)call("GET", "/apps/3/channels", "", 403);
	assert_int_equal(s.metrics.count[METRIC_HTTP_FORBIDDEN], 1);
}

static void
heads_and_preflights_are_answered(void **state)
{
	struct http_response out;
	auto_buf text = BUF_INIT(65536);

	(void)state;
	assert_int_equal(ask("HEAD", "/healthz", "", "", &out), 200);
	out.is_head = true;
	assert_int_equal(http_response_write(&text, &out, false), OK);
	assert_non_null(strstr(text.data, "Content-Length: 3\r\n\r\n"));
	assert_int_equal(strlen(strstr(text.data, "\r\n\r\n")), 4);
	http_response_clear(&out);
	assert_int_equal(ask("OPTIONS", "/apps/3/events", "", "", &out), 204);
	assert_non_null(strstr(out.headers.data, "Access-Control-Allow-Methods: "));
	http_response_clear(&out);
}

static void
metrics_are_for_operators(void **state)
{
	struct http_response out;

	(void)state;
	assert_int_equal(ask("GET", "/metrics", "", "", &out), 200);
	assert_non_null(strstr(out.body.data, "\ncharla_push_connections{app=\"3\"} 1\n"));
	http_response_clear(&out);
	s.gate.is_production = true;
	assert_int_equal(ask("GET", "/metrics", "", "", &out), 403);
	http_response_clear(&out);
	s.gate.is_production = false;
	s.gate.password = "secret";
	assert_int_equal(ask("GET", "/metrics", "", "", &out), 401);
	http_response_clear(&out);
}

static void
an_upgrade_needs_a_path_and_version_13(void **state)
{
	struct http_response out;

	(void)state;
	assert_true(http_api_may_upgrade(&s.api, "/app/k", true, &out));
	http_response_clear(&out);
	assert_true(http_api_may_upgrade(&s.api, "/app/unknown", true, &out));
	http_response_clear(&out);
	assert_false(http_api_may_upgrade(&s.api, "/app/k", false, &out));
	assert_int_equal(out.status, 426);
	http_response_clear(&out);
	assert_false(http_api_may_upgrade(&s.api, "/x/app/k", true, &out));
	assert_int_equal(out.status, 404);
	http_response_clear(&out);
}

static void
attributes_are_those_of_the_kind_of_channel(void **state)
{
	unsigned all = http_info_parse("user_count, subscription_count,cache");

	(void)state;
	assert_int_equal(all, INFO_USER_COUNT | INFO_SUBSCRIPTION_COUNT | INFO_CACHE);
	assert_int_equal(http_info_parse(NULL), 0);
	assert_int_equal(http_info_parse(""), 0);
	assert_int_equal(http_info_parse("user_counts"), INFO_UNKNOWN);
	assert_int_equal(http_info_of_kind(all, 0), INFO_SUBSCRIPTION_COUNT);
	assert_int_equal(http_info_of_kind(INFO_UNKNOWN, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_scene, close_scene)
		TEST(an_event_reaches_the_subscribers_and_the_answer_is_empty),
		TEST(what_a_cache_channel_remembers_is_told),
		TEST(a_batch_with_a_mistake_publishes_nothing),
		TEST(the_rate_is_counted_by_the_second),
		TEST(each_refusal_has_its_status_and_counter),
		TEST(heads_and_preflights_are_answered),
		TEST(metrics_are_for_operators),
		TEST(an_upgrade_needs_a_path_and_version_13),
		TEST(attributes_are_those_of_the_kind_of_channel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
