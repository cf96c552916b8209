/*
 * turns - what a normalised request means: Google's rules for turns, and what the reply needs.
 *
 * Pure. Owns: a struct prompt owns its text; prompt_free. Errors: ERR_INVALID with *error filled.
 * Source: gemini.md 3 and 8 of the design pages.
 */
#ifndef TURNS_H
#define TURNS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog.h"
#include "google_error.h"

#define PROMPT_KEY_SIZE 17 /* 64 bits as hex, and the NUL */

struct prompt {
	char *text; /* of the last user turn, its text parts joined */
	size_t text_len;
	int64_t tokens; /* of all turns and the system instruction */
	int64_t user_turns;
	int64_t max_output_tokens; /* 0: no limit was given */
	bool wants_thoughts, is_continuation;
	char key[PROMPT_KEY_SIZE]; /* the same for every attempt of the same turns */
};

/* request as schema_normalise gave it. */
enum err turns_check(
    const json_t *request, const struct model *model, struct google_error *error) MUST_CHECK;

/* countTokens asks for less: the last turn may be the model's. */
enum err turns_check_contents(
    const json_t *contents, const char *message, struct google_error *error) MUST_CHECK;

void prompt_read(struct prompt *p, const json_t *request);
void prompt_free(struct prompt *p);

int64_t turns_tokens(const json_t *contents);
int64_t tokens_of_bytes(size_t n); /* four bytes a token, rounded up */

#endif
