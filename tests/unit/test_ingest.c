/* Datagrams: what is ours reaches the hub, the rest is counted and harms nothing. */
#include "fake_push.h"

#include "ingest.h"

#define LINE(rest) "{\"v\":1,\"app\":\"3\"," rest "}\n"
#define PUBLISH(channels, name)                                                                    \
	LINE("\"channels\":[" channels "],\"name\":\"" name "\",\"data\":\"{\\\"a\\\":1}\"")
#define EVENT(channel, name)                                                                       \
	"{\"event\":\"" name "\",\"channel\":\"" channel "\",\"data\":\"{\\\"a\\\":1}\"}\n"

static void
take(struct world *w, const char *text)
{
	const struct ingest in = { .hub = w->hub, .apps = w->apps, .metrics = &w->metrics };

	ingest_datagram(&in, text, strlen(text));
	hub_flush(w->hub);
}

static void
lines_become_events_in_order(void **state)
{
	struct world *w = *state;
	struct fake a, b;

	fake_open(w, &a);
	fake_open(w, &b);
	fake_subscribe(&a, "x", NULL);
	fake_subscribe(&b, "y", NULL);
	buf_clear(&a.said);
	buf_clear(&b.said);
	take(w, PUBLISH("\"x\",\"y\",\"nobody\"", "1") PUBLISH("\"x\"", "2"));
	assert_said(&a, EVENT("x", "1") EVENT("x", "2"));
	assert_said(&b, EVENT("y", "1"));
	assert_int_equal(w->metrics.count[METRIC_EVENTS_DATAGRAM], 4);
	fake_close(&a);
	fake_close(&b);
}

static void
what_is_not_ours_is_counted_and_the_rest_is_used(void **state)
{
	struct world *w = *state;
	struct fake a;

	fake_open(w, &a);
	fake_subscribe(&a, "x", NULL);
	buf_clear(&a.said);
	take(w,
	    "nonsense\n" PUBLISH("\"x\"",
		"1") "{\"v\":1,\"app\":\"4\",\"channels\":[\"x\"],\"name\":\"2\",\"data\":\"d\"}\n"
		     "{\"v\":2,\"app\":\"3\"}\n\n" PUBLISH("\"x\"", "3"));
	assert_said(&a, EVENT("x", "1") EVENT("x", "3"));
	assert_int_equal(w->metrics.count[METRIC_DATAGRAM_BAD_LINE], 2);
	assert_int_equal(w->metrics.count[METRIC_DATAGRAM_UNKNOWN_APP], 1);
	take(w, "");
	take(w, "\n\n");
	take(w, "{\"v\":1,\"op\":\"refused\",\"uid\":33,\"setting\":\"S\"}"); /* nothing for us */
	assert_said_nothing(&a);
	fake_close(&a);
}

static void
a_line_may_exclude_a_socket(void **state)
{
	struct world *w = *state;
	struct fake a, b;
	char id[SOCKET_ID_SIZE], text[256];

	fake_open(w, &a);
	fake_open(w, &b);
	fake_subscribe(&a, "x", NULL);
	fake_subscribe(&b, "x", NULL);
	buf_clear(&a.said);
	buf_clear(&b.said);
	(void)snprintf(text, sizeof text,
	    LINE("\"channels\":[\"x\"],\"name\":\"1\",\"data\":\"{\\\"a\\\":1}\",\"socket_id\":\"%"
		 "s\""),
	    hub_socket_id(&a.session.peer, id));
	take(w, text);
	assert_said_nothing(&a);
	assert_said(&b, EVENT("x", "1"));
	take(w, LINE("\"channels\":[\"x\"],\"name\":\"2\",\"data\":\"{\\\"a\\\":1}\",\"socket_id\":"
		     "\"9.999\""));
	assert_said(&a, EVENT("x", "2")); /* who is not there is not excluded */
	fake_close(&a);
	fake_close(&b);
}

static void
a_cache_channel_remembers_a_datagram(void **state)
{
	struct world *w = *state;
	struct fake a;

	take(w, PUBLISH("\"cache-x\",\"x\"", "1"));
	fake_open(w, &a);
	fake_subscribe(&a, "cache-x", NULL);
	assert_non_null(strstr(a.said.data, EVENT("cache-x", "1")));
	fake_close(&a);
}

static void
a_line_evicts(void **state)
{
	struct world *w = *state;
	struct fake a, b;

	fake_open(w, &a);
	fake_open(w, &b);
	fake_subscribe(&a, "presence-x", "{\"user_id\":\"a\"}");
	fake_subscribe(&b, "presence-x", "{\"user_id\":\"b\"}");
	take(w, LINE("\"op\":\"evict\",\"channel\":\"presence-x\",\"user_id\":\"a\""));
	assert_int_equal(a.session.peer.close_code, 4200);
	assert_false(peer_has_ended(&b.session.peer));
	take(w, LINE("\"op\":\"evict\",\"channel\":\"presence-x\""));
	assert_int_equal(b.session.peer.close_code, 4200);
	assert_int_equal(w->metrics.count[METRIC_EVICTED], 2);
	fake_close(&a);
	fake_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(lines_become_events_in_order),
		world_test(what_is_not_ours_is_counted_and_the_rest_is_used),
		world_test(a_line_may_exclude_a_socket),
		world_test(a_cache_channel_remembers_a_datagram),
		world_test(a_line_evicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
