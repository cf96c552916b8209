#include "schema.h"

#include <stdio.h>

#include "json.h"

#define PATH_SIZE 128
#define NAME_SIZE 64

enum type { STRING, INTEGER, NUMBER, BOOLEAN, ENUM, BYTES, ANY, MESSAGE };

static const char *const type_names[] = {
	[STRING] = "TYPE_STRING",
	[INTEGER] = "TYPE_INT32",
	[NUMBER] = "TYPE_FLOAT",
	[BOOLEAN] = "TYPE_BOOL",
	[ENUM] = "TYPE_ENUM",
	[BYTES] = "TYPE_BYTES",
};

struct field {
	const char *name; /* camelCase; NULL ends a message */
	enum type type;
	bool is_repeated;
	const struct field *message;
};

/* --- the messages, as far as a chat can meet them ---------------------------------------- */
static const struct field blob[] = {
	{ "mimeType", STRING, false, NULL },
	{ "data", BYTES, false, NULL },
	{ "displayName", STRING, false, NULL },
	{ NULL, ANY, false, NULL },
};

static const struct field file_data[] = {
	{ "mimeType", STRING, false, NULL },
	{ "fileUri", STRING, false, NULL },
	{ "displayName", STRING, false, NULL },
	{ NULL, ANY, false, NULL },
};

static const struct field part[] = {
	{ "text", STRING, false, NULL },
	{ "inlineData", MESSAGE, false, blob },
	{ "fileData", MESSAGE, false, file_data },
	{ "functionCall", ANY, false, NULL },
	{ "functionResponse", ANY, false, NULL },
	{ "executableCode", ANY, false, NULL },
	{ "codeExecutionResult", ANY, false, NULL },
	{ "toolCall", ANY, false, NULL },
	{ "toolResponse", ANY, false, NULL },
	{ "thought", BOOLEAN, false, NULL },
	{ "thoughtSignature", BYTES, false, NULL },
	{ "videoMetadata", ANY, false, NULL },
	{ "mediaResolution", ANY, false, NULL },
	{ "partMetadata", ANY, false, NULL },
	{ NULL, ANY, false, NULL },
};

static const struct field content[] = {
	{ "role", STRING, false, NULL },
	{ "parts", MESSAGE, true, part },
	{ NULL, ANY, false, NULL },
};

static const struct field thinking_config[] = {
	{ "includeThoughts", BOOLEAN, false, NULL },
	{ "thinkingLevel", ENUM, false, NULL },
	{ "thinkingBudget", INTEGER, false, NULL },
	{ NULL, ANY, false, NULL },
};

static const struct field generation_config[] = {
	{ "stopSequences", STRING, true, NULL },
	{ "responseMimeType", STRING, false, NULL },
	{ "responseSchema", ANY, false, NULL },
	{ "responseJsonSchema", ANY, false, NULL },
	{ "responseModalities", ENUM, true, NULL },
	{ "candidateCount", INTEGER, false, NULL },
	{ "maxOutputTokens", INTEGER, false, NULL },
	{ "temperature", NUMBER, false, NULL },
	{ "topP", NUMBER, false, NULL },
	{ "topK", NUMBER, false, NULL },
	{ "seed", INTEGER, false, NULL },
	{ "presencePenalty", NUMBER, false, NULL },
	{ "frequencyPenalty", NUMBER, false, NULL },
	{ "responseLogprobs", BOOLEAN, false, NULL },
	{ "logprobs", INTEGER, false, NULL },
	{ "enableEnhancedCivicAnswers", BOOLEAN, false, NULL },
	{ "speechConfig", ANY, false, NULL },
	{ "imageConfig", ANY, false, NULL },
	{ "mediaResolution", ENUM, false, NULL },
	{ "thinkingConfig", MESSAGE, false, thinking_config },
	{ NULL, ANY, false, NULL },
};

static const struct field safety_setting[] = {
	{ "category", ENUM, false, NULL },
	{ "threshold", ENUM, false, NULL },
	{ NULL, ANY, false, NULL },
};

static const struct field tool[] = {
	{ "functionDeclarations", ANY, true, NULL },
	{ "googleSearch", ANY, false, NULL },
	{ "urlContext", ANY, false, NULL },
	{ "codeExecution", ANY, false, NULL },
	{ "fileSearch", ANY, false, NULL },
	{ "googleMaps", ANY, false, NULL },
	{ "computerUse", ANY, false, NULL },
	{ NULL, ANY, false, NULL },
};

static const struct field generate_request[] = {
	{ "model", STRING, false, NULL },
	{ "contents", MESSAGE, true, content },
	{ "systemInstruction", MESSAGE, false, content },
	{ "generationConfig", MESSAGE, false, generation_config },
	{ "safetySettings", MESSAGE, true, safety_setting },
	{ "tools", MESSAGE, true, tool },
	{ "toolConfig", ANY, false, NULL },
	{ "cachedContent", STRING, false, NULL },
	{ "serviceTier", ENUM, false, NULL },
	{ "store", BOOLEAN, false, NULL },
	{ "labels", ANY, false, NULL },
	{ "continuationToken", BYTES, false, NULL },
	{ NULL, ANY, false, NULL },
};

static const struct field count_tokens_request[] = {
	{ "model", STRING, false, NULL },
	{ "contents", MESSAGE, true, content },
	{ "generateContentRequest", MESSAGE, false, generate_request },
	{ NULL, ANY, false, NULL },
};

static const struct field *const roots[] = {
	[SCHEMA_GENERATE] = generate_request,
	[SCHEMA_COUNT_TOKENS] = count_tokens_request,
};

/* --- the walk ---------------------------------------------------------------------------- */
/* Where we are, in snake_case as Google shows it: "contents[0].parts[1]". Cut if it is longer. */
struct path {
	char text[PATH_SIZE];
};

static enum err normalise_message(const struct field *fields, json_t *object,
    const struct path *path, json_t **out, struct google_error *error);

static void
to_camel(const char *name, char out[NAME_SIZE])
{
	size_t n = 0;

	for (; *name != '\0' && n < NAME_SIZE - 1; name++) {
		if (name[0] == '_' && name[1] >= 'a' && name[1] <= 'z')
			out[n++] = (char)(*++name - 'a' + 'A');
		else
			out[n++] = *name;
	}
	out[n] = '\0';
}

static struct path
path_of_member(const struct path *parent, const char *camel)
{
	struct path p = *parent;
	size_t n = strlen(p.text);

	if (n > 0 && n < PATH_SIZE - 1)
		p.text[n++] = '.';
	for (; *camel != '\0' && n < PATH_SIZE - 2; camel++) {
		if (*camel >= 'A' && *camel <= 'Z') {
			p.text[n++] = '_';
			p.text[n++] = (char)(*camel - 'A' + 'a');
		} else {
			p.text[n++] = *camel;
		}
	}
	p.text[n] = '\0';
	return p;
}

static struct path
path_of_element(const struct path *array, size_t i)
{
	struct path p;

	/* A path that does not fit is cut: it only serves a sentence. */
	(void)snprintf(p.text, sizeof p.text, "%.*s[%zu]", PATH_SIZE - 24, array->text, i);
	return p;
}

static enum err
unknown_name(const char *name, const struct path *path, struct google_error *error)
{
	bool at_root = path->text[0] == '\0';

	google_error_set(error, 400,
	    "Invalid JSON payload received. Unknown name \"%.100s\"%s%s%s: Cannot find field.",
	    name, at_root ? "" : " at '", path->text, at_root ? "" : "'");
	(void)snprintf(error->field, sizeof error->field, "%s", at_root ? name : path->text);
	return ERR_INVALID;
}

static enum err
wrong_type(enum type type, const json_t *value, const struct path *path, struct google_error *error)
{
	auto_char *text = json_text(value);

	google_error_set(error, 400, "Invalid value at '%s' (%s), %.200s", path->text,
	    type == MESSAGE || type == ANY ? "type.googleapis.com/google.protobuf.Struct"
					   : type_names[type],
	    text);
	(void)snprintf(error->field, sizeof error->field, "%s", path->text);
	return ERR_INVALID;
}

static bool
is_of_type(enum type type, const json_t *value)
{
	switch (type) {
	case STRING:
	case BYTES: return json_is_string(value);
	case ENUM: return json_is_string(value) || json_is_integer(value);
	case INTEGER: return json_is_integer(value) || json_is_string(value);
	case NUMBER: return json_is_number(value);
	case BOOLEAN: return json_is_boolean(value);
	case MESSAGE: return json_is_object(value);
	case ANY: return true;
	}
	return false;
}

static enum err
normalise_value(const struct field *f, json_t *value, const struct path *path, json_t **out,
    struct google_error *error)
{
	if (!is_of_type(f->type, value))
		return wrong_type(f->type, value, path, error);
	if (f->type == MESSAGE)
		return normalise_message(f->message, value, path, out, error);
	*out = json_deep_copy(value);
	return OK;
}

static enum err
normalise_array(const struct field *f, json_t *array, const struct path *path, json_t **out,
    struct google_error *error)
{
	json_auto_t *list = json_array();

	/* proto3 JSON takes one value where a list is expected; the SDKs never send that. */
	if (!json_is_array(array))
		return wrong_type(f->type, array, path, error);
	for (size_t i = 0; i < json_array_size(array); i++) {
		struct path at = path_of_element(path, i);
		json_t *element = NULL;
		enum err e = normalise_value(f, json_array_get(array, i), &at, &element, error);

		if (e != OK)
			return e;
		(void)json_array_append_new(list, element);
	}
	*out = json_incref(list);
	return OK;
}

static const struct field *
find(const struct field *fields, const char *camel)
{
	for (const struct field *f = fields; f->name != NULL; f++)
		if (strcmp(f->name, camel) == 0)
			return f;
	return NULL;
}

static enum err
normalise_message(const struct field *fields, json_t *object, const struct path *path, json_t **out,
    struct google_error *error)
{
	json_auto_t *message = json_object();
	char camel[NAME_SIZE];
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		const struct field *f;
		struct path at;
		json_t *member = NULL;
		enum err e;

		to_camel(name, camel);
		if ((f = find(fields, camel)) == NULL)
			return unknown_name(name, path, error);
		if (json_is_null(value))
			continue;
		at = path_of_member(path, camel);
		e = f->is_repeated ? normalise_array(f, value, &at, &member, error)
				   : normalise_value(f, value, &at, &member, error);
		if (e != OK)
			return e;
		(void)json_object_set_new(message, f->name, member);
	}
	*out = json_incref(message);
	return OK;
}

enum err
schema_normalise(
    enum schema_message message, json_t *root, json_t **out, struct google_error *error)
{
	const struct path top = { "" };

	if (json_is_object(root))
		return normalise_message(roots[message], root, &top, out, error);
	google_error_set(error, 400,
	    "Invalid JSON payload received. Unknown name \"\": Root element must be a message.");
	return ERR_INVALID;
}
