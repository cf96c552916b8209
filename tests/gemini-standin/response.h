/*
 * response - the JSON of one GenerateContentResponse: a frame of a stream, or a unary body.
 *
 * Pure. Every json_t that is returned is the caller's; parts and candidate are stolen.
 * Source: gemini.md 4 and 12.4 of the design pages.
 */
#ifndef RESPONSE_H
#define RESPONSE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RESPONSE_THOUGHTS 2 /* thought parts there are */

struct response_about {
	const char *model, *id; /* the same in every frame of a reply */
	int64_t prompt_tokens, thought_tokens, answer_tokens; /* so far */
};

/* candidate NULL: a blocked prompt, and block says why. */
json_t *response_json(const struct response_about *about, json_t *candidate, const char *block);

json_t *response_text_part(const char *p, size_t n);
json_t *response_thought_part(size_t i); /* i < RESPONSE_THOUGHTS */
void response_sign(json_t *part);        /* adds a thoughtSignature, as long as real ones are */

/* parts NULL: content without parts. finish NULL: none. */
json_t *response_candidate(json_t *parts, const char *finish);

/* No content at all: so ends what a filter stopped. */
json_t *response_empty_candidate(const char *finish);
bool response_is_filtered(const char *finish); /* SAFETY and its kin */

#endif
