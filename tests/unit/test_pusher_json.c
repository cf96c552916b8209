#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "limit.h"
#include "pusher_json.h"

static void
assert_frame(struct frame *f, const char *want)
{
	assert_int_equal(frame_len(f), strlen(want));
	assert_memory_equal(frame_text(f), want, strlen(want));
	frame_unref(f);
}

/* Byte for byte, with the double encoding where the protocol has it. */
static void
frames_are_those_of_the_protocol(void **state)
{
	json_auto_t *info = json_pack("{s:s}", "name", "Ana \"Ñ\"");
	json_auto_t *data = json_string("{\"a\":1}");
	json_auto_t *one = json_pack("[s]", "u1"), *two = json_pack("[ss]", "u2", "u3");
	json_auto_t *none = json_array();

	(void)state;
	assert_frame(pusher_established("1.2", 120), "{\"event\":\"pusher:connection_established\","
						     "\"data\":\"{\\\"socket_id\\\":\\\"1.2\\\","
						     "\\\"activity_timeout\\\":120}\"}");
	assert_frame(pusher_subscribed("x", "{}"),
	    "{\"event\":\"pusher_internal:subscription_succeeded\","
	    "\"channel\":\"x\",\"data\":\"{}\"}");
	assert_frame(pusher_subscription_error("x", "AuthError", "no", 401),
	    "{\"event\":\"pusher:subscription_error\",\"channel\":\"x\",\"data\":{\"type\":"
	    "\"AuthError\","
	    "\"error\":\"no\",\"status\":401}}");
	assert_frame(pusher_subscription_error("x", NULL, "no", 4009),
	    "{\"event\":\"pusher:subscription_error\",\"channel\":\"x\",\"data\":{\"error\":\"no\","
	    "\"status\":4009}}");
	assert_frame(pusher_error(4001, "no"),
	    "{\"event\":\"pusher:error\",\"data\":{\"message\":\"no\",\"code\":4001}}");
	assert_frame(pusher_error(0, "no"),
	    "{\"event\":\"pusher:error\",\"data\":{\"message\":\"no\",\"code\":null}}");
	assert_frame(pusher_channel_error("x", 4301, "no"),
	    "{\"event\":\"pusher:error\",\"channel\":\"x\","
	    "\"data\":{\"message\":\"no\",\"code\":4301}}");
	assert_frame(pusher_ping(), "{\"event\":\"pusher:ping\",\"data\":{}}");
	assert_frame(pusher_pong(), "{\"event\":\"pusher:pong\",\"data\":{}}");
	assert_frame(pusher_member_added("presence-x", "7", info),
	    "{\"event\":\"pusher_internal:member_added\",\"channel\":\"presence-x\",\"data\":\"{"
	    "\\\"user_"
	    "id\\\":\\\"7\\\",\\\"user_info\\\":{\\\"name\\\":\\\"Ana \\\\\\\"Ñ\\\\\\\"\\\"}}\"}");
	assert_frame(pusher_member_added("presence-x", "7", NULL),
	    "{\"event\":\"pusher_internal:member_added\",\"channel\":\"presence-x\",\"data\":\"{"
	    "\\\"user_"
	    "id\\\":\\\"7\\\",\\\"user_info\\\":{}}\"}");
	assert_frame(pusher_member_removed("presence-x", "7"),
	    "{\"event\":\"pusher_internal:member_removed\",\"channel\":\"presence-x\",\"data\":\"{"
	    "\\\"user_"
	    "id\\\":\\\"7\\\"}\"}");
	assert_frame(pusher_subscription_count("x", 5),
	    "{\"event\":\"pusher_internal:subscription_count\",\"channel\":\"x\",\"data\":\"{"
	    "\\\"subscription_count\\\":5}\"}");
	assert_frame(pusher_cache_miss("cache-x"),
	    "{\"event\":\"pusher:cache_miss\",\"channel\":\"cache-x\"}");
	assert_frame(pusher_signed_in("{\"id\":\"u\"}"),
	    "{\"event\":\"pusher:signin_success\",\"data\":{"
	    "\"user_data\":\"{\\\"id\\\":\\\"u\\\"}\"}}");
	assert_frame(pusher_watchlist(one, two), "{\"event\":\"pusher_internal:watchlist_events\","
						 "\"data\":\"{\\\"events\\\":[{\\\"name\\\":"
						 "\\\"online\\\",\\\"user_ids\\\":[\\\"u1\\\"]},{"
						 "\\\"name\\\":\\\"offline\\\",\\\"user_ids\\\":["
						 "\\\"u2\\\",\\\"u3\\\"]}]}\"}");
	assert_frame(pusher_watchlist(none, one),
	    "{\"event\":\"pusher_internal:watchlist_events\",\"data\":\"{\\\"events\\\":[{"
	    "\\\"name\\\":"
	    "\\\"offline\\\",\\\"user_ids\\\":[\\\"u1\\\"]}]}\"}");
	assert_frame(pusher_event("e", "x", data, NULL),
	    "{\"event\":\"e\",\"channel\":\"x\",\"data\":\"{\\\"a\\\":1}\"}");
	assert_frame(pusher_event("client-e", "presence-x", info, "7"),
	    "{\"event\":\"client-e\",\"channel\":\"presence-x\",\"data\":{\"name\":\"Ana "
	    "\\\"Ñ\\\"\"},"
	    "\"user_id\":\"7\"}");
	assert_frame(pusher_event("client-e", "x", NULL, NULL),
	    "{\"event\":\"client-e\",\"channel\":\"x\"}");
}

static void
messages_are_taken_or_refused(void **state)
{
	static const struct {
		const char *text;
		enum err want;
	} cases[] = {
		{ "{\"event\":\"x\"}", OK },
		{ " {\"event\":\"x\",\"data\":[1,2],\"channel\":\"c\",\"more\":null} ", OK },
		{ "{\"event\":\"x\",\"channel\":1}", OK },
		{ "{\"event\":\"x\",\"event\":\"y\"}", OK },
		{ "{\"event\":\"\"}", OK },
		{ "", ERR_INVALID },
		{ "{}", ERR_INVALID },
		{ "[]", ERR_INVALID },
		{ "null", ERR_INVALID },
		{ "\"event\"", ERR_INVALID },
		{ "{\"event\":1}", ERR_INVALID },
		{ "{\"event\":\"x\"}x", ERR_INVALID },
		{ "{\"event\":\"x\\u0000\"}", ERR_INVALID },
		{ "{\"event\":\"\xff\"}", ERR_INVALID },
		{ "{'event':'x'}", ERR_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct pusher_message m = { .root = NULL };

		assert_int_equal(
		    pusher_parse(cases[i].text, strlen(cases[i].text), &m), cases[i].want);
		assert_int_equal(m.root != NULL, cases[i].want == OK);
		if (m.root != NULL) {
			assert_non_null(m.event);
			pusher_message_clear(&m);
		}
	}
}

static void
nesting_has_its_limit(void **state)
{
	char text[4 * LIMIT_PUSHER_DEPTH];

	(void)state;
	for (size_t deep = LIMIT_PUSHER_DEPTH - 1; deep <= LIMIT_PUSHER_DEPTH; deep++) {
		struct pusher_message m;
		char *p = text;

		memcpy(p, "{\"event\":\"x\",\"data\":", 20);
		p += 20;
		memset(p, '[', deep);
		p += deep;
		memset(p, ']', deep);
		p += deep;
		*p++ = '}';
		if (deep < LIMIT_PUSHER_DEPTH) {
			assert_int_equal(pusher_parse(text, (size_t)(p - text), &m), OK);
			pusher_message_clear(&m);
		} else {
			assert_int_equal(pusher_parse(text, (size_t)(p - text), &m), ERR_LIMIT);
		}
	}
}

static void
only_the_protocols_own_data_is_opened(void **state)
{
	static const char own[] =
	    "{\"event\":\"pusher:subscribe\",\"data\":\"{\\\"channel\\\":\\\"x\\\"}\"}";
	static const char theirs[] =
	    "{\"event\":\"client-x\",\"data\":\"{\\\"channel\\\":\\\"x\\\"}\"}";
	static const char text[] = "{\"event\":\"pusher:x\",\"data\":\"no JSON\"}";
	struct pusher_message m;

	(void)state;
	assert_int_equal(pusher_parse(own, sizeof own - 1, &m), OK);
	assert_true(json_is_object(m.data));
	pusher_message_clear(&m);
	assert_int_equal(pusher_parse(theirs, sizeof theirs - 1, &m), OK);
	assert_true(json_is_string(m.data));
	pusher_message_clear(&m);
	assert_int_equal(pusher_parse(text, sizeof text - 1, &m), OK);
	assert_true(json_is_string(m.data));
	pusher_message_clear(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_those_of_the_protocol),
		cmocka_unit_test(messages_are_taken_or_refused),
		cmocka_unit_test(nesting_has_its_limit),
		cmocka_unit_test(only_the_protocols_own_data_is_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
