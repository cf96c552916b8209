/*
 * The choice of a model when none of the configured ones exists any more. The list still holds
 * retired models and dozens that are not for chats, so only one form of name is taken:
 * gemini-<major>[.<minor>]-flash[-<revision>]. Previews, lite, image, tts and live all have
 * something else in theirs.
 */
#include "gemini_priv.h"
#include "json.h"
#include "limit.h"

#define PREFIX "models/"
#define DIGITS_MAX 4

struct version {
	int major, minor;
	int revision; /* none: above all, it is what the maker keeps current */
};

#define NO_REVISION 10000

/* One to four digits; -1 if there are none. */
static int
read_digits(const char **p)
{
	int value = 0, count = 0;

	for (; **p >= '0' && **p <= '9' && count < DIGITS_MAX; (*p)++, count++)
		value = value * 10 + (**p - '0');
	return count > 0 ? value : -1;
}

static bool
skip_word(const char **p, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*p, word, len) != 0)
		return false;
	*p += len;
	return true;
}

static bool
read_version(const char *name, struct version *out)
{
	*out = (struct version){ .revision = NO_REVISION };
	if (!skip_word(&name, "gemini-") || (out->major = read_digits(&name)) < 0)
		return false;
	if (skip_word(&name, ".") && (out->minor = read_digits(&name)) < 0)
		return false;
	if (!skip_word(&name, "-flash"))
		return false;
	if (skip_word(&name, "-") && (out->revision = read_digits(&name)) < 0)
		return false;
	return *name == '\0';
}

static bool
is_newer(const struct version *a, const struct version *b)
{
	if (a->major != b->major)
		return a->major > b->major;
	if (a->minor != b->minor)
		return a->minor > b->minor;
	return a->revision > b->revision;
}

static bool
can_generate(const json_t *model)
{
	const json_t *methods = json_object_get(model, "supportedGenerationMethods");
	const char *stage = json_member_string(model, "modelStage");
	const json_t *method;
	size_t i;

	if (stage != NULL && strcmp(stage, "STABLE") != 0)
		return false;
	json_array_foreach(methods, i,
	    method) if (json_is_string(method) &&
			strcmp(json_string_value(method), "generateContent") == 0) return true;
	return false;
}

static void
consider(const json_t *model, char best[AI_MODEL_SIZE])
{
	const char *name = json_member_string(model, "name");
	struct version version, best_version;

	if (name == NULL || !can_generate(model))
		return;
	(void)skip_word(&name, PREFIX);
	if (!gemini_is_name(name) || !read_version(name, &version))
		return;
	if (read_version(best, &best_version) && !is_newer(&version, &best_version))
		return;
	memcpy(best, name, strlen(name) + 1);
}

enum err
gemini_on_models(const char *p, size_t n, char best[AI_MODEL_SIZE], struct buf *next)
{
	json_auto_t *root = NULL;
	enum err e = json_parse(p, n, LIMIT_JSON_DEPTH, false, &root, NULL, 0);
	const json_t *models, *model;
	const char *token;
	size_t i;

	if (e != OK)
		return e;
	models = json_object_get(root, "models");
	if (!json_is_array(models))
		return ERR_INVALID;
	json_array_foreach(models, i, model) consider(model, best);
	buf_clear(next);
	token = json_member_string(root, "nextPageToken");
	return token != NULL ? buf_adds(next, token) : OK;
}
