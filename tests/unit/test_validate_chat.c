/* Bodies of the routes about chats and messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "json.h"
#include "limit.h"
#include "validate_chat.h"

static json_t *
parse(const char *text)
{
	json_t *root = NULL;

	assert_int_equal(json_parse(text, strlen(text), 16, true, &root, NULL, 0), OK);
	return root;
}

/* {"NAME": "xxx..."} with so many bytes. */
static json_t *
text_of(const char *name, size_t n)
{
	static char text[LIMIT_MESSAGE_BYTES + 2];

	memset(text, 'x', n);
	text[n] = '\0';
	return json_pack("{s:s}", name, text);
}

static void
assert_same_text(const char *got, const char *want)
{
	if (want == NULL)
		assert_null(got);
	else
		assert_string_equal(got, want);
}

static void
what_is_not_given_is_not_changed_and_null_is_none(void **state)
{
	static const struct {
		const char *text, *title, *prompt, *model;
		bool has_visibility, is_private;
	} cases[] = {
		{ "{}", NULL, NULL, NULL, false, false },
		{ "{\"other\":1}", NULL, NULL, NULL, false, false },
		{ "{\"title\":\"t\"}", "t", NULL, NULL, false, false },
		{ "{\"systemPrompt\":null}", NULL, "", NULL, false, false },
		{ "{\"systemPrompt\":\"\"}", NULL, "", NULL, false, false },
		{ "{\"systemPrompt\":\"p\",\"model\":\"m\"}", NULL, "p", "m", false, false },
		{ "{\"model\":null}", NULL, NULL, "", false, false },
		{ "{\"visibility\":\"private\"}", NULL, NULL, NULL, true, true },
		{ "{\"visibility\":\"open\",\"title\":\"t\"}", "t", NULL, NULL, true, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_auto_t *root = parse(cases[i].text);
		struct chat_fields f;
		struct field_error why;

		assert_int_equal(validate_chat_fields(root, &f, &why), OK);
		assert_same_text(f.title, cases[i].title);
		assert_same_text(f.system_prompt, cases[i].prompt);
		assert_same_text(f.model, cases[i].model);
		assert_int_equal(f.has_visibility, cases[i].has_visibility);
		assert_int_equal(f.is_private, cases[i].is_private);
	}
}

static void
fields_of_a_chat_are_refused_in_words(void **state)
{
	static const struct {
		const char *text, *field, *why;
	} cases[] = {
		{ "[]", "body", "The body must be a JSON object." },
		{ "[\"title\"]", "body", "The body must be a JSON object." },
		{ "{\"title\":null}", "title", "The title must not be empty." },
		{ "{\"title\":\"\"}", "title", "The title must not be empty." },
		{ "{\"title\":\" \\t\\n\xc2\xa0\"}", "title", "The title must not be empty." },
		{ "{\"title\":7}", "title", "The title must be a string." },
		{ "{\"systemPrompt\":[]}", "systemPrompt", "The systemPrompt must be a string." },
		{ "{\"model\":false}", "model", "The model must be a string." },
		{ "{\"visibility\":\"\"}", "visibility",
		    "The visibility must be private or open." },
		{ "{\"visibility\":\"Private\"}", "visibility",
		    "The visibility must be private or open." },
		{ "{\"visibility\":true}", "visibility",
		    "The visibility must be private or open." },
		{ "{\"visibility\":null}", "visibility",
		    "The visibility must be private or open." },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_auto_t *root = parse(cases[i].text);
		struct chat_fields f = { .title = "before" };
		struct field_error why = { NULL, "" };

		assert_int_equal(validate_chat_fields(root, &f, &why), ERR_INVALID);
		assert_string_equal(why.field, cases[i].field);
		assert_string_equal(why.text, cases[i].why);
		assert_string_equal(f.title, "before");
	}
}

static void
each_field_has_a_longest(void **state)
{
	static const struct {
		const char *name;
		size_t max;
	} cases[] = { { "title", LIMIT_TITLE_BYTES }, { "systemPrompt", LIMIT_PERSONA_BYTES },
		{ "model", LIMIT_MODEL_BYTES } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_auto_t *fits = text_of(cases[i].name, cases[i].max);
		json_auto_t *over = text_of(cases[i].name, cases[i].max + 1);
		struct chat_fields f;
		struct field_error why;

		assert_int_equal(validate_chat_fields(fits, &f, &why), OK);
		assert_int_equal(validate_chat_fields(over, &f, &why), ERR_INVALID);
		assert_string_equal(why.field, cases[i].name);
	}
}

static void
what_a_person_says_is_text_and_has_a_longest(void **state)
{
	static const char *const refused[] = { "[]", "{}", "{\"content\":null}",
		"{\"content\":\"\"}", "{\"content\":\" \\n\"}", "{\"content\":1}",
		"{\"content\":[\"q\"]}" };
	json_auto_t *fits = text_of("content", LIMIT_MESSAGE_BYTES);
	json_auto_t *over = text_of("content", LIMIT_MESSAGE_BYTES + 1);
	const char *content = NULL;
	struct field_error why;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		json_auto_t *root = parse(refused[i]);

		assert_int_equal(validate_content(root, &content, &why), ERR_INVALID);
		assert_null(content);
	}
	assert_int_equal(validate_content(over, &content, &why), ERR_INVALID);
	assert_string_equal(why.text, "The content is longer than 32768 bytes.");
	assert_int_equal(validate_content(fits, &content, &why), OK);
	assert_int_equal(strlen(content), LIMIT_MESSAGE_BYTES);
}

static void
a_stop_says_what_and_how_far(void **state)
{
	static const struct {
		const char *text, *uid;
		int64_t seen;
		bool all;
	} cases[] = {
		{ "{}", NULL, -1, false },
		{ "{\"messageId\":null,\"length\":null,\"all\":null}", NULL, -1, false },
		{ "{\"messageId\":\"\"}", NULL, -1, false },
		{ "{\"messageId\":\"m-1\",\"all\":true}", "m-1", -1, true },
		{ "{\"all\":\"true\"}", NULL, -1, false },
		{ "{\"all\":1}", NULL, -1, false },
		{ "{\"length\":0}", NULL, 0, false },
		{ "{\"length\":-5}", NULL, 0, false },
		{ "{\"length\":12}", NULL, 12, false },
		{ "{\"seenLength\":12}", NULL, 12, false },
		{ "{\"seenLength\":12,\"length\":3}", NULL, 3, false },
		{ "{\"length\":9223372036854775807}", NULL, INT64_MAX, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_auto_t *root = parse(cases[i].text);
		struct stop_fields f;
		struct field_error why;

		assert_int_equal(validate_stop(root, &f, &why), OK);
		assert_same_text(f.message_uid, cases[i].uid);
		assert_true(f.seen_units == cases[i].seen);
		assert_int_equal(f.all, cases[i].all);
	}
}

static void
a_stop_that_cannot_be_meant_is_refused(void **state)
{
	static const struct {
		const char *text, *field;
	} cases[] = {
		{ "[]", "body" },
		{ "\"all\"", "body" },
		{ "{\"messageId\":7}", "messageId" },
		{ "{\"length\":1.5}", "length" },
		{ "{\"length\":\"5\"}", "length" },
		{ "{\"seenLength\":\"5\"}", "length" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_auto_t *root = json_loads(cases[i].text, JSON_DECODE_ANY, NULL);
		struct stop_fields f = { .seen_units = 77 };
		struct field_error why = { NULL, "" };

		assert_int_equal(validate_stop(root, &f, &why), ERR_INVALID);
		assert_string_equal(why.field, cases[i].field);
		assert_int_equal(f.seen_units, 77);
	}
}

static void
a_head_is_a_message_that_is_named(void **state)
{
	static const struct {
		const char *text, *uid; /* uid NULL: refused */
		bool exact;
	} cases[] = {
		{ "{\"messageId\":\"m-1\"}", "m-1", false },
		{ "{\"messageId\":\"m-1\",\"exact\":true}", "m-1", true },
		{ "{\"messageId\":\"m-1\",\"exact\":\"yes\"}", "m-1", false },
		{ "{\"messageId\":\"\"}", NULL, false },
		{ "{\"messageId\":null}", NULL, false },
		{ "{\"messageId\":1}", NULL, false },
		{ "{}", NULL, false },
		{ "[]", NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_auto_t *root = parse(cases[i].text);
		const char *uid = NULL;
		struct field_error why;
		bool exact = false;

		assert_int_equal(validate_head(root, &uid, &exact, &why),
		    cases[i].uid != NULL ? OK : ERR_INVALID);
		assert_same_text(uid, cases[i].uid);
		assert_int_equal(exact, cases[i].exact);
	}
}

static void
the_name_of_a_message_has_a_longest(void **state)
{
	json_auto_t *fits = text_of("messageId", 128), *over = text_of("messageId", 129);
	struct stop_fields f;
	struct field_error why;
	const char *uid;
	bool exact;

	(void)state;
	assert_int_equal(validate_head(fits, &uid, &exact, &why), OK);
	assert_int_equal(validate_head(over, &uid, &exact, &why), ERR_INVALID);
	assert_int_equal(validate_stop(fits, &f, &why), OK);
	assert_int_equal(validate_stop(over, &f, &why), ERR_INVALID);
}

static void
a_model_is_one_of_those_the_operator_lists(void **state)
{
	static const struct {
		const char *name, *list;
		bool want;
	} cases[] = {
		{ "", "", true }, /* none: the default */
		{ "main", "", true },
		{ "spare", "", true },
		{ "a", "a", true },
		{ "b", "a,b", true },
		{ "b", "a, b ,c", true },
		{ "c", ",,a,,c,", true },
		{ "a", "ab", false },
		{ "ab", "a", false },
		{ "ab", "a,b", false },
		{ "a,b", "a,b", false },
		{ "A", "a", false },
		{ " ", "a, b", false },
		{ "x", "", false },
		{ "x", " , ", false },
		{ "mai", "", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(
		    model_is_listed(cases[i].name, cases[i].list, "main", "spare"), cases[i].want);
	/* no fallback is set */
	assert_false(model_is_listed("x", "", "main", ""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_given_is_not_changed_and_null_is_none),
		cmocka_unit_test(fields_of_a_chat_are_refused_in_words),
		cmocka_unit_test(each_field_has_a_longest),
		cmocka_unit_test(what_a_person_says_is_text_and_has_a_longest),
		cmocka_unit_test(a_stop_says_what_and_how_far),
		cmocka_unit_test(a_stop_that_cannot_be_meant_is_refused),
		cmocka_unit_test(a_head_is_a_message_that_is_named),
		cmocka_unit_test(the_name_of_a_message_has_a_longest),
		cmocka_unit_test(a_model_is_one_of_those_the_operator_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
