#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "apps.h"
#include "limit.h"

static char env_id[] = "env", env_key[] = "env-key", env_secret[] = "env-secret-0123456789",
	    env_name[] = "own", env_path[] = "/pre/";
static const struct config config = {
	.pusher_app_id = env_id,
	.pusher_app_key = env_key,
	.pusher_app_secret = env_secret,
	.pusher_app_name = env_name,
	.pusher_app_path = env_path,
	.pusher_app_capacity = 7,
};

static struct apps *
apps(void)
{
	struct apps *a = NULL;

	assert_int_equal(apps_from_config(&config, &a), OK);
	return a;
}

/* What was ended, as "id:code " each. */
static char ended[256];

static void
note_ended(void *ctx, struct app *app, uint16_t code, const char *text)
{
	char line[64];

	(void)ctx;
	(void)text;
	(void)snprintf(line, sizeof line, "%s:%d ", app->id, code);
	assert_true(strlen(ended) + strlen(line) < sizeof ended);
	(void)strncat(ended, line, sizeof ended - strlen(ended) - 1);
}

static enum err
set(struct apps *a, const char *text, struct buf *why)
{
	ended[0] = '\0';
	buf_clear(why);
	return apps_set_file(a, text, strlen(text), false, why, note_ended, NULL);
}

static struct app *
by_id(const struct apps *a, const char *id)
{
	return apps_by_id(a, id, strlen(id));
}

static void
the_environments_app_is_there_under_both_names(void **state)
{
	struct apps *a = apps();
	const struct app *app = by_id(a, "env");

	(void)state;
	assert_ptr_equal(app, apps_by_key(a, "env-key", 7));
	assert_ptr_equal(app, apps_at(a, 0));
	assert_null(apps_at(a, 1));
	assert_null(apps_by_key(a, "env-ke", 6));
	assert_null(apps_by_id(a, "env2", 4));
	assert_int_equal(app->capacity, 7);
	assert_int_equal(app->limits.event_bytes, LIMIT_EVENT_BYTES);
	apps_free(a);
}

static void
a_file_can_say_everything(void **state)
{
	static const char text[] =
	    "{\"apps\":[{\"id\":\"1\",\"key\":\"k\",\"secret\":\"s\"},"
	    "{\"id\":\"2\",\"name\":\"n\",\"key\":\"k2\",\"secret\":\"s2\",\"path\":\"/"
	    "p\",\"host\":null,"
	    "\"capacity\":5,\"enabled\":true,\"enable_client_messages\":true,"
	    "\"enable_statistics\":false,\"enable_user_authentication\":true,"
	    "\"enable_subscription_count\":true,\"enable_watchlist\":false,"
	    "\"enable_webhook_batching\":true,\"allowed_origins\":[\"a.example\",\"b.example\"],"
	    "\"limits\":{\"event_bytes\":1048576,\"api_events_per_second\":3,"
	    "\"channel_name_len\":null},"
	    "\"webhooks\":[{\"url\":\"https://x/y\",\"event_types\":[\"channel_occupied\","
	    "\"cache_miss\"],\"filter\":{\"channel_name_starts_with\":\"private-\"},"
	    "\"headers\":{\"X-A\":\"b\"}},{\"url\":\"http://z\"}]}]}";
	struct apps *a = apps();
	auto_buf why = BUF_INIT(1024);
	const struct app *app;

	(void)state;
	assert_int_equal(set(a, text, &why), OK);
	assert_string_equal(ended, "");
	app = by_id(a, "1");
	assert_string_equal(app->name, "1");
	assert_true(app->is_enabled && app->has_statistics && app->has_watchlist);
	assert_false(app->has_client_messages);
	assert_int_equal(app->capacity, 0);
	app = apps_by_key(a, "k2", 2);
	assert_string_equal(app->path, "/p");
	assert_int_equal(app->capacity, 5);
	assert_true(app->has_client_messages && app->has_user_authentication &&
		    app->has_subscription_count && app->has_webhook_batch);
	assert_false(app->has_statistics || app->has_watchlist);
	assert_int_equal(app->limits.event_bytes, 1048576);
	assert_int_equal(app->limits.api_events_per_second, 3);
	assert_int_equal(app->limits.channel_name_len, LIMIT_CHANNEL_NAME_LEN);
	assert_true(app_allows_origin(app, "https://B.example:8443"));
	assert_false(app_allows_origin(app, "https://c.example"));
	assert_false(app_allows_origin(app, NULL));
	assert_int_equal(app->webhook_count, 2);
	assert_int_equal(
	    app->webhooks[0].events, 1U << WEBHOOK_CHANNEL_OCCUPIED | 1U << WEBHOOK_CACHE_MISS);
	assert_string_equal(app->webhooks[0].starts_with, "private-");
	assert_string_equal(app->webhooks[0].headers[0], "X-A: b");
	assert_int_equal(app->webhooks[1].events, (1U << WEBHOOK_EVENT_COUNT) - 1);
	assert_null(app->webhooks[1].headers);
	apps_free(a);
}

static const struct {
	const char *text, *why;
} mistakes[] = {
	{ "", "line 1 column" },
	{ "{\"apps\":[\n{\"id\":\"1\",}]}", "line 2 column" },
	{ "{\"apps\":[{\"id\":\"1\",\"id\":\"2\"}]}", "line 1 column" },
	{ "[]", "apps" },
	{ "{}", "apps" },
	{ "{\"apps\":{}}", "apps" },
	{ "{\"apps\":[],\"x\":1}", "apps" },
	{ "{\"apps\":[1]}", "apps[0]: " },
	{ "{\"apps\":[{}]}", "apps[0]: id: " },
	{ "{\"apps\":[{\"id\":\"a/b\"}]}", "id: " },
	{ "{\"apps\":[{\"id\":7}]}", "apps[0]: id: must be a string" },
	{ "{\"apps\":[{\"id\":\"7\",\"key\":\"\"}]}", "apps[0] (id 7): key: " },
	{ "{\"apps\":[{\"id\":\"a\\nb\"}]}", "apps[0] (id a?b): id: " },
	{ "{\"apps\":[{\"x\\ny\":1}]}", "apps[0]: x?y: is unknown" },
	{ "{\"apps\":[{\"id\":\"7\",\"key\":\"k\"}]}", "apps[0] (id 7): secret: " },
	{ "{\"apps\":[{\"id\":\"7\",\"key\":\"k\",\"secret\":\"s\",\"capacitty\":1}]}",
	    "capacitty: is unknown" },
	{ "{\"apps\":[{\"id\":\"7\",\"capacity\":0}]}",
	    "capacity: must be null or a number from 1 to" },
	{ "{\"apps\":[{\"id\":\"7\",\"capacity\":\"5\"}]}", "capacity: " },
	{ "{\"apps\":[{\"id\":\"7\",\"enabled\":1}]}", "enabled: must be true or false" },
	{ "{\"apps\":[{\"id\":\"7\",\"limits\":[]}]}", "limits: must be an object" },
	{ "{\"apps\":[{\"id\":\"7\",\"limits\":{\"event_bytes\":1048577}}]}",
	    "apps[0] (id 7): limits.event_bytes: must be null or a number from 1 to "
	    "1048576" },
	{ "{\"apps\":[{\"id\":\"7\",\"limits\":{\"x\":1}}]}", "limits.x: is unknown" },
	{ "{\"apps\":[{\"id\":\"7\",\"allowed_origins\":\"a\"}]}", "allowed_origins: " },
	{ "{\"apps\":[{\"id\":\"7\",\"allowed_origins\":[1]}]}", "allowed_origins: " },
	{ "{\"apps\":[{\"id\":\"7\",\"webhooks\":{}}]}", "webhooks: " },
	{ "{\"apps\":[{\"id\":\"7\",\"webhooks\":[{}]}]}", "webhooks[0].url: must begin" },
	{ "{\"apps\":[{\"id\":\"7\",\"webhooks\":[{\"url\":\"ftp://x\"}]}]}",
	    "webhooks[0].url: must begin" },
	{ "{\"apps\":[{\"id\":\"7\",\"webhooks\":[{\"url\":\"http://"
	  "x\",\"event_types\":[\"x\"]}]}]}",
	    "webhooks[0].event_types: has an unknown name" },
	{ "{\"apps\":[{\"id\":\"7\",\"webhooks\":[{\"url\":\"http://"
	  "x\",\"headers\":{\"A\":\"b\\r\\nC: d\"}}]}]}",
	    "headers: has a value" },
	{ "{\"apps\":[{\"id\":\"7\",\"webhooks\":[{\"url\":\"http://"
	  "x\",\"headers\":{\"content-type\":\"b\"}}]}]}",
	    "headers: has a name" },
	{ "{\"apps\":[{\"id\":\"env\",\"key\":\"env-key\",\"secret\":\"other\"}]}",
	    "id env: the environment's app has another key or secret" },
	{ "{\"apps\":[{\"id\":\"env\",\"key\":\"x\",\"secret\":\"env-secret-0123456789\"}]"
	  "}",
	    "id env: the environment's app" },
	{ "{\"apps\":[{\"id\":\"7\",\"key\":\"env-key\",\"secret\":\"s\"}]}",
	    "id 7: its key is that of the environment's app" },
	{ "{\"apps\":[{\"id\":\"7\",\"key\":\"k\",\"secret\":\"s\"},"
	  "{\"id\":\"7\",\"key\":\"l\",\"secret\":\"s\"}]}",
	    "id 7: there are two" },
	{ "{\"apps\":[{\"id\":\"7\",\"key\":\"k\",\"secret\":\"s\"},"
	  "{\"id\":\"8\",\"key\":\"k\",\"secret\":\"s\"}]}",
	    "id 8: another app has the same key" },
	{ "{\"apps\":[[[[[[[[]]]]]]]]}", "deep" },
};

static void
a_mistake_is_named_and_changes_nothing(void **state)
{
	struct apps *a = apps();
	auto_buf why = BUF_INIT(1024);

	(void)state;
	assert_int_equal(
	    set(a, "{\"apps\":[{\"id\":\"1\",\"key\":\"k1\",\"secret\":\"s\"}]}", &why), OK);
	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		assert_int_equal(set(a, mistakes[i].text, &why), ERR_INVALID);
		if (strstr(why.data, mistakes[i].why) == NULL)
			fail_msg("case %zu: \"%s\" lacks \"%s\"", i, why.data, mistakes[i].why);
		assert_null(strchr(why.data, '\n'));
		assert_string_equal(ended, "");
		assert_non_null(by_id(a, "1"));
		assert_null(by_id(a, "7"));
	}
	apps_free(a);
}

static void
production_wants_secrets_of_16_characters(void **state)
{
	static const char text[] =
	    "{\"apps\":[{\"id\":\"1\",\"key\":\"k\",\"secret\":\"0123456789abcde\"}]}";
	static const char good[] =
	    "{\"apps\":[{\"id\":\"1\",\"key\":\"k\",\"secret\":\"0123456789abcdef\"}]}";
	struct apps *a = apps();
	auto_buf why = BUF_INIT(1024);

	(void)state;
	assert_int_equal(apps_set_file(a, text, strlen(text), true, &why, NULL, NULL), ERR_INVALID);
	assert_non_null(strstr(why.data, "secret"));
	assert_null(strstr(why.data, "0123456789"));
	assert_int_equal(apps_set_file(a, good, strlen(good), true, &why, NULL, NULL), OK);
	apps_free(a);
}

static unsigned forgotten;

static void
note_forgotten(void *ctx, struct app *app)
{
	(void)ctx;
	assert_string_equal(app->id, "2");
	forgotten++;
}

static void
apps_stay_change_go_and_come(void **state)
{
	struct apps *a = apps();
	auto_buf why = BUF_INIT(1024);
	struct app *one, *two;

	(void)state;
	assert_int_equal(set(a,
			     "{\"apps\":[{\"id\":\"1\",\"key\":\"k1\",\"secret\":\"s\"},"
			     "{\"id\":\"2\",\"key\":\"k2\",\"secret\":\"s\"}]}",
			     &why),
	    OK);
	one = by_id(a, "1");
	two = by_id(a, "2");
	one->connections = two->connections = 3;
	/* 1 gets another key and a limit, 2 goes, 3 comes, the environment's is disabled */
	assert_int_equal(
	    set(a,
		"{\"apps\":[{\"id\":\"3\",\"key\":\"k2\",\"secret\":\"s\"},"
		"{\"id\":\"1\",\"key\":\"new\",\"secret\":\"s\",\"limits\":{\"event_bytes\":9}},"
		"{\"id\":\"env\",\"key\":\"env-key\",\"secret\":\"env-secret-0123456789\","
		"\"enabled\":false}]}",
		&why),
	    OK);
	assert_string_equal(ended, "2:4009 env:4003 ");
	assert_ptr_equal(by_id(a, "1"), one);
	assert_ptr_equal(apps_by_key(a, "new", 3), one);
	assert_null(apps_by_key(a, "k1", 2));
	assert_int_equal(one->limits.event_bytes, 9);
	assert_int_equal(one->connections, 3);
	assert_null(by_id(a, "2"));
	assert_string_equal(apps_by_key(a, "k2", 2)->id, "3");
	assert_false(by_id(a, "env")->is_enabled);
	/* what is retired goes with its last connection */
	apps_sweep(a, note_forgotten, NULL);
	assert_int_equal(forgotten, 0);
	two->connections = 0;
	apps_sweep(a, note_forgotten, NULL);
	assert_int_equal(forgotten, 1);
	/* and the environment's has its own settings back when the file no longer names it */
	assert_int_equal(set(a, "{\"apps\":[]}", &why), OK);
	assert_true(by_id(a, "env")->is_enabled);
	assert_int_equal(by_id(a, "env")->capacity, 7);
	assert_null(apps_at(a, 1));
	apps_free(a);
}

static void
the_path_prefix_is_that_of_the_keys_app(void **state)
{
	struct apps *a = apps();
	const char *key;
	size_t n;

	(void)state;
	assert_true(apps_match_path(a, "/app/env-key", &key, &n));
	assert_int_equal(n, 7);
	assert_true(apps_match_path(a, "/pre/app/env-key", &key, &n));
	assert_true(apps_match_path(a, "/app/unknown", &key, &n));
	assert_false(apps_match_path(a, "/pre/app/unknown", &key, &n));
	assert_false(apps_match_path(a, "/other/app/env-key", &key, &n));
	assert_false(apps_match_path(a, "/app/", &key, &n));
	assert_false(apps_match_path(a, "/app", &key, &n));
	assert_false(apps_match_path(a, "", &key, &n));
	assert_string_equal(apps_strip_prefix(a, "/pre/apps/env/events"), "/apps/env/events");
	assert_string_equal(apps_strip_prefix(a, "/apps/env/events"), "/apps/env/events");
	assert_string_equal(apps_strip_prefix(a, "/x/apps/env/events"), "/x/apps/env/events");
	assert_string_equal(apps_strip_prefix(a, "/pre/apps/other/x"), "/pre/apps/other/x");
	assert_string_equal(apps_strip_prefix(a, "/pre/x/apps/env"), "/pre/x/apps/env");
	apps_free(a);
}

static void
any_channel_name_is_for_who_asks_for_it(void **state)
{
	auto_buf why = BUF_INIT(1024);
	struct apps *a = apps();
	const struct app *strict = by_id(a, "env"), *lenient;

	(void)state;
	assert_int_equal(set(a,
			     "{\"apps\":[{\"id\":\"l\",\"key\":\"l\",\"secret\":\"s\","
			     "\"any_channel_name\":true,\"limits\":{\"channel_name_len\":8}}]}",
			     &why),
	    OK);
	lenient = by_id(a, "l");
	assert_true(app_allows_channel(strict, "chat.1", 6));
	assert_false(app_allows_channel(strict, "chat:1", 6));
	assert_true(app_allows_channel(lenient, "chat:1 x", 8));
	assert_false(app_allows_channel(lenient, "chat:1 xx", 9));
	assert_false(app_allows_channel(lenient, "", 0));
	assert_false(app_allows_channel(lenient, "a\nb", 3));
	assert_false(app_allows_channel(lenient, "#x", 2));
	apps_free(a);
}

static void
ten_thousand_apps_are_taken_and_no_more(void **state)
{
	auto_buf text = BUF_INIT(LIMIT_APPS_FILE_BYTES), why = BUF_INIT(1024);
	struct apps *a = apps();
	char key[32];

	(void)state;
	assert_int_equal(buf_adds(&text, "{\"apps\":["), OK);
	for (int i = 0; i < LIMIT_APPS; i++)
		assert_int_equal(
		    buf_addf(&text, "%s{\"id\":\"a%d\",\"key\":\"k%d\",\"secret\":\"s\"}",
			i > 0 ? "," : "", i, i),
		    OK);
	for (int round = 0; round < 2; round++) { /* again: each keeps its place */
		const struct app *last = by_id(a, "a9999");

		assert_int_equal(buf_adds(&text, "]}"), OK);
		assert_int_equal(set(a, text.data, &why), OK);
		assert_non_null(by_id(a, "a9999"));
		assert_true(last == NULL || last == by_id(a, "a9999"));
		text.len -= 2;
	}
	for (int i = 0; i < LIMIT_APPS; i++) {
		(void)snprintf(key, sizeof key, "k%d", i);
		assert_non_null(apps_by_key(a, key, strlen(key)));
	}
	assert_int_equal(buf_adds(&text, ",{\"id\":\"b\",\"key\":\"b\",\"secret\":\"s\"}]}"), OK);
	assert_int_equal(set(a, text.data, &why), ERR_INVALID);
	assert_string_equal(why.data, "the file: apps: are more than 10000");
	assert_null(by_id(a, "b"));
	assert_non_null(by_id(a, "a9999"));
	apps_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_environments_app_is_there_under_both_names),
		cmocka_unit_test(a_file_can_say_everything),
		cmocka_unit_test(a_mistake_is_named_and_changes_nothing),
		cmocka_unit_test(production_wants_secrets_of_16_characters),
		cmocka_unit_test(apps_stay_change_go_and_come),
		cmocka_unit_test(the_path_prefix_is_that_of_the_keys_app),
		cmocka_unit_test(any_channel_name_is_for_who_asks_for_it),
		cmocka_unit_test(ten_thousand_apps_are_taken_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
