/* gemini-standin: requests as proto3 JSON sees them; the sentences are Google's (gemini.md 3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "../gemini-standin/schema.h"
#include "json.h"

static void
names_become_camel_case_and_nulls_go(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "{}", "{}" },
		{ "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"a\"}]}]}",
		    "{\"contents\":[{\"parts\":[{\"text\":\"a\"}],\"role\":\"user\"}]}" },
		{ "{\"system_instruction\":{\"parts\":[{\"text\":\"a\"}]}}",
		    "{\"systemInstruction\":{\"parts\":[{\"text\":\"a\"}]}}" },
		{ "{\"generation_config\":{\"max_output_tokens\":5,\"thinking_config\":{\"thinking_"
		  "level\":\"LOW\"}}}",
		    "{\"generationConfig\":{\"maxOutputTokens\":5,\"thinkingConfig\":{"
		    "\"thinkingLevel\":\"LOW\"}}}" },
		{ "{\"contents\":null,\"cachedContent\":null}", "{}" },
		{ "{\"tools\":[{\"functionDeclarations\":[{\"whatever\":{\"deep\":[1]}}]}]}",
		    "{\"tools\":[{\"functionDeclarations\":[{\"whatever\":{\"deep\":[1]}}]}]}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_auto_t *root = json_loads(cases[i].in, 0, NULL);
		json_auto_t *out = NULL;
		json_auto_t *expected = json_loads(cases[i].out, 0, NULL);
		struct google_error error;

		assert_int_equal(schema_normalise(SCHEMA_GENERATE, root, &out, &error), OK);
		assert_true(json_equal(out, expected));
	}
}

static void
what_it_does_not_know_is_refused_in_googles_words(void **state)
{
	static const struct {
		const char *in, *sentence, *field;
	} cases[] = {
		{ "{\"nope\":1}",
		    "Invalid JSON payload received. Unknown name \"nope\": Cannot find field.",
		    "nope" },
		{ "{\"contents\":[{\"parts\":[{\"txt\":\"a\"}]}]}",
		    "Invalid JSON payload received. Unknown name \"txt\" at "
		    "'contents[0].parts[0]': "
		    "Cannot find field.",
		    "contents[0].parts[0]" },
		{ "{\"contents\":[{\"parts\":[{\"text\":1}]}]}",
		    "Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), 1",
		    "contents[0].parts[0].text" },
		{ "{\"generationConfig\":{\"maxOutputTokens\":true}}",
		    "Invalid value at 'generation_config.max_output_tokens' (TYPE_INT32), true",
		    "generation_config.max_output_tokens" },
		{ "{\"contents\":{\"parts\":[]}}",
		    "Invalid value at 'contents' (type.googleapis.com/google.protobuf.Struct), "
		    "{\"parts\":[]}",
		    "contents" },
		{ "[]",
		    "Invalid JSON payload received. Unknown name \"\": Root element must be a "
		    "message.",
		    "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_auto_t *root = json_loads(cases[i].in, 0, NULL);
		json_t *out = NULL;
		struct google_error error;

		assert_int_equal(
		    schema_normalise(SCHEMA_GENERATE, root, &out, &error), ERR_INVALID);
		assert_null(out);
		assert_int_equal(error.http, 400);
		assert_string_equal(error.message, cases[i].sentence);
		assert_string_equal(error.field, cases[i].field);
	}
}

static void
each_request_has_its_own_fields(void **state)
{
	json_auto_t *root = json_loads("{\"generateContentRequest\":{\"contents\":[]}}", 0, NULL);
	json_auto_t *out = NULL;
	json_t *none = NULL;
	struct google_error error;

	(void)state;
	assert_int_equal(schema_normalise(SCHEMA_COUNT_TOKENS, root, &out, &error), OK);
	assert_int_equal(schema_normalise(SCHEMA_GENERATE, root, &none, &error), ERR_INVALID);
}

static void
a_name_or_path_of_any_length_is_cut_not_overrun(void **state)
{
	char name[2000], text[2100];
	struct google_error error;
	json_t *out = NULL;
	json_auto_t *root = NULL;

	(void)state;
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	(void)snprintf(text, sizeof text, "{\"contents\":[{\"%s\":1}]}", name);
	root = json_loads(text, 0, NULL);
	assert_int_equal(schema_normalise(SCHEMA_GENERATE, root, &out, &error), ERR_INVALID);
	assert_true(strlen(error.message) < sizeof error.message);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_become_camel_case_and_nulls_go),
		cmocka_unit_test(what_it_does_not_know_is_refused_in_googles_words),
		cmocka_unit_test(each_request_has_its_own_fields),
		cmocka_unit_test(a_name_or_path_of_any_length_is_cut_not_overrun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
