/* gemini-standin: which conversations each family of models takes (gemini.md 3 and 8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../gemini-standin/turns.h"

static struct catalog catalog;

static int
set_up(void **state)
{
	(void)state;
	catalog_init(&catalog, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	catalog_free(&catalog);
	return 0;
}

#define USER "{\"role\":\"user\",\"parts\":[{\"text\":\"hola\"}]}"
#define MODEL "{\"role\":\"model\",\"parts\":[{\"text\":\"hi\"}]}"

static const struct {
	const char *model, *request, *sentence; /* NULL: taken */
} cases[] = {
	{ "gemini-3.8-flash", "{\"contents\":[" USER "]}", NULL },
	{ "gemini-3.8-flash", "{\"contents\":[" USER "," MODEL "," USER "]}", NULL },
	{ "gemini-3.8-flash", "{\"contents\":[" USER "," USER "]}", NULL },
	{ "gemini-3.8-flash", "{\"contents\":[{\"parts\":[{\"text\":\"no role\"}]}]}", NULL },
	{ "gemini-3.8-flash", "{}",
	    "* GenerateContentRequest.contents: contents is not specified\n" },
	{ "gemini-3.8-flash", "{\"contents\":[]}",
	    "* GenerateContentRequest.contents: contents is not specified\n" },
	{ "gemini-3.8-flash", "{\"contents\":[{\"role\":\"user\",\"parts\":[]}]}",
	    "* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.\n" },
	{ "gemini-3.8-flash", "{\"contents\":[" USER ",{\"role\":\"user\",\"parts\":[{}]}]}",
	    "* GenerateContentRequest.contents[1].parts[0].data: required oneof field 'data' must "
	    "have "
	    "one initialized field\n" },
	{ "gemini-3.8-flash", "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"\"}]}]}",
	    "Request has empty input." },
	{ "gemini-3.8-flash",
	    "{\"contents\":[" USER ",{\"role\":\"model\",\"parts\":[{\"text\":\"\","
	    "\"thoughtSignature\":\"x\"}]}," USER "]}",
	    NULL },
	{ "gemini-3.8-flash",
	    "{\"contents\":[{\"role\":\"assistant\",\"parts\":[{\"text\":\"a\"}]}]}",
	    "Please use a valid role: user, model." },
	{ "gemini-3.8-flash", "{\"contents\":[" USER "," MODEL "]}",
	    "Requests ending with a model turn are not supported." },
	{ "gemini-3.5-flash", "{\"contents\":[" USER "," MODEL "]}", NULL },
	{ "gemma-4-31b-it",
	    "{\"contents\":[" USER "],\"systemInstruction\":{\"parts\":[{\"text\":\"a\"}]}}",
	    "Developer instruction is not enabled for models/gemma-4-31b-it" },
	{ "gemini-4-argon",
	    "{\"contents\":[" USER "],\"generationConfig\":{\"presencePenalty\":1}}",
	    "Penalty is not enabled for this model." },
	{ "gemini-4-argon", "{\"contents\":[" USER "],\"generationConfig\":{\"candidateCount\":2}}",
	    "Multiple candidates is not enabled for this model" },
	{ "gemini-3.8-flash",
	    "{\"contents\":[" USER "],\"generationConfig\":{\"maxOutputTokens\":0}}",
	    "max_output_tokens must be positive." },
	{ "gemini-2.5-flash-lite",
	    "{\"contents\":[" USER
	    "],\"generationConfig\":{\"thinkingConfig\":{\"thinkingLevel\":\"LOW\"}}}",
	    "Thinking level is not supported for this model." },
	{ "gemini-3.8-flash",
	    "{\"contents\":[" USER
	    "],\"generationConfig\":{\"thinkingConfig\":{\"thinkingLevel\":\"minimal\"}}}",
	    "Thinking level MINIMAL is not supported for this model." },
	{ "gemini-3.8-flash",
	    "{\"contents\":[" USER
	    "],\"generationConfig\":{\"thinkingConfig\":{\"thinkingBudget\":0}}}",
	    "Thinking budget 0 is not supported for this model." },
	{ "gemini-4-argon",
	    "{\"contents\":[" USER
	    "],\"generationConfig\":{\"thinkingConfig\":{\"thinkingBudget\":100}}}",
	    "Thinking budget 100 is not supported for this model." },
};

static void
each_conversation_is_taken_or_refused_in_googles_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_auto_t *request = json_loads(cases[i].request, 0, NULL);
		const struct model *m =
		    catalog_find(&catalog, cases[i].model, strlen(cases[i].model));
		struct google_error error = { 0 };

		assert_non_null(m);
		assert_int_equal(
		    turns_check(request, m, &error), cases[i].sentence == NULL ? OK : ERR_INVALID);
		assert_string_equal(
		    error.message, cases[i].sentence == NULL ? "" : cases[i].sentence);
	}
}

static void
more_tokens_than_the_model_takes_are_refused(void **state)
{
	const struct model *m = catalog_find(&catalog, "gemma-4-31b-it", 14);
	size_t n = (size_t)m->family->input_limit * 4;
	char *text = xcalloc(n + 2, 1);
	struct google_error error = { 0 };

	(void)state;
	for (size_t i = 0; i < 2; i++) { /* what just fits, and one more */
		json_auto_t *request = NULL;

		memset(text, 'x', n + i);
		request = json_pack("{s:[{s:[{s:s}]}]}", "contents", "parts", "text", text);
		assert_int_equal(turns_check(request, m, &error), i == 0 ? OK : ERR_INVALID);
	}
	free(text);
}

static void
the_prompt_is_the_last_turn_of_the_user(void **state)
{
	json_auto_t *request =
	    json_loads("{\"contents\":[" USER "," MODEL
		       ",{\"role\":\"user\",\"parts\":[{\"text\":\"a\"},{\"text\":"
		       "\"b\"}]}],\"generationConfig\":{\"maxOutputTokens\":9,\"thinkingConfig\":{"
		       "\"includeThoughts\":true}}}",
		0, NULL);
	struct prompt p, again;

	(void)state;
	prompt_read(&p, request);
	assert_string_equal(p.text, "ab");
	assert_int_equal(p.text_len, 2);
	assert_int_equal(p.user_turns, 2);
	assert_int_equal(p.max_output_tokens, 9);
	assert_true(p.wants_thoughts);
	assert_false(p.is_continuation);
	prompt_read(&again, request);
	assert_string_equal(p.key, again.key);
	prompt_free(&p);
	prompt_free(&again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_conversation_is_taken_or_refused_in_googles_words),
		cmocka_unit_test(more_tokens_than_the_model_takes_are_refused),
		cmocka_unit_test(the_prompt_is_the_last_turn_of_the_user),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
