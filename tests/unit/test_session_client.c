/* Client events: whose are relayed, and how each refusal is said. */
#include "fake_push.h"

#include "limit.h"

static struct fake sender, other;

static void
open_both(struct world *w, const char *channel, const char *data1, const char *data2)
{
	fake_open(w, &sender);
	fake_open(w, &other);
	fake_subscribe(&sender, channel, data1);
	fake_subscribe(&other, channel, data2);
	buf_clear(&sender.said);
	buf_clear(&other.said);
}

static void
close_both(void)
{
	fake_close(&sender);
	fake_close(&other);
}

static void
assert_refused(const char *channel)
{
	char want[128] = "{\"event\":\"pusher:error\",\"data\":{\"message\":";

	if (channel != NULL)
		(void)snprintf(want, sizeof want,
		    "{\"event\":\"pusher:error\",\"channel\":\"%s\",\"data\":{\"message\":",
		    channel);
	assert_non_null(sender.said.data);
	assert_int_equal(strncmp(sender.said.data, want, strlen(want)), 0);
	assert_non_null(strstr(sender.said.data, "\"code\":4301}}\n"));
	assert_false(peer_has_ended(&sender.session.peer));
	assert_said_nothing(&other);
	buf_clear(&sender.said);
}

static void
members_hear_it_and_the_sender_does_not(void **state)
{
	static const char *const kinds[] = { "private-x", "private-encrypted-x",
		"private-cache-x" };
	struct world *w = *state;
	char text[256], want[256];

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		open_both(w, kinds[i], NULL, NULL);
		(void)snprintf(text, sizeof text,
		    "{\"event\":\"client-e\",\"channel\":\"%s\",\"data\":{\"a\":[1,\"\\u00f1\"]}}",
		    kinds[i]);
		(void)snprintf(want, sizeof want,
		    "{\"event\":\"client-e\",\"channel\":\"%s\",\"data\":{\"a\":[1,\"\xc3\xb1\"]}}"
		    "\n",
		    kinds[i]);
		fake_send(&sender, text);
		assert_said(&other, want);
		assert_said_nothing(&sender);
		close_both();
	}
}

static void
data_is_relayed_as_it_came_or_left_out(void **state)
{
	struct world *w = *state;

	open_both(w, "private-x", NULL, NULL);
	fake_send(&sender,
	    "{\"event\":\"client-e\",\"channel\":\"private-x\",\"data\":\"{\\\"a\\\":1}\"}");
	assert_said(&other,
	    "{\"event\":\"client-e\",\"channel\":\"private-x\",\"data\":\"{\\\"a\\\":1}\"}\n");
	fake_send(&sender, "{\"event\":\"client-e\",\"channel\":\"private-x\"}");
	assert_said(&other, "{\"event\":\"client-e\",\"channel\":\"private-x\"}\n");
	fake_send(&sender, "{\"event\":\"client-e\",\"channel\":\"private-x\",\"data\":null}");
	assert_said(&other, "{\"event\":\"client-e\",\"channel\":\"private-x\",\"data\":null}\n");
	fake_send(
	    &sender, "{\"event\":\"client-e\",\"channel\":\"private-x\",\"data\":\"a\\u0000b\"}");
	assert_said(
	    &other, "{\"event\":\"client-e\",\"channel\":\"private-x\",\"data\":\"a\\u0000b\"}\n");
	fake_send(&sender,
	    "{\"event\":\"client-e\",\"channel\":\"private-x\",\"data\":[18446744073709551616,5]}");
	assert_said(&other,
	    "{\"event\":\"client-e\",\"channel\":\"private-x\",\"data\":[1.8446744073709552e19,"
	    "5.0]}\n");
	close_both();
}

static void
what_else_the_client_wrote_is_dropped(void **state)
{
	struct world *w = *state;

	open_both(w, "presence-x", "{\"user_id\":\"S\"}", "{\"user_id\":\"O\"}");
	fake_send(&sender,
	    "{\"event\":\"client-e\",\"channel\":\"presence-x\",\"data\":1,\"user_id\":\"root\","
	    "\"extra\":2}");
	assert_said(&other,
	    "{\"event\":\"client-e\",\"channel\":\"presence-x\",\"data\":1,\"user_id\":\"S\"}\n");
	close_both();
}

static void
each_refusal_is_said_and_nobody_hears(void **state)
{
	struct world *w = *state;
	char event[LIMIT_EVENT_NAME_LEN + 128], *large = xcalloc(1, LIMIT_EVENT_BYTES + 256);
	int n;

	open_both(w, "private-x", NULL, NULL);
	fake_subscribe(&sender, "public", NULL);
	fake_subscribe(&other, "public", NULL);
	fake_subscribe(&other, "private-y", NULL);
	buf_clear(&sender.said);
	buf_clear(&other.said);
	fake_send(&sender, "{\"event\":\"client-e\",\"channel\":\"public\",\"data\":1}");
	assert_refused("public");
	fake_send(&sender, "{\"event\":\"client-e\",\"channel\":\"private-y\",\"data\":1}");
	assert_refused("private-y");
	fake_send(&sender, "{\"event\":\"client-e\",\"channel\":[\"a\"],\"data\":1}");
	assert_refused(NULL);
	fake_send(&sender, "{\"event\":\"client-e\",\"data\":1}");
	assert_refused(NULL);
	n = snprintf(event, sizeof event,
	    "{\"event\":\"client-%0*d\",\"channel\":\"private-x\",\"data\":1}",
	    LIMIT_EVENT_NAME_LEN - 6, 0);
	assert_true(n > 0);
	fake_send(&sender, event);
	assert_refused("private-x");
	(void)snprintf(event, sizeof event,
	    "{\"event\":\"client-%0*d\",\"channel\":\"private-x\",\"data\":1}",
	    LIMIT_EVENT_NAME_LEN - 7, 0);
	fake_send(&sender, event);
	assert_true(other.said.len > 0);
	buf_clear(&other.said);
	n = snprintf(large, LIMIT_EVENT_BYTES,
	    "{\"event\":\"client-e\",\"channel\":\"private-x\",\"data\":\"");
	memset(large + n, 'x', LIMIT_EVENT_BYTES + 1);
	memcpy(large + n + LIMIT_EVENT_BYTES + 1, "\"}", 3);
	fake_send(&sender, large);
	assert_refused("private-x");
	memcpy(large + n + LIMIT_EVENT_BYTES, "\"}", 3);
	fake_send(&sender, large);
	assert_true(other.said.len > LIMIT_EVENT_BYTES);
	buf_clear(&other.said);
	w->app->has_client_messages = false;
	fake_send(&sender, "{\"event\":\"client-e\",\"channel\":\"private-x\",\"data\":1}");
	assert_refused("private-x");
	assert_int_equal(w->metrics.count[METRIC_CLIENT_EVENT_REFUSED], 7);
	free(large);
	close_both();
}

static void
so_many_a_second_and_no_more(void **state)
{
	static const char text[] = "{\"event\":\"client-e\",\"channel\":\"private-x\",\"data\":1}";
	struct world *w = *state;

	open_both(w, "private-x", NULL, NULL);
	for (int second = 0; second < 3; second++) {
		for (int i = 0; i < LIMIT_CLIENT_EVENTS_PER_SECOND; i++)
			fake_send(&sender, text);
		assert_int_equal(w->metrics.count[METRIC_EVENTS_CLIENT],
		    (second + 1) * LIMIT_CLIENT_EVENTS_PER_SECOND);
		assert_said_nothing(&sender);
		buf_clear(&other.said);
		fake_send(&sender, text);
		assert_refused("private-x");
		world_pass(w, 1000);
	}
	assert_int_equal(w->metrics.count[METRIC_CLIENT_EVENT_RATE], 3);
	close_both();
}

static void
names_that_only_hold_the_word_are_no_client_events(void **state)
{
	struct world *w = *state;

	open_both(w, "private-x", NULL, NULL);
	fake_send(&sender, "{\"event\":\"foo-client-bar\",\"channel\":\"private-x\",\"data\":1}");
	fake_send(&sender, "{\"event\":\"client\",\"channel\":\"private-x\",\"data\":1}");
	assert_said_nothing(&sender);
	assert_said_nothing(&other);
	close_both();
}

static char heard[256];

static void
note(void *ctx, struct app *app, const struct hub_client_event *e)
{
	auto_char *data = json_text(e->data);

	(void)ctx;
	(void)app;
	(void)snprintf(heard, sizeof heard, "%s %s %s %s", e->channel, e->event,
	    e->user_id != NULL ? e->user_id : "-", data);
	assert_non_null(strchr(e->socket_id, '.'));
}

static void
an_observer_hears_of_it(void **state)
{
	struct world *w = *state;

	hub_observe(w->hub, &(struct hub_observer){ .client_event = note });
	open_both(w, "presence-x", "{\"user_id\":\"S\"}", "{\"user_id\":\"O\"}");
	fake_send(
	    &sender, "{\"event\":\"client-e\",\"channel\":\"presence-x\",\"data\":{\"a\":1}}");
	assert_string_equal(heard, "presence-x client-e S {\"a\":1}");
	close_both();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(members_hear_it_and_the_sender_does_not),
		world_test(data_is_relayed_as_it_came_or_left_out),
		world_test(what_else_the_client_wrote_is_dropped),
		world_test(each_refusal_is_said_and_nobody_hears),
		world_test(so_many_a_second_and_no_more),
		world_test(names_that_only_hold_the_word_are_no_client_events),
		world_test(an_observer_hears_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
