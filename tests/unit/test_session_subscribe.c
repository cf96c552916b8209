/* pusher:subscribe: who is let into what, and each refusal as a pusher:subscription_error. */
#include "fake_push.h"

#include "limit.h"

#define SUCCEEDED(channel, data)                                                                   \
	"{\"event\":\"pusher_internal:subscription_succeeded\",\"channel\":\"" channel             \
	"\",\"data\":\"" data "\"}\n"
#define ONE(id, info)                                                                              \
	"{\\\"presence\\\":{\\\"ids\\\":[\\\"" id "\\\"],\\\"hash\\\":{\\\"" id "\\\":" info       \
	"},\\\"count\\\":1}}"

static void
assert_refused(struct fake *c, const char *type, int status)
{
	char text[64];

	assert_non_null(c->said.data);
	assert_int_equal(
	    strncmp(c->said.data, "{\"event\":\"pusher:subscription_error\",\"channel\":\"", 45),
	    0);
	(void)snprintf(text, sizeof text, "\"status\":%d}}\n", status);
	assert_non_null(strstr(c->said.data, text));
	if (type != NULL) {
		(void)snprintf(text, sizeof text, "\"data\":{\"type\":\"%s\",\"error\":", type);
		assert_non_null(strstr(c->said.data, text));
	} else {
		assert_non_null(strstr(c->said.data, "\"data\":{\"error\":"));
	}
	assert_false(peer_has_ended(&c->session.peer));
	buf_clear(&c->said);
}

static void
public_channels_need_no_signature_and_look_at_none(void **state)
{
	struct world *w = *state;
	struct fake c;

	fake_open(w, &c);
	fake_send(&c,
	    "{\"event\":\"pusher:subscribe\",\"data\":{\"auth\":\"\",\"channel\":\"chat.42\"}}");
	assert_said(&c, SUCCEEDED("chat.42", "{}"));
	fake_send(&c,
	    "{\"event\":\"pusher:subscribe\",\"data\":{\"auth\":\"x\",\"channel\":\"chat.42\"}}");
	assert_said(&c, SUCCEEDED("chat.42", "{}")); /* again: harmless */
	assert_int_equal(hub_occupancy(w->app, "chat.42", 7), 1);
	fake_send(&c, "{\"event\":\"pusher:subscribe\",\"data\":\"{\\\"channel\\\":\\\"y\\\"}\"}");
	assert_said(&c, SUCCEEDED("y", "{}"));
	fake_unsubscribe(&c, "chat.42");
	fake_unsubscribe(&c, "chat.42");
	assert_said_nothing(&c);
	assert_int_equal(hub_occupancy(w->app, "chat.42", 7), 0);
	fake_close(&c);
}

static void
private_channels_need_a_signature_over_this_socket_and_name(void **state)
{
	static const char *const kinds[] = { "private-x", "private-encrypted-x", "private-cache-x",
		"private-encrypted-cache-x", "presence-x", "presence-cache-x" };
	struct world *w = *state;
	struct fake c;
	char rest[128];

	fake_open(w, &c);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		fake_ask(&c, "pusher:subscribe", "channel", kinds[i], "n", NULL, NULL);
		assert_refused(&c, "AuthError", 401);
		fake_ask(&c, "pusher:subscribe", "channel", kinds[i], "n", NULL, "");
		assert_refused(&c, "AuthError", 401);
		fake_ask(&c, "pusher:subscribe", "channel", kinds[i], "n", NULL, FAKE_KEY ":");
		assert_refused(&c, "AuthError", 401);
		(void)snprintf(rest, sizeof rest, ":%sx", kinds[i]);
		fake_ask(
		    &c, "pusher:subscribe", "channel", kinds[i], "n", NULL, fake_auth(&c, rest));
		assert_refused(&c, "AuthError", 401);
		/* a good signature under another key */
		(void)snprintf(rest, sizeof rest, ":%s", kinds[i]);
		fake_ask(&c, "pusher:subscribe", "channel", kinds[i], "n", NULL,
		    strchr(fake_auth(&c, rest), ':'));
		assert_refused(&c, "AuthError", 401);
		assert_false(hub_is_member(&c.session.peer, kinds[i], strlen(kinds[i])));
	}
	assert_int_equal(w->metrics.count[METRIC_SUBSCRIBE_BAD_AUTH], 5 * ARRAY_LEN(kinds));
	fake_subscribe(&c, "private-x", NULL);
	assert_said(&c, SUCCEEDED("private-x", "{}"));
	fake_subscribe(&c, "private-encrypted-x", NULL);
	assert_said(&c, SUCCEEDED("private-encrypted-x", "{}"));
	fake_close(&c);
}

static void
an_auth_that_is_no_string_is_none(void **state)
{
	static const char *const auths[] = { "null", "1", "[\"a\"]", "{}", "true" };
	struct world *w = *state;
	struct fake c;
	char text[128];

	fake_open(w, &c);
	for (size_t i = 0; i < ARRAY_LEN(auths); i++) {
		(void)snprintf(text, sizeof text,
		    "{\"event\":\"pusher:subscribe\",\"data\":{\"channel\":\"private-x\",\"auth\":%"
		    "s}}",
		    auths[i]);
		fake_send(&c, text);
		assert_refused(&c, "AuthError", 401);
	}
	fake_close(&c);
}

static void
names_are_checked(void **state)
{
	static const char *const bad[] = { "", "a b", "a:b", "a/b", "#x", "caf\xc3\xa9", "a\\tb",
		"#server-to-user-" };
	struct world *w = *state;
	struct fake c;
	char name[LIMIT_CHANNEL_NAME_LEN + 2];

	fake_open(w, &c);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		fake_ask(&c, "pusher:subscribe", "channel", bad[i], "n", NULL, NULL);
		assert_refused(&c, NULL, 4009);
	}
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	fake_ask(&c, "pusher:subscribe", "channel", name, "n", NULL, NULL);
	assert_refused(&c, "LimitReached", 4009);
	name[LIMIT_CHANNEL_NAME_LEN] = '\0';
	fake_ask(&c, "pusher:subscribe", "channel", name, "n", NULL, NULL);
	assert_true(hub_is_member(&c.session.peer, name, LIMIT_CHANNEL_NAME_LEN));
	fake_close(&c);
}

static void
a_connection_has_so_many_channels_and_no_more(void **state)
{
	struct world *w = *state;
	struct fake c;
	char name[16];

	fake_open(w, &c);
	fake_sign_in(&c, "{\"id\":\"u\"}"); /* his own channel does not count */
	for (int i = 0; i < LIMIT_CHANNELS_PER_SOCKET; i++) {
		(void)snprintf(name, sizeof name, "x%d", i);
		fake_subscribe(&c, name, NULL);
	}
	assert_true(hub_is_member(&c.session.peer, name, strlen(name)));
	buf_clear(&c.said);
	fake_subscribe(&c, "one-more", NULL);
	assert_refused(&c, "LimitReached", 4100);
	fake_subscribe(&c, "x0", NULL);
	assert_said(&c, SUCCEEDED("x0", "{}"));
	fake_unsubscribe(&c, "x0");
	fake_subscribe(&c, "one-more", NULL);
	assert_said(&c, SUCCEEDED("one-more", "{}"));
	fake_close(&c);
}

static void
presence_data_is_read_as_it_comes(void **state)
{
	static const struct {
		const char *data, *want;
	} cases[] = {
		{ "{\"user_id\":\"7\",\"user_info\":{\"name\":\"Ana\"}}",
		    ONE("7", "{\\\"name\\\":\\\"Ana\\\"}") },
		{ "{\"user_id\":7}", ONE("7", "{}") }, /* Laravel's numbers become strings */
		{ "{\"user_id\":-1,\"user_info\":null}", ONE("-1", "{}") },
		{ "{\"user_id\":\"7\",\"user_info\":[]}", ONE("7", "[]") },
		{ "{\"user_id\":\"a b\"}", ONE("a b", "{}") },
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake c;
		char want[512];

		fake_open(w, &c);
		fake_subscribe(&c, "presence-x", cases[i].data);
		(void)snprintf(want, sizeof want, SUCCEEDED("presence-x", "%s"), cases[i].want);
		assert_said(&c, want);
		fake_close(&c);
	}
}

static void
presence_data_that_cannot_be_used_is_refused(void **state)
{
	static const char *const bad[] = { "", "x", "{", "null", "[]", "\"x\"", "{}",
		"{\"user_id\":null}", "{\"user_id\":\"\"}", "{\"user_id\":1.5}",
		"{\"user_id\":true}", "{\"user_id\":[1]}", "{\"user_id\":{}}",
		"{\"user_info\":{}}" };
	struct world *w = *state;
	struct fake c;
	char id[LIMIT_USER_ID_LEN + 2], data[LIMIT_USER_INFO_BYTES + 64];

	fake_open(w, &c);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		fake_subscribe(&c, "presence-x", bad[i]);
		assert_refused(&c, "ServerError", 4302);
	}
	fake_subscribe(&c, "presence-x", NULL); /* well signed, but who is it? */
	assert_refused(&c, "ServerError", 4302);
	memset(id, 'u', sizeof id - 1);
	id[sizeof id - 1] = '\0';
	(void)snprintf(data, sizeof data, "{\"user_id\":\"%s\"}", id);
	fake_subscribe(&c, "presence-x", data);
	assert_refused(&c, "ServerError", 4302);
	assert_false(hub_is_member(&c.session.peer, "presence-x", 10));
	id[LIMIT_USER_ID_LEN] = '\0';
	(void)snprintf(data, sizeof data, "{\"user_id\":\"%s\"}", id);
	fake_subscribe(&c, "presence-x", data);
	assert_true(hub_is_member(&c.session.peer, "presence-x", 10));
	fake_close(&c);
}

static void
user_info_has_its_limit(void **state)
{
	struct world *w = *state;
	struct fake c;
	char info[LIMIT_USER_INFO_BYTES + 1], data[LIMIT_USER_INFO_BYTES + 64];

	fake_open(w, &c);
	memset(info, 'i', sizeof info);
	info[LIMIT_USER_INFO_BYTES - 1] = '\0'; /* with two quotes: one too long */
	(void)snprintf(data, sizeof data, "{\"user_id\":1,\"user_info\":\"%s\"}", info);
	fake_subscribe(&c, "presence-x", data);
	assert_refused(&c, "LimitReached", 4301);
	info[LIMIT_USER_INFO_BYTES - 2] = '\0';
	(void)snprintf(data, sizeof data, "{\"user_id\":1,\"user_info\":\"%s\"}", info);
	fake_subscribe(&c, "presence-x", data);
	assert_true(hub_is_member(&c.session.peer, "presence-x", 10));
	fake_close(&c);
}

static void
a_full_presence_channel_says_so(void **state)
{
	struct world *w = *state;
	struct fake a, b;

	w->app->limits.presence_members = 1;
	fake_open(w, &a);
	fake_open(w, &b);
	fake_subscribe(&a, "presence-x", "{\"user_id\":1}");
	fake_subscribe(&b, "presence-x", "{\"user_id\":2}");
	assert_refused(&b, "LimitReached", 4100);
	fake_subscribe(&b, "presence-x", "{\"user_id\":1}");
	assert_said(&b, SUCCEEDED("presence-x", ONE("1", "{}")));
	fake_close(&a);
	fake_close(&b);
}

static void
who_is_signed_in_joins_presence_as_that_user(void **state)
{
	struct world *w = *state;
	struct fake c;

	fake_open(w, &c);
	fake_sign_in(&c, "{\"id\":\"u1\",\"user_info\":{\"name\":\"Ana\"}}");
	buf_clear(&c.said);
	fake_subscribe(&c, "presence-x", NULL);
	assert_said(&c, SUCCEEDED("presence-x", ONE("u1", "{\\\"name\\\":\\\"Ana\\\"}")));
	fake_subscribe(&c, "presence-y", "{\"user_id\":\"other\"}"); /* what is signed wins */
	assert_said(&c, SUCCEEDED("presence-y", ONE("other", "{}")));
	fake_close(&c);
}

static void
the_user_channel_is_for_its_user_only(void **state)
{
	struct world *w = *state;
	struct fake c;

	fake_open(w, &c);
	fake_ask(&c, "pusher:subscribe", "channel", "#server-to-user-u1", "n", NULL, "");
	assert_refused(&c, "AuthError", 401);
	/* a signature does not help */
	fake_subscribe(&c, "#server-to-user-u1", NULL);
	assert_refused(&c, "AuthError", 401);
	fake_sign_in(&c, "{\"id\":\"u1\"}");
	buf_clear(&c.said);
	fake_ask(&c, "pusher:subscribe", "channel", "#server-to-user-u2", "n", NULL, "");
	assert_refused(&c, "AuthError", 401);
	fake_ask(&c, "pusher:subscribe", "channel", "#server-to-user-u1", "n", NULL, "");
	assert_said(&c, SUCCEEDED("#server-to-user-u1", "{}"));
	world_say(w, "#server-to-user-u1", "e");
	assert_said(&c, "{\"event\":\"e\",\"channel\":\"#server-to-user-u1\",\"data\":\"x\"}\n");
	fake_close(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(public_channels_need_no_signature_and_look_at_none),
		world_test(private_channels_need_a_signature_over_this_socket_and_name),
		world_test(an_auth_that_is_no_string_is_none),
		world_test(names_are_checked),
		world_test(a_connection_has_so_many_channels_and_no_more),
		world_test(presence_data_is_read_as_it_comes),
		world_test(presence_data_that_cannot_be_used_is_refused),
		world_test(user_info_has_its_limit),
		world_test(a_full_presence_channel_says_so),
		world_test(who_is_signed_in_joins_presence_as_that_user),
		world_test(the_user_channel_is_for_its_user_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
