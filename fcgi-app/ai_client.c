#include "ai_client_priv.h"

#include <stdio.h>

#include "clock.h"
#include "limit.h"
#include "log.h"

/*
 * The walk of one reply, all before its first text:
 *
 *   model ── 404, no quota ──> fallback model ──> model of the list ──> on_end
 *     │
 *     ├── thinkingConfig refused: the same again without it
 *     └── no stream route: the same again on the unary one
 *
 * Each step leaves something behind in struct ai_client, so that the next reply starts where
 * this one arrived.
 */

#define HOPS_MAX 8
#define REQUEST_MAX LIMIT_AI_BODY_BYTES
#define PATH_MAX_BYTES 1024
#define DEFAULT_VERSION "v1beta"
#define KEY_BEGIN_MIN 4 /* fewer characters than that give nothing away */
#define KEY_MIN 8       /* shorter is a test's, and would blot out harmless words */

static long
or_default(long value, long fallback)
{
	return value > 0 ? value : fallback;
}

static bool
is_set(const char *s)
{
	return s != NULL && *s != '\0';
}

/* A name that does not fit is not a model's: it stays "", as if it were not configured. */
static void
copy_model(char out[AI_MODEL_SIZE], const char *name, const char *fallback)
{
	name = is_set(name) ? name : fallback;
	out[0] = '\0';
	if (name != NULL && strlen(name) < AI_MODEL_SIZE)
		memcpy(out, name, strlen(name) + 1);
}

/* --- life of the client ---------------------------------------------------------------------- */

static enum err
open_http(struct ai_client *c, const struct ai_client_options *o)
{
	return ai_http_new(
	    &(struct ai_http_options){
		.base_url = o->base_url,
		.key_header = c->provider->key_header,
		.key = o->key,
		.ca_file = o->ca_file,
		.connect_ms = or_default(o->connect_ms, LIMIT_AI_CONNECT_MS),
		.first_byte_ms = or_default(o->first_byte_ms, LIMIT_AI_FIRST_BYTE_MS),
		.idle_ms = or_default(o->idle_ms, LIMIT_AI_IDLE_MS),
		.total_ms = or_default(o->total_ms, LIMIT_AI_TOTAL_MS),
		.max_connections = o->max_connections,
		.max_bytes = LIMIT_AI_ANSWER_BYTES,
	    },
	    &c->http);
}

struct ai_client *
ai_client_new(const struct ai_client_options *options)
{
	struct ai_client *c = xcalloc(1, sizeof(*c));

	TAILQ_INIT(&c->running);
	TAILQ_INIT(&c->waiting);
	TAILQ_INIT(&c->doomed);
	c->provider = ai_provider_find(options->provider);
	c->version = xstrdup(is_set(options->api_version) ? options->api_version : DEFAULT_VERSION);
	c->key = is_set(options->key) ? xstrdup(options->key) : NULL;
	copy_model(c->model, options->model, NULL);
	copy_model(c->fallback_model, options->fallback_model, NULL);
	c->list.path = BUF_INIT(PATH_MAX_BYTES);
	c->list.next = BUF_INIT(PATH_MAX_BYTES / 4);
	c->list.body = BUF_INIT(LIMIT_AI_BODY_BYTES);
	if (c->provider != NULL && is_set(options->base_url) && open_http(c, options) == OK)
		return c;
	log_error("the AI client cannot start with these settings: %s",
	    c->provider == NULL ? "AI_PROVIDER is unknown"
				: "AI_BASE_URL is no http(s) address, or AI_API_KEY has odd bytes");
	ai_client_free(c);
	return NULL;
}

static void
free_all(struct reply_queue *queue)
{
	struct ai_reply *r;

	/* NOLINTBEGIN(clang-analyzer-unix.Malloc): it does not see that the queue empties */
	while ((r = TAILQ_FIRST(queue)) != NULL)
		ai_reply_free(r);
	/* NOLINTEND(clang-analyzer-unix.Malloc) */
}

void
ai_client_free(struct ai_client *client)
{
	if (client == NULL)
		return;
	free_all(&client->running);
	free_all(&client->waiting);
	free_all(&client->doomed);
	ai_list_free(client);
	ai_http_free(client->http);
	free(client->version);
	free(client->key);
	free(client);
}

size_t
ai_client_active(const struct ai_client *client)
{
	return client->active;
}

const char *
ai_client_note(const struct ai_client *client)
{
	return client->note[0] != '\0' ? client->note : NULL;
}

/* --- life of a reply ------------------------------------------------------------------------- */

void
ai_reply_enter(struct ai_reply *reply, struct reply_queue *queue)
{
	if (reply->queue != NULL)
		TAILQ_REMOVE(reply->queue, reply, link);
	reply->queue = queue;
	TAILQ_INSERT_TAIL(queue, reply, link);
}

void
ai_reply_free(struct ai_reply *reply)
{
	if (reply->transfer != NULL)
		ai_http_cancel(reply->client->http, reply->transfer);
	TAILQ_REMOVE(reply->queue, reply, link);
	reply->client->active--;
	ai_reply_release(reply);
	buf_free(&reply->path);
	buf_free(&reply->body);
	free(reply);
}

struct ai_reply *
ai_client_start(
    struct ai_client *client, const struct ai_prompt *prompt, const struct ai_sink *sink, void *arg)
{
	struct ai_reply *r = xcalloc(1, sizeof(*r));

	r->client = client;
	r->sink = sink;
	r->arg = arg;
	r->path = BUF_INIT(PATH_MAX_BYTES);
	r->body = BUF_INIT(REQUEST_MAX);
	copy_model(r->models[ATTEMPT_CONFIGURED], prompt->model, client->model);
	copy_model(r->models[ATTEMPT_FALLBACK], prompt->fallback_model, client->fallback_model);
	client->active++;
	ai_reply_enter(r, &client->doomed);
	if (client->provider->build_body(prompt, &r->body) == OK)
		ai_reply_attempt(r);
	else
		ai_reply_fail(r, AI_FAIL_INVALID, 0, "the prompt has no text of a user");
	return r;
}

void
ai_client_cancel(struct ai_client *client, struct ai_reply *reply)
{
	(void)client;
	if (reply->is_busy)
		reply->is_cancelled = true;
	else
		ai_reply_free(reply);
}

void
ai_client_heard(
    const struct ai_reply *reply, struct ai_usage *out_usage, char out_model[AI_MODEL_SIZE])
{
	*out_usage = reply->answer.usage;
	copy_model(out_model, reply->answer.model, reply->models[reply->model]);
}

/* A key that the peer repeats in its message stays out of the log, also where the message was cut.
 */
static void
hide_key(const char *key, char *message)
{
	size_t len = key != NULL ? strlen(key) : 0;

	for (char *p = message; len >= KEY_MIN && (p = strstr(p, key)) != NULL; p += len)
		memset(p, '*', len);
	for (char *p = message; len >= KEY_MIN && strlen(p) >= KEY_BEGIN_MIN; p++)
		if (strncmp(key, p, strlen(p)) == 0) {
			memset(p, '*', strlen(p));
			return;
		}
}

void
ai_reply_end(struct ai_reply *reply)
{
	const struct ai_sink *sink = reply->sink;
	void *arg = reply->arg;
	const struct ai_answer *a = &reply->answer;
	struct ai_outcome o = {
		.ok = a->failure.kind == AI_FAIL_NONE,
		.had_text = reply->had_text,
		.phase = reply->had_text ? AI_PHASE_STREAM : AI_PHASE_CONNECT,
		.finish = a->finish,
		.usage = a->usage,
		.failure = a->failure,
	};

	copy_model(o.model, a->model, reply->models[reply->model]);
	memcpy(o.response_id, a->response_id, sizeof(o.response_id));
	hide_key(reply->client->key, o.failure.message);
	ai_reply_free(reply);
	sink->on_end(arg, &o);
}

/* --- the walk -------------------------------------------------------------------------------- */

static bool
can_ask(const struct ai_client *c, const char model[AI_MODEL_SIZE])
{
	return model[0] != '\0' && !ai_known_is_missing(&c->known, model, clock_mono_ms());
}

/* Every model that we have is known to be missing; none was only out of quota. */
static bool
needs_list(const struct ai_reply *r)
{
	for (size_t i = 0; i < ATTEMPT_MODELS; i++)
		if (can_ask(r->client, r->models[i]))
			return false;
	return !r->has_listed && clock_mono_ms() >= r->client->list.again_ms;
}

static void
start_transfer(struct ai_reply *r)
{
	struct ai_client *c = r->client;
	enum ai_route route;

	r->is_unary |= c->is_unary;
	route = r->is_unary ? AI_ROUTE_UNARY : AI_ROUTE_STREAM;
	buf_clear(&r->path);
	if (c->provider->build_path(route, c->version, r->models[r->model], &r->path) != OK) {
		ai_reply_fail(
		    r, AI_FAIL_MODEL_MISSING, 0, "the model's name cannot stand in an address");
		ai_reply_walk(r);
		return;
	}
	if (ai_known_refuses_thinking(&c->known, r->models[r->model]) &&
	    c->provider->drop_thinking(&r->body) == OK)
		log_debug("asking without thinkingConfig model=%s", r->models[r->model]);
	ai_reply_enter(r, &c->running);
	r->transfer =
	    ai_http_start(c->http, r->path.data, r->body.data, r->body.len, &ai_reply_handler, r);
}

void
ai_reply_attempt(struct ai_reply *reply)
{
	struct ai_client *c = reply->client;

	copy_model(reply->models[ATTEMPT_FOUND], c->found, NULL);
	while (reply->model < ATTEMPT_MODELS && !can_ask(c, reply->models[reply->model]))
		reply->model++;
	if (reply->model < ATTEMPT_MODELS && reply->hops++ < HOPS_MAX) {
		ai_reply_reset(reply);
		start_transfer(reply);
		return;
	}
	reply->model = ATTEMPT_CONFIGURED;
	if (needs_list(reply)) {
		reply->has_listed = true;
		ai_reply_enter(reply, &c->waiting);
		ai_list_want(c);
		return;
	}
	if (reply->answer.failure.kind == AI_FAIL_NONE)
		ai_reply_fail(reply, AI_FAIL_MODEL_MISSING, 404, "no configured model exists");
	ai_reply_enter(reply, &c->doomed);
}

void
ai_reply_walk(struct ai_reply *reply)
{
	struct ai_client *c = reply->client;
	const char *model = reply->models[reply->model];
	enum ai_fail kind = reply->answer.failure.kind;

	/* Neither route: that is what a missing model looks like behind some proxies. */
	if (kind == AI_FAIL_NO_ROUTE && reply->is_unary)
		kind = AI_FAIL_MODEL_MISSING;
	switch (kind) {
	case AI_FAIL_NO_ROUTE: reply->is_unary = true; break;
	case AI_FAIL_THINKING:
		if (c->provider->drop_thinking(&reply->body) != OK) {
			ai_reply_enter(reply, &c->doomed);
			return;
		}
		if (!ai_known_refuses_thinking(&c->known, model))
			log_warn("the model refuses thinkingConfig model=%s", model);
		ai_known_set_refuses_thinking(&c->known, model);
		break;
	case AI_FAIL_MODEL_MISSING:
		if (can_ask(c, model)) /* else another reply has said so */
			log_warn("the AI provider has no such model model=%s", model);
		ai_known_set_missing(&c->known, model, clock_mono_ms());
		reply->is_unary = c->is_unary;
		reply->model++;
		break;
	case AI_FAIL_EXHAUSTED: reply->model++; break; /* quotas are per model */
	default: ai_reply_enter(reply, &c->doomed); return;
	}
	ai_reply_attempt(reply);
}

/* Keeps the sentence for health in step with what answers. */
void
ai_reply_note_model(const struct ai_reply *reply)
{
	struct ai_client *c = reply->client;
	bool is_ours = strcmp(reply->models[ATTEMPT_CONFIGURED], c->model) == 0;

	if (!is_ours) /* a chat's own choice says nothing about the settings */
		return;
	c->note[0] = '\0';
	if (reply->model == ATTEMPT_FOUND)
		(void)snprintf(c->note, sizeof(c->note),
		    "The configured models (%s, %s) do not exist; using %s.", c->model,
		    c->fallback_model, c->found);
	else if (reply->model == ATTEMPT_FALLBACK && !can_ask(c, c->model))
		(void)snprintf(c->note, sizeof(c->note), "The model %s does not exist; using %s.",
		    c->model, reply->models[ATTEMPT_FALLBACK]);
}

/* --- the loop -------------------------------------------------------------------------------- */

/* What a callback dooms in its turn is told by the next poll: a caller that always starts anew
 * must not keep us here. */
static void
end_doomed(struct ai_client *c)
{
	struct reply_queue doomed = TAILQ_HEAD_INITIALIZER(doomed);
	struct ai_reply *r;

	while ((r = TAILQ_FIRST(&c->doomed)) != NULL)
		ai_reply_enter(r, &doomed);
	/* NOLINTBEGIN(clang-analyzer-unix.Malloc): it does not see that the queue empties */
	while ((r = TAILQ_FIRST(&doomed)) != NULL)
		ai_reply_end(r);
	/* NOLINTEND(clang-analyzer-unix.Malloc) */
}

enum err
ai_client_poll(struct ai_client *client, int timeout_ms, const int *extra_fds, size_t n_extra,
    unsigned *out_ready)
{
	enum err e;

	if (!TAILQ_EMPTY(&client->doomed))
		timeout_ms = 0;
	e = ai_http_poll(client->http, timeout_ms, extra_fds, n_extra, out_ready);
	end_doomed(client);
	return e;
}
