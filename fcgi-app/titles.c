#include "titles.h"

#include <stdio.h>

#include "clock.h"
#include "conversation_edit.h"
#include "log.h"
#include "store_usage.h"
#include "utf8.h"

#define TITLE_INPUT_BYTES 500
#define TITLE_TOKENS 1024 /* thinking counts: a few words need room for it */
#define TITLE_TEXT_BYTES 4096

static const char instruction[] =
    "You name conversations. Answer with a title of three to six words for the conversation that "
    "follows, in its language, without quotes, without a full stop, and with nothing else.";

struct title {
	struct ai_reply *transfer; /* NULL: over */
	int64_t chat_no;
	char person_id[sizeof((struct job *)0)->person_id];
	struct buf text;
	struct ai_usage usage;
	char model[AI_MODEL_SIZE];
	bool has_come, is_used;
};

struct titles {
	const struct config *config;
	struct ai_client *client;
	struct title titles[LIMIT_TITLES];
};

struct titles *
titles_new(const struct config *c, struct ai_client *client)
{
	struct titles *t;

	if (*c->ai_title_model == '\0')
		return NULL;
	t = xcalloc(1, sizeof *t);
	t->config = c;
	t->client = client;
	return t;
}

static void
forget(struct title *ti)
{
	buf_free(&ti->text);
	*ti = (struct title){ .is_used = false };
}

void
titles_free(struct titles *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < LIMIT_TITLES; i++) {
		if (t->titles[i].transfer != NULL)
			ai_client_cancel(t->client, t->titles[i].transfer);
		forget(&t->titles[i]);
	}
	free(t);
}

/* --- asking --- */

static void
on_text(void *arg, const char *text, size_t n)
{
	struct title *ti = arg;

	/* More than fits is no title: what came before is enough. */
	if (buf_add(&ti->text, text, n) != OK)
		return;
}

static void
on_end(void *arg, const struct ai_outcome *outcome)
{
	struct title *ti = arg;

	ti->transfer = NULL;
	ti->has_come = true;
	ti->usage = outcome->usage;
	(void)snprintf(ti->model, sizeof ti->model, "%s", outcome->model);
	if (outcome->ok)
		return;
	log_info(
	    "no title chat=%lld reason=\"%s\"", (long long)ti->chat_no, outcome->failure.message);
	buf_clear(&ti->text);
}

static const struct ai_sink sink = { .on_text = on_text, .on_end = on_end };

struct first_turns {
	struct buf question;
	int count;
};

static bool
note_turn(void *arg, const struct message *m)
{
	struct first_turns *f = arg;
	size_t n = utf8_cut(m->content, m->content_len, TITLE_INPUT_BYTES);

	f->count++;
	return buf_add(&f->question, m->content, n) == OK;
}

/* The first question of a chat that nobody has named; false: it needs no name. */
static bool
read_question(struct store *reader, const struct reply *r, struct first_turns *f)
{
	auto_chat c = { 0 };

	return store_chat_get(reader, r->job.chat_no, &c) == OK && c.title_source == TITLE_AUTO &&
	       c.deleted_ms == 0 && store_branch(reader, r->job.parent_id, 2, note_turn, f) == OK &&
	       f->count == 1;
}

static struct title *
find_free(struct titles *t)
{
	for (size_t i = 0; i < LIMIT_TITLES; i++)
		if (!t->titles[i].is_used)
			return &t->titles[i];
	return NULL;
}

static void
ask(struct titles *t, struct title *ti, const struct reply *r, const struct first_turns *f)
{
	auto_buf text = BUF_INIT(4UL * TITLE_INPUT_BYTES);
	struct ai_turn turn = { .role = AI_ROLE_USER };
	struct ai_prompt prompt = {
		.system = instruction,
		.turns = &turn,
		.count = 1,
		.max_output_tokens = TITLE_TOKENS,
		.thinking_level = "low",
		.model = t->config->ai_title_model,
	};
	size_t n = utf8_cut(r->text.data, r->text.len, TITLE_INPUT_BYTES);

	if (buf_add(&text, f->question.data, f->question.len) != OK ||
	    buf_adds(&text, "\n\n") != OK || buf_add(&text, r->text.data, n) != OK)
		return;
	turn.text = text.data;
	turn.len = text.len;
	*ti = (struct title){
		.chat_no = r->job.chat_no, .text = BUF_INIT(TITLE_TEXT_BYTES), .is_used = true
	};
	(void)snprintf(ti->person_id, sizeof ti->person_id, "%s", r->job.person_id);
	ti->transfer = ai_client_start(t->client, &prompt, &sink, ti);
}

void
titles_consider(struct titles *t, struct store *reader, const struct reply *r)
{
	struct first_turns f = { .question = BUF_INIT(2UL * TITLE_INPUT_BYTES) };
	struct title *ti = t != NULL ? find_free(t) : NULL;

	if (ti != NULL && r->text.len > 0 && read_question(reader, r, &f))
		ask(t, ti, r, &f);
	buf_free(&f.question);
}

bool
titles_are_coming(const struct titles *t)
{
	for (size_t i = 0; t != NULL && i < LIMIT_TITLES; i++)
		if (t->titles[i].is_used)
			return true;
	return false;
}

/* --- what comes --- */

static bool
is_trimmed(char c)
{
	return (c > '\0' && c <= ' ') || strchr("\"'`*#._", c) != NULL;
}

bool
title_clean(char *text)
{
	/* «», “” and the like, by their bytes */
	static const char *const quotes[] = { "\xc2\xab", "\xc2\xbb", "\xe2\x80\x9c",
		"\xe2\x80\x9d" };
	char *from = text;
	size_t n;
	bool again = true;

	while (*from != '\0' && is_trimmed(*from))
		from++;
	n = strcspn(from, "\r\n");
	n = utf8_cut(from, n, TITLE_MAX_BYTES);
	memmove(text, from, n);
	text[n] = '\0';
	while (again) {
		again = false;
		for (size_t i = 0; i < ARRAY_LEN(quotes); i++) {
			size_t q = strlen(quotes[i]);

			if (n >= q && memcmp(text, quotes[i], q) == 0) {
				memmove(text, text + q, n - q + 1);
				n -= q;
				again = true;
			}
			if (n >= q && memcmp(text + n - q, quotes[i], q) == 0) {
				text[n -= q] = '\0';
				again = true;
			}
		}
		while (n > 0 && is_trimmed(text[n - 1])) {
			text[--n] = '\0';
			again = true;
		}
	}
	return n > 0 && utf8_is_valid(text, n) && !utf8_is_blank(text, n);
}

static enum err
store_title(struct store *s, const struct title *ti, const struct by *by)
{
	struct chat_change change = { .title = ti->text.data, .title_source = TITLE_MODEL };
	struct usage u = { ti->usage.prompt, ti->usage.output, ti->usage.thought, ti->usage.cached,
		ti->usage.total };
	auto_chat c = { 0 };
	enum err e = store_usage_add(s, ti->person_id, usage_day(by->now_ms), ti->model, &u);

	if (e != OK || ti->text.len == 0 || !title_clean(ti->text.data))
		return e;
	if ((e = store_chat_get(s, ti->chat_no, &c)) != OK)
		return e == ERR_NOT_FOUND ? OK : e;
	/* A person was faster, or does not want it any more. */
	if (c.title_source != TITLE_AUTO || c.deleted_ms != 0)
		return OK;
	return conversation_change(s, &c, &change, by);
}

static enum err
store_titles(struct store *s, void *arg)
{
	struct titles *t = arg;
	struct by by = { .now_ms = clock_wall_ms() };
	enum err e = OK;

	for (size_t i = 0; i < LIMIT_TITLES && e == OK; i++)
		if (t->titles[i].has_come)
			e = store_title(s, &t->titles[i], &by);
	return e;
}

bool
titles_save(struct titles *t, struct writer *w)
{
	bool any = false;

	for (size_t i = 0; t != NULL && i < LIMIT_TITLES; i++)
		any |= t->titles[i].has_come;
	if (!any)
		return false;
	if (writer_submit(w, STORE_FAST, store_titles, t) != OK)
		log_warn("titles could not be stored");
	for (size_t i = 0; i < LIMIT_TITLES; i++)
		if (t->titles[i].has_come)
			forget(&t->titles[i]);
	return true;
}
