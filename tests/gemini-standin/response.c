#include "response.h"

#include <string.h>

#include "util.h"

#define SIGNATURE_LEN 1368

static const char *const thoughts[RESPONSE_THOUGHTS] = {
	"**Reading the question**\n\nThe person wants an answer, and a clear one.",
	"**Planning**\n\nA greeting, the facts, then an example.",
};

static const char *const filters[] = { "SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII" };

/* Made once: the same for every reply. */
static const char *
signature(void)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static char text[SIGNATURE_LEN + 1];
	uint32_t x = 1;

	if (text[0] != '\0')
		return text;
	for (size_t i = 0; i < SIGNATURE_LEN; i++) {
		x = x * 1664525u + 1013904223u;
		text[i] = alphabet[x >> 26];
	}
	return text;
}

static json_t *
usage(const struct response_about *about)
{
	json_t *u = json_pack("{s:I}", "promptTokenCount", (json_int_t)about->prompt_tokens);

	if (about->answer_tokens > 0) /* protobuf drops a zero */
		(void)json_object_set_new(
		    u, "candidatesTokenCount", json_integer(about->answer_tokens));
	(void)json_object_set_new(u, "totalTokenCount",
	    json_integer(about->prompt_tokens + about->answer_tokens + about->thought_tokens));
	(void)json_object_set_new(u, "promptTokensDetails",
	    json_pack("[{s:s, s:I}]", "modality", "TEXT", "tokenCount",
		(json_int_t)about->prompt_tokens));
	if (about->thought_tokens > 0)
		(void)json_object_set_new(
		    u, "thoughtsTokenCount", json_integer(about->thought_tokens));
	(void)json_object_set_new(u, "serviceTier", json_string("standard"));
	return u;
}

json_t *
response_json(const struct response_about *about, json_t *candidate, const char *block)
{
	json_t *r = json_object();

	if (candidate != NULL)
		(void)json_object_set_new(r, "candidates", json_pack("[o]", candidate));
	else
		(void)json_object_set_new(
		    r, "promptFeedback", json_pack("{s:s}", "blockReason", block));
	(void)json_object_set_new(r, "usageMetadata", usage(about));
	(void)json_object_set_new(r, "modelVersion", json_string(about->model));
	(void)json_object_set_new(r, "responseId", json_string(about->id));
	return r;
}

json_t *
response_text_part(const char *p, size_t n)
{
	return json_pack("{s:o}", "text", json_stringn(p, n));
}

json_t *
response_thought_part(size_t i)
{
	return json_pack("{s:s, s:b}", "text", thoughts[i], "thought", 1);
}

void
response_sign(json_t *part)
{
	(void)json_object_set_new(part, "thoughtSignature", json_string(signature()));
}

json_t *
response_candidate(json_t *parts, const char *finish)
{
	json_t *content = json_object();
	json_t *candidate = json_object();

	if (parts != NULL)
		(void)json_object_set_new(content, "parts", parts);
	(void)json_object_set_new(content, "role", json_string("model"));
	(void)json_object_set_new(candidate, "content", content);
	if (finish != NULL)
		(void)json_object_set_new(candidate, "finishReason", json_string(finish));
	if (finish != NULL && strcmp(finish, "CONTINUATION") == 0)
		(void)json_object_set_new(candidate, "continuationToken", json_string("dG9r"));
	(void)json_object_set_new(candidate, "index", json_integer(0));
	return candidate;
}

json_t *
response_empty_candidate(const char *finish)
{
	return json_pack("{s:s, s:i}", "finishReason", finish, "index", 0);
}

bool
response_is_filtered(const char *finish)
{
	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		if (strcmp(finish, filters[i]) == 0)
			return true;
	return false;
}
