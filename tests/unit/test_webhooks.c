#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "json.h"
#include "keyed_hash.h"
#include "limit.h"
#include "webhooks.h"

/* A clock, and a receiver that keeps what it was posted. */
static int64_t now;
static struct webhook_post *posts[20000];
static size_t post_count, cancelled;
static int64_t wake_at;

static int64_t
mono(void)
{
	return now;
}

static int64_t
wall(void)
{
	return 1327078148132;
}

static void
start(void *ctx, struct webhook_post *p)
{
	(void)ctx;
	assert_true(post_count < ARRAY_LEN(posts));
	posts[post_count++] = p;
}

static void
cancel(void *ctx, struct webhook_post *p)
{
	(void)ctx;
	(void)p;
	cancelled++;
}

static void
wake(void *ctx, int64_t in_ms)
{
	(void)ctx;
	assert_true(in_ms >= 0);
	wake_at = now + in_ms;
}

static const struct webhook_transport transport = {
	.start = start, .cancel = cancel, .wake = wake, .mono_ms = mono, .wall_ms = wall
};

static char id[] = "3", key[] = "278d425bdf160c739803", secret[] = "7ad3773142a6692b25b8",
	    name[] = "n", none[] = "";
static const struct config config = { .pusher_app_id = id,
	.pusher_app_key = key,
	.pusher_app_secret = secret,
	.pusher_app_name = name,
	.pusher_app_path = none };

struct scene {
	struct metrics metrics;
	struct apps *apps;
	struct app *app;
	struct webhooks *hooks;
	struct hub_observer on;
};

static void
set_hooks(struct scene *s, const char *more, const char *hooks)
{
	auto_buf text = BUF_INIT(65536), why = BUF_INIT(1024);

	assert_int_equal(buf_addf(&text,
			     "{\"apps\":[{\"id\":\"3\",\"key\":\"%s\",\"secret\":\"%s\",%s"
			     "\"webhooks\":[%s]}]}",
			     key, secret, more, hooks),
	    OK);
	assert_int_equal(apps_set_file(s->apps, text.data, text.len, false, &why, NULL, NULL), OK);
	webhooks_configure(s->hooks, s->apps);
}

static void
open_scene(struct scene *s, const char *more, const char *hooks)
{
	*s = (struct scene){ .apps = NULL };
	now = 1000;
	post_count = cancelled = 0;
	keyed_hash_init();
	assert_int_equal(apps_from_config(&config, &s->apps), OK);
	s->hooks = webhooks_new(&transport, &s->metrics);
	set_hooks(s, more, hooks);
	s->app = apps_at(s->apps, 0);
	s->on = webhooks_observer(s->hooks);
}

static void
close_scene(struct scene *s)
{
	webhooks_free(s->hooks);
	apps_free(s->apps);
}

/* Lets time pass as the loop does: whoever asked to be woken is woken. */
static void
pass(struct scene *s, int64_t ms)
{
	int64_t end = now + ms;

	webhooks_run(s->hooks);
	while (wake_at > now && wake_at <= end) {
		now = wake_at;
		webhooks_run(s->hooks);
	}
	now = end;
	webhooks_run(s->hooks);
}

#define ALL "{\"url\":\"http://r/\"}"

static void
a_post_is_the_vector_of_the_protocol(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, "", "{\"url\":\"http://r/\",\"headers\":{\"X-A\":\"b\"}}");
	s.on.channel_occupied(s.on.ctx, s.app, "my-channel");
	assert_int_equal(post_count, 0); /* never from within the hub */
	pass(&s, 0);
	assert_int_equal(post_count, 1);
	assert_string_equal(posts[0]->body, "{\"time_ms\":1327078148132,\"events\":[{\"name\":"
					    "\"channel_occupied\",\"channel\":\"my-channel\"}]}");
	assert_string_equal(posts[0]->signature,
	    "c19001ae3963ccb13bf618e5b16ba9848e7e74df0993aa0689168e341c6833cf");
	assert_string_equal(posts[0]->key, key);
	assert_string_equal(posts[0]->url, "http://r/");
	assert_string_equal(posts[0]->headers[0], "X-A: b");
	webhooks_done(s.hooks, posts[0], true);
	assert_int_equal(webhooks_waiting(s.hooks), 0);
	close_scene(&s);
}

static void
each_event_has_its_members(void **state)
{
	json_auto_t *data = json_pack("{s:i}", "a", 1);
	struct scene s;

	(void)state;
	open_scene(&s, "\"enable_webhook_batching\":true,", ALL);
	s.on.channel_occupied(s.on.ctx, s.app, "c");
	s.on.member_added(s.on.ctx, s.app, "presence-c", "u");
	s.on.client_event(s.on.ctx, s.app,
	    &(struct hub_client_event){ .channel = "presence-c",
		.event = "client-x",
		.socket_id = "1.2",
		.user_id = "u",
		.data = data });
	s.on.client_event(s.on.ctx, s.app,
	    &(struct hub_client_event){
		.channel = "private-c", .event = "client-x", .socket_id = "1.2" });
	s.on.cache_miss(s.on.ctx, s.app, "cache-c");
	s.on.subscription_count(s.on.ctx, s.app, "c", 7);
	s.on.member_removed(s.on.ctx, s.app, "presence-c", "u");
	s.on.channel_vacated(s.on.ctx, s.app, "c");
	pass(&s, 100);
	assert_int_equal(post_count, 1); /* what is not held, in one batch */
	assert_string_equal(posts[0]->body,
	    "{\"time_ms\":1327078148132,\"events\":["
	    "{\"name\":\"channel_occupied\",\"channel\":\"c\"},"
	    "{\"name\":\"member_added\",\"channel\":\"presence-c\",\"user_id\":\"u\"},"
	    "{\"name\":\"client_event\",\"channel\":\"presence-c\",\"event\":\"client-x\","
	    "\"data\":{\"a\":1},\"socket_id\":\"1.2\",\"user_id\":\"u\"},"
	    "{\"name\":\"client_event\",\"channel\":\"private-c\",\"event\":\"client-x\","
	    "\"socket_id\":\"1.2\"},"
	    "{\"name\":\"cache_miss\",\"channel\":\"cache-c\"},"
	    "{\"name\":\"subscription_count\",\"channel\":\"c\",\"subscription_count\":7}]}");
	webhooks_done(s.hooks, posts[0], true);
	pass(&s, 4000);
	assert_int_equal(post_count, 2);
	assert_string_equal(posts[1]->body,
	    "{\"time_ms\":1327078148132,\"events\":["
	    "{\"name\":\"member_removed\",\"channel\":\"presence-c\",\"user_id\":\"u\"},"
	    "{\"name\":\"channel_vacated\",\"channel\":\"c\"}]}");
	close_scene(&s);
}

static void
who_comes_back_within_three_seconds_has_never_left(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, "", ALL);
	s.on.channel_vacated(s.on.ctx, s.app, "c");
	s.on.member_removed(s.on.ctx, s.app, "presence-c", "u");
	pass(&s, 2999);
	s.on.channel_occupied(s.on.ctx, s.app, "c");
	s.on.member_added(s.on.ctx, s.app, "presence-c", "u");
	pass(&s, 10000);
	assert_int_equal(post_count, 0);
	/* one who comes later has */
	s.on.channel_vacated(s.on.ctx, s.app, "c");
	pass(&s, 2999);
	assert_int_equal(post_count, 0);
	pass(&s, 1);
	assert_int_equal(post_count, 1);
	s.on.channel_occupied(s.on.ctx, s.app, "c");
	webhooks_done(s.hooks, posts[0], true);
	pass(&s, 0);
	assert_int_equal(post_count, 2);
	/* and another one, or the same in another channel, is not he */
	s.on.member_removed(s.on.ctx, s.app, "presence-c", "u");
	s.on.member_added(s.on.ctx, s.app, "presence-c", "v");
	s.on.member_added(s.on.ctx, s.app, "presence-d", "u");
	pass(&s, 3000);
	assert_int_equal(webhooks_waiting(s.hooks), 4); /* and the second of above */
	close_scene(&s);
}

static void
a_cache_miss_is_told_once(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, "", ALL);
	for (int i = 0; i < 10; i++)
		s.on.cache_miss(s.on.ctx, s.app, "cache-c");
	s.on.cache_miss(s.on.ctx, s.app, "cache-d");
	pass(&s, 2999);
	assert_int_equal(webhooks_waiting(s.hooks), 2);
	pass(&s, 1);
	s.on.cache_miss(s.on.ctx, s.app, "cache-c");
	assert_int_equal(webhooks_waiting(s.hooks), 3);
	close_scene(&s);
}

static void
a_receiver_gets_what_it_asked_for(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, "",
	    "{\"url\":\"http://1/\",\"event_types\":[\"channel_occupied\"]},"
	    "{\"url\":\"http://2/\",\"filter\":{\"channel_name_starts_with\":\"private-\"}},"
	    "{\"url\":\"http://3/\",\"filter\":{\"channel_name_ends_with\":\"-x\"}},"
	    "{\"url\":\"http://4/\",\"event_types\":[]}");
	s.on.channel_occupied(s.on.ctx, s.app, "private-a");
	s.on.channel_occupied(s.on.ctx, s.app, "b-x");
	s.on.channel_occupied(s.on.ctx, s.app, "x");
	s.on.member_added(s.on.ctx, s.app, "presence-x", "u");
	assert_int_equal(webhooks_waiting(s.hooks), 3 + 1 + 2);
	close_scene(&s);
}

static void
what_is_not_taken_is_tried_for_five_minutes(void **state)
{
	static const int64_t pauses[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };
	struct scene s;

	(void)state;
	open_scene(&s, "", ALL);
	s.on.channel_occupied(s.on.ctx, s.app, "c");
	pass(&s, 0);
	for (size_t i = 0; i < ARRAY_LEN(pauses); i++) {
		assert_int_equal(post_count, i + 1);
		webhooks_done(s.hooks, posts[i], false);
		pass(&s, pauses[i] * 1000 - 1);
		assert_int_equal(post_count, i + 1);
		pass(&s, 1);
	}
	assert_int_equal(post_count, ARRAY_LEN(pauses) + 1);
	webhooks_done(s.hooks, posts[post_count - 1], false);
	assert_int_equal(webhooks_waiting(s.hooks), 0);
	assert_int_equal(s.metrics.count[METRIC_WEBHOOK_DROPPED_RETRIES], 1);
	assert_int_equal(s.metrics.count[METRIC_WEBHOOK_RETRIED], ARRAY_LEN(pauses));
	close_scene(&s);
}

static void
events_of_a_channel_stay_in_order(void **state)
{
	struct scene s;
	char channel[16];

	(void)state;
	open_scene(&s, "", ALL);
	for (size_t i = 0; i < 3; i++)
		s.on.subscription_count(s.on.ctx, s.app, "c", i);
	pass(&s, 0);
	assert_int_equal(post_count, 1);
	webhooks_done(s.hooks, posts[0], false); /* the others wait for it ... */
	pass(&s, 999);
	assert_int_equal(post_count, 1);
	for (int i = 0; i < 100; i++) { /* ... but not all other channels */
		(void)snprintf(channel, sizeof channel, "c%d", i);
		s.on.channel_occupied(s.on.ctx, s.app, channel);
	}
	pass(&s, 0);
	assert_int_equal(post_count, 2); /* one at a time, until he has taken one */
	webhooks_done(s.hooks, posts[1], true);
	pass(&s, 0);
	assert_true(post_count >= 7 && post_count <= 9);
	close_scene(&s);
}

#define HANGING_APPS 3
#define HOOKS 10
#define HALF (LIMIT_WEBHOOK_CONNECTIONS / 2)

/* Apps "3" to "6", with ten receivers each. */
static void
set_many(struct scene *s)
{
	auto_buf text = BUF_INIT(65536), why = BUF_INIT(1024);

	assert_int_equal(buf_adds(&text, "{\"apps\":["), OK);
	for (int i = 0; i <= HANGING_APPS; i++) {
		const char other[] = { (char)('0' + i), '\0' };

		assert_int_equal(buf_addf(&text,
				     "%s{\"id\":\"%d\",\"key\":\"%s%s\",\"secret\":\"%s\","
				     "\"webhooks\":[",
				     i > 0 ? "," : "", 3 + i, key, i > 0 ? other : "", secret),
		    OK);
		for (int k = 0; k < HOOKS; k++)
			assert_int_equal(buf_addf(&text, "%s{\"url\":\"http://%d-%d/\"}",
					     k > 0 ? "," : "", i, k),
			    OK);
		assert_int_equal(buf_adds(&text, "]}"), OK);
	}
	assert_int_equal(buf_adds(&text, "]}"), OK);
	assert_int_equal(apps_set_file(s->apps, text.data, text.len, false, &why, NULL, NULL), OK);
	webhooks_configure(s->hooks, s->apps);
}

static void
tell_all(struct scene *s, int app, int channels)
{
	char channel[16];

	for (int i = 0; i < channels; i++) {
		(void)snprintf(channel, sizeof channel, "c%d", i);
		s->on.channel_occupied(s->on.ctx, apps_at(s->apps, (size_t)app), channel);
	}
	pass(s, 0);
}

static void
receivers_that_hang_leave_room_for_those_who_do_not(void **state)
{
	struct scene s;
	size_t before;

	(void)state;
	open_scene(&s, "", ALL);
	set_many(&s);
	tell_all(&s, 0, 1);
	assert_int_equal(post_count, HOOKS);
	for (size_t i = 0; i < HOOKS; i++)
		webhooks_done(s.hooks, posts[i], true);
	for (int i = 1; i <= HANGING_APPS; i++)
		tell_all(&s, i, 100);
	assert_int_equal(
	    post_count, HOOKS + HALF); /* thirty of them hang: half is theirs, one each */
	before = post_count;
	tell_all(&s, 0, 100);
	assert_int_equal(post_count, before + HOOKS);
	for (int round = 0; round < 50; round++) { /* each of the ten goes on, as if alone */
		size_t had = post_count;

		for (size_t i = before; i < had; i++)
			webhooks_done(s.hooks, posts[i], true);
		before = had;
		pass(&s, 0);
		assert_int_equal(post_count, before + HOOKS);
	}
	close_scene(&s);
}

static void
receivers_that_hang_take_turns(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, "", ALL);
	set_many(&s);
	for (int i = 1; i <= HANGING_APPS; i++)
		tell_all(&s, i, 1);
	assert_int_equal(post_count, HALF);
	for (size_t i = 0; i < HALF; i++)
		webhooks_done(s.hooks, posts[i], false);
	pass(&s, 0);
	assert_int_equal(
	    post_count, HANGING_APPS * HOOKS); /* the others, whom nobody had asked yet */
	close_scene(&s);
}

static void
so_many_are_held_and_no_more(void **state)
{
	struct scene s;
	char channel[24];

	(void)state;
	open_scene(&s, "", ALL);
	for (int i = 0; i < LIMIT_WEBHOOK_HOLDS; i++) {
		(void)snprintf(channel, sizeof channel, "c%d", i);
		s.on.channel_vacated(s.on.ctx, s.app, channel);
	}
	assert_int_equal(webhooks_waiting(s.hooks), 0);
	s.on.channel_vacated(s.on.ctx, s.app, "one-more");
	assert_int_equal(webhooks_waiting(s.hooks), 1); /* too early is better than never */
	pass(&s, LIMIT_WEBHOOK_HOLD_MS);
	assert_int_equal(webhooks_waiting(s.hooks), LIMIT_WEBHOOK_POSTS);
	assert_int_equal(s.metrics.count[METRIC_WEBHOOK_DROPPED_QUEUE],
	    LIMIT_WEBHOOK_HOLDS + 1 - LIMIT_WEBHOOK_POSTS);
	close_scene(&s);
}

static void
a_queue_has_an_end(void **state)
{
	struct scene s;
	char channel[16];

	(void)state;
	open_scene(&s, "", ALL);
	for (int i = 0; i < LIMIT_WEBHOOK_POSTS; i++) {
		(void)snprintf(channel, sizeof channel, "c%d", i);
		s.on.channel_occupied(s.on.ctx, s.app, channel);
	}
	assert_int_equal(webhooks_waiting(s.hooks), LIMIT_WEBHOOK_POSTS);
	assert_int_equal(s.metrics.count[METRIC_WEBHOOK_DROPPED_QUEUE], 0);
	s.on.channel_occupied(s.on.ctx, s.app, "one-more");
	assert_int_equal(webhooks_waiting(s.hooks), LIMIT_WEBHOOK_POSTS);
	assert_int_equal(s.metrics.count[METRIC_WEBHOOK_DROPPED_QUEUE], 1);
	close_scene(&s);
}

static void
a_batch_closes_after_50_ms_or_100_events(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, "\"enable_webhook_batching\":true,", ALL);
	s.on.channel_occupied(s.on.ctx, s.app, "a");
	pass(&s, LIMIT_WEBHOOK_BATCH_MS - 1);
	assert_int_equal(post_count, 0);
	s.on.channel_occupied(s.on.ctx, s.app, "b");
	pass(&s, 1);
	assert_int_equal(post_count, 1);
	for (int i = 0; i < LIMIT_WEBHOOK_BATCH_EVENTS; i++)
		s.on.subscription_count(s.on.ctx, s.app, "c", 1);
	assert_int_equal(webhooks_waiting(s.hooks), 2);
	close_scene(&s);
}

static void
a_new_configuration_keeps_what_still_has_a_receiver(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, "", "{\"url\":\"http://1/\"},{\"url\":\"http://2/\"}");
	s.on.channel_occupied(s.on.ctx, s.app, "c");
	pass(&s, 0);
	assert_int_equal(post_count, 2);
	set_hooks(&s, "", "{\"url\":\"http://2/\",\"headers\":{\"X-New\":\"1\"}}");
	assert_int_equal(cancelled, 2);
	assert_int_equal(webhooks_waiting(s.hooks), 1);
	assert_int_equal(s.metrics.count[METRIC_WEBHOOK_DROPPED_REMOVED], 1);
	pass(&s, 0);
	assert_int_equal(post_count, 3);
	assert_string_equal(posts[2]->url, "http://2/");
	assert_string_equal(posts[2]->headers[0], "X-New: 1");
	/* an app without receivers costs nothing */
	set_hooks(&s, "", "");
	s.on.channel_vacated(s.on.ctx, s.app, "c");
	pass(&s, 5000);
	assert_int_equal(webhooks_waiting(s.hooks), 0);
	close_scene(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_post_is_the_vector_of_the_protocol),
		cmocka_unit_test(each_event_has_its_members),
		cmocka_unit_test(who_comes_back_within_three_seconds_has_never_left),
		cmocka_unit_test(a_cache_miss_is_told_once),
		cmocka_unit_test(a_receiver_gets_what_it_asked_for),
		cmocka_unit_test(what_is_not_taken_is_tried_for_five_minutes),
		cmocka_unit_test(events_of_a_channel_stay_in_order),
		cmocka_unit_test(receivers_that_hang_leave_room_for_those_who_do_not),
		cmocka_unit_test(receivers_that_hang_take_turns),
		cmocka_unit_test(so_many_are_held_and_no_more),
		cmocka_unit_test(a_queue_has_an_end),
		cmocka_unit_test(a_batch_closes_after_50_ms_or_100_events),
		cmocka_unit_test(a_new_configuration_keeps_what_still_has_a_receiver),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
