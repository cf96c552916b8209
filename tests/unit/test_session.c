/* Opening, refusals with their codes, silence, the timeout of who shows no signature. */
#include "fake_push.h"

#include "limit.h"

static void
the_greeting_comes_first(void **state)
{
	struct world *w = *state;
	struct fake c;
	char id[SOCKET_ID_SIZE], want[256];

	fake_open_as(w, &c,
	    &(struct session_request){
		.key = FAKE_KEY, .key_len = strlen(FAKE_KEY), .protocol = "7" });
	(void)snprintf(want, sizeof want,
	    "{\"event\":\"pusher:connection_established\",\"data\":\"{\\\"socket_id\\\":\\\"%s\\\","
	    "\\\"activity_timeout\\\":120}\"}\n",
	    hub_socket_id(&c.session.peer, id));
	assert_said(&c, want);
	fake_close(&c);
}

static void
each_refusal_has_its_code_inside_the_websocket(void **state)
{
	static const struct {
		const char *key, *protocol;
		uint16_t code;
	} cases[] = {
		{ FAKE_KEY, NULL, 0 },
		{ FAKE_KEY, "5", 0 },
		{ FAKE_KEY, "6", 0 },
		{ FAKE_KEY, "7", 0 },
		{ FAKE_KEY, "4", 4007 },
		{ FAKE_KEY, "8", 4007 },
		{ FAKE_KEY, "99999999999999999999", 4007 },
		{ FAKE_KEY, "-7", 4007 },
		{ FAKE_KEY, "seven", 4006 },
		{ FAKE_KEY, "", 4006 },
		{ FAKE_KEY, "7x", 4006 },
		{ "nobody", "7", 4001 },
		{ "nobody", "99", 4001 },
		{ "", "7", 4001 },
		{ "\xff\xfe", "7", 4001 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake c;

		fake_open_as(w, &c,
		    &(struct session_request){ .key = cases[i].key,
			.key_len = strlen(cases[i].key),
			.protocol = cases[i].protocol });
		assert_int_equal(c.session.peer.close_code, cases[i].code);
		if (cases[i].code != 0) {
			char code[16];

			(void)snprintf(code, sizeof code, "\"code\":%d}}", cases[i].code);
			assert_non_null(
			    strstr(c.said.data, "{\"event\":\"pusher:error\",\"data\":{"));
			assert_non_null(strstr(c.said.data, code));
			assert_int_equal(w->app->connections, 0);
		}
		fake_close(&c);
	}
}

static void
the_app_decides_who_may_enter(void **state)
{
	static char host[] = "good.example";
	char *origins[] = { host, NULL };
	struct world *w = *state;
	struct session_request r = {
		.key = FAKE_KEY, .key_len = strlen(FAKE_KEY), .protocol = "7"
	};
	struct fake c;

	w->app->allowed_origins = origins;
	fake_open_as(w, &c, &r);
	assert_int_equal(c.session.peer.close_code, 4009);
	fake_close(&c);
	r.origin = "https://evil.example";
	fake_open_as(w, &c, &r);
	assert_int_equal(c.session.peer.close_code, 4009);
	fake_close(&c);
	r.origin = "https://good.example:8443";
	fake_open_as(w, &c, &r);
	assert_int_equal(c.session.peer.close_code, 0);
	fake_close(&c);
	w->app->allowed_origins = NULL;
	w->app->is_enabled = false;
	fake_open_as(w, &c, &r);
	assert_int_equal(c.session.peer.close_code, 4003);
	fake_close(&c);
	w->app->is_enabled = true;
	w->app->capacity = 1;
	w->app->connections = 1;
	fake_open_as(w, &c, &r);
	assert_int_equal(c.session.peer.close_code, 4100);
	fake_close(&c);
	w->app->is_capacity_final = true;
	fake_open_as(w, &c, &r);
	assert_int_equal(c.session.peer.close_code, 4004);
	fake_close(&c);
	w->app->connections = 0;
	w->env.is_draining = true;
	fake_open_as(w, &c, &r);
	assert_int_equal(c.session.peer.close_code, 4200);
	fake_close(&c);
}

static void
malformed_messages_get_an_error_and_the_connection_stays(void **state)
{
	static const char *const bad[] = { "", "{", "null", "[]", "\"x\"", "1", "{}",
		"{\"event\":null}", "{\"event\":[\"x\"]}", "{\"event\":{}}",
		"{\"event\":\"\\u0000\"}", "{\"event\":\"pusher:subscribe\"}",
		"{\"event\":\"pusher:subscribe\",\"data\":\"x\"}",
		"{\"event\":\"pusher:subscribe\",\"data\":null}",
		"{\"event\":\"pusher:subscribe\",\"data\":[]}",
		"{\"event\":\"pusher:subscribe\",\"data\":{\"channel\":null}}",
		"{\"event\":\"pusher:subscribe\",\"data\":{\"channel\":[\"a\"]}}",
		"{\"event\":\"pusher:unsubscribe\",\"data\":[\"a\"]}",
		"{\"event\":\"pusher:unsubscribe\"}", "\xff", "{\"event\":\"\xff\"}" };
	struct world *w = *state;
	struct fake c;
	char *deep = xcalloc(1, 2 * LIMIT_PUSHER_DEPTH + 64);

	fake_open(w, &c);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		fake_send(&c, bad[i]);
		assert_non_null(c.said.data);
		assert_int_equal(
		    strncmp(c.said.data, "{\"event\":\"pusher:error\",\"data\":{", 31), 0);
		assert_non_null(strstr(c.said.data, "\"code\":null}}\n"));
		buf_clear(&c.said);
	}
	assert_int_equal(w->metrics.count[METRIC_BAD_MESSAGE], ARRAY_LEN(bad));
	(void)snprintf(deep, 16, "{\"event\":");
	memset(deep + strlen(deep), '[', LIMIT_PUSHER_DEPTH);
	fake_send(&c, deep);
	assert_int_equal(w->metrics.count[METRIC_BAD_MESSAGE], ARRAY_LEN(bad) + 1);
	buf_clear(&c.said);
	fake_send(&c, "{\"event\":\"pusher:ping\"}");
	assert_said(&c, "{\"event\":\"pusher:pong\",\"data\":{}}\n");
	free(deep);
	fake_close(&c);
}

static void
unknown_events_are_ignored(void **state)
{
	struct world *w = *state;
	struct fake c;

	fake_open(w, &c);
	fake_send(&c, "{\"event\":\"pusher:pong\",\"data\":{}}");
	fake_send(&c, "{\"event\":\"pusher:whatever\",\"data\":{}}");
	fake_send(&c, "{\"event\":\"pusher_internal:subscription_succeeded\",\"channel\":\"x\"}");
	fake_send(&c, "{\"event\":\"my-event\",\"channel\":\"x\",\"data\":{}}");
	fake_send(&c, "{\"event\":\"\"}");
	fake_send(&c, "{\"event\":\"pusher:subscribe \",\"data\":{\"channel\":\"x\"}}");
	assert_said_nothing(&c);
	assert_int_equal(w->metrics.count[METRIC_MESSAGES_RECEIVED], 6);
	fake_close(&c);
}

/* --- silence --- */

#define PING "{\"event\":\"pusher:ping\",\"data\":{}}\n"

static void
who_is_silent_is_asked_and_then_closed(void **state)
{
	struct world *w = *state;
	struct fake c;

	fake_open(w, &c);
	world_pass(w, 119000);
	assert_said_nothing(&c);
	world_pass(w, 1500);
	assert_said(&c, PING);
	assert_int_equal(c.pings, 1);
	world_pass(w, 29000);
	assert_said_nothing(&c);
	world_pass(w, 1500);
	assert_int_equal(c.session.peer.close_code, 4201);
	assert_int_equal(w->metrics.count[METRIC_CLOSED_SILENT], 1);
	fake_close(&c);
}

static void
any_sign_of_life_will_do(void **state)
{
	struct world *w = *state;
	struct fake c;

	fake_open(w, &c);
	for (int i = 0; i < 10; i++) {
		world_pass(w, 125000);
		assert_said(&c, PING);
		if (i % 2 == 0)
			session_seen(&c.session, w->now_ms); /* a control frame */
		else
			fake_send(&c, "{\"event\":\"pusher:pong\",\"data\":{}}");
	}
	for (int i = 0; i < 10; i++) {
		world_pass(w, 100000);
		fake_send(&c, "{\"event\":\"pusher:ping\",\"data\":{}}");
	}
	assert_false(peer_has_ended(&c.session.peer));
	assert_null(strstr(c.said.data, "pusher:ping"));
	fake_close(&c);
}

static void
who_does_not_take_his_last_frames_is_cut_off(void **state)
{
	struct world *w = *state;
	struct fake c;
	struct wheel_node *n;

	fake_open(w, &c);
	c.is_stuck = true;
	session_end(&c.session, 4200, "bye", w->now_ms);
	fake_send(&c, "{\"event\":\"pusher:ping\"}");
	assert_int_equal(c.session.peer.outbox.count, 1);
	n = wheel_expired(&w->wheel, w->now_ms + SESSION_CLOSE_GRACE_MS + WHEEL_TICK_MS);
	assert_ptr_equal(n, &c.session.timer);
	assert_false(session_tick(&c.session, w->now_ms + SESSION_CLOSE_GRACE_MS));
	fake_close(&c);
}

static void
closing_twice_or_before_opening_is_harmless(void **state)
{
	struct world *w = *state;
	struct fake c;
	struct session never = { .env = NULL };

	session_close(&never);
	fake_open(w, &c);
	fake_subscribe(&c, "x", NULL);
	session_close(&c.session);
	fake_close(&c);
	assert_int_equal(w->app->connections, 0);
	assert_int_equal(w->metrics.count[METRIC_CONNECTIONS_CLOSED], 1);
}

/* --- authorised connections --- */

static void
who_shows_no_signature_in_time_is_closed(void **state)
{
	struct world *w = *state;
	struct fake none, public, private, user;

	w->app->has_user_authentication = true;
	fake_open(w, &none);
	fake_open(w, &public);
	fake_open(w, &private);
	fake_open(w, &user);
	world_pass(w, 20000);
	fake_subscribe(&public, "x", NULL);
	fake_subscribe(&private, "private-x", NULL);
	fake_sign_in(&user, "{\"id\":\"u\"}");
	world_pass(w, 9500);
	assert_false(peer_has_ended(&none.session.peer));
	world_pass(w, 1000);
	assert_int_equal(none.session.peer.close_code, 4009);
	assert_int_equal(public.session.peer.close_code, 4009);
	assert_false(peer_has_ended(&private.session.peer));
	assert_false(peer_has_ended(&user.session.peer));
	assert_int_equal(w->metrics.count[METRIC_CLOSED_UNAUTHORISED], 2);
	world_pass(w, 80000); /* they are asked for a sign of life as ever */
	buf_clear(&user.said);
	world_pass(w, 30000);
	assert_said(&user, PING);
	fake_close(&none);
	fake_close(&public);
	fake_close(&private);
	fake_close(&user);
}

static void
being_asked_does_not_put_the_deadline_off(void **state)
{
	struct world *w = *state;
	struct fake c;

	w->env.activity_seconds = 20; /* asked at 20 s, silent until 50 s */
	w->app->has_user_authentication = true;
	fake_open(w, &c);
	world_pass(w, 29000);
	assert_said(&c, PING);
	assert_false(peer_has_ended(&c.session.peer));
	world_pass(w, 1500);
	assert_int_equal(c.session.peer.close_code, 4009);
	fake_close(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(the_greeting_comes_first),
		world_test(each_refusal_has_its_code_inside_the_websocket),
		world_test(the_app_decides_who_may_enter),
		world_test(malformed_messages_get_an_error_and_the_connection_stays),
		world_test(unknown_events_are_ignored),
		world_test(who_is_silent_is_asked_and_then_closed),
		world_test(any_sign_of_life_will_do),
		world_test(who_does_not_take_his_last_frames_is_cut_off),
		world_test(closing_twice_or_before_opening_is_harmless),
		world_test(who_shows_no_signature_in_time_is_closed),
		world_test(being_asked_does_not_put_the_deadline_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
