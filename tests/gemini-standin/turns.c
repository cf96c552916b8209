#include "turns.h"

#include <inttypes.h>
#include <stdio.h>

#include "buf.h"
#include "json.h"

#define BYTES_PER_TOKEN 4
#define IMAGE_TOKENS 258
#define PROMPT_MAX (32u << 20)

/* --- the rules --------------------------------------------------------------------------- */
static enum err
check_part(const json_t *part, const char *message, size_t i, size_t j, struct google_error *error)
{
	const char *text = json_member_string(part, "text");

	if (json_object_size(part) == 0) {
		google_error_set(error, 400,
		    "* %s.contents[%zu].parts[%zu].data: required oneof field 'data' must have one "
		    "initialized field\n",
		    message, i, j);
		return ERR_INVALID;
	}
	/* The last frame of a reply has an empty text with a signature: it may come back. */
	if (text != NULL && *text == '\0' && json_object_get(part, "thoughtSignature") == NULL) {
		google_error_set(error, 400, "Request has empty input.");
		return ERR_INVALID;
	}
	return OK;
}

static enum err
check_content(const json_t *content, const char *message, size_t i, struct google_error *error)
{
	const char *role = json_member_string(content, "role");
	const json_t *parts = json_object_get(content, "parts");

	if (role != NULL && *role != '\0' && strcmp(role, "user") != 0 &&
	    strcmp(role, "model") != 0) {
		google_error_set(error, 400, "Please use a valid role: user, model.");
		return ERR_INVALID;
	}
	if (json_array_size(parts) == 0) {
		google_error_set(error, 400,
		    "* %s.contents[%zu].parts: contents.parts must not be empty.\n", message, i);
		return ERR_INVALID;
	}
	for (size_t j = 0; j < json_array_size(parts); j++) {
		enum err e = check_part(json_array_get(parts, j), message, i, j, error);

		if (e != OK)
			return e;
	}
	return OK;
}

enum err
turns_check_contents(const json_t *contents, const char *message, struct google_error *error)
{
	if (json_array_size(contents) == 0) {
		google_error_set(error, 400, "* %s.contents: contents is not specified\n", message);
		return ERR_INVALID;
	}
	for (size_t i = 0; i < json_array_size(contents); i++) {
		enum err e = check_content(json_array_get(contents, i), message, i, error);

		if (e != OK)
			return e;
	}
	return OK;
}

static enum err
check_thinking(const json_t *thinking, enum thinking rule, struct google_error *error)
{
	const char *level = json_member_string(thinking, "thinkingLevel");
	int64_t budget = json_member_int(thinking, "thinkingBudget", -1);
	bool is_budget_given = json_object_get(thinking, "thinkingBudget") != NULL;

	if (level != NULL && rule == THINKING_BUDGET) {
		google_error_set(error, 400, "Thinking level is not supported for this model.");
		return ERR_INVALID;
	}
	if (level != NULL && rule >= THINKING_NO_MINIMAL && strcasecmp(level, "minimal") == 0) {
		google_error_set(
		    error, 400, "Thinking level MINIMAL is not supported for this model.");
		return ERR_INVALID;
	}
	if ((rule == THINKING_LEVEL_ONLY && is_budget_given) ||
	    (rule != THINKING_BUDGET && budget == 0)) {
		google_error_set(error, 400,
		    "Thinking budget %" PRId64 " is not supported for this model.", budget);
		return ERR_INVALID;
	}
	return OK;
}

static enum err
check_config(const json_t *config, const struct model *model, struct google_error *error)
{
	static const char *const penalties[] = { "frequencyPenalty", "presencePenalty" };
	int64_t max_tokens = json_member_int(config, "maxOutputTokens", 1);

	for (size_t i = 0; i < ARRAY_LEN(penalties) && model->family->refuses_penalties; i++) {
		if (json_object_get(config, penalties[i]) != NULL) {
			google_error_set(error, 400, "Penalty is not enabled for this model.");
			return ERR_INVALID;
		}
	}
	if (model->family->refuses_penalties && json_member_int(config, "candidateCount", 1) > 1) {
		google_error_set(error, 400, "Multiple candidates is not enabled for this model");
		return ERR_INVALID;
	}
	if (max_tokens < 1) {
		google_error_set(error, 400, "max_output_tokens must be positive.");
		return ERR_INVALID;
	}
	return check_thinking(
	    json_object_get(config, "thinkingConfig"), model->family->thinking, error);
}

static bool
is_model_turn(const json_t *content)
{
	const char *role = json_member_string(content, "role");

	return role != NULL && strcmp(role, "model") == 0;
}

enum err
turns_check(const json_t *request, const struct model *model, struct google_error *error)
{
	const json_t *contents = json_object_get(request, "contents");
	enum err e = turns_check_contents(contents, "GenerateContentRequest", error);
	int64_t tokens = turns_tokens(contents);

	if (e != OK)
		return e;
	if (!model->family->takes_model_turn_last &&
	    is_model_turn(json_array_get(contents, json_array_size(contents) - 1))) {
		google_error_set(
		    error, 400, "Requests ending with a model turn are not supported.");
		return ERR_INVALID;
	}
	if (!model->family->takes_system && json_object_get(request, "systemInstruction") != NULL) {
		google_error_set(
		    error, 400, "Developer instruction is not enabled for models/%s", model->id);
		return ERR_INVALID;
	}
	if (tokens > model->family->input_limit) {
		google_error_set(error, 400,
		    "The input token count (%" PRId64
		    ") exceeds the maximum number of tokens allowed (%ld).",
		    tokens, model->family->input_limit);
		return ERR_INVALID;
	}
	return check_config(json_object_get(request, "generationConfig"), model, error);
}

/* --- what the reply needs ---------------------------------------------------------------- */
int64_t
tokens_of_bytes(size_t n)
{
	return (int64_t)((n + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN);
}

static int64_t
content_tokens(const json_t *content)
{
	const json_t *parts = json_object_get(content, "parts");
	int64_t tokens = 0;

	for (size_t i = 0; i < json_array_size(parts); i++) {
		const json_t *part = json_array_get(parts, i);

		tokens += tokens_of_bytes(json_string_length(json_object_get(part, "text")));
		if (json_object_get(part, "inlineData") != NULL)
			tokens += IMAGE_TOKENS;
	}
	return tokens;
}

int64_t
turns_tokens(const json_t *contents)
{
	int64_t tokens = 0;

	for (size_t i = 0; i < json_array_size(contents); i++)
		tokens += content_tokens(json_array_get(contents, i));
	return tokens;
}

static void
read_text(struct prompt *p, const json_t *content)
{
	struct buf text = BUF_INIT(PROMPT_MAX);
	const json_t *parts = json_object_get(content, "parts");

	for (size_t i = 0; i < json_array_size(parts); i++) {
		const json_t *part = json_array_get(parts, i);
		const char *piece = json_member_string(part, "text");

		/* A request is smaller than PROMPT_MAX, so this cannot fail. */
		if (piece != NULL && buf_adds(&text, piece) != OK)
			abort();
	}
	p->text_len = text.len;
	p->text = buf_take(&text);
}

/* FNV-1a: attempts of one prompt are told apart from others, nothing more. */
static void
hash(const json_t *contents, char out[PROMPT_KEY_SIZE])
{
	auto_char *text = json_text(contents);
	uint64_t h = 0xcbf29ce484222325u;

	for (const char *c = text; *c != '\0'; c++)
		h = (h ^ (unsigned char)*c) * 0x100000001b3u;
	(void)snprintf(out, PROMPT_KEY_SIZE, "%016" PRIx64, h);
}

void
prompt_read(struct prompt *p, const json_t *request)
{
	const json_t *contents = json_object_get(request, "contents");
	const json_t *config = json_object_get(request, "generationConfig");
	const json_t *last = NULL;

	*p = (struct prompt){ .max_output_tokens = json_member_int(config, "maxOutputTokens", 0) };
	for (size_t i = 0; i < json_array_size(contents); i++) {
		const json_t *content = json_array_get(contents, i);

		if (is_model_turn(content))
			continue;
		last = content;
		p->user_turns++;
	}
	read_text(p, last);
	hash(contents, p->key);
	p->tokens =
	    turns_tokens(contents) + content_tokens(json_object_get(request, "systemInstruction"));
	p->wants_thoughts = json_is_true(
	    json_object_get(json_object_get(config, "thinkingConfig"), "includeThoughts"));
	p->is_continuation = json_object_get(request, "continuationToken") != NULL;
}

void
prompt_free(struct prompt *p)
{
	free(p->text);
	p->text = NULL;
}
