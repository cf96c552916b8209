/* What is pushed, as it stands on the wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "event_names.h"
#include "events.h"
#include "json.h"

#define NOW 1795493168123

static const struct event_context of_reply = { .chat_id = "42",
	.id_is_number = true,
	.message_uid = "m-1",
	.parent_uid = "p-1",
	.job_uid = "j-1",
	.seq = 9,
	.prev = 7,
	.now_ms = NOW };
static const struct event_context of_chat = {
	.chat_id = "c-x", .seq = 3, .prev = 2, .now_ms = NOW
};

static struct message
message(const char *content)
{
	return (struct message){ .uid = "m-1",
		.parent_uid = "p-1",
		.role = ROLE_USER,
		.content = content,
		.content_len = strlen(content),
		.author_id = "s:ana",
		.author_name = "Ana",
		.changed_seq = 9,
		.created_ms = NOW };
}

static json_t *
parse(const struct buf *b)
{
	json_t *root = NULL;

	assert_int_equal(json_parse(b->data, b->len, 16, true, &root, NULL, 0), OK);
	return root;
}

/* The member, path "a.b", as compact JSON; "" without it. Valid until the next call. */
static const char *
member(const json_t *root, const char *first, const char *second)
{
	static char *text;
	const json_t *value = json_object_get(root, first);

	if (second != NULL)
		value = json_object_get(value, second);
	free(text);
	text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : xstrdup("");
	return text;
}

static void
a_delta_says_where_it_belongs(void **state)
{
	auto_buf b = BUF_INIT(4096);

	(void)state;
	assert_int_equal(event_delta(&b, &of_reply, "h\xc3\xa9\"\n", 5, 12), OK);
	assert_string_equal(b.data,
	    "{\"id\":\"m-1-9\",\"invocation_id\":\"j-1\",\"type\":\"text_delta\","
	    "\"message_id\":\"m-1\",\"parent_id\":\"p-1\",\"timestamp\":1795493168,"
	    "\"chat_id\":42,\"seq\":9,\"prev\":7,\"delta\":\"h\xc3\xa9\\\"\\n\",\"offset\":12}");
}

/* A part of a longer text: what is behind it stays out. */
static void
a_delta_is_as_long_as_it_is_said_to_be(void **state)
{
	auto_buf b = BUF_INIT(4096);
	json_auto_t *root = NULL;

	(void)state;
	assert_int_equal(event_delta(&b, &of_reply, "unodos", 3, 0), OK);
	root = parse(&b);
	assert_string_equal(member(root, "delta", NULL), "\"uno\"");
}

static void
events_are_appended_or_nothing_is(void **state)
{
	auto_buf b = BUF_INIT(4096), full = BUF_INIT(60);

	(void)state;
	assert_int_equal(buf_adds(&b, "before "), OK);
	assert_int_equal(event_delta(&b, &of_reply, "x", 1, 0), OK);
	assert_memory_equal(b.data, "before {", 8);
	assert_int_equal(buf_adds(&full, "before "), OK);
	assert_int_equal(event_delta(&full, &of_reply, "x", 1, 0), ERR_LIMIT);
	assert_string_equal(full.data, "before ");
}

static void
an_event_of_a_chat_names_no_message(void **state)
{
	struct outbox_event e = { .name = EVENT_CHAT_UPDATED, .data = "{\"title\":\"t\"}" };
	auto_buf b = BUF_INIT(4096);

	(void)state;
	assert_int_equal(event_of_outbox(&b, &of_chat, &e, NULL, 100), OK);
	assert_string_equal(b.data,
	    "{\"id\":\"c-x-3\",\"type\":\"chat_updated\",\"timestamp\":1795493168,"
	    "\"chat_id\":\"c-x\",\"seq\":3,\"prev\":2,\"title\":\"t\"}");
}

static void
an_event_has_an_id_of_its_own_that_stays_when_it_is_sent_again(void **state)
{
	struct event_context later = of_reply, next = of_reply;
	auto_buf a = BUF_INIT(4096), b = BUF_INIT(4096), c = BUF_INIT(4096);
	json_auto_t *first = NULL, *again = NULL, *other = NULL;

	(void)state;
	later.now_ms += 60000;
	next.seq++;
	assert_int_equal(event_delta(&a, &of_reply, "x", 1, 0), OK);
	assert_int_equal(event_delta(&b, &later, "x", 1, 0), OK);
	assert_int_equal(event_delta(&c, &next, "x", 1, 0), OK);
	first = parse(&a);
	again = parse(&b);
	other = parse(&c);
	assert_true(json_equal(json_object_get(first, "id"), json_object_get(again, "id")));
	assert_false(json_equal(json_object_get(first, "id"), json_object_get(other, "id")));
}

static void
stored_members_are_added_and_have_to_be_json(void **state)
{
	static const struct {
		const char *data;
		enum err e;
	} cases[] = {
		{ NULL, OK },
		{ "{}", OK },
		{ "{\"position\":3}", OK },
		{ "", ERR_INVALID },
		{ "{", ERR_INVALID },
		{ "{\"a\":1,\"a\":2}", ERR_INVALID },
		{ "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", ERR_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct outbox_event e = { .name = EVENT_JOB_QUEUED, .data = cases[i].data };
		auto_buf b = BUF_INIT(4096);

		assert_int_equal(event_of_outbox(&b, &of_reply, &e, NULL, 100), cases[i].e);
		assert_int_equal(b.len > 0, cases[i].e == OK);
		if (i == 2)
			assert_non_null(strstr(b.data, ",\"prev\":7,\"position\":3}"));
	}
}

static void
events_that_carry_a_message_carry_it_as_answers_do(void **state)
{
	static const struct {
		const char *name;
		bool carries;
	} cases[] = {
		{ EVENT_MESSAGE_SENT, true },
		{ EVENT_MESSAGE_CREATED, true },
		{ EVENT_MESSAGE_EDITED, true },
		{ EVENT_MESSAGE_DELETED, false },
		{ EVENT_STREAM_END, false },
		{ EVENT_JOB_QUEUED, false },
		{ "MessageSent", false },
	};
	struct message m = message("hola");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct outbox_event e = { .name = cases[i].name };
		auto_buf b = BUF_INIT(4096);
		json_auto_t *root = NULL;

		assert_int_equal(event_of_outbox(&b, &of_reply, &e, &m, 100), OK);
		root = parse(&b);
		assert_string_equal(
		    member(root, "message", "content"), cases[i].carries ? "\"hola\"" : "");
		assert_string_equal(member(root, "chatId", NULL), cases[i].carries ? "42" : "");
		assert_string_equal(member(root, "chat_id", NULL), cases[i].carries ? "" : "42");
		assert_string_equal(member(root, "seq", NULL), "9");
		assert_string_equal(member(root, "prev", NULL), "7");
		assert_string_equal(member(root, "truncated", NULL), "");
	}
}

/* So that it fits into a datagram. */
static void
a_long_message_is_cut_between_characters_and_says_where_the_rest_is(void **state)
{
	static const struct {
		size_t max;
		const char *content, *length;
		bool is_cut;
	} cases[] = {
		{ 8,
		    "\"ab\xf0\x9f\x99\x82"
		    "cd\"",
		    "6", false },
		{ 7,
		    "\"ab\xf0\x9f\x99\x82"
		    "c\"",
		    "5", true },
		{ 6, "\"ab\xf0\x9f\x99\x82\"", "4", true },
		{ 5, "\"ab\"", "2", true },
		{ 0, "\"\"", "0", true },
	};
	struct message m = message("ab\xf0\x9f\x99\x82"
				   "cd");
	const char *href = "\"/api/chats/42/history?after=8&limit=1\"";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct outbox_event e = { .name = EVENT_MESSAGE_SENT };
		auto_buf b = BUF_INIT(4096);
		json_auto_t *root = NULL;

		assert_int_equal(event_of_outbox(&b, &of_reply, &e, &m, cases[i].max), OK);
		root = parse(&b);
		assert_string_equal(member(root, "message", "content"), cases[i].content);
		assert_string_equal(member(root, "message", "length"), cases[i].length);
		assert_string_equal(
		    member(root, "message", "truncated"), cases[i].is_cut ? "true" : "");
		assert_string_equal(member(root, "message", "href"), cases[i].is_cut ? href : "");
		assert_string_equal(member(root, "truncated", NULL), cases[i].is_cut ? "true" : "");
		assert_string_equal(member(root, "href", NULL), cases[i].is_cut ? href : "");
	}
}

static void
what_is_stored_with_a_message_event_hides_nothing_of_it(void **state)
{
	struct message m = message("hola");
	struct outbox_event e = { .name = EVENT_MESSAGE_CREATED,
		.data = "{\"clientId\":\"x\",\"seq\":1,\"message\":null}" };
	auto_buf b = BUF_INIT(4096);
	json_auto_t *root = NULL;

	(void)state;
	assert_int_equal(event_of_outbox(&b, &of_reply, &e, &m, 100), OK);
	root = parse(&b);
	assert_string_equal(member(root, "clientId", NULL), "\"x\"");
	assert_string_equal(member(root, "seq", NULL), "9");
	assert_string_equal(member(root, "message", "content"), "\"hola\"");
}

static void
an_author_is_told_by_a_public_id_or_by_name_alone(void **state)
{
	struct event_context c = of_reply;
	struct message m = message("hola");
	struct outbox_event e = { .name = EVENT_MESSAGE_CREATED };
	auto_buf with = BUF_INIT(4096), without = BUF_INIT(4096);
	json_auto_t *one = NULL, *two = NULL;

	(void)state;
	assert_int_equal(event_of_outbox(&without, &c, &e, &m, 100), OK);
	c.app_key = "key";
	assert_int_equal(event_of_outbox(&with, &c, &e, &m, 100), OK);
	one = parse(&with);
	two = parse(&without);
	assert_int_equal(strlen(member(json_object_get(one, "message"), "author", "id")), 32 + 2);
	assert_string_equal(member(json_object_get(two, "message"), "author", "id"), "");
	assert_string_equal(member(json_object_get(two, "message"), "author", "name"), "\"Ana\"");
	assert_null(strstr(with.data, "s:ana"));
	assert_null(strstr(without.data, "s:ana"));
}

static void
a_private_chat_has_no_open_channel(void **state)
{
	char longest[LIMIT_CHAT_ID_LEN + 1];
	struct event_channels c;

	(void)state;
	event_channels("42", false, &c);
	assert_int_equal(c.count, 3);
	assert_string_equal(c.names[0], "chat.42");
	assert_string_equal(c.names[1], "private-chat.42");
	assert_string_equal(c.names[2], "presence-chat.42");
	event_channels("42", true, &c);
	assert_int_equal(c.count, 2);
	assert_string_equal(c.names[0], "private-chat.42");
	assert_string_equal(c.names[1], "presence-chat.42");
	memset(longest, 'x', LIMIT_CHAT_ID_LEN);
	longest[LIMIT_CHAT_ID_LEN] = '\0';
	event_channels(longest, true, &c);
	assert_int_equal(strlen(c.names[1]), strlen("presence-chat.") + LIMIT_CHAT_ID_LEN);
	assert_true(strlen(c.names[1]) <= LIMIT_CHANNEL_NAME_LEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_delta_says_where_it_belongs),
		cmocka_unit_test(a_delta_is_as_long_as_it_is_said_to_be),
		cmocka_unit_test(events_are_appended_or_nothing_is),
		cmocka_unit_test(an_event_of_a_chat_names_no_message),
		cmocka_unit_test(an_event_has_an_id_of_its_own_that_stays_when_it_is_sent_again),
		cmocka_unit_test(stored_members_are_added_and_have_to_be_json),
		cmocka_unit_test(events_that_carry_a_message_carry_it_as_answers_do),
		cmocka_unit_test(
		    a_long_message_is_cut_between_characters_and_says_where_the_rest_is),
		cmocka_unit_test(what_is_stored_with_a_message_event_hides_nothing_of_it),
		cmocka_unit_test(an_author_is_told_by_a_public_id_or_by_name_alone),
		cmocka_unit_test(a_private_chat_has_no_open_channel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
