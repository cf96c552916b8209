/* The answer: one event of the stream, or the whole unary body; they have the same form. */
#include "gemini_priv.h"
#include "json.h"
#include "limit.h"

#define MAX_TOKEN_COUNT INT64_C(1000000000000)

static const struct {
	const char *reason;
	enum ai_finish finish;
} finish_reasons[] = {
	{ "STOP", AI_FINISH_STOP },
	{ "MAX_TOKENS", AI_FINISH_LENGTH },
	{ "CONTINUATION", AI_FINISH_LENGTH }, /* beyond 65,536 tokens; our caps are lower */
	{ "SAFETY", AI_FINISH_BLOCKED },
	{ "RECITATION", AI_FINISH_BLOCKED },
	{ "BLOCKLIST", AI_FINISH_BLOCKED },
	{ "PROHIBITED_CONTENT", AI_FINISH_BLOCKED },
	{ "SPII", AI_FINISH_BLOCKED },
	{ "IMAGE_SAFETY", AI_FINISH_BLOCKED },
	{ "IMAGE_PROHIBITED_CONTENT", AI_FINISH_BLOCKED },
	{ "IMAGE_RECITATION", AI_FINISH_BLOCKED },
	{ "MALFORMED_FUNCTION_CALL", AI_FINISH_MALFORMED },
	{ "MALFORMED_RESPONSE", AI_FINISH_MALFORMED },
	{ "UNEXPECTED_TOOL_CALL", AI_FINISH_MALFORMED },
	{ "TOO_MANY_TOOL_CALLS", AI_FINISH_MALFORMED },
	{ "FINISH_REASON_UNSPECIFIED", AI_FINISH_NONE },
};

static enum ai_finish
finish_of(const char *reason)
{
	for (size_t i = 0; i < ARRAY_LEN(finish_reasons); i++)
		if (strcmp(reason, finish_reasons[i].reason) == 0)
			return finish_reasons[i].finish;
	return *reason != '\0' ? AI_FINISH_OTHER : AI_FINISH_NONE;
}

static int64_t
token_count(const json_t *usage, const char *key)
{
	int64_t count = json_member_int(usage, key, 0);

	return count >= 0 && count <= MAX_TOKEN_COUNT ? count : 0;
}

/* Each event repeats the running totals, and leaves out what is 0: the last one counts whole. */
static void
read_usage(const json_t *usage, struct ai_usage *out)
{
	if (!json_is_object(usage))
		return;
	*out = (struct ai_usage){
		.prompt = token_count(usage, "promptTokenCount"),
		.output = token_count(usage, "candidatesTokenCount"),
		.thought = token_count(usage, "thoughtsTokenCount"),
		.cached = token_count(usage, "cachedContentTokenCount"),
		.total = token_count(usage, "totalTokenCount"),
	};
}

/* A name goes into the database and into logs: anything odd is left out. */
static void
read_name(const json_t *object, const char *key, char *out, size_t size)
{
	const char *name = json_member_string(object, key);

	if (name != NULL && strlen(name) < size && gemini_is_name(name))
		memcpy(out, name, strlen(name) + 1);
}

static enum err
read_parts(const json_t *parts, struct buf *text)
{
	const json_t *part;
	size_t i;

	json_array_foreach(parts, i, part)
	{
		const json_t *value = json_object_get(part, "text");
		enum err e;

		if (!json_is_string(value) || json_is_true(json_object_get(part, "thought")))
			continue;
		e = buf_add(text, json_string_value(value), json_string_length(value));
		if (e != OK)
			return e;
	}
	return OK;
}

static enum err
read_candidate(const json_t *candidate, struct buf *text, struct ai_answer *answer)
{
	const json_t *content = json_object_get(candidate, "content");
	const char *role = json_member_string(content, "role");
	const char *reason = json_member_string(candidate, "finishReason");
	enum ai_finish finish = reason != NULL ? finish_of(reason) : AI_FINISH_NONE;

	if (finish != AI_FINISH_NONE)
		answer->finish = finish;
	if (finish == AI_FINISH_BLOCKED || finish == AI_FINISH_MALFORMED)
		ai_failure_set(&answer->failure,
		    finish == AI_FINISH_BLOCKED ? AI_FAIL_BLOCKED : AI_FAIL_MALFORMED, 200,
		    "finishReason %s", reason);
	if (role != NULL && strcmp(role, "model") != 0) {
		ai_failure_set(&answer->failure, AI_FAIL_PROTOCOL, 200,
		    "an answer in a role that is not the model's");
		return ERR_INVALID;
	}
	return read_parts(json_object_get(content, "parts"), text);
}

static void
read_prompt_feedback(const json_t *feedback, struct ai_answer *answer)
{
	const char *reason = json_member_string(feedback, "blockReason");

	if (reason == NULL || *reason == '\0' || strcmp(reason, "BLOCK_REASON_UNSPECIFIED") == 0)
		return;
	answer->finish = AI_FINISH_BLOCKED;
	ai_failure_set(&answer->failure, AI_FAIL_BLOCKED, 200, "blockReason %s", reason);
}

static enum err
read_answer(const json_t *root, struct buf *text, struct ai_answer *answer)
{
	const json_t *error = json_object_get(root, "error");
	const json_t *candidate = json_array_get(json_object_get(root, "candidates"), 0);

	if (!json_is_object(root)) {
		ai_failure_set(
		    &answer->failure, AI_FAIL_PROTOCOL, 200, "JSON that is not an object");
		return ERR_INVALID;
	}
	if (error != NULL) {
		gemini_read_error(200, error, &answer->failure);
		return OK;
	}
	read_usage(json_object_get(root, "usageMetadata"), &answer->usage);
	read_name(root, "modelVersion", answer->model, sizeof(answer->model));
	read_name(root, "responseId", answer->response_id, sizeof(answer->response_id));
	read_prompt_feedback(json_object_get(root, "promptFeedback"), answer);
	return candidate != NULL ? read_candidate(candidate, text, answer) : OK;
}

static enum err
parse(const char *p, size_t n, json_t **out_root, struct ai_answer *answer)
{
	char why[80] = "";
	enum err e = json_parse(p, n, LIMIT_JSON_DEPTH, false, out_root, why, sizeof(why));

	if (e != OK)
		ai_failure_set(
		    &answer->failure, AI_FAIL_PROTOCOL, 200, "an event of %zu bytes: %s", n, why);
	return e;
}

enum err
gemini_on_event(const char *p, size_t n, struct buf *text, struct ai_answer *answer)
{
	json_auto_t *root = NULL;
	enum err e;

	if (n == strlen("[DONE]") && memcmp(p, "[DONE]", n) == 0) /* added by some proxies */
		return OK;
	e = parse(p, n, &root, answer);
	return e == OK ? read_answer(root, text, answer) : e;
}

/* A server that knows no alt=sse sends an array of the same objects. */
enum err
gemini_on_unary(const char *p, size_t n, struct buf *text, struct ai_answer *answer)
{
	json_auto_t *root = NULL;
	enum err e = parse(p, n, &root, answer);
	const json_t *item;
	size_t i;

	if (e != OK || !json_is_array(root))
		return e == OK ? read_answer(root, text, answer) : e;
	json_array_foreach(root, i, item) if ((e = read_answer(item, text, answer)) != OK) return e;
	return OK;
}
