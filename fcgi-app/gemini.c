#include "gemini.h"

#include "gemini_priv.h"
#include "json.h"
#include "limit.h"
#include "utf8.h"

#define BETWEEN_TURNS "\n\n"
#define MODELS_PER_PAGE 1000 /* the peer's maximum: one page is enough in practice */

/* --- paths ----------------------------------------------------------------------------------- */

bool
gemini_is_name(const char *name)
{
	size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789._-");

	return len > 0 && len < AI_MODEL_SIZE && name[len] == '\0' && name[0] != '.';
}

static enum err
add_percent_encoded(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		bool is_plain = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
				(*s >= '0' && *s <= '9') || *s == '-' || *s == '_';
		enum err e = is_plain ? buf_add(b, s, 1)
				      : buf_addf(b, "%%%02X", (unsigned)(unsigned char)*s);

		if (e != OK)
			return e;
	}
	return OK;
}

static enum err
build_models_path(const char *version, const char *page_token, struct buf *path)
{
	enum err e = buf_addf(path, "/%s/models?pageSize=%d", version, MODELS_PER_PAGE);

	if (e != OK || *page_token == '\0')
		return e;
	e = buf_adds(path, "&pageToken=");
	return e == OK ? add_percent_encoded(path, page_token) : e;
}

static enum err
build_path(enum ai_route route, const char *version, const char *name, struct buf *path)
{
	if (!gemini_is_name(version))
		return ERR_INVALID;
	if (route == AI_ROUTE_MODELS)
		return build_models_path(version, name, path);
	if (strncmp(name, "models/", 7) == 0)
		name += 7;
	if (!gemini_is_name(name))
		return ERR_INVALID;
	return buf_addf(path, "/%s/models/%s:%s", version, name,
	    route == AI_ROUTE_STREAM ? "streamGenerateContent?alt=sse" : "generateContent");
}

/* --- body ------------------------------------------------------------------------------------ */

/* {"role":...,"parts":[{"text":...}]}; role NULL: none. NULL: not UTF-8. */
static json_t *
new_content(const char *role, const struct buf *text)
{
	return json_pack(
	    "{s:s*, s:[{s:s%}]}", "role", role, "parts", "text", text->data, text->len);
}

static enum err
add_paragraph(struct buf *b, const char *text, size_t len)
{
	enum err e = b->len > 0 ? buf_adds(b, BETWEEN_TURNS) : OK;

	return e == OK ? buf_add(b, text, len) : e;
}

/* "name: text", the name on one line. */
static enum err
add_turn(struct buf *b, const struct ai_turn *t)
{
	enum err e = b->len > 0 ? buf_adds(b, BETWEEN_TURNS) : OK;
	size_t start;

	if (e == OK && t->author != NULL && t->role == AI_ROLE_USER) {
		start = b->len;
		e = buf_addf(b, "%s: ", t->author);
		for (size_t i = start; e == OK && i < b->len; i++)
			if ((unsigned char)b->data[i] < 0x20)
				b->data[i] = ' ';
	}
	return e == OK ? buf_add(b, t->text, t->len) : e;
}

/* The run of turns of one role becomes one content; a leading run of the model's is dropped. */
static enum err
flush_run(json_t *contents, enum ai_role role, struct buf *run)
{
	json_t *content;

	if (run->len == 0 || (role == AI_ROLE_MODEL && json_array_size(contents) == 0)) {
		buf_clear(run);
		return OK;
	}
	content = new_content(role == AI_ROLE_USER ? "user" : "model", run);
	buf_clear(run);
	return json_array_append_new(contents, content) == 0 ? OK : ERR_INVALID;
}

/*
 * The API wants turns that alternate, start with a user's and, since the models of 2026, also
 * end with one. Many people in one room, stopped replies and failures make other lists.
 */
static enum err
add_contents(json_t *contents, const struct ai_prompt *prompt)
{
	auto_buf run = BUF_INIT(LIMIT_AI_BODY_BYTES);
	enum ai_role role = AI_ROLE_USER;
	enum err e;

	for (size_t i = 0; i < prompt->count; i++) {
		const struct ai_turn *t = &prompt->turns[i];

		if (t->role == AI_ROLE_SYSTEM || utf8_is_blank(t->text, t->len))
			continue;
		if (t->role != role && (e = flush_run(contents, role, &run)) != OK)
			return e;
		role = t->role;
		if ((e = add_turn(&run, t)) != OK)
			return e;
	}
	if (role == AI_ROLE_USER)
		e = flush_run(contents, role, &run);
	else
		e = OK; /* a trailing run of the model's is dropped */
	return e == OK && json_array_size(contents) == 0 ? ERR_INVALID : e;
}

static enum err
add_system(json_t *root, const struct ai_prompt *prompt)
{
	auto_buf text = BUF_INIT(LIMIT_AI_BODY_BYTES);
	enum err e = OK;

	if (prompt->system != NULL)
		e = buf_adds(&text, prompt->system);
	for (size_t i = 0; e == OK && i < prompt->count; i++) {
		const struct ai_turn *t = &prompt->turns[i];

		if (t->role == AI_ROLE_SYSTEM && !utf8_is_blank(t->text, t->len))
			e = add_paragraph(&text, t->text, t->len);
	}
	if (e != OK || text.len == 0)
		return e;
	return json_object_set_new(root, "systemInstruction", new_content(NULL, &text)) == 0
		   ? OK
		   : ERR_INVALID;
}

static json_t *
new_generation_config(const struct ai_prompt *prompt)
{
	json_t *config = json_pack("{s:i}", "maxOutputTokens",
	    prompt->max_output_tokens > 0 ? prompt->max_output_tokens : LIMIT_REPLY_TOKENS);

	if (prompt->thinking_level != NULL && *prompt->thinking_level != '\0')
		(void)json_object_set_new(config, "thinkingConfig",
		    json_pack("{s:s}", "thinkingLevel", prompt->thinking_level));
	return config;
}

/* The four categories that every model of the API knows. */
static enum err
add_safety(json_t *root, const struct ai_prompt *prompt)
{
	static const char *const categories[] = { "HARM_CATEGORY_HARASSMENT",
		"HARM_CATEGORY_HATE_SPEECH", "HARM_CATEGORY_SEXUALLY_EXPLICIT",
		"HARM_CATEGORY_DANGEROUS_CONTENT" };
	json_t *list;

	if (prompt->safety == NULL || *prompt->safety == '\0')
		return OK;
	list = json_array();
	for (size_t i = 0; i < ARRAY_LEN(categories); i++)
		if (json_array_append_new(list, json_pack("{s:s, s:s}", "category", categories[i],
						    "threshold", prompt->safety)) != 0)
			break;
	return json_object_set_new(root, "safetySettings", list) == 0 ? OK : ERR_INVALID;
}

static enum err
build_body(const struct ai_prompt *prompt, struct buf *body)
{
	json_auto_t *root =
	    json_pack("{s:[], s:o}", "contents", "generationConfig", new_generation_config(prompt));
	enum err e = add_contents(json_object_get(root, "contents"), prompt);

	if (e == OK)
		e = add_system(root, prompt);
	if (e == OK)
		e = add_safety(root, prompt);
	return e == OK ? json_write(body, root) : e;
}

static enum err
drop_thinking(struct buf *body)
{
	json_auto_t *root = NULL;
	enum err e = json_parse(body->data, body->len, LIMIT_JSON_DEPTH, false, &root, NULL, 0);
	json_t *config; /* borrowed from root */

	if (e != OK)
		return e;
	config = json_object_get(root, "generationConfig");
	if (json_object_del(config, "thinkingConfig") != 0)
		return ERR_NOT_FOUND;
	buf_clear(body);
	return json_write(body, root);
}

const struct ai_provider gemini_provider = {
	.name = "gemini",
	.key_header = "x-goog-api-key",
	.build_path = build_path,
	.build_body = build_body,
	.drop_thinking = drop_thinking,
	.on_event = gemini_on_event,
	.on_unary = gemini_on_unary,
	.classify_error = gemini_classify_error,
	.on_models = gemini_on_models,
};
