#include "ai_known.h"

static const struct ai_known_model *
find(const struct ai_known *k, const char *model)
{
	for (size_t i = 0; i < AI_KNOWN_MAX; i++)
		if (strcmp(k->models[i].name, model) == 0)
			return &k->models[i];
	return NULL;
}

/* NULL: a name that cannot be kept. */
static struct ai_known_model *
find_or_add(struct ai_known *k, const char *model)
{
	const struct ai_known_model *known = find(k, model);
	struct ai_known_model *m;

	if (*model == '\0' || strlen(model) >= AI_MODEL_SIZE)
		return NULL;
	if (known != NULL)
		return &k->models[known - k->models];
	m = &k->models[k->next];
	k->next = (k->next + 1) % AI_KNOWN_MAX;
	*m = (struct ai_known_model){ 0 };
	memcpy(m->name, model, strlen(model) + 1);
	return m;
}

void
ai_known_set_missing(struct ai_known *k, const char *model, int64_t now_ms)
{
	struct ai_known_model *m = find_or_add(k, model);

	if (m != NULL)
		m->missing_until_ms = now_ms + AI_KNOWN_MISSING_MS;
}

void
ai_known_set_refuses_thinking(struct ai_known *k, const char *model)
{
	struct ai_known_model *m = find_or_add(k, model);

	if (m != NULL)
		m->refuses_thinking = true;
}

bool
ai_known_is_missing(const struct ai_known *k, const char *model, int64_t now_ms)
{
	const struct ai_known_model *m = find(k, model);

	return m != NULL && now_ms < m->missing_until_ms;
}

bool
ai_known_refuses_thinking(const struct ai_known *k, const char *model)
{
	const struct ai_known_model *m = find(k, model);

	return m != NULL && m->refuses_thinking;
}
