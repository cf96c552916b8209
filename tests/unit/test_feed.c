/* feed: who watches an app is told what happens in it, no more than the bound, and never any data.
 */
#include "fake_push.h"
#include "feed.h"

#define NOW_MS INT64_C(1767225600000) /* 2026-01-01 00:00:00 */
#define OURS "private-app-Mw"         /* app 3 */
#define OLD "private-websockets-dashboard-"

struct scene {
	struct world world; /* first: so world_setup's tests fit, too */
	struct status_server server;
	struct feed *feed;
	struct fake page, client;
};

static int
open_scene(void **state)
{
	struct scene *s = xcalloc(1, sizeof *s);
	const char *key;

	world_open(&s->world);
	s->server = (struct status_server){ .metrics = &s->world.metrics };
	s->feed = feed_new(s->world.hub, s->world.apps, &s->server);
	feed_tick(s->feed, NOW_MS);
	key = feed_app(s->feed)->key;
	fake_open_as(&s->world, &s->page,
	    &(struct session_request){ .key = key, .key_len = strlen(key), .protocol = "7" });
	fake_open(&s->world, &s->client);
	buf_clear(&s->page.said);
	*state = s;
	return 0;
}

static int
close_scene(void **state)
{
	struct scene *s = *state;

	fake_close(&s->page);
	fake_close(&s->client);
	feed_free(s->feed);
	world_close(&s->world);
	free(s);
	return 0;
}

static void
watch(struct scene *s)
{
	assert_int_equal(
	    hub_subscribe(s->world.hub, &s->page.session.peer, OURS, strlen(OURS), NULL), OK);
	buf_clear(&s->page.said);
}

static void
tick(struct scene *s, int64_t now_ms)
{
	feed_tick(s->feed, now_ms);
	hub_flush(s->world.hub);
}

/* The data of the event of that name that c was sent in the last tick; NULL: none. The caller's. */
static json_t *
told(struct fake *c, const char *event)
{
	json_t *data = NULL;
	char *line = c->said.data, *end;

	while (line != NULL && (end = strchr(line, '\n')) != NULL) {
		json_auto_t *root = json_loadb(line, (size_t)(end - line), 0, NULL);

		assert_non_null(root);
		if (strcmp(json_member_string(root, "event"), event) == 0) {
			assert_null(data);
			data = json_incref(json_object_get(root, "data"));
		}
		line = end + 1;
	}
	buf_clear(&c->said);
	return data;
}

static void
assert_json(const json_t *value, const char *want)
{
	auto_char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	assert_non_null(text);
	assert_string_equal(text, want);
}

static void
an_app_that_nobody_watches_is_not_watched(void **state)
{
	struct scene *s = *state;

	fake_subscribe(&s->client, "room", NULL);
	assert_null(s->world.app->watch);
	watch(s);
	assert_non_null(s->world.app->watch);
	hub_unsubscribe(s->world.hub, &s->page.session.peer, OURS, strlen(OURS));
	assert_null(s->world.app->watch);
	world_say(&s->world, "room", "e");
	tick(s, NOW_MS + 500);
	assert_said_nothing(&s->page);
}

static void
what_happens_is_told_in_order_and_without_data(void **state)
{
	struct scene *s = *state;
	json_auto_t *feed = NULL;
	char id[SOCKET_ID_SIZE], want[1024];

	watch(s);
	fake_subscribe(&s->client, "private-room", NULL);
	fake_send(&s->client,
	    "{\"event\":\"client-hush\",\"channel\":\"private-room\",\"data\":\"geheim\"}");
	fake_unsubscribe(&s->client, "private-room");
	tick(s, NOW_MS + 500);
	assert_null(strstr(s->page.said.data, "geheim"));
	feed = told(&s->page, "feed");
	(void)hub_socket_id(&s->client.session.peer, id);
	(void)snprintf(want, sizeof want,
	    "{\"events\":["
	    "{\"t\":%lld,\"type\":\"subscribed\",\"socket\":\"%s\",\"channel\":\"private-room\"},"
	    "{\"t\":%lld,\"type\":\"occupied\",\"channel\":\"private-room\"},"
	    "{\"t\":%lld,\"type\":\"client-event\",\"socket\":\"%s\",\"channel\":\"private-room\","
	    "\"event\":\"client-hush\"},"
	    "{\"t\":%lld,\"type\":\"unsubscribed\",\"socket\":\"%s\",\"channel\":\"private-room\"},"
	    "{\"t\":%lld,\"type\":\"vacated\",\"channel\":\"private-room\"}],"
	    "\"omitted\":{}}",
	    (long long)NOW_MS, id, (long long)NOW_MS, (long long)NOW_MS, id, (long long)NOW_MS, id,
	    (long long)NOW_MS);
	assert_json(feed, want);
}

static void
beyond_the_bound_of_a_kind_it_is_counted_until_the_tick(void **state)
{
	struct scene *s = *state;
	json_auto_t *feed = NULL, *next = NULL;

	watch(s);
	for (int i = 0; i < FEED_PER_KIND + 3; i++) {
		char channel[16];

		(void)snprintf(channel, sizeof channel, "room%d", i);
		fake_subscribe(&s->client, channel, NULL);
	}
	fake_unsubscribe(&s->client, "room0");
	tick(s, NOW_MS + 500);
	feed = told(&s->page, "feed");
	/* occupied, subscribed; one unsubscribed, one vacated: a flood hides no other kind */
	assert_int_equal(json_array_size(json_object_get(feed, "events")), 2 * FEED_PER_KIND + 2);
	assert_json(json_object_get(feed, "omitted"), "{\"subscribed\":3,\"occupied\":3}");

	fake_subscribe(&s->client, "room0", NULL);
	tick(s, NOW_MS + 1000);
	next = told(&s->page, "feed");
	assert_int_equal(json_array_size(json_object_get(next, "events")), 2);
	assert_json(json_object_get(next, "omitted"), "{}");
}

static void
the_state_is_told_each_second_tick(void **state)
{
	struct scene *s = *state;

	watch(s);
	for (int i = 0; i < 4; i++) {
		json_auto_t *status = NULL;

		tick(s, NOW_MS + i);
		status = told(&s->page, "status");
		assert_int_equal(status != NULL, i % 2 == 0); /* the scene had a tick before */
		if (status == NULL)
			continue;
		assert_int_equal(json_integer_value(json_object_get(status, "now")), NOW_MS + i);
		assert_int_equal(json_integer_value(json_object_get(
				     json_object_get(status, "app"), "connections")),
		    1);
		assert_non_null(json_object_get(status, "server"));
	}
}

static void
whoever_watches_is_in_no_figure(void **state)
{
	struct scene *s = *state;

	watch(s);
	assert_int_equal(s->world.app->connections, 1);
	assert_int_equal(s->world.app->counts.channels, 0);
	assert_int_equal(s->world.app->counts.subscriptions, 0);
	assert_ptr_not_equal(feed_app(s->feed), apps_at(s->world.apps, 0));
	assert_null(apps_at(s->world.apps, 1));
	assert_null(apps_by_id(s->world.apps, FEED_APP_ID, strlen(FEED_APP_ID)));
}

static void
forget(void *ctx, struct app *app)
{
	hub_forget_app(ctx, app);
}

static void
a_watch_is_of_the_id_whatever_app_has_it(void **state)
{
	static const char one[] = "{\"apps\":[{\"id\":\"7\",\"key\":\"k7\",\"secret\":\"s7\"}]}";
	static const char changed[] =
	    "{\"apps\":[{\"id\":\"7\",\"key\":\"other\",\"secret\":\"s7\"}]}";
	struct scene *s = *state;
	auto_buf why = BUF_INIT(1024);
	struct app *old, *new;
	char channel[FEED_CHANNEL_MAX];

	assert_int_equal(
	    apps_set_file(s->world.apps, one, strlen(one), false, &why, NULL, NULL), OK);
	old = apps_by_id(s->world.apps, "7", 1);
	feed_channel(old, channel);
	assert_int_equal(
	    hub_subscribe(s->world.hub, &s->page.session.peer, channel, strlen(channel), NULL), OK);
	assert_non_null(old->watch);

	assert_int_equal(
	    apps_set_file(s->world.apps, "{\"apps\":[]}", 11, false, &why, NULL, NULL), OK);
	tick(s, NOW_MS + 500);
	apps_sweep(s->world.apps, forget, s->world.hub);
	buf_clear(&s->page.said);
	tick(s, NOW_MS + 1000); /* of no app: nothing is told, nothing breaks */
	assert_said_nothing(&s->page);

	assert_int_equal(
	    apps_set_file(s->world.apps, changed, strlen(changed), false, &why, NULL, NULL), OK);
	new = apps_by_id(s->world.apps, "7", 1);
	tick(s, NOW_MS + 1500);
	assert_non_null(new->watch);
	world_pass(&s->world, WHEEL_TICK_MS);
	hub_unsubscribe(s->world.hub, &s->page.session.peer, channel, strlen(channel));
	assert_null(new->watch);
}

static void
its_channels_are_those_of_apps_that_exist(void **state)
{
	static const struct {
		const char *name;
		bool is_one;
	} cases[] = {
		{ OURS, true },
		{ "private-app-", false },
		{ "private-app-NA", false }, /* "4" */
		{ "private-app-Mw==", false },
		{ "private-app-Mw ", false },
		{ "presence-app-Mw", false },
		{ "private-app-Y2hhcmxhLWRhc2hib2FyZA", false }, /* the internal one's */
		{ "", false },
	};
	struct scene *s = *state;
	char channel[FEED_CHANNEL_MAX], longest[FEED_CHANNEL_MAX * 2];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(feed_is_channel(s->feed, cases[i].name), cases[i].is_one);
	feed_channel(s->world.app, channel);
	assert_string_equal(channel, OURS);
	memset(longest, 'M', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	memcpy(longest, "private-app-", 12);
	assert_false(feed_is_channel(s->feed, longest));
}

/* --- tools of laravel-websockets --- */

/* The data is a string in their protocol, whose text is an object. */
static void
assert_log(struct fake *c, const char *want)
{
	json_auto_t *data = told(c, "log-message");

	assert_non_null(data);
	assert_json(data, want);
}

static void
version_1_is_told_in_words(void **state)
{
	struct scene *s = *state;
	struct fake tool;
	char id[SOCKET_ID_SIZE], want[256];

	fake_open(&s->world, &tool);
	fake_subscribe(&tool, OLD "client-message", NULL);
	fake_subscribe(&tool, OLD "vacated", NULL);
	tick(s, NOW_MS);
	buf_clear(&tool.said);
	fake_subscribe(&s->client, "private-room", NULL);
	fake_send(&s->client,
	    "{\"event\":\"client-hush\",\"channel\":\"private-room\",\"data\":\"geheim\"}");
	tick(s, NOW_MS);
	(void)snprintf(want, sizeof want,
	    "{\"type\":\"client-message\",\"time\":\"00:00:00\","
	    "\"details\":\"Channel: private-room, Event: client-hush\",\"socketId\":\"%s\"}",
	    hub_socket_id(&s->client.session.peer, id));
	assert_log(&tool, want);
	fake_unsubscribe(&s->client, "private-room");
	tick(s, NOW_MS + 3723000);
	assert_log(&tool,
	    "{\"type\":\"vacated\",\"time\":\"00:00:00\",\"details\":\"Channel: private-room\"}");
	fake_close(&tool);
}

static void
version_2_is_told_in_fields_and_once_where_the_names_agree(void **state)
{
	struct scene *s = *state;
	struct fake tool;
	char id[SOCKET_ID_SIZE], want[256];

	fake_open(&s->world, &tool);
	fake_subscribe(&tool, OLD "connected", NULL);
	fake_subscribe(&tool, OLD "subscribed", NULL);
	tick(s, NOW_MS);
	buf_clear(&tool.said);
	fake_subscribe(&s->client, "room", NULL);
	tick(s, NOW_MS);
	(void)snprintf(want, sizeof want,
	    "{\"type\":\"subscribed\",\"time\":\"00:00:00\","
	    "\"details\":{\"socketId\":\"%s\",\"channel\":\"room\"}}",
	    hub_socket_id(&s->client.session.peer, id));
	assert_log(&tool, want);
	fake_close(&tool);
}

static void
whoever_watches_does_not_watch_himself(void **state)
{
	struct scene *s = *state;
	struct fake tool;

	fake_open(&s->world, &tool);
	fake_subscribe(&tool, OLD "subscribed", NULL);
	assert_non_null(s->world.app->watch);
	fake_subscribe(&tool, OLD "occupied", NULL);
	buf_clear(&tool.said);
	tick(s, NOW_MS);
	assert_said_nothing(&tool);
	fake_close(&tool);
	assert_null(s->world.app->watch);
}

static void
a_row_of_the_statistics_is_told_to_who_asked(void **state)
{
	struct stats_row row = { .app = (char[]){ "3" },
		.at_s = NOW_MS / 1000 + 61,
		.peak = 4,
		.websocket = 5,
		.api = 6 };
	struct stats_row stranger = { .app = (char[]){ "nobody" } };
	struct scene *s = *state;
	struct fake tool;
	json_auto_t *data = NULL;

	feed_statistics(s->feed, &row); /* nobody asked */
	fake_open(&s->world, &tool);
	fake_subscribe(&tool, OLD "statistics", NULL);
	buf_clear(&tool.said);
	feed_statistics(s->feed, &stranger);
	feed_statistics(s->feed, &row);
	hub_flush(s->world.hub);
	data = told(&tool, "statistics-updated");
	assert_json(data,
	    "{\"time\":\"2026-01-01 00:01:01\",\"app_id\":\"3\",\"peak_connection_count\":4,"
	    "\"websocket_message_count\":5,\"api_message_count\":6}");
	fake_close(&tool);
}

#define scene_test(f) cmocka_unit_test_setup_teardown(f, open_scene, close_scene)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scene_test(an_app_that_nobody_watches_is_not_watched),
		scene_test(what_happens_is_told_in_order_and_without_data),
		scene_test(beyond_the_bound_of_a_kind_it_is_counted_until_the_tick),
		scene_test(the_state_is_told_each_second_tick),
		scene_test(whoever_watches_is_in_no_figure),
		scene_test(a_watch_is_of_the_id_whatever_app_has_it),
		scene_test(its_channels_are_those_of_apps_that_exist),
		scene_test(version_1_is_told_in_words),
		scene_test(version_2_is_told_in_fields_and_once_where_the_names_agree),
		scene_test(whoever_watches_does_not_watch_himself),
		scene_test(a_row_of_the_statistics_is_told_to_who_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
