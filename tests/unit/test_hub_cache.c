/* Cache channels remember; subscription_count counts. */
#include "fake_push.h"

#include "cache.h"
#include "limit.h"

#define EVENT(channel, name) "{\"event\":\"" name "\",\"channel\":\"" channel "\",\"data\":\"x\"}\n"
#define MISS(channel) "{\"event\":\"pusher:cache_miss\",\"channel\":\"" channel "\"}\n"
#define SUCCEEDED(channel)                                                                         \
	"{\"event\":\"pusher_internal:subscription_succeeded\",\"channel\":\"" channel             \
	"\",\"data\":\"{}\"}\n"
#define COUNT(channel, n)                                                                          \
	"{\"event\":\"pusher_internal:subscription_count\",\"channel\":\"" channel                 \
	"\",\"data\":\"{\\\"subscription_count\\\":" n "}\"}\n"

static void
the_last_event_follows_the_success(void **state)
{
	static const char *const kinds[] = { "cache-x", "private-cache-x",
		"private-encrypted-cache-x" };
	struct world *w = *state;
	struct fake a;
	char want[512];

	fake_open(w, &a);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		(void)snprintf(want, sizeof want, SUCCEEDED("%s") MISS("%s"), kinds[i], kinds[i]);
		fake_subscribe(&a, kinds[i], NULL);
		assert_said(&a, want);
		fake_unsubscribe(&a, kinds[i]);
		world_say(w, kinds[i], "old"); /* nobody is there, and it is remembered */
		world_say(w, kinds[i], "new");
		(void)snprintf(
		    want, sizeof want, SUCCEEDED("%s") EVENT("%s", "new"), kinds[i], kinds[i]);
		fake_subscribe(&a, kinds[i], NULL);
		assert_said(&a, want);
	}
	fake_close(&a);
}

static void
an_event_of_this_round_comes_once(void **state)
{
	struct world *w = *state;
	struct fake a, b;

	fake_open(w, &a);
	fake_open(w, &b);
	fake_subscribe(&a, "cache-x", NULL);
	buf_clear(&a.said);
	world_publish(w, "cache-x", "e", "x", NULL); /* not flushed yet */
	fake_subscribe(&b, "cache-x", NULL);
	assert_said(&a, EVENT("cache-x", "e"));
	assert_said(&b, SUCCEEDED("cache-x") EVENT("cache-x", "e"));
	fake_close(&a);
	fake_close(&b);
}

static void
client_events_are_not_remembered(void **state)
{
	struct world *w = *state;
	struct fake a, b;

	fake_open(w, &a);
	fake_open(w, &b);
	fake_subscribe(&a, "private-cache-x", NULL);
	fake_send(&a, "{\"event\":\"client-e\",\"channel\":\"private-cache-x\",\"data\":1}");
	fake_subscribe(&b, "private-cache-x", NULL);
	assert_said(&b, SUCCEEDED("private-cache-x") MISS("private-cache-x"));
	fake_close(&a);
	fake_close(&b);
}

static void
what_is_too_old_is_forgotten(void **state)
{
	struct world *w = *state;
	struct fake a;
	int64_t ttl_ms = 0;

	w->app->limits.cache_seconds = 10;
	world_say(w, "cache-x", "e");
	assert_non_null(hub_cached(w->hub, w->app, "cache-x", 7, &ttl_ms));
	assert_int_equal(ttl_ms, 10000);
	world_pass(w, 9500);
	assert_non_null(hub_cached(w->hub, w->app, "cache-x", 7, &ttl_ms));
	assert_int_equal(ttl_ms, 500);
	world_pass(w, 500);
	assert_null(hub_cached(w->hub, w->app, "cache-x", 7, &ttl_ms));
	fake_open(w, &a);
	fake_subscribe(&a, "cache-x", NULL);
	assert_said(&a, SUCCEEDED("cache-x") MISS("cache-x"));
	fake_close(&a);
}

static void
names_that_only_hold_the_word_are_no_cache_channels(void **state)
{
	struct world *w = *state;
	struct fake a;

	assert_false(hub_wants(w->hub, w->app, "my-cache-x", 10));
	assert_true(hub_wants(w->hub, w->app, "cache-x", 7));
	world_say(w, "my-cache-x", "e");
	assert_null(hub_cached(w->hub, w->app, "my-cache-x", 10, NULL));
	fake_open(w, &a);
	fake_subscribe(&a, "my-cache-x", NULL);
	assert_said(&a, SUCCEEDED("my-cache-x"));
	fake_close(&a);
}

static void
the_oldest_go_when_there_is_no_room(void **state)
{
	enum { BYTES = 1024 * 1024 };
	struct cache c = { .entries = NULL };
	char *text = xcalloc(1, BYTES);
	struct frame *f = frame_new(text, BYTES), *small = frame_new("x", 1);
	size_t dropped = 0;

	(void)state;
	for (int i = 0; i < 31; i++) {
		char name[16];

		(void)snprintf(name, sizeof name, "%d", i);
		assert_int_equal(cache_put(&c, name, strlen(name), f, 0, 1000), 0);
	}
	assert_int_equal(cache_put(&c, "0", 1, f, 0, 1000), 0); /* now the newest */
	dropped = cache_put(&c, "one more", 8, f, 0, 1000);
	assert_int_equal(dropped, 1);
	assert_true(c.bytes <= LIMIT_CACHE_BYTES);
	assert_null(cache_get(&c, "1", 1, 0, NULL));
	assert_ptr_equal(cache_get(&c, "0", 1, 0, NULL), f);
	assert_int_equal(cache_put(&c, "small", 5, small, 0, 1000), 0);
	cache_expire(&c, 999);
	assert_non_null(cache_get(&c, "2", 1, 999, NULL));
	assert_null(cache_get(&c, "2", 1, 1000, NULL));
	cache_expire(&c, 1000);
	assert_null(c.entries);
	assert_int_equal(c.bytes, 0);
	cache_clear(&c);
	frame_unref(f);
	frame_unref(small);
	free(text);
}

static void
note_miss(void *ctx, struct app *app, const char *channel)
{
	(void)app;
	assert_int_equal(buf_addf(ctx, "%s ", channel), OK);
}

static void
an_observer_hears_of_each_miss(void **state)
{
	struct world *w = *state;
	struct fake a;
	auto_buf heard = BUF_INIT(1024);

	hub_observe(w->hub, &(struct hub_observer){ .ctx = &heard, .cache_miss = note_miss });
	fake_open(w, &a);
	fake_subscribe(&a, "cache-x", NULL);
	world_say(w, "cache-y", "e");
	fake_subscribe(&a, "cache-y", NULL);
	assert_string_equal(heard.data, "cache-x ");
	fake_close(&a);
}

/* --- subscription_count --- */

static void
counts_are_told_on_each_change(void **state)
{
	struct world *w = *state;
	struct fake a, b;

	w->app->has_subscription_count = true;
	fake_open(w, &a);
	fake_open(w, &b);
	fake_subscribe(&a, "x", NULL);
	assert_said(&a, SUCCEEDED("x") COUNT("x", "1"));
	fake_subscribe(&b, "x", NULL);
	assert_said(&a, COUNT("x", "2"));
	assert_said(&b, SUCCEEDED("x") COUNT("x", "2"));
	fake_close(&a);
	hub_flush(w->hub);
	assert_said(&b, COUNT("x", "1"));
	fake_close(&b);
}

static void
presence_channels_and_other_apps_are_not_counted(void **state)
{
	struct world *w = *state;
	struct fake a;

	fake_open(w, &a);
	fake_subscribe(&a, "x", NULL);
	assert_said(&a, SUCCEEDED("x"));
	w->app->has_subscription_count = true;
	fake_subscribe(&a, "presence-x", "{\"user_id\":\"1\"}");
	assert_null(strstr(a.said.data, "subscription_count"));
	fake_close(&a);
}

static void
note_count(void *ctx, struct app *app, const char *channel, size_t count)
{
	(void)app;
	(void)channel;
	*(size_t *)ctx = count;
}

static void
large_channels_are_counted_now_and_then(void **state)
{
	enum { MANY = LIMIT_COUNTED_AT_ONCE + 2 };
	struct world *w = *state;
	static struct fake c[MANY];
	size_t heard = 0;

	w->app->has_subscription_count = true;
	hub_observe(
	    w->hub, &(struct hub_observer){ .ctx = &heard, .subscription_count = note_count });
	for (int i = 0; i < MANY; i++) {
		fake_open(w, &c[i]);
		fake_subscribe(&c[i], "x", NULL);
	}
	assert_int_equal(heard, LIMIT_COUNTED_AT_ONCE);
	buf_clear(&c[0].said);
	world_pass(w, LIMIT_COUNT_MS - WHEEL_TICK_MS);
	assert_said_nothing(&c[0]);
	world_pass(w, WHEEL_TICK_MS);
	assert_said(&c[0], COUNT("x", "102"));
	assert_int_equal(heard, MANY);
	world_pass(w, 2 * LIMIT_COUNT_MS);
	assert_said_nothing(&c[0]); /* no change, no word */
	/* long after the last one a change is told at once */
	fake_close(&c[1]);
	hub_flush(w->hub);
	assert_said(&c[0], COUNT("x", "101"));
	fake_close(&c[2]);
	hub_flush(w->hub);
	assert_said(&c[0], COUNT("x", "100"));
	for (int i = 0; i < MANY; i++)
		if (i != 1 && i != 2)
			fake_close(&c[i]);
	assert_int_equal(heard, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(the_last_event_follows_the_success),
		world_test(an_event_of_this_round_comes_once),
		world_test(client_events_are_not_remembered),
		world_test(what_is_too_old_is_forgotten),
		world_test(names_that_only_hold_the_word_are_no_cache_channels),
		world_test(the_oldest_go_when_there_is_no_room),
		world_test(an_observer_hears_of_each_miss),
		world_test(counts_are_told_on_each_change),
		world_test(presence_channels_and_other_apps_are_not_counted),
		world_test(large_channels_are_counted_now_and_then),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
