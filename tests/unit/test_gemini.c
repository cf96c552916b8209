#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gemini.h"
#include "limit.h"

#define TEXT_MAX 4096

static const struct ai_provider *const g = &gemini_provider;

/* --- requests -------------------------------------------------------------------------------- */

static void
each_route_has_its_path(void **state)
{
	static const struct {
		enum ai_route route;
		const char *version, *name, *path;
	} cases[] = {
		{ AI_ROUTE_STREAM, "v1beta", "gemini-3.8-flash",
		    "/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse" },
		{ AI_ROUTE_UNARY, "v1", "models/gemini-3.8-flash",
		    "/v1/models/gemini-3.8-flash:generateContent" },
		{ AI_ROUTE_MODELS, "v1beta", "", "/v1beta/models?pageSize=1000" },
		{ AI_ROUTE_MODELS, "v1beta", "a/b=&c",
		    "/v1beta/models?pageSize=1000&pageToken=a%2Fb%3D%26c" },
		{ AI_ROUTE_STREAM, "v1beta", "", NULL },
		{ AI_ROUTE_STREAM, "v1beta", "..", NULL },
		{ AI_ROUTE_STREAM, "v1beta", "a b", NULL },
		{ AI_ROUTE_STREAM, "v1beta", "a/../b", NULL },
		{ AI_ROUTE_STREAM, "v1beta", "a?key=1", NULL },
		{ AI_ROUTE_STREAM, "v1beta\r\nX: y", "a", NULL },
		{ AI_ROUTE_STREAM, "",
		    "0123456789012345678901234567890123456789012345678901234567890123", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_buf path = BUF_INIT(1024);
		enum err e = g->build_path(cases[i].route, cases[i].version, cases[i].name, &path);

		assert_int_equal(e, cases[i].path != NULL ? OK : ERR_INVALID);
		if (e == OK)
			assert_string_equal(path.data, cases[i].path);
	}
}

/* Turns as text: "U:hello", author as "U=Ana:hello". */
static size_t
make_turns(const char *const *specs, struct ai_turn *turns, char names[][16])
{
	size_t count = 0;

	for (; specs[count] != NULL; count++) {
		const char *spec = specs[count], *colon = strchr(spec, ':');

		turns[count] = (struct ai_turn){
			.role = *spec == 'S'   ? AI_ROLE_SYSTEM
				: *spec == 'U' ? AI_ROLE_USER
					       : AI_ROLE_MODEL,
			.text = colon + 1,
			.len = strlen(colon + 1),
		};
		if (spec[1] != '=')
			continue;
		memcpy(names[count], spec + 2, (size_t)(colon - spec - 2));
		names[count][colon - spec - 2] = '\0';
		turns[count].author = names[count];
	}
	return count;
}

#define CONTENTS(list) "{\"contents\":[" list "],\"generationConfig\":{\"maxOutputTokens\":8192}}"
#define USER(text) "{\"role\":\"user\",\"parts\":[{\"text\":\"" text "\"}]}"
#define MODEL(text) "{\"role\":\"model\",\"parts\":[{\"text\":\"" text "\"}]}"

static void
turns_are_made_to_alternate_between_user_and_user(void **state)
{
	static const struct {
		const char *turns[8];
		const char *body; /* NULL: refused */
	} cases[] = {
		{ { "U:hi" }, CONTENTS(USER("hi")) },
		{ { "U:a", "M:b", "U:c" }, CONTENTS(USER("a") "," MODEL("b") "," USER("c")) },
		{ { "U:a", "U:b" }, CONTENTS(USER("a\\n\\nb")) },
		{ { "U:a", "M:b", "M:c", "U:d" },
		    CONTENTS(USER("a") "," MODEL("b\\n\\nc") "," USER("d")) },
		{ { "M:a", "M:b", "U:c" }, CONTENTS(USER("c")) },
		{ { "U:a", "M:b" }, CONTENTS(USER("a")) },
		{ { "U:a", "M:b", "M:c" }, CONTENTS(USER("a")) },
		{ { "U:", "U:  \n", "U:a" }, CONTENTS(USER("a")) },
		{ { "U:a", "M:", "U:b" }, CONTENTS(USER("a\\n\\nb")) },
		{ { "U=Ana:hi", "U=Eva\n:ho" }, CONTENTS(USER("Ana: hi\\n\\nEva : ho")) },
		{ { "U:q\"\\\n" }, CONTENTS(USER("q\\\"\\\\\\n")) },
		{ { "U:\xF0\x9F\x8C\x8D" }, CONTENTS(USER("\xF0\x9F\x8C\x8D")) },
		{ { NULL }, NULL },
		{ { "M:a" }, NULL },
		{ { "S:a" }, NULL },
		{ { "U: ", "M:a" }, NULL },
		{ { "U:\xFF" }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_buf body = BUF_INIT(4096);
		struct ai_turn turns[8];
		char names[8][16];
		struct ai_prompt prompt = { .turns = turns,
			.count = make_turns(cases[i].turns, turns, names) };
		enum err e = g->build_body(&prompt, &body);

		print_message("case %zu\n", i);
		assert_int_equal(e, cases[i].body != NULL ? OK : ERR_INVALID);
		if (e == OK)
			assert_string_equal(body.data, cases[i].body);
	}
}

static void
system_text_thinking_and_cap_have_their_places(void **state)
{
	static const char *const specs[] = { "S:one", "U:hi", "S:two", NULL };
	auto_buf body = BUF_INIT(4096);
	struct ai_turn turns[4];
	char names[4][16];
	struct ai_prompt prompt = {
		.system = "Be brief.",
		.turns = turns,
		.count = make_turns(specs, turns, names),
		.max_output_tokens = 100,
		.thinking_level = "low",
	};

	(void)state;
	assert_int_equal(g->build_body(&prompt, &body), OK);
	assert_string_equal(body.data,
	    "{\"contents\":[" USER(
		"hi") "],\"generationConfig\":{\"maxOutputTokens\":100,"
		      "\"thinkingConfig\":{\"thinkingLevel\":\"low\"}},\"systemInstruction\":"
		      "{\"parts\":[{\"text\":\"Be brief.\\n\\none\\n\\ntwo\"}]}}");
	assert_int_equal(g->drop_thinking(&body), OK);
	assert_null(strstr(body.data, "thinking"));
	assert_non_null(strstr(body.data, "\"maxOutputTokens\":100"));
	assert_int_equal(g->drop_thinking(&body), ERR_NOT_FOUND);
}

static void
a_safety_threshold_is_for_every_category(void **state)
{
	static const char *const specs[] = { "U:hi", NULL };
	auto_buf body = BUF_INIT(4096);
	struct ai_turn turns[4];
	char names[4][16];
	struct ai_prompt prompt = {
		.turns = turns,
		.count = make_turns(specs, turns, names),
		.safety = "BLOCK_NONE",
	};

	(void)state;
	assert_int_equal(g->build_body(&prompt, &body), OK);
	assert_non_null(strstr(body.data,
	    "\"safetySettings\":[{\"category\":\"HARM_CATEGORY_HARASSMENT\",\"threshold\":"
	    "\"BLOCK_NONE\"},{\"category\":\"HARM_CATEGORY_HATE_SPEECH\""));
	assert_non_null(strstr(body.data, "HARM_CATEGORY_SEXUALLY_EXPLICIT"));
	assert_non_null(strstr(body.data, "HARM_CATEGORY_DANGEROUS_CONTENT"));
}

/* --- answers --------------------------------------------------------------------------------- */

static const struct {
	const char *json, *text;
	enum err wanted;
	enum ai_finish finish;
	enum ai_fail fail;
} events[] = {
	{ "{\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"Hel\"}],\"role\": "
	  "\"model\"},\"index\": 0}]}",
	    "Hel", OK, AI_FINISH_NONE, AI_FAIL_NONE },
	{ "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"},{\"text\":\"b\"}]}}]"
	  "}",
	    "ab", OK, AI_FINISH_NONE, AI_FAIL_NONE },
	/* thoughts, signatures and other parts are no text */
	{ "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"plan\",\"thought\":true},"
	  "{\"text\":\"a\",\"thought\":false},{\"inlineData\":{}},{\"text\":7}]}}]}",
	    "a", OK, AI_FINISH_NONE, AI_FAIL_NONE },
	{ "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\",\"thoughtSignature\":"
	  "\"RXBN\"}],\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}]}",
	    "", OK, AI_FINISH_STOP, AI_FAIL_NONE },
	/* what may be missing */
	{ "{}", "", OK, AI_FINISH_NONE, AI_FAIL_NONE },
	{ "{\"candidates\":[]}", "", OK, AI_FINISH_NONE, AI_FAIL_NONE },
	{ "{\"candidates\":[{}]}", "", OK, AI_FINISH_NONE, AI_FAIL_NONE },
	{ "{\"candidates\":[{\"content\":{\"role\":\"model\"},\"finishReason\":"
	  "\"MAX_TOKENS\"}]}",
	    "", OK, AI_FINISH_LENGTH, AI_FAIL_NONE },
	/* what has another type than it should */
	{ "{\"candidates\":7,\"usageMetadata\":[],\"modelVersion\":{}}", "", OK, AI_FINISH_NONE,
	    AI_FAIL_NONE },
	{ "{\"candidates\":[[]]}", "", OK, AI_FINISH_NONE, AI_FAIL_NONE },
	{ "{\"candidates\":[{\"content\":[],\"finishReason\":7}]}", "", OK, AI_FINISH_NONE,
	    AI_FAIL_NONE },
	{ "{\"candidates\":[{\"content\":{\"parts\":{\"text\":\"a\"}}}]}", "", OK, AI_FINISH_NONE,
	    AI_FAIL_NONE },
	/* finish reasons */
	{ "{\"candidates\":[{\"finishReason\":\"SAFETY\"}]}", "", OK, AI_FINISH_BLOCKED,
	    AI_FAIL_BLOCKED },
	{ "{\"candidates\":[{\"finishReason\":\"RECITATION\"}]}", "", OK, AI_FINISH_BLOCKED,
	    AI_FAIL_BLOCKED },
	{ "{\"candidates\":[{\"finishReason\":\"MALFORMED_RESPONSE\"}]}", "", OK,
	    AI_FINISH_MALFORMED, AI_FAIL_MALFORMED },
	{ "{\"candidates\":[{\"finishReason\":\"CONTINUATION\"}]}", "", OK, AI_FINISH_LENGTH,
	    AI_FAIL_NONE },
	{ "{\"candidates\":[{\"finishReason\":\"NEW_IN_2030\"}]}", "", OK, AI_FINISH_OTHER,
	    AI_FAIL_NONE },
	{ "{\"candidates\":[{\"finishReason\":\"\"}]}", "", OK, AI_FINISH_NONE, AI_FAIL_NONE },
	{ "{\"candidates\":[{\"finishReason\":\"FINISH_REASON_UNSPECIFIED\"}]}", "", OK,
	    AI_FINISH_NONE, AI_FAIL_NONE },
	/* blocked prompt: HTTP 200, no candidates */
	{ "{\"promptFeedback\":{\"blockReason\":\"SAFETY\",\"safetyRatings\":[]}}", "", OK,
	    AI_FINISH_BLOCKED, AI_FAIL_BLOCKED },
	{ "{\"promptFeedback\":{\"safetyRatings\":[]}}", "", OK, AI_FINISH_NONE, AI_FAIL_NONE },
	/* errors in the middle */
	{ "{\"error\":{\"code\":503,\"message\":\"busy\",\"status\":\"UNAVAILABLE\"}}", "", OK,
	    AI_FINISH_NONE, AI_FAIL_OVERLOADED },
	{ "{\"error\":{\"status\":\"RESOURCE_EXHAUSTED\"}}", "", OK, AI_FINISH_NONE,
	    AI_FAIL_RATE_LIMITED },
	{ "{\"error\":\"no\"}", "", OK, AI_FINISH_NONE, AI_FAIL_OVERLOADED },
	{ "{\"error\":null}", "", OK, AI_FINISH_NONE, AI_FAIL_OVERLOADED },
	/* not the provider's */
	{ "[DONE]", "", OK, AI_FINISH_NONE, AI_FAIL_NONE },
	{ "", "", ERR_INVALID, AI_FINISH_NONE, AI_FAIL_PROTOCOL },
	{ "{\"candidates\": [{\"content\"", "", ERR_INVALID, AI_FINISH_NONE, AI_FAIL_PROTOCOL },
	{ "[]", "", ERR_INVALID, AI_FINISH_NONE, AI_FAIL_PROTOCOL },
	{ "\"text\"", "", ERR_INVALID, AI_FINISH_NONE, AI_FAIL_PROTOCOL },
	{ "{\"a\":\"\xFF\"}", "", ERR_INVALID, AI_FINISH_NONE, AI_FAIL_PROTOCOL },
	{ "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}],\"role\":\"user\"}}]"
	  "}",
	    "", ERR_INVALID, AI_FINISH_NONE, AI_FAIL_PROTOCOL },
	{ "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "", ERR_LIMIT, AI_FINISH_NONE, AI_FAIL_PROTOCOL },
};

static void
each_event_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		auto_buf text = BUF_INIT(TEXT_MAX);
		struct ai_answer answer = { 0 };

		print_message("%s\n", events[i].json);
		assert_int_equal(
		    g->on_event(events[i].json, strlen(events[i].json), &text, &answer),
		    events[i].wanted);
		assert_string_equal(text.data != NULL ? text.data : "", events[i].text);
		assert_int_equal(answer.finish, events[i].finish);
		assert_int_equal(answer.failure.kind, events[i].fail);
		if (events[i].fail != AI_FAIL_NONE)
			assert_true(answer.failure.message[0] != '\0');
	}
}

static void
last_usage_wins_and_names_are_kept(void **state)
{
	static const char first[] =
	    "{\"usageMetadata\":{\"promptTokenCount\":9,\"thoughtsTokenCount\":\"20\","
	    "\"totalTokenCount\":29},\"modelVersion\":\"gemini-3.8-flash\",\"responseId\":\"r-1\"}";
	static const char last[] =
	    "{\"usageMetadata\":{\"promptTokenCount\":\"9\",\"candidatesTokenCount\":3,"
	    "\"cachedContentTokenCount\":4,\"thoughtsTokenCount\":-1,\"totalTokenCount\":"
	    "99999999999999999},\"modelVersion\":\"bad name\\n\",\"responseId\":7}";
	auto_buf text = BUF_INIT(TEXT_MAX);
	struct ai_answer a = { 0 };

	(void)state;
	assert_int_equal(g->on_event(first, sizeof(first) - 1, &text, &a), OK);
	assert_int_equal(a.usage.prompt, 9);
	assert_int_equal(a.usage.thought, 20);
	assert_int_equal(a.usage.total, 29);
	assert_int_equal(g->on_event(last, sizeof(last) - 1, &text, &a), OK);
	assert_int_equal(a.usage.prompt, 9);
	assert_int_equal(a.usage.output, 3);
	assert_int_equal(a.usage.cached, 4);
	assert_int_equal(a.usage.thought, 0);
	assert_int_equal(a.usage.total, 0);
	assert_string_equal(a.model, "gemini-3.8-flash");
	assert_string_equal(a.response_id, "r-1");
}

static void
finish_stays_when_more_events_follow(void **state)
{
	static const char finish[] = "{\"candidates\":[{\"finishReason\":\"STOP\"}]}";
	static const char more[] = "{\"candidates\":[{\"index\":0}],\"usageMetadata\":{}}";
	auto_buf text = BUF_INIT(TEXT_MAX);
	struct ai_answer a = { 0 };

	(void)state;
	assert_int_equal(g->on_event(finish, sizeof(finish) - 1, &text, &a), OK);
	assert_int_equal(g->on_event(more, sizeof(more) - 1, &text, &a), OK);
	assert_int_equal(a.finish, AI_FINISH_STOP);
}

static void
text_beyond_its_maximum_is_refused(void **state)
{
	static const char json[] =
	    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"12345\"}]}}]}";
	auto_buf text = BUF_INIT(4);
	struct ai_answer a = { 0 };

	(void)state;
	assert_int_equal(g->on_event(json, sizeof(json) - 1, &text, &a), ERR_LIMIT);
}

static void
unary_body_may_be_an_array(void **state)
{
	static const char json[] =
	    "[{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}\n,\r\n"
	    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"b\"}]},\"finishReason\":"
	    "\"STOP\"}]}]";
	static const char error[] = "[{\"error\":{\"code\":429}}]";
	auto_buf text = BUF_INIT(TEXT_MAX);
	struct ai_answer a = { 0 };

	(void)state;
	assert_int_equal(g->on_unary(json, sizeof(json) - 1, &text, &a), OK);
	assert_string_equal(text.data, "ab");
	assert_int_equal(a.finish, AI_FINISH_STOP);
	assert_int_equal(g->on_unary(error, sizeof(error) - 1, &text, &a), OK);
	assert_int_equal(a.failure.kind, AI_FAIL_RATE_LIMITED);
}

/* --- errors ---------------------------------------------------------------------------------- */

#define ERROR(message, details)                                                                    \
	"{\n  \"error\": {\n \"code\": 0, \"message\": \"" message "\", \"status\": \"X\", "       \
	"\"details\": [" details "]}}\n"
#define RETRY_INFO(delay)                                                                          \
	"{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"" delay "\"}"
#define QUOTA(id)                                                                                  \
	"{\"@type\":\"type.googleapis.com/"                                                        \
	"google.rpc.QuotaFailure\",\"violations\":[{\"quotaId\":\"" id "\"}]}"

static const struct {
	int status;
	const char *body;
	enum ai_fail kind;
	bool is_final;
	int64_t retry_ms;
} errors[] = {
	{ 400, ERROR("Please use a valid role: user, model.", ""), AI_FAIL_INVALID, false, 0 },
	{ 400,
	    ERROR("The input token count (2000000) exceeds the maximum number of tokens "
		  "allowed (1048576).",
		""),
	    AI_FAIL_TOO_LONG, false, 0 },
	{ 400, ERROR("API key not valid. Please pass a valid API key.", ""), AI_FAIL_AUTH, false,
	    0 },
	{ 400,
	    ERROR("Bad", "{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":"
			 "\"API_KEY_INVALID\"}"),
	    AI_FAIL_AUTH, false, 0 },
	{ 400,
	    "{\"error\":{\"message\":\"User location is not supported\",\"status\":"
	    "\"FAILED_PRECONDITION\"}}",
	    AI_FAIL_AUTH, false, 0 },
	{ 400, ERROR("Thinking level is not supported for this model.", ""), AI_FAIL_THINKING,
	    false, 0 },
	{ 401, "", AI_FAIL_AUTH, false, 0 },
	{ 403, ERROR("Method doesn't allow unregistered callers", ""), AI_FAIL_AUTH, false, 0 },
	{ 404,
	    ERROR("models/gemini-2.5-flash is no longer available to new users, use "
		  "models/gemini-3.8-flash",
		""),
	    AI_FAIL_MODEL_MISSING, false, 0 },
	{ 404, ERROR("Requested entity was not found.", ""), AI_FAIL_MODEL_MISSING, false, 0 },
	{ 404, ERROR("Method not found.", ""), AI_FAIL_NO_ROUTE, false, 0 },
	{ 404, "<html>404</html>", AI_FAIL_NO_ROUTE, false, 0 },
	{ 405, "", AI_FAIL_NO_ROUTE, false, 0 },
	{ 501, ERROR("Not implemented", ""), AI_FAIL_NO_ROUTE, false, 0 },
	{ 408, "", AI_FAIL_TIMEOUT, false, 0 },
	{ 413, "", AI_FAIL_TOO_LONG, false, 0 },
	{ 429, "", AI_FAIL_RATE_LIMITED, false, 0 },
	{ 429, ERROR("Slow down", RETRY_INFO("34.4s")), AI_FAIL_RATE_LIMITED, false, 34400 },
	{ 429, ERROR("Slow down", RETRY_INFO("900ms")), AI_FAIL_RATE_LIMITED, false, 900 },
	{ 429, ERROR("Slow down", RETRY_INFO("0.0001s")), AI_FAIL_RATE_LIMITED, false, 1 },
	{ 429, ERROR("Slow down", RETRY_INFO("1m2.5s")), AI_FAIL_RATE_LIMITED, false, 62500 },
	{ 429, ERROR("Slow down", RETRY_INFO("soon")), AI_FAIL_RATE_LIMITED, false, 0 },
	{ 429, ERROR("Slow down", RETRY_INFO("-5s")), AI_FAIL_RATE_LIMITED, false, 0 },
	{ 429, ERROR("Slow down", RETRY_INFO("99999999999999999999999999999999s")),
	    AI_FAIL_RATE_LIMITED, false, 1000000000000 },
	{ 429, ERROR("You exceeded your quota. Please retry in 12s.", ""), AI_FAIL_RATE_LIMITED,
	    false, 12000 },
	{ 429, ERROR("Please retry in 34.074824224s.", RETRY_INFO("34s")), AI_FAIL_RATE_LIMITED,
	    false, 34000 },
	{ 429, ERROR("Quota", QUOTA("GenerateRequestsPerMinutePerProjectPerModel-FreeTier")),
	    AI_FAIL_RATE_LIMITED, false, 0 },
	{ 429,
	    ERROR("Quota",
		QUOTA("GenerateRequestsPerDayPerProjectPerModel-FreeTier") "," RETRY_INFO("30s")),
	    AI_FAIL_EXHAUSTED, true, 30000 },
	{ 429, ERROR("Quota exceeded for metric: x, limit: 0, model: y", ""), AI_FAIL_EXHAUSTED,
	    true, 0 },
	{ 429, ERROR("Quota exceeded, limit: 05", ""), AI_FAIL_RATE_LIMITED, false, 0 },
	{ 429, ERROR("limit: 0.5, limit: 0.", ""), AI_FAIL_EXHAUSTED, true, 0 },
	{ 499, "", AI_FAIL_OVERLOADED, false, 0 },
	{ 418, "", AI_FAIL_INVALID, false, 0 },
	{ 500, ERROR("Internal", ""), AI_FAIL_OVERLOADED, false, 0 },
	{ 502, "<html>bad gateway</html>", AI_FAIL_OVERLOADED, false, 0 },
	{ 503, ERROR("This model is currently experiencing high demand", ""), AI_FAIL_OVERLOADED,
	    false, 0 },
	{ 504, "", AI_FAIL_TIMEOUT, false, 0 },
	{ 302, "", AI_FAIL_PROTOCOL, true, 0 },
	{ 200, "hello", AI_FAIL_PROTOCOL, false, 0 },
	{ 0, "", AI_FAIL_PROTOCOL, false, 0 },
	{ 503, "[{\"error\":{\"message\":\"x\"}}]", AI_FAIL_OVERLOADED, false, 0 },
	{ 503, "{\"error\":{\"message\":7,\"details\":{\"retryDelay\":\"1s\"}}}",
	    AI_FAIL_OVERLOADED, false, 0 },
	{ 503, "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", AI_FAIL_OVERLOADED, false, 0 },
};

static void
each_error_is_classified(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		struct ai_failure f;

		g->classify_error(errors[i].status, errors[i].body, strlen(errors[i].body), &f);
		print_message("%d -> %s\n", errors[i].status, f.message);
		assert_int_equal(f.kind, errors[i].kind);
		assert_int_equal(f.http_status, errors[i].status);
		assert_int_equal(f.retry_after_ms, errors[i].retry_ms);
		assert_int_equal(f.is_final, errors[i].is_final);
		assert_true(f.message[0] != '\0');
	}
}

static void
message_for_the_log_is_short_printable_and_without_quotations(void **state)
{
	static const char body[] =
	    "{\"error\":{\"message\":\"Invalid value at \\\"contents[0]\\\" \\u0001\\n"
	    "\\\"a whole message of somebody that must not be logged\\\" end\"}}";
	struct ai_failure f;

	(void)state;
	g->classify_error(400, body, sizeof(body) - 1, &f);
	assert_string_equal(f.message, "400 : Invalid value at \"contents[0]\"   \"...\" end");
}

/* --- models ---------------------------------------------------------------------------------- */

#define CAN(name)                                                                                  \
	"{\"name\":\"models/" name                                                                 \
	"\",\"supportedGenerationMethods\":[\"generateContent\",\"countTokens\"]}"

/* One model or several, with commas. */
static void
assert_best(const char *models, const char *wanted)
{
	auto_buf body = BUF_INIT(8192), next = BUF_INIT(64);
	char best[AI_MODEL_SIZE] = "";

	assert_int_equal(buf_addf(&body, "{\"models\":[%s]}", models), OK);
	assert_int_equal(g->on_models(body.data, body.len, best, &next), OK);
	assert_string_equal(best, wanted);
	assert_int_equal(next.len, 0);
}

static void
newest_stable_flash_is_chosen(void **state)
{
	static const struct {
		const char *first, *second, *best;
	} cases[] = {
		{ "gemini-3.5-flash", "gemini-3.8-flash", "gemini-3.8-flash" },
		{ "gemini-3.8-flash", "gemini-3.5-flash", "gemini-3.8-flash" },
		{ "gemini-3.10-flash", "gemini-3.9-flash", "gemini-3.10-flash" },
		{ "gemini-4-flash", "gemini-3.8-flash", "gemini-4-flash" },
		{ "gemini-3.8-flash-001", "gemini-3.8-flash", "gemini-3.8-flash" },
		{ "gemini-3.8-flash", "gemini-3.8-flash-001", "gemini-3.8-flash" },
		{ "gemini-2.0-flash-001", "gemini-2.0-flash-002", "gemini-2.0-flash-002" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_buf list = BUF_INIT(1024);

		assert_int_equal(
		    buf_addf(&list, CAN("%s") "," CAN("%s"), cases[i].first, cases[i].second), OK);
		assert_best(list.data, cases[i].best);
	}
}

static void
other_models_are_never_chosen(void **state)
{
	static const char *const names[] = {
		"gemini-9-flash-lite",
		"gemini-9-flash-preview",
		"gemini-9-flash-exp",
		"gemini-9-flash-image",
		"gemini-9-flash-preview-tts",
		"gemini-9-flash-live-001",
		"gemini-9-flash-",
		"gemini-9-pro",
		"gemini-9.-flash",
		"gemini-99999-flash",
		"gemini-flash-latest",
		"gemma-9-flash",
		"",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		auto_buf list = BUF_INIT(1024);

		assert_int_equal(buf_addf(&list, CAN("%s"), names[i]), OK);
		assert_best(list.data, "");
	}
	assert_best("", "");
	assert_best("{\"name\":7},7,[],{}", "");
	assert_best("{\"name\":\"models/gemini-9-flash\",\"supportedGenerationMethods\":"
		    "[\"embedContent\"]}",
	    "");
	assert_best("{\"name\":\"models/gemini-9-flash\",\"modelStage\":\"DEPRECATED\","
		    "\"supportedGenerationMethods\":[\"generateContent\"]},"
		    "{\"name\":\"models/gemini-3-flash\",\"modelStage\":\"STABLE\","
		    "\"supportedGenerationMethods\":[\"generateContent\"]}",
	    "gemini-3-flash");
}

static void
model_list_may_have_pages(void **state)
{
	static const char one[] =
	    "{\"models\":[" CAN("gemini-3-flash") "],\"nextPageToken\":\"t\"}";
	static const char two[] = "{\"models\":[" CAN("gemini-2-flash") "]}";
	auto_buf next = BUF_INIT(64);
	char best[AI_MODEL_SIZE] = "";

	(void)state;
	assert_int_equal(g->on_models(one, sizeof(one) - 1, best, &next), OK);
	assert_string_equal(next.data, "t");
	assert_int_equal(g->on_models(two, sizeof(two) - 1, best, &next), OK);
	assert_int_equal(next.len, 0);
	assert_string_equal(best, "gemini-3-flash");
	assert_int_equal(g->on_models("{}", 2, best, &next), ERR_INVALID);
	assert_int_equal(g->on_models("no", 2, best, &next), ERR_INVALID);
}

static void
provider_is_found_by_its_name(void **state)
{
	(void)state;
	assert_ptr_equal(ai_provider_find(NULL), g);
	assert_ptr_equal(ai_provider_find(""), g);
	assert_ptr_equal(ai_provider_find("Gemini"), g);
	assert_null(ai_provider_find("other"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_route_has_its_path),
		cmocka_unit_test(turns_are_made_to_alternate_between_user_and_user),
		cmocka_unit_test(system_text_thinking_and_cap_have_their_places),
		cmocka_unit_test(a_safety_threshold_is_for_every_category),
		cmocka_unit_test(each_event_is_read),
		cmocka_unit_test(last_usage_wins_and_names_are_kept),
		cmocka_unit_test(finish_stays_when_more_events_follow),
		cmocka_unit_test(text_beyond_its_maximum_is_refused),
		cmocka_unit_test(unary_body_may_be_an_array),
		cmocka_unit_test(each_error_is_classified),
		cmocka_unit_test(message_for_the_log_is_short_printable_and_without_quotations),
		cmocka_unit_test(newest_stable_flash_is_chosen),
		cmocka_unit_test(other_models_are_never_chosen),
		cmocka_unit_test(model_list_may_have_pages),
		cmocka_unit_test(provider_is_found_by_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
