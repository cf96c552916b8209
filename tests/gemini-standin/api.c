#include "api.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>

#include "answer.h"
#include "clock.h"
#include "json.h"
#include "reply.h"
#include "schema.h"
#include "turns.h"

#define BODY_DEPTH 64
#define PAGE_DEFAULT 50
#define PAGE_MAX 1000
#define NO_KEY                                                                                     \
	"Method doesn't allow unregistered callers (callers without established identity). "       \
	"Please use "                                                                              \
	"API Key or other form of API consumer identity to call this API."

/* One request, as far as it is understood. Everything is borrowed but body. */
struct call {
	struct standin *s;
	struct evhttp_request *req;
	const char *version; /* "v1" or "v1beta" */
	const char *id;      /* of the model, not NUL-terminated */
	size_t id_len;
	const struct model *model;
	const struct method *method;
	struct evkeyvalq query;
	json_t *body; /* normalised; the call's */
	struct google_error error;
};

struct method {
	const char *name;
	enum schema_message message;
	bool is_stream;
	void (*handle)(struct call *c);
};

/* --- keys -------------------------------------------------------------------------------- */
static bool
is_good_key(const struct options *o, const char *key)
{
	if (strcmp(key, "invalid") == 0)
		return false;
	for (size_t i = 0; i < o->key_count; i++)
		if (strcmp(o->keys[i], key) == 0)
			return true;
	return o->key_count == 0;
}

static const char *
header(const struct call *c, const char *name)
{
	return evhttp_find_header(evhttp_request_get_input_headers(c->req), name);
}

static enum err
check_key(struct call *c)
{
	const char *key = header(c, "x-goog-api-key");

	if (key == NULL)
		key = evhttp_find_header(&c->query, "key");
	if (key == NULL || *key == '\0') {
		google_error_set(&c->error, 403, "%s", NO_KEY);
		return ERR_INVALID;
	}
	if (header(c, "authorization") != NULL) {
		google_error_set(&c->error, 400,
		    "Multiple authentication credentials received. Please pass only one.");
		return ERR_INVALID;
	}
	if (!is_good_key(c->s->options, key)) {
		google_error_bad_key(&c->error);
		return ERR_INVALID;
	}
	return OK;
}

/* --- models ------------------------------------------------------------------------------ */
static enum err
find_model(struct call *c, const char *purpose)
{
	c->model = catalog_find(&c->s->catalog, c->id, c->id_len);
	if (c->model == NULL || (c->method != NULL && !c->model->generates)) {
		google_error_set(&c->error, 404,
		    "models/%.*s is not found for API version %s, or is not supported for %s. Call "
		    "ListModels to see the list of available models and their supported methods.",
		    (int)(c->id_len < 100 ? c->id_len : 100), c->id, c->version, purpose);
		return ERR_NOT_FOUND;
	}
	if (c->model->is_retired && c->method != NULL) {
		struct directives none;

		directives_init(&none);
		google_error_of_status(&c->error, 404, &none, c->model->id);
		return ERR_NOT_FOUND;
	}
	return OK;
}

static long
query_number(const struct call *c, const char *name, long fallback)
{
	const char *text = evhttp_find_header(&c->query, name);
	char *end;
	long number;

	if (text == NULL || *text == '\0')
		return fallback;
	number = strtol(text, &end, 10);
	return *end == '\0' ? number : -1;
}

static void
list_models(struct call *c)
{
	const struct catalog *catalog = &c->s->catalog;
	long size = query_number(c, "pageSize", PAGE_DEFAULT);
	long from = query_number(c, "pageToken", 0);
	json_t *list, *body;
	size_t i, end;

	if (size < 0 || from < 0 || (size_t)from > catalog->count) {
		google_error_set(&c->error, 400, "Request contains an invalid argument.");
		answer_error(c->req, &c->error, false);
		return;
	}
	if (size == 0 || size > PAGE_MAX)
		size = size == 0 ? PAGE_DEFAULT : PAGE_MAX;
	list = json_array();
	end = (size_t)(from + size) < catalog->count ? (size_t)(from + size) : catalog->count;
	for (i = (size_t)from; i < end; i++)
		(void)json_array_append_new(list, catalog_model_json(&catalog->models[i]));
	body = json_pack("{s:o}", "models", list);
	if (end < catalog->count)
		(void)json_object_set_new(body, "nextPageToken", json_sprintf("%zu", end));
	answer_json(c->req, 200, body);
}

static void
get_model(struct call *c)
{
	if (find_model(c, "getModel") != OK)
		answer_error(c->req, &c->error, false);
	else
		answer_json(c->req, 200, catalog_model_json(c->model));
}

/* --- the body ---------------------------------------------------------------------------- */
static enum err
read_body(struct call *c)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(c->req);
	size_t n = evbuffer_get_length(in);
	json_auto_t *root = NULL;
	char why[160];

	if (n == 0) {
		root = json_object();
	} else if (json_parse((const char *)evbuffer_pullup(in, -1), n, BODY_DEPTH, false, &root,
		       why, sizeof why) != OK) {
		google_error_set(&c->error, 400, "Invalid JSON payload received. %s", why);
		return ERR_INVALID;
	}
	return schema_normalise(c->method->message, root, &c->body, &c->error);
}

/* What tests read at /control/requests: the body, and how it came. */
static void
remember(struct call *c, int64_t attempt)
{
	json_t *entry = json_copy(c->body);
	const char *agent = header(c, "user-agent");

	(void)json_object_set_new(entry, "time_ms", json_integer(clock_wall_ms()));
	(void)json_object_set_new(entry, "method", json_string(c->method->name));
	(void)json_object_set_new(entry, "version", json_string(c->version));
	(void)json_object_set_new(entry, "model", json_string(c->model->id));
	(void)json_object_set_new(entry, "attempt", json_integer(attempt));
	(void)json_object_set_new(
	    entry, "key_in", json_string(header(c, "x-goog-api-key") != NULL ? "header" : "query"));
	(void)json_object_set_new(entry, "agent", json_string(agent != NULL ? agent : ""));
	journal_remember(&c->s->journal, entry);
	json_decref(entry);
}

/* --- replies ----------------------------------------------------------------------------- */
/*
 * Later wins: defaults, the person's text, the queue. The directives leave the prompt's text, so
 * that an echo or a quotation does not show them.
 */
static enum err
collect_directives(struct call *c, struct prompt *p, struct directives *d)
{
	auto_buf rest = BUF_INIT(p->text_len);
	char why[DIRECTIVES_WHY];

	*d = c->s->journal.defaults;
	if (directives_take(d, p->text, p->text_len, &rest, why) != OK) {
		google_error_set(&c->error, 400, "gemini-standin: %s", why);
		return ERR_INVALID;
	}
	free(p->text);
	p->text_len = rest.len;
	p->text = buf_take(&rest);
	journal_take_next(&c->s->journal, d);
	return OK;
}

static void
refuse(struct call *c)
{
	c->s->journal.n.refused++;
	answer_error(c->req, &c->error, c->method->is_stream && !c->error.is_key_error);
}

static void
answer_prompt(struct call *c, struct prompt *p)
{
	int64_t attempt = journal_attempt(&c->s->journal, p->key);
	const char *alt = evhttp_find_header(&c->query, "alt");
	struct directives d;

	remember(c, attempt);
	if (collect_directives(c, p, &d) != OK) {
		refuse(c);
		return;
	}
	if (d.times != DIRECTIVE_UNSET && attempt > d.times)
		directives_drop_faults(&d);
	if (c->method->is_stream && d.no_stream != DIRECTIVE_UNSET) {
		c->s->journal.n.refused++;
		answer_page(c->req, (int)d.no_stream);
		return;
	}
	reply_start(c->s, c->req,
	    &(struct reply_order){
		.is_stream_route = c->method->is_stream,
		.is_sse = alt != NULL && strcmp(alt, "sse") == 0,
		.model = c->model,
		.prompt = p,
		.d = &d,
	    });
}

static void
generate(struct call *c)
{
	struct prompt p;

	if (c->method->is_stream)
		c->s->journal.n.streams++;
	else
		c->s->journal.n.unary++;
	if (turns_check(c->body, c->model, &c->error) != OK) {
		refuse(c);
		return;
	}
	prompt_read(&p, c->body);
	answer_prompt(c, &p);
	prompt_free(&p);
}

static void
count_tokens(struct call *c)
{
	const json_t *inner = json_object_get(c->body, "generateContentRequest");
	const json_t *contents = json_object_get(inner != NULL ? inner : c->body, "contents");
	json_int_t tokens;

	c->s->journal.n.counts++;
	if (turns_check_contents(contents, "CountTokensRequest", &c->error) != OK) {
		refuse(c);
		return;
	}
	tokens = turns_tokens(contents);
	answer_json(c->req, 200,
	    json_pack("{s:I, s:[{s:s, s:I}]}", "totalTokens", tokens, "promptTokensDetails",
		"modality", "TEXT", "tokenCount", tokens));
}

static const struct method methods[] = {
	{ "generateContent", SCHEMA_GENERATE, false, generate },
	{ "streamGenerateContent", SCHEMA_GENERATE, true, generate },
	{ "countTokens", SCHEMA_COUNT_TOKENS, false, count_tokens },
};

static void
call_method(struct call *c)
{
	c->s->journal.n.requests++;
	if (check_key(c) != OK) {
		/* Captured: errors about keys come as JSON on every route. */
		c->s->journal.n.refused++;
		answer_error(c->req, &c->error, false);
		return;
	}
	if (find_model(c, c->method->name) != OK || read_body(c) != OK)
		refuse(c);
	else
		c->method->handle(c);
}

static void
call_get(struct call *c)
{
	if (check_key(c) != OK)
		answer_error(c->req, &c->error, false);
	else if (c->id == NULL)
		list_models(c);
	else
		get_model(c);
}

/* --- the path ---------------------------------------------------------------------------- */
static const struct method *
find_method(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}

/* "models", "models/{id}" or "models/{id}:{method}". */
static bool
read_resource(struct call *c, const char *path)
{
	const char *colon;

	if (strcmp(path, "models") == 0)
		return true;
	if (strncmp(path, "models/", 7) != 0)
		return false;
	c->id = path + 7;
	colon = strchr(c->id, ':');
	c->id_len = colon != NULL ? (size_t)(colon - c->id) : strlen(c->id);
	if (colon == NULL)
		return true;
	c->method = find_method(colon + 1);
	return c->method != NULL;
}

static bool
read_path(struct call *c, const char *path)
{
	static const char *const versions[] = { "v1", "v1beta" };

	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		size_t n = strlen(versions[i]);

		if (strncmp(path + 1, versions[i], n) == 0 && path[1 + n] == '/') {
			c->version = versions[i];
			return read_resource(c, path + n + 2);
		}
	}
	return false;
}

bool
api_handle(struct standin *s, struct evhttp_request *req, const char *path)
{
	struct call c = { .s = s, .req = req };
	const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req));
	bool is_post = evhttp_request_get_command(req) == EVHTTP_REQ_POST;

	/* Google serves no other HTTP method on these paths: they do not exist then. */
	if (path[0] != '/' || !read_path(&c, path) || is_post != (c.method != NULL) ||
	    evhttp_parse_query_str(query != NULL ? query : "", &c.query) != 0)
		return false;
	if (is_post)
		call_method(&c);
	else
		call_get(&c);
	evhttp_clear_headers(&c.query);
	json_decref(c.body);
	return true;
}
