/*
 * google_error - an error as Google says it: status, sentence, details.
 *
 * Pure. A struct google_error is a plain value; model is borrowed.
 * Source: gemini.md 3, 6 and 12.6 of the design pages (captures of the real service).
 */
#ifndef GOOGLE_ERROR_H
#define GOOGLE_ERROR_H

#include <jansson.h>
#include <stdbool.h>

#include "directives.h"

#define GOOGLE_ERROR_TEXT 768

struct google_error {
	int http; /* 0: no error */
	char message[GOOGLE_ERROR_TEXT];
	char field[128];   /* of a BadRequest detail; empty: none */
	bool is_key_error; /* ErrorInfo API_KEY_INVALID and LocalizedMessage */
	bool has_quota;    /* the three details of a 429 */
	bool per_day, limit_zero;
	char retry_delay[DIRECTIVE_WORD]; /* RetryInfo; empty: none */
	const char *model;
};

/* A request that breaks a rule: 400 INVALID_ARGUMENT unless http says otherwise. */
void google_error_set(struct google_error *error, int http, const char *fmt, ...) PRINTF_LIKE(3, 4);
void google_error_bad_key(struct google_error *error);

/* The usual sentence and details of a status that a directive asks for. model is borrowed. */
void google_error_of_status(
    struct google_error *error, int http, const struct directives *d, const char *model);

/* {"error":{...}}, the caller's. */
json_t *google_error_json(const struct google_error *error);

#endif
