#include "catalog.h"

#include "util.h"

#define VERSION "001"
#define OUTPUT_LIMIT 65536
#define INPUT_LIMIT 1048576
#define GEMMA_LIMIT 262144

/* The first prefix that fits decides, so the longer ones stand first. */
static const struct family families[] = {
	{ "gemini-4", false, true, true, THINKING_LEVEL_ONLY, INPUT_LIMIT },
	{ "gemini-3.8", false, true, false, THINKING_NO_MINIMAL, INPUT_LIMIT },
	{ "gemini-3.7", false, true, false, THINKING_NO_MINIMAL, INPUT_LIMIT },
	{ "gemini-3.6", false, true, false, THINKING_NO_MINIMAL, INPUT_LIMIT },
	{ "gemini-3.5-flash-lite", false, true, false, THINKING_ANY_LEVEL, INPUT_LIMIT },
	{ "gemini-3.5", true, true, false, THINKING_ANY_LEVEL, INPUT_LIMIT },
	{ "gemini-2.5", true, true, false, THINKING_BUDGET, INPUT_LIMIT },
	{ "gemma", true, false, false, THINKING_BUDGET, GEMMA_LIMIT },
	{ "", false, true, false, THINKING_ANY_LEVEL, INPUT_LIMIT },
};

static const struct {
	const char *id, *resolves_to;
	bool is_retired, embeds;
} known[] = {
	{ "gemini-2.5-flash", NULL, true, false },
	{ "gemini-2.5-pro", NULL, true, false },
	{ "gemini-2.5-flash-lite", NULL, false, false },
	{ "gemini-3-flash-preview", NULL, false, false },
	{ "gemini-3.1-pro-preview", NULL, false, false },
	{ "gemini-3.1-flash-lite", NULL, false, false },
	{ "gemini-3.5-flash", NULL, false, false },
	{ "gemini-3.5-flash-lite", NULL, false, false },
	{ "gemini-3.6-flash", NULL, false, false },
	{ "gemini-3.7-flash", NULL, false, false },
	{ "gemini-3.8-flash", NULL, false, false },
	{ "gemini-4-argon", NULL, false, false },
	{ "gemini-4-carbon", NULL, false, false },
	{ "gemini-4-hydrogen", NULL, false, false },
	{ "gemini-4-neon", NULL, false, false },
	{ "gemini-flash-latest", "gemini-3.8-flash", false, false },
	{ "gemini-flash-lite-latest", "gemini-3.5-flash-lite", false, false },
	{ "gemini-pro-latest", "gemini-3.1-pro-preview", false, false },
	{ "gemma-4-26b-a4b-it", NULL, false, false },
	{ "gemma-4-31b-it", NULL, false, false },
	{ "gemini-embedding-001", NULL, false, true },
};

static const struct family *
family_of(const char *id)
{
	const struct family *f = families;

	while (strncmp(id, f->prefix, strlen(f->prefix)) != 0)
		f++; /* the last prefix is empty and fits all */
	return f;
}

static void
add(struct catalog *c, const char *id, const char *resolves_to, bool is_retired, bool embeds)
{
	const char *concrete = resolves_to != NULL ? resolves_to : id;

	if (c->count == CATALOG_MAX || *id == '\0')
		return;
	c->models[c->count++] = (struct model){
		.id = id,
		.family = family_of(concrete),
		.resolves_to = concrete,
		.is_retired = is_retired,
		.generates = !embeds,
	};
}

void
catalog_init(struct catalog *c, const char *names)
{
	char *at, *id;

	*c = (struct catalog){ .count = 0 };
	if (names == NULL) {
		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			add(c, known[i].id, known[i].resolves_to, known[i].is_retired,
			    known[i].embeds);
		return;
	}
	at = c->names = xstrdup(names);
	while ((id = strsep(&at, ",")) != NULL)
		add(c, id, NULL, false, false);
}

void
catalog_free(struct catalog *c)
{
	free(c->names);
	*c = (struct catalog){ .count = 0 };
}

const struct model *
catalog_find(const struct catalog *c, const char *id, size_t n)
{
	for (size_t i = 0; i < c->count; i++)
		if (strlen(c->models[i].id) == n && memcmp(c->models[i].id, id, n) == 0)
			return &c->models[i];
	return NULL;
}

json_t *
catalog_model_json(const struct model *m)
{
	json_t *methods = m->generates ? json_pack("[s, s]", "generateContent", "countTokens")
				       : json_pack("[s, s]", "embedContent", "countTokens");

	return json_pack("{s:s+, s:s, s:s, s:s, s:I, s:i, s:o, s:i, s:f, s:i, s:b, s:s}", "name",
	    "models/", m->id, "version", VERSION, "displayName", m->id, "description",
	    "A model of the Gemini stand-in", "inputTokenLimit", (json_int_t)m->family->input_limit,
	    "outputTokenLimit", OUTPUT_LIMIT, "supportedGenerationMethods", methods, "temperature",
	    1, "topP", 0.95, "topK", 64, "thinking", m->family->thinking != THINKING_BUDGET,
	    "modelStage",
	    m->is_retired                      ? "RETIRED"
	    : strstr(m->id, "preview") != NULL ? "PREVIEW"
					       : "STABLE");
}
