/* What the HTTP API tells of a channel, on a real hub. */
#include "fake_push.h"
#include "http_info.h"

static const char *
told(struct world *w, const char *channel, const char *info)
{
	static char *text;
	json_auto_t *object = json_object();

	http_info_add(object, w->hub, w->app, channel, http_info_parse(info));
	free(text);
	text = json_text(object);
	return text;
}

static void
attributes_are_named_by_a_list(void **state)
{
	static const struct {
		const char *list;
		unsigned info;
	} cases[] = {
		{ NULL, 0 },
		{ "", 0 },
		{ ",", 0 },
		{ " , ,", 0 },
		{ "user_count", INFO_USER_COUNT },
		{ "user_count,user_count", INFO_USER_COUNT },
		{ "cache,subscription_count", INFO_CACHE | INFO_SUBSCRIPTION_COUNT },
		{ " cache , subscription_count ", INFO_CACHE | INFO_SUBSCRIPTION_COUNT },
		{ "user_coun", INFO_UNKNOWN },
		{ "user_counts", INFO_UNKNOWN },
		{ "User_count", INFO_UNKNOWN },
		{ "cache,nonsense", INFO_CACHE | INFO_UNKNOWN },
		{ "cache;user_count", INFO_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(http_info_parse(cases[i].list), cases[i].info);
}

static void
members_are_counted_once_and_subscriptions_each(void **state)
{
	static const char all[] = "user_count,subscription_count,cache";
	struct world *w = *state;
	struct fake a, b, c;

	fake_open(w, &a);
	fake_open(w, &b);
	fake_open(w, &c);
	fake_subscribe(&a, "presence-x", "{\"user_id\":\"1\"}");
	fake_subscribe(&b, "presence-x", "{\"user_id\":\"1\"}");
	fake_subscribe(&c, "presence-x", "{\"user_id\":\"2\"}");
	fake_subscribe(&a, "private-x", NULL);
	assert_string_equal(
	    told(w, "presence-x", all), "{\"user_count\":2,\"subscription_count\":3}");
	assert_string_equal(told(w, "presence-x", "user_count"), "{\"user_count\":2}");
	assert_string_equal(told(w, "private-x", all), "{\"subscription_count\":1}");
	assert_string_equal(told(w, "private-x", "user_count"), "{}");
	assert_string_equal(told(w, "private-x", "nonsense"), "{}");
	fake_close(&a);
	fake_close(&b);
	fake_close(&c);
}

static void
a_channel_in_which_nobody_is_has_zeros(void **state)
{
	struct world *w = *state;

	assert_string_equal(told(w, "presence-none", "user_count,subscription_count"),
	    "{\"user_count\":0,\"subscription_count\":0}");
	assert_string_equal(told(w, "cache-none", "cache"), "{\"cache\":null}");
}

/* The seconds that are left are those of Pusher: rounded up, never 0. */
static void
a_cached_event_is_told_with_its_time_to_live(void **state)
{
	struct world *w = *state;

	w->app->limits.cache_seconds = 10;
	world_say(w, "cache-x", "first");
	world_publish(w, "cache-x", "news", "{\"a\":\"\\u00f1\"}", NULL);
	assert_string_equal(told(w, "cache-x", "cache"),
	    "{\"cache\":{\"data\":\"{\\\"a\\\":\\\"\\\\u00f1\\\"}\",\"ttl\":10}}");
	world_pass(w, 9500);
	assert_non_null(strstr(told(w, "cache-x", "cache"), "\"ttl\":1}"));
	world_pass(w, 1000);
	assert_string_equal(told(w, "cache-x", "cache"), "{\"cache\":null}");
}

static void
what_a_client_says_is_not_remembered(void **state)
{
	struct world *w = *state;
	struct fake a;

	fake_open(w, &a);
	fake_subscribe(&a, "private-cache-x", NULL);
	world_say(w, "private-cache-x", "news");
	fake_send(
	    &a, "{\"event\":\"client-x\",\"channel\":\"private-cache-x\",\"data\":\"theirs\"}");
	assert_int_equal(w->metrics.count[METRIC_EVENTS_CLIENT], 1);
	assert_non_null(strstr(told(w, "private-cache-x", "cache"), "{\"data\":\"x\""));
	fake_close(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attributes_are_named_by_a_list),
		world_test(members_are_counted_once_and_subscriptions_each),
		world_test(a_channel_in_which_nobody_is_has_zeros),
		world_test(a_cached_event_is_told_with_its_time_to_live),
		world_test(what_a_client_says_is_not_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
