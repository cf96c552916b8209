/* pusher:signin and what comes of it. */
#include "fake_push.h"

#include "limit.h"

#define SUCCESS(data)                                                                              \
	"{\"event\":\"pusher:signin_success\",\"data\":{\"user_data\":\"" data "\"}}\n"

static void
a_good_signature_signs_in(void **state)
{
	struct world *w = *state;
	struct fake c;

	fake_open(w, &c);
	fake_sign_in(&c, "{\"id\":\"12345\"}");
	assert_said(&c, SUCCESS("{\\\"id\\\":\\\"12345\\\"}"));
	assert_string_equal(hub_user_id(&c.session.peer), "12345");
	fake_sign_in(&c, "{\"id\":\"12345\"}");
	assert_said(&c, SUCCESS("{\\\"id\\\":\\\"12345\\\"}"));
	fake_close(&c);
}

static void
who_cannot_sign_in_is_told_and_closed(void **state)
{
	static const char *const bad[] = { "", "x", "null", "[]", "{}", "{\"id\":1}",
		"{\"id\":null}", "{\"id\":\"\"}", "{\"id\":\"a b\"}", "{\"id\":\"a#b\"}",
		"{\"id\":\"u\",\"watchlist\":\"x\"}", "{\"id\":\"u\",\"watchlist\":{}}",
		"{\"id\":\"u\",\"watchlist\":[null]}", "{\"id\":\"u\",\"watchlist\":[\"\"]}" };
	struct world *w = *state;
	struct fake c;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		fake_open(w, &c);
		fake_sign_in(&c, bad[i]);
		assert_int_equal(c.session.peer.close_code, 4009);
		assert_non_null(strstr(c.said.data, "\"code\":4009}}\n"));
		assert_null(hub_user_id(&c.session.peer));
		fake_close(&c);
	}
	assert_int_equal(w->metrics.count[METRIC_CLOSED_SIGNIN], ARRAY_LEN(bad));
}

static void
a_bad_signature_or_none_closes(void **state)
{
	static const char *const bad[] = { "{\"event\":\"pusher:signin\"}",
		"{\"event\":\"pusher:signin\",\"data\":{}}",
		"{\"event\":\"pusher:signin\",\"data\":\"x\"}",
		"{\"event\":\"pusher:signin\",\"data\":{\"user_data\":\"{\\\"id\\\":\\\"u\\\"}\"}}",
		"{\"event\":\"pusher:signin\",\"data\":{\"auth\":1,\"user_data\":\"{\\\"id\\\":"
		"\\\"u\\\"}\"}}",
		"{\"event\":\"pusher:signin\",\"data\":{\"auth\":\"" FAKE_KEY
		":00\",\"user_data\":\"{\\\"id\\\":\\\"u\\\"}\"}}" };
	struct world *w = *state;
	struct fake c;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		fake_open(w, &c);
		fake_send(&c, bad[i]);
		assert_int_equal(c.session.peer.close_code, 4009);
		fake_close(&c);
	}
	/* a channel's signature is none for a user */
	fake_open(w, &c);
	fake_ask(&c, "pusher:signin", "user_data", "{\"id\":\"u\"}", "n", NULL,
	    fake_auth(&c, ":{\"id\":\"u\"}"));
	assert_int_equal(c.session.peer.close_code, 4009);
	fake_close(&c);
}

static void
another_user_on_the_same_connection_is_refused(void **state)
{
	struct world *w = *state;
	struct fake c;

	fake_open(w, &c);
	fake_sign_in(&c, "{\"id\":\"a\"}");
	fake_sign_in(&c, "{\"id\":\"b\"}");
	assert_int_equal(c.session.peer.close_code, 4009);
	assert_int_equal(hub_occupancy(w->app, "#server-to-user-b", 17), 0);
	assert_int_equal(hub_occupancy(w->app, "#server-to-user-a", 17), 0);
	fake_close(&c);
}

static void
the_watchlist_is_answered_after_the_success(void **state)
{
	struct world *w = *state;
	struct fake a, b;

	fake_open(w, &a);
	fake_open(w, &b);
	fake_sign_in(&a, "{\"id\":\"a\"}");
	fake_sign_in(&b, "{\"id\":\"b\",\"watchlist\":[\"a\",7]}");
	assert_said(&b,
	    SUCCESS(
		"{\\\"id\\\":\\\"b\\\",\\\"watchlist\\\":[\\\"a\\\",7]}") "{\"event\":\"pusher_"
									  "internal:watchlist_"
									  "events\",\"data\":\"{"
									  "\\\"events\\\":[{"
									  "\\\"name\\\":"
									  "\\\"online\\\",\\\"user_"
									  "ids\\\":[\\\"a\\\"]},{"
									  "\\\"name\\\":"
									  "\\\"offline\\\","
									  "\\\"user_ids\\\":["
									  "\\\"7\\\"]}]}\"}\n");
	fake_close(&b);
	/* an app may do without */
	w->app->has_watchlist = false;
	fake_open(w, &b);
	fake_sign_in(&b, "{\"id\":\"b\",\"watchlist\":[\"a\"]}");
	assert_null(strstr(b.said.data, "watchlist_events"));
	fake_close(&a);
	assert_null(strstr(b.said.data, "offline"));
	fake_close(&b);
}

static struct buf
user_data_watching(int count)
{
	struct buf data = BUF_INIT(65536);

	assert_int_equal(buf_adds(&data, "{\"id\":\"c\",\"watchlist\":["), OK);
	for (int i = 0; i < count; i++)
		assert_int_equal(buf_addf(&data, "%s\"u%d\"", i > 0 ? "," : "", i), OK);
	assert_int_equal(buf_adds(&data, "]}"), OK);
	return data;
}

static void
a_long_watchlist_is_cut_and_that_is_said(void **state)
{
	struct world *w = *state;
	struct fake c, last, beyond;
	auto_buf as_long_as_may_be = user_data_watching(LIMIT_WATCHLIST);
	auto_buf longer = user_data_watching(LIMIT_WATCHLIST + 1);

	fake_open(w, &c);
	fake_open(w, &last);
	fake_open(w, &beyond);
	fake_sign_in(&c, as_long_as_may_be.data);
	assert_null(strstr(c.said.data, "pusher:error"));
	fake_close(&c);
	fake_open(w, &c);
	fake_sign_in(&c, longer.data);
	assert_false(peer_has_ended(&c.session.peer));
	assert_non_null(strstr(c.said.data, "pusher:signin_success"));
	assert_non_null(strstr(c.said.data, "\"code\":4302}}\n"));
	buf_clear(&c.said);
	fake_sign_in(&last, "{\"id\":\"u99\"}");
	assert_non_null(strstr(c.said.data, "u99"));
	buf_clear(&c.said);
	fake_sign_in(&beyond, "{\"id\":\"u100\"}");
	assert_said_nothing(&c);
	fake_close(&c);
	fake_close(&last);
	fake_close(&beyond);
}

/* The success finds no room: he is out before his watchlist is looked at. */
static void
who_does_not_read_is_closed_while_he_signs_in(void **state)
{
	struct world *w = *state;
	struct fake c;

	fake_open(w, &c);
	fake_subscribe(&c, "c", NULL);
	c.is_stuck = true;
	for (int i = 0; i < LIMIT_OUTBOX_FRAMES; i++)
		world_say(w, "c", "e");
	assert_false(peer_has_ended(&c.session.peer));
	fake_sign_in(&c, "{\"id\":\"u\",\"watchlist\":[\"v\"]}");
	assert_int_equal(c.session.peer.close_code, 4100);
	assert_null(hub_user_id(&c.session.peer));
	fake_close(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(a_good_signature_signs_in),
		world_test(who_cannot_sign_in_is_told_and_closed),
		world_test(a_bad_signature_or_none_closes),
		world_test(another_user_on_the_same_connection_is_refused),
		world_test(the_watchlist_is_answered_after_the_success),
		world_test(a_long_watchlist_is_cut_and_that_is_said),
		world_test(who_does_not_read_is_closed_while_he_signs_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
