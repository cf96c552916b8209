/*
 * script - one reply as a sequence of steps: bytes to send, then how it ends.
 *
 * A frame is built when it is asked for, so a thousand replies hold a thousand texts and nothing
 * more. Pure: who runs it owns sockets and time.
 *
 * Owns:   its text. d, prompt and the strings of struct script_about are copied or borrowed as
 * said. Errors: none; a frame always fits in SCRIPT_FRAME_MAX.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "directives.h"
#include "turns.h"

#define SCRIPT_FRAME_MAX (2u * DIRECTIVE_BYTES_MAX * 6 + 65536) /* \uXXXX is six bytes */
#define SCRIPT_ID_SIZE 32

enum script_form {
	SCRIPT_SSE,   /* data: {...} CRLF CRLF */
	SCRIPT_ARRAY, /* the stream route without alt=sse: [{...},CRLF{...}] */
	SCRIPT_UNARY, /* one pretty body */
};

enum script_step {
	SCRIPT_FRAME, /* bytes were appended, more will follow */
	SCRIPT_END,   /* the answer ends in order */
	SCRIPT_DROP,  /* close the connection without the last chunk */
	SCRIPT_RESET, /* close it with a TCP reset */
	SCRIPT_STALL, /* send nothing more, keep it open */
};

struct script {
	struct directives d; /* a copy */
	enum script_form form;
	const char *model; /* modelVersion; borrowed, of the catalog */
	char id[SCRIPT_ID_SIZE];
	char *text;
	size_t len, at;        /* of the text; at: what was sent */
	int64_t texts, frames; /* frames with text, and all */
	int64_t prompt_tokens, thought_tokens;
	const char *finish; /* finishReason, or NULL for none; static or in d */
	unsigned phase, thoughts_sent;
	int64_t now_us; /* of the monotonic clock, set before each step: for d.stamp */
};

void script_init(struct script *s, enum script_form form, const struct directives *d,
    const char *model, const struct prompt *prompt);
void script_free(struct script *s);

/* Bytes of this step go to out, which the caller cleared. */
enum script_step script_next(struct script *s, struct buf *out);

/* Something is to break after the headers, or bytes are sliced: no Content-Length then. */
bool script_needs_chunks(const struct script *s);

/* It will end without what a client needs: the middle breaks, or the last frame is torn. */
bool script_is_broken(const struct script *s);

#endif
