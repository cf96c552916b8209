#include "reply_stream.h"

#include <stdio.h>

#include "ai_context.h"
#include "clock.h"
#include "utf8.h"

/* --- what comes back --- */

static void
on_text(void *arg, const char *text, size_t n)
{
	struct reply *r = arg;
	size_t room = LIMIT_REPLY_BYTES - r->text.len;

	if (r->is_cut)
		return; /* a shorter piece would fit again */
	if (r->first_ms == 0)
		r->first_ms = clock_mono_ms();
	if (n > room) {
		n = utf8_cut(text, n, room);
		r->is_cut = true;
	}
	if (buf_add(&r->text, text, n) != OK)
		r->is_cut = true;
}

static void
on_end(void *arg, const struct ai_outcome *outcome)
{
	struct reply *r = arg;

	r->outcome = *outcome;
	r->has_ended = true;
	r->transfer = NULL;
}

static const struct ai_sink sink = { .on_text = on_text, .on_end = on_end };

void
reply_stream_cancel(struct reply *r, struct ai_client *client)
{
	if (r->transfer == NULL)
		return;
	ai_client_heard(r->transfer, &r->outcome.usage, r->outcome.model);
	ai_client_cancel(client, r->transfer);
	r->transfer = NULL;
}

void
reply_stream_check(struct reply *r, struct ai_client *client)
{
	if (!r->is_cut || r->transfer == NULL)
		return;
	reply_stream_cancel(r, client);
	r->outcome.ok = true;
	r->outcome.finish = AI_FINISH_LENGTH;
	r->has_ended = true;
}

/* --- the prompt --- */

struct history {
	struct ai_turn turns[LIMIT_CONTEXT_TURNS]; /* filled from the end: the newest comes first */
	char *texts[LIMIT_CONTEXT_TURNS];          /* owned; also of the turns that were left out */
	char *names[LIMIT_CONTEXT_TURNS];          /* owned; of the author, NULL: none */
	size_t count;
	char *author_id; /* owned; of the newest user turn, "" a stranger's */
	bool has_several;
};

static void
history_free(struct history **h)
{
	for (size_t i = 0; i < (*h)->count; i++) {
		free((*h)->texts[i]);
		free((*h)->names[i]);
	}
	free((*h)->author_id);
	free(*h);
}
#define auto_history __attribute__((cleanup(history_free))) struct history

static void
note_author(struct history *h, const struct message *m)
{
	const char *id = m->author_id != NULL ? m->author_id : "";

	if (h->author_id == NULL)
		h->author_id = xstrdup(id);
	else
		h->has_several |= strcmp(h->author_id, id) != 0;
}

/* Newest first. Our own sentences about failures are no part of the conversation. */
static bool
add_turn(void *arg, const struct message *m)
{
	struct history *h = arg;
	char *text;

	if (m->is_notice || m->content_len == 0)
		return true;
	text = xstrndup(m->content, m->content_len);
	if (m->role == ROLE_USER)
		note_author(h, m);
	if (m->role == ROLE_USER && m->author_name != NULL)
		h->names[h->count] = xstrdup(m->author_name);
	h->texts[h->count++] = text;
	h->turns[LIMIT_CONTEXT_TURNS - h->count] = (struct ai_turn){
		.role = m->role == ROLE_USER ? AI_ROLE_USER : AI_ROLE_MODEL,
		.text = text,
		.len = m->content_len,
	};
	return h->count < LIMIT_CONTEXT_TURNS;
}

/* Where several people write the model is told who says what. */
static void
add_names(struct history *h)
{
	for (size_t i = 0; i < h->count && h->has_several; i++) {
		struct ai_turn *t = &h->turns[LIMIT_CONTEXT_TURNS - 1 - i];
		char *text = NULL;

		if (t->role != AI_ROLE_USER)
			continue;
		if (asprintf(&text, "%s: %s", h->names[i] != NULL ? h->names[i] : "Guest",
			h->texts[i]) < 0)
			abort();
		free(h->texts[i]);
		h->texts[i] = text;
		t->text = text;
		t->len = strlen(text);
	}
}

static const char several_people[] =
    "Several people write in this conversation. Each of their messages begins with the name of its "
    "author and a colon. Answer the last one; do not begin your answer with a name.";

/* The owner's persona first, then what the client asked for. */
static char *
system_text(const struct reply *r, const struct config *c, bool has_several)
{
	const char *persona = r->system_prompt != NULL ? r->system_prompt : c->ai_system_prompt;
	const char *client = r->client_system != NULL ? r->client_system : "";
	char *text = NULL;

	const char *people = has_several ? several_people : "";

	if (asprintf(&text, "%s%s%s%s%s", persona,
		*persona != '\0' && *client != '\0' ? "\n\n" : "", client,
		*people != '\0' && (*persona != '\0' || *client != '\0') ? "\n\n" : "", people) < 0)
		abort();
	return text;
}

static void
fail_at_start(struct reply *r)
{
	r->outcome = (struct ai_outcome){ .phase = AI_PHASE_CONNECT,
		.failure = {
		    .kind = AI_FAIL_OVERLOADED, .message = "the history could not be read" } };
	r->has_ended = true;
}

void
reply_stream_start(
    struct reply *r, const struct config *c, struct store *reader, struct ai_client *client)
{
	auto_history *h = xcalloc(1, sizeof *h);
	auto_char *system = NULL;
	size_t budget = (size_t)c->ai_context_tokens / (r->job.is_shortened ? 2 : 1);
	bool swaps = r->job.is_swapped && *c->ai_fallback_model != '\0';
	struct ai_prompt prompt = {
		.max_output_tokens = (int)c->ai_max_output_tokens,
		.thinking_level = c->ai_thinking_level,
		.safety = c->ai_safety_threshold,
		.model = swaps ? c->ai_fallback_model : r->model,
		.fallback_model = !swaps             ? NULL
				  : r->model != NULL ? r->model
						     : c->ai_model,
	};
	struct ai_turn *turns;

	r->is_started = true;
	r->started_ms = clock_mono_ms();
	if (store_branch(reader, r->job.parent_id, LIMIT_CONTEXT_TURNS, add_turn, h) != OK) {
		fail_at_start(r);
		return;
	}
	add_names(h);
	system = system_text(r, c, h->has_several);
	prompt.system = *system != '\0' ? system : NULL;
	turns = h->turns + LIMIT_CONTEXT_TURNS - h->count;
	prompt.count = ai_context_fit(turns, h->count, budget);
	prompt.turns = turns;
	r->transfer = ai_client_start(client, &prompt, &sink, r);
}
