#include "script.h"

#include <stdio.h>

#include "google_json.h"
#include "ids.h"
#include "reply_text.h"
#include "response.h"
#include "utf8.h"

#define THOUGHT_TOKENS 24
#define PHRASE_MIN 8 /* bytes of a frame when nobody asked: real frames are clauses */
#define PHRASE_SPAN 40
#define PHRASE_WORD 24 /* a phrase is prolonged to a word's end within so many bytes */

enum phase { PHASE_THOUGHTS, PHASE_TEXT, PHASE_LAST, PHASE_TAIL, PHASE_OVER };

/* --- the text ---------------------------------------------------------------------------- */
static enum err
build_text(struct buf *b, const struct directives *d, const struct prompt *prompt)
{
	uint64_t seed = d->seed == DIRECTIVE_UNSET ? 1 : (uint64_t)d->seed;

	if (d->empty_stop || d->thoughts_only || d->block[0] != '\0')
		return OK;
	if (d->bytes != DIRECTIVE_UNSET)
		return reply_text_synthetic(b, (size_t)d->bytes, seed);
	if (d->echo)
		return buf_add(b, prompt->text, prompt->text_len);
	return reply_text_demo(b, prompt->text, prompt->text_len, prompt->user_turns);
}

/*
 * maxOutputTokens counts thinking too. A text of an asked size is exempt: its size is what the
 * test wants.
 */
static void
apply_token_limit(struct script *s, const struct prompt *prompt)
{
	int64_t room = prompt->max_output_tokens - s->thought_tokens;
	size_t max = room > 0 ? (size_t)room * 4 : 0;

	if (prompt->max_output_tokens == 0 || s->d.bytes != DIRECTIVE_UNSET || s->len <= max)
		return;
	s->len = utf8_cut(s->text, s->len, max);
	s->finish = "MAX_TOKENS";
}

/* CONTINUATION sends half of the text; the request with its token gets the other half. */
static void
apply_continuation(struct script *s, const struct prompt *prompt)
{
	size_t half = utf8_cut(s->text, s->len, s->len / 2);

	if (strcmp(s->d.finish, "CONTINUATION") != 0)
		return;
	if (!prompt->is_continuation) {
		s->len = half;
		return;
	}
	s->at = half;
	s->finish = "STOP";
}

void
script_init(struct script *s, enum script_form form, const struct directives *d, const char *model,
    const struct prompt *prompt)
{
	struct buf text = BUF_INIT(DIRECTIVE_BYTES_MAX * 2u);
	char id[ID_SIZE];

	/* echo is a part of a request body, bytes has its maximum: it fits. */
	if (build_text(&text, d, prompt) != OK)
		abort();
	*s = (struct script){
		.d = *d,
		.form = form,
		.model = model,
		.len = text.len,
		.prompt_tokens = prompt->tokens,
		.thought_tokens = THOUGHT_TOKENS + prompt->tokens % THOUGHT_TOKENS,
		.finish = "STOP",
	};
	s->text = buf_take(&text);
	id_random(id);
	(void)snprintf(s->id, sizeof s->id, "%s", id);
	if (prompt->wants_thoughts || d->thoughts_only)
		s->d.thoughts = true;
	if (d->finish[0] != '\0')
		s->finish = s->d.finish;
	apply_token_limit(s, prompt);
	apply_continuation(s, prompt);
	if (!s->d.thoughts || d->block[0] != '\0')
		s->phase = s->at < s->len ? PHASE_TEXT : PHASE_LAST;
}

void
script_free(struct script *s)
{
	free(s->text);
	s->text = NULL;
}

/* --- the parts of a frame ---------------------------------------------------------------- */
/* A blocked prompt: candidate is NULL. */
static json_t *
response_of(const struct script *s, json_t *candidate)
{
	struct response_about about = {
		.model = s->model,
		.id = s->id,
		.prompt_tokens = s->prompt_tokens,
		.thought_tokens = candidate != NULL ? s->thought_tokens : 0,
		.answer_tokens = tokens_of_bytes(s->at),
	};

	return response_json(&about, candidate, s->d.block);
}

/* Usually an empty text with a signature; no parts if there was no text before it. */
static json_t *
last_candidate(const struct script *s)
{
	json_t *part;

	if (response_is_filtered(s->finish))
		return response_empty_candidate(s->finish);
	if (s->at == 0)
		return response_candidate(NULL, s->finish);
	part = response_text_part("", 0);
	response_sign(part);
	return response_candidate(json_pack("[o]", part), s->finish);
}

static json_t *
unary_candidate(const struct script *s)
{
	json_t *parts, *answer;

	if (response_is_filtered(s->finish) || (s->len == 0 && !s->d.thoughts))
		return last_candidate(s);
	parts = json_array();
	for (size_t i = 0; s->d.thoughts && i < RESPONSE_THOUGHTS; i++)
		(void)json_array_append_new(parts, response_thought_part(i));
	if (s->at < s->len) {
		answer = response_text_part(s->text + s->at, s->len - s->at);
		response_sign(answer);
		(void)json_array_append_new(parts, answer);
	}
	return response_candidate(parts, s->finish);
}

/* --- framing ----------------------------------------------------------------------------- */
/* Writes cannot fail: out has room for the largest frame. */
static void
must(enum err e)
{
	if (e != OK)
		abort();
}

static void
add_frame(struct script *s, struct buf *out, json_t *frame)
{
	switch (s->form) {
	case SCRIPT_SSE:
		if (s->d.comments)
			must(buf_adds(out, s->d.lf ? ": ping\n\n" : ": ping\r\n\r\n"));
		must(buf_adds(out, "data: "));
		must(google_json_line(out, frame, s->d.ascii));
		must(buf_adds(out, s->d.lf ? "\n\n" : "\r\n\r\n"));
		break;
	case SCRIPT_ARRAY:
		must(buf_adds(out, s->frames == 0 ? "[" : ",\r\n"));
		must(google_json_pretty(out, frame, s->d.ascii));
		break;
	case SCRIPT_UNARY: must(google_json_pretty(out, frame, s->d.ascii)); break;
	}
	s->frames++;
	json_decref(frame);
}

/* --- the faults in the middle ------------------------------------------------------------ */
struct break_point {
	size_t offset; /* of its number in struct directives */
	enum script_step step;
};

static const struct break_point break_points[] = {
	{ offsetof(struct directives, reset_after), SCRIPT_RESET },
	{ offsetof(struct directives, drop_after), SCRIPT_DROP },
	{ offsetof(struct directives, cut_after), SCRIPT_END },
	{ offsetof(struct directives, stall_after), SCRIPT_STALL },
	{ offsetof(struct directives, error_after), SCRIPT_FRAME },
	{ offsetof(struct directives, bare_error_after), SCRIPT_FRAME },
};

static int64_t
count_of(const struct break_point *b, const struct directives *d)
{
	return *(const int64_t *)(const void *)((const char *)d + b->offset);
}

/* The break that is to happen now, or with ever at any time; NULL: none. */
static const struct break_point *
find_break(const struct script *s, bool ever)
{
	for (size_t i = 0; i < ARRAY_LEN(break_points); i++) {
		int64_t count = count_of(&break_points[i], &s->d);

		if (count == DIRECTIVE_UNSET)
			continue;
		if (ever || s->texts >= count || s->phase >= PHASE_LAST)
			return &break_points[i];
	}
	return NULL;
}

static void
add_error(struct script *s, struct buf *out, bool is_bare)
{
	struct google_error error;
	json_t *body;

	google_error_of_status(
	    &error, s->d.code != DIRECTIVE_UNSET ? (int)s->d.code : 503, &s->d, s->model);
	body = google_error_json(&error);
	if (!is_bare || s->form == SCRIPT_ARRAY) {
		add_frame(s, out, body);
		return;
	}
	must(google_json_pretty(out, body, s->d.ascii));
	json_decref(body);
}

static enum script_step
break_now(struct script *s, const struct break_point *b, struct buf *out)
{
	s->phase = PHASE_OVER;
	if (b->step == SCRIPT_FRAME)
		add_error(s, out, b->offset == offsetof(struct directives, bare_error_after));
	return b->step;
}

/* --- the steps --------------------------------------------------------------------------- */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdu;
	return x ^ (x >> 29);
}

/* A clause of varying length that ends behind a word, as real frames do. */
static size_t
phrase_len(const struct script *s)
{
	size_t left = s->len - s->at;
	size_t want = PHRASE_MIN + (size_t)(mix((uint64_t)s->texts + 1) % PHRASE_SPAN);
	size_t end = want;

	while (end < left && end < want + PHRASE_WORD && s->text[s->at + end] != ' ')
		end++;
	return end;
}

/* How many bytes of text the next frame carries: at least one character, never half of one. */
static size_t
piece_len(const struct script *s)
{
	const char *p = s->text + s->at;
	size_t left = s->len - s->at, want, len;

	if (s->d.frames != DIRECTIVE_UNSET) {
		size_t sent = (size_t)s->texts + 1, all = (size_t)s->d.frames;
		size_t goal = sent >= all ? s->len : s->len * sent / all;

		want = goal > s->at ? goal - s->at : 1;
	} else {
		want = s->d.chunk != DIRECTIVE_UNSET ? (size_t)s->d.chunk : phrase_len(s);
	}
	if (want >= left)
		return left;
	for (len = 0; len == 0; want++)
		len = utf8_cut(p, left, want);
	return len;
}

/* The text, or when it was sent instead: "123456789;". */
static json_t *
text_part(const struct script *s, const char *text, size_t len)
{
	char stamp[32];

	if (!s->d.stamp)
		return response_text_part(text, len);
	(void)snprintf(stamp, sizeof stamp, "%lld;", (long long)s->now_us);
	return response_text_part(stamp, strlen(stamp));
}

static void
add_text(struct script *s, struct buf *out)
{
	size_t begin = s->at, len = piece_len(s);
	bool is_last = begin + len == s->len;
	bool finishes = s->d.finish_everywhere ||
			(is_last && s->d.no_last_empty && find_break(s, true) == NULL);

	s->at += len;
	s->texts++;
	add_frame(s, out,
	    response_of(s, response_candidate(json_pack("[o]", text_part(s, s->text + begin, len)),
			       finishes ? s->finish : NULL)));
	if (!is_last)
		return;
	s->phase = s->d.no_last_empty && finishes ? PHASE_TAIL : PHASE_LAST;
	if (s->phase == PHASE_TAIL && s->d.torn)
		out->len /= 2;
}

static void
add_last(struct script *s, struct buf *out)
{
	json_t *candidate = NULL;

	if (s->form == SCRIPT_UNARY && s->d.block[0] == '\0') {
		candidate = unary_candidate(s);
		s->at = s->len;
	} else if (s->d.block[0] == '\0') {
		candidate = last_candidate(s);
	}
	add_frame(s, out, response_of(s, candidate));
	s->phase = PHASE_TAIL;
	if (s->d.torn || (s->form == SCRIPT_UNARY && find_break(s, true) != NULL))
		out->len /= 2;
}

static enum script_step
add_tail(struct script *s, struct buf *out)
{
	s->phase = PHASE_OVER;
	if (s->d.torn)
		return SCRIPT_END;
	if (s->form == SCRIPT_ARRAY)
		must(buf_adds(out, "]"));
	if (s->form == SCRIPT_SSE && s->d.done_marker)
		must(buf_adds(out, "data: [DONE]\r\n\r\n"));
	return out->len > 0 ? SCRIPT_FRAME : SCRIPT_END;
}

static void
add_thought(struct script *s, struct buf *out)
{
	json_t *parts = json_pack("[o]", response_thought_part(s->thoughts_sent));

	add_frame(s, out,
	    response_of(s, response_candidate(parts, s->d.finish_everywhere ? s->finish : NULL)));
	if (++s->thoughts_sent == RESPONSE_THOUGHTS)
		s->phase = s->at < s->len ? PHASE_TEXT : PHASE_LAST;
}

/* One body: half of it and then the break, or all of it. */
static enum script_step
next_unary(struct script *s, struct buf *out)
{
	const struct break_point *b = find_break(s, true);

	if (s->phase < PHASE_TAIL) {
		add_last(s, out);
		return SCRIPT_FRAME;
	}
	if (s->phase == PHASE_OVER || b == NULL || b->step == SCRIPT_FRAME)
		return SCRIPT_END;
	s->phase = PHASE_OVER;
	return b->step;
}

enum script_step
script_next(struct script *s, struct buf *out)
{
	const struct break_point *b = find_break(s, false);

	if (s->form == SCRIPT_UNARY)
		return next_unary(s, out);
	if (b != NULL && s->phase != PHASE_THOUGHTS && s->phase < PHASE_TAIL)
		return break_now(s, b, out);
	switch ((enum phase)s->phase) {
	case PHASE_THOUGHTS: add_thought(s, out); return SCRIPT_FRAME;
	case PHASE_TEXT: add_text(s, out); return SCRIPT_FRAME;
	case PHASE_LAST: add_last(s, out); return SCRIPT_FRAME;
	case PHASE_TAIL: return add_tail(s, out);
	case PHASE_OVER: break;
	}
	return SCRIPT_END;
}

bool
script_is_broken(const struct script *s)
{
	return s->d.torn || find_break(s, true) != NULL;
}

bool
script_needs_chunks(const struct script *s)
{
	return s->form != SCRIPT_UNARY || s->d.slice != DIRECTIVE_UNSET || script_is_broken(s);
}
