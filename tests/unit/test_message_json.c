/* Stored things as clients see them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json.h"
#include "message_json.h"

#define BORN 1795493168123

static const struct message plain = { .uid = "m-1",
	.role = ROLE_USER,
	.content = "hola",
	.content_len = 4,
	.changed_seq = 3,
	.created_ms = BORN };

/* m as its JSON is; the caller's. */
static char *
text_of(const struct message *m, const char *app_key)
{
	json_auto_t *value = message_json(m, m->content, m->content_len, app_key);

	assert_non_null(value);
	return json_text(value);
}

static void
a_message_has_its_members_and_no_others(void **state)
{
	auto_char *text = text_of(&plain, "key");

	(void)state;
	assert_string_equal(text,
	    "{\"id\":\"m-1\",\"parentId\":null,\"role\":\"user\",\"content\":\"hola\","
	    "\"status\":\"complete\",\"createdAt\":\"2026-11-24T04:06:08.123Z\",\"length\":4,"
	    "\"changedSeq\":3}");
}

static void
a_reply_tells_its_model_and_what_it_cost(void **state)
{
	struct message m = plain;
	auto_char *text = NULL;

	(void)state;
	m.parent_uid = "p-1";
	m.role = ROLE_ASSISTANT;
	m.model = "m-2";
	m.usage = (struct usage){ 7, 5, 3, 2, 15 };
	text = text_of(&m, NULL);
	assert_non_null(strstr(text, "\"parentId\":\"p-1\",\"role\":\"assistant\""));
	assert_non_null(strstr(text,
	    "\"model\":\"m-2\",\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":5,"
	    "\"reasoning_tokens\":3,\"cache_read_input_tokens\":2,\"total_tokens\":15}}"));
}

static void
each_status_and_role_has_its_word(void **state)
{
	static const struct {
		const char *word;
		enum message_status status;
		bool is_running;
	} statuses[] = {
		{ "complete", MESSAGE_COMPLETE, false },
		{ "queued", MESSAGE_QUEUED, true },
		{ "streaming", MESSAGE_STREAMING, true },
		{ "stopped", MESSAGE_STOPPED, false },
		{ "blocked", MESSAGE_BLOCKED, false },
		{ "truncated", MESSAGE_TRUNCATED, false },
		{ "error", MESSAGE_ERROR, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		struct message m = plain;
		auto_char *text = NULL;
		char want[40];

		m.status = statuses[i].status;
		m.role = ROLE_SYSTEM;
		text = text_of(&m, NULL);
		(void)snprintf(want, sizeof want, "\"status\":\"%s\"", statuses[i].word);
		assert_non_null(strstr(text, want));
		assert_non_null(strstr(text, "\"role\":\"system\""));
		assert_int_equal(message_is_running(m.status), statuses[i].is_running);
	}
}

static void
length_is_that_of_the_text_given_in_units_of_the_client(void **state)
{
	struct message m = plain;
	json_auto_t *value = NULL;

	(void)state;
	m.content = "a\xf0\x9f\x99\x82z";
	m.content_len = 6;
	value = message_json(&m, m.content, 5, NULL); /* cut by the caller */
	assert_int_equal(json_member_int(value, "length", -1), 3);
	assert_string_equal(json_member_string(value, "content"), "a\xf0\x9f\x99\x82");
}

static void
an_error_has_words_only_where_they_stand_in_place_of_the_text(void **state)
{
	struct message m = plain;
	auto_char *notice = NULL, *bare = NULL;

	(void)state;
	m.status = MESSAGE_ERROR;
	m.error_type = "overloaded";
	bare = text_of(&m, NULL);
	assert_non_null(strstr(bare, "\"error\":{\"type\":\"overloaded\"}"));
	m.is_notice = true;
	notice = text_of(&m, NULL);
	assert_non_null(strstr(notice, "\"error\":{\"type\":\"overloaded\",\"message\":\"hola\"}"));
}

static void
who_a_person_is_stays_in_the_house(void **state)
{
	static const struct {
		const char *id, *name, *key, *want; /* want NULL: no author at all */
	} cases[] = {
		{ NULL, NULL, "key", NULL },
		{ "s:ana", NULL, NULL, NULL },
		{ NULL, "Ana", "key", "\"author\":{\"name\":\"Ana\"}" },
		{ "s:ana", "Ana", NULL, "\"author\":{\"name\":\"Ana\"}" },
		{ "s:ana", NULL, "key",
		    "\"author\":{\"id\":\"7092314ba443fdc5b71f7a1ef08a8109\"}" },
		{ "s:ana", "Ana", "key",
		    "\"author\":{\"id\":\"7092314ba443fdc5b71f7a1ef08a8109\",\"name\":\"Ana\"}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct message m = plain;
		auto_char *text = NULL;

		m.author_id = cases[i].id;
		m.author_name = cases[i].name;
		text = text_of(&m, cases[i].key);
		if (cases[i].want != NULL)
			assert_non_null(strstr(text, cases[i].want));
		else
			assert_null(strstr(text, "author"));
		assert_null(strstr(text, "s:ana"));
	}
}

static void
a_public_id_is_another_under_another_key(void **state)
{
	struct message m = plain;
	auto_char *one = NULL, *two = NULL;

	(void)state;
	m.author_id = "s:ana";
	one = text_of(&m, "key");
	two = text_of(&m, "kez");
	assert_string_not_equal(one, two);
}

static void
text_of_people_is_escaped(void **state)
{
	struct message m = plain;
	auto_char *text = NULL;

	(void)state;
	m.content = "\"},{\x01\\\n</script>";
	m.content_len = strlen(m.content);
	text = text_of(&m, NULL);
	assert_non_null(strstr(text, "\"content\":\"\\\"},{\\u0001\\\\\\n</script>\""));
}

static void
an_id_that_came_as_a_number_goes_as_one(void **state)
{
	static const struct {
		const char *id;
		bool is_number;
		const char *want;
	} cases[] = {
		{ "42", true, "[42]" },
		{ "42", false, "[\"42\"]" },
		{ "-1", true, "[-1]" },
		{ "0", true, "[0]" },
		{ "9007199254740992", true, "[9007199254740992]" },
		{ "-9007199254740992", true, "[-9007199254740992]" },
		{ "c-x", false, "[\"c-x\"]" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_auto_t *list = json_pack("[o]", chat_id_json(cases[i].id, cases[i].is_number));
		auto_char *text = json_text(list);

		assert_string_equal(text, cases[i].want);
	}
}

static void
a_chat_has_its_members(void **state)
{
	char title[] = "t", model[] = "m-2";
	struct chat c = { .id = "c-x",
		.title = title,
		.is_private = true,
		.seq = 7,
		.created_ms = BORN,
		.updated_ms = BORN + 1 };
	json_auto_t *bare = chat_json(&c), *full = NULL;
	auto_char *one = json_text(bare), *two = NULL;

	(void)state;
	assert_string_equal(one,
	    "{\"chatId\":\"c-x\",\"title\":\"t\",\"visibility\":\"private\",\"model\":null,"
	    "\"seq\":7,\"headId\":null,\"createdAt\":\"2026-11-24T04:06:08.123Z\","
	    "\"updatedAt\":\"2026-11-24T04:06:08.124Z\"}");
	c.is_private = false;
	c.model = model;
	c.head_id = 1;
	memcpy(c.head_uid, "m-9", 4);
	full = chat_json(&c);
	two = json_text(full);
	assert_non_null(strstr(two, "\"visibility\":\"open\",\"model\":\"m-2\""));
	assert_non_null(strstr(two, "\"headId\":\"m-9\""));
}

static void
a_day_is_a_date(void **state)
{
	static const struct {
		int64_t day;
		const char *date;
	} cases[] = { { 0, "1970-01-01" }, { 1, "1970-01-02" }, { 19782, "2024-02-29" },
		{ 20781, "2026-11-24" }, { -1, "1969-12-31" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_auto_t *day = usage_day_json(cases[i].day);

		assert_string_equal(json_string_value(day), cases[i].date);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_has_its_members_and_no_others),
		cmocka_unit_test(a_reply_tells_its_model_and_what_it_cost),
		cmocka_unit_test(each_status_and_role_has_its_word),
		cmocka_unit_test(length_is_that_of_the_text_given_in_units_of_the_client),
		cmocka_unit_test(an_error_has_words_only_where_they_stand_in_place_of_the_text),
		cmocka_unit_test(who_a_person_is_stays_in_the_house),
		cmocka_unit_test(a_public_id_is_another_under_another_key),
		cmocka_unit_test(text_of_people_is_escaped),
		cmocka_unit_test(an_id_that_came_as_a_number_goes_as_one),
		cmocka_unit_test(a_chat_has_its_members),
		cmocka_unit_test(a_day_is_a_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
