/* The body of POST /api/send-message: what is taken, and in which words the rest is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "json.h"
#include "limit.h"
#include "validate.h"

static enum err
validate(const char *text, struct send_message *out, struct field_error *why)
{
	json_t *root = NULL;

	assert_int_equal(json_parse(text, strlen(text), 16, true, &root, NULL, 0), OK);
	return validate_send_message(root, out, why);
}

/* One turn of so many bytes. */
static enum err
validate_turn_of(const char *role, size_t n, struct send_message *out, struct field_error *why)
{
	static char text[LIMIT_MESSAGE_BYTES + 200];
	size_t at = (size_t)snprintf(
	    text, 100, "{\"chatId\":1,\"messages\":[{\"role\":\"%s\",\"content\":\"", role);

	memset(text + at, 'x', n);
	memcpy(text + at + n, "\"}]}", 5);
	return validate(text, out, why);
}

static void
turns_are_taken_in_their_order_and_unknown_members_are_not_looked_at(void **state)
{
	struct send_message m;
	struct field_error why;

	(void)state;
	assert_int_equal(validate("{\"chatId\":\"a-b\",\"new\":[1],\"messages\":["
				  "{\"role\":\"user\",\"content\":\"q\",\"id\":7},"
				  "{\"role\":\"assistant\",\"content\":\"a\"},"
				  "{\"role\":\"model\",\"content\":\"\"},"
				  "{\"role\":\"user\",\"content\":\"h\xc3\xa9\"}]}",
			     &m, &why),
	    OK);
	assert_string_equal(m.chat_id, "a-b");
	assert_false(m.id_is_number);
	assert_null(m.system);
	assert_int_equal(m.count, 4);
	assert_int_equal(m.turns[0].role, ROLE_USER);
	assert_string_equal(m.turns[0].text, "q");
	assert_int_equal(m.turns[1].role, ROLE_ASSISTANT);
	assert_int_equal(m.turns[2].role, ROLE_ASSISTANT);
	assert_int_equal(m.turns[2].len, 0);
	assert_int_equal(m.turns[3].len, 3);
	send_message_free(&m);
	assert_null(m.root);
}

static void
system_turns_stand_apart_joined_by_a_blank_line(void **state)
{
	static const struct {
		const char *messages, *system; /* NULL: none */
	} cases[] = {
		{ "{\"role\":\"system\",\"content\":\"a\"},{\"role\":\"user\",\"content\":\"q\"}",
		    "a" },
		{ "{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"system\",\"content\":\"a\"}",
		    "a" },
		{ "{\"role\":\"system\",\"content\":\"a\"},{\"role\":\"user\",\"content\":\"q\"},"
		  "{\"role\":\"system\",\"content\":\"b\\nc\"}",
		    "a\n\nb\nc" },
		{ "{\"role\":\"system\",\"content\":\" "
		  "\\n\"},{\"role\":\"user\",\"content\":\"q\"}",
		    NULL },
		{ "{\"role\":\"system\",\"content\":\"\"},{\"role\":\"user\",\"content\":\"q\"}",
		    NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct send_message m;
		struct field_error why;
		char text[400];

		(void)snprintf(
		    text, sizeof text, "{\"chatId\":1,\"messages\":[%s]}", cases[i].messages);
		assert_int_equal(validate(text, &m, &why), OK);
		assert_int_equal(m.count, 1);
		if (cases[i].system != NULL)
			assert_string_equal(m.system, cases[i].system);
		else
			assert_null(m.system);
		send_message_free(&m);
	}
}

#define X128                                                                                       \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"                         \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void
a_chat_id_is_a_number_or_a_name(void **state)
{
	static const struct {
		const char *json, *want; /* want NULL: refused */
		bool is_number;
	} cases[] = {
		{ "1", "1", true },
		{ "0", "0", true },
		{ "-7", "-7", true },
		{ "9007199254740992", "9007199254740992", true },
		{ "-9007199254740992", "-9007199254740992", true },
		{ "9007199254740993", NULL, false },
		{ "-9007199254740993", NULL, false },
		{ "9223372036854775807", NULL, false },
		{ "\"1\"", "1", false },
		{ "\"A-Za_z0=@,.;9\"", "A-Za_z0=@,.;9", false },
		{ "\"" X128 "\"", X128, false },
		{ "\"" X128 "x\"", NULL, false },
		{ "\"\"", NULL, false },
		{ "\".\"", NULL, false },
		{ "\"..\"", NULL, false },
		{ "\"a b\"", NULL, false },
		{ "\"a/b\"", NULL, false },
		{ "\"a\\nb\"", NULL, false },
		{ "\"\xc3\xa9\"", NULL, false },
		{ "1.0", NULL, false },
		{ "1.5", NULL, false },
		{ "true", NULL, false },
		{ "null", NULL, false },
		{ "[1]", NULL, false },
		{ "{}", NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct send_message m = { 0 };
		struct field_error why = { NULL, "" };
		char text[400];

		(void)snprintf(text, sizeof text,
		    "{\"chatId\":%s,\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]}",
		    cases[i].json);
		if (cases[i].want == NULL) {
			assert_int_equal(validate(text, &m, &why), ERR_INVALID);
			assert_string_equal(why.field, "chatId");
			assert_true(why.text[0] != '\0');
			assert_null(m.root);
			continue;
		}
		assert_int_equal(validate(text, &m, &why), OK);
		assert_string_equal(m.chat_id, cases[i].want);
		assert_int_equal(m.id_is_number, cases[i].is_number);
		send_message_free(&m);
	}
}

static void
what_is_wrong_is_said_of_the_field_and_the_turn(void **state)
{
	static const struct {
		const char *text, *field, *why;
	} cases[] = {
		{ "[]", "messages", "The body must be a JSON object." },
		{ "{}", "chatId", "The chat id field is required." },
		{ "{\"chatId\":1}", "messages", "The messages field is required." },
		{ "{\"chatId\":1,\"messages\":null}", "messages",
		    "The messages field is required." },
		{ "{\"chatId\":1,\"messages\":{}}", "messages", "The messages must be an array." },
		{ "{\"chatId\":1,\"messages\":\"q\"}", "messages",
		    "The messages must be an array." },
		{ "{\"chatId\":1,\"messages\":[]}", "messages",
		    "The messages must have at least 1 item." },
		{ "{\"chatId\":1,\"messages\":[7]}", "messages",
		    "The messages.0 must be an object." },
		{ "{\"chatId\":1,\"messages\":[{\"content\":\"q\"}]}", "messages",
		    "The messages.0.role field is required." },
		{ "{\"chatId\":1,\"messages\":[{\"role\":1,\"content\":\"q\"}]}", "messages",
		    "The messages.0.role field is required." },
		{ "{\"chatId\":1,\"messages\":[{\"role\":\"User\",\"content\":\"q\"}]}", "messages",
		    "The messages.0.role must be user, assistant or system." },
		{ "{\"chatId\":1,\"messages\":[{\"role\":\"user\"}]}", "messages",
		    "The messages.0.content field is required." },
		{ "{\"chatId\":1,\"messages\":[{\"role\":\"user\",\"content\":null}]}", "messages",
		    "The messages.0.content must be a string." },
		{ "{\"chatId\":1,\"messages\":[{\"role\":\"user\",\"content\":[\"q\"]}]}",
		    "messages", "The messages.0.content must be a string." },
		{ "{\"chatId\":1,\"messages\":[{\"role\":\"user\",\"content\":\"\"}]}", "messages",
		    "The messages.0.content field is required." },
		{ "{\"chatId\":1,\"messages\":[{\"role\":\"user\",\"content\":\"q\"},"
		  "{\"role\":\"user\",\"content\":\" \\t\\n\xc2\xa0\"}]}",
		    "messages", "The messages.1.content field is required." },
		{ "{\"chatId\":1,\"messages\":[{\"role\":\"user\",\"content\":\"q\"},"
		  "{\"role\":\"assistant\",\"content\":\"a\"}]}",
		    "messages", "The last of the messages must have the role user." },
		{ "{\"chatId\":1,\"messages\":[{\"role\":\"system\",\"content\":\"a\"}]}",
		    "messages", "The last of the messages must have the role user." },
		/* the system text that was read already goes as well */
		{ "{\"chatId\":1,\"messages\":[{\"role\":\"system\",\"content\":\"a\"},1]}",
		    "messages", "The messages.1 must be an object." },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct send_message m = { 0 };
		struct field_error why = { NULL, "" };

		assert_int_equal(validate(cases[i].text, &m, &why), ERR_INVALID);
		assert_string_equal(why.field, cases[i].field);
		assert_string_equal(why.text, cases[i].why);
		assert_null(m.turns);
	}
}

static void
nothing_at_all_is_no_object(void **state)
{
	struct send_message m;
	struct field_error why;

	(void)state;
	assert_int_equal(validate_send_message(NULL, &m, &why), ERR_INVALID);
}

static void
a_turn_of_any_role_has_a_longest(void **state)
{
	static const char *const roles[] = { "user", "assistant", "system" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
		struct send_message m;
		struct field_error why;

		if (i == 0) {
			assert_int_equal(
			    validate_turn_of(roles[i], LIMIT_MESSAGE_BYTES, &m, &why), OK);
			assert_int_equal(m.turns[0].len, LIMIT_MESSAGE_BYTES);
			send_message_free(&m);
		} else {
			assert_int_equal(
			    validate_turn_of(roles[i], LIMIT_MESSAGE_BYTES, &m, &why), ERR_INVALID);
			assert_non_null(strstr(why.text, "the role user")); /* and only that */
		}
		assert_int_equal(
		    validate_turn_of(roles[i], LIMIT_MESSAGE_BYTES + 1, &m, &why), ERR_INVALID);
		assert_string_equal(why.text, "The messages.0.content is longer than 32768 bytes.");
	}
}

static void
a_list_has_so_many_turns_and_no_more(void **state)
{
	(void)state;
	for (size_t over = 0; over <= 1; over++) {
		json_t *messages = json_array();
		struct send_message m;
		struct field_error why;
		enum err e;

		for (size_t i = 0; i < LIMIT_MESSAGES_PER_REQUEST + over; i++)
			assert_int_equal(
			    json_array_append_new(
				messages, json_pack("{s:s, s:s}", "role", "user", "content", "q")),
			    0);
		e = validate_send_message(
		    json_pack("{s:i, s:o}", "chatId", 1, "messages", messages), &m, &why);
		assert_int_equal(e, over > 0 ? ERR_INVALID : OK);
		if (e == OK) {
			assert_int_equal(m.count, LIMIT_MESSAGES_PER_REQUEST);
			send_message_free(&m);
		} else {
			assert_string_equal(
			    why.text, "The messages must not have more than 200 items.");
		}
	}
}

/* A repeated post is told by the hash of these. */
static void
canonical_bytes_are_the_same_for_one_meaning_and_for_no_other(void **state)
{
	static const char *const bodies[] = {
		"{\"role\":\"user\",\"content\":\"ab\"},{\"role\":\"user\",\"content\":\"c\"}",
		"{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"user\",\"content\":\"bc\"}",
		"{\"role\":\"user\",\"content\":\"abc\"}",
		"{\"role\":\"user\",\"content\":\"u1:c\"}",
		"{\"role\":\"user\",\"content\":\"abuc\"}",
		"{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"user\",\"content\":\"c\"}",
		"{\"role\":\"assistant\",\"content\":\"ab\"},{\"role\":\"user\",\"content\":\"c\"}",
		"{\"role\":\"system\",\"content\":\"ab\"},{\"role\":\"user\",\"content\":\"c\"}",
		"{\"role\":\"user\",\"content\":\"2:abu1:c\"}",
		"{\"role\":\"system\",\"content\":\"u1:x\"},{\"role\":\"user\",\"content\":\"c\"}",
	};
	char *seen[ARRAY_LEN(bodies)];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		auto_buf one = BUF_INIT(1000), two = BUF_INIT(1000);
		struct send_message m, again;
		struct field_error why;
		char text[400];

		(void)snprintf(text, sizeof text, "{\"chatId\":1,\"messages\":[%s]}", bodies[i]);
		assert_int_equal(validate(text, &m, &why), OK);
		(void)snprintf(text, sizeof text,
		    "{ \"x\":1, \"messages\": [%s], \"chatId\":\"y\"}", bodies[i]);
		assert_int_equal(validate(text, &again, &why), OK);
		assert_int_equal(send_message_canonical(&m, &one), OK);
		assert_int_equal(send_message_canonical(&again, &two), OK);
		assert_string_equal(one.data, two.data);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(one.data, seen[k]);
		seen[i] = buf_take(&one);
		send_message_free(&m);
		send_message_free(&again);
	}
	for (size_t i = 0; i < ARRAY_LEN(seen); i++)
		free(seen[i]);
}

static void
canonical_bytes_that_do_not_fit_are_an_error(void **state)
{
	struct send_message m;
	struct field_error why;

	(void)state;
	assert_int_equal(
	    validate(
		"{\"chatId\":1,\"messages\":[{\"role\":\"user\",\"content\":\"abc\"}]}", &m, &why),
	    OK);
	for (size_t max = 0; max <= 9; max++) { /* "s0:u3:abc" */
		auto_buf b = BUF_INIT(max);

		assert_int_equal(send_message_canonical(&m, &b), max < 9 ? ERR_LIMIT : OK);
	}
	send_message_free(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    turns_are_taken_in_their_order_and_unknown_members_are_not_looked_at),
		cmocka_unit_test(system_turns_stand_apart_joined_by_a_blank_line),
		cmocka_unit_test(a_chat_id_is_a_number_or_a_name),
		cmocka_unit_test(what_is_wrong_is_said_of_the_field_and_the_turn),
		cmocka_unit_test(nothing_at_all_is_no_object),
		cmocka_unit_test(a_turn_of_any_role_has_a_longest),
		cmocka_unit_test(a_list_has_so_many_turns_and_no_more),
		cmocka_unit_test(canonical_bytes_are_the_same_for_one_meaning_and_for_no_other),
		cmocka_unit_test(canonical_bytes_that_do_not_fit_are_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
