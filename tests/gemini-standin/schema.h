/*
 * schema - which fields a request may have, and of which type, as proto3 JSON sees them.
 *
 * Takes camelCase and snake_case and gives camelCase; drops nulls; refuses unknown names and wrong
 * types with Google's sentences. Meaning is checked in turns.c.
 *
 * Pure. Errors: ERR_INVALID with *error filled.
 */
#ifndef SCHEMA_H
#define SCHEMA_H

#include <jansson.h>

#include "google_error.h"

enum schema_message { SCHEMA_GENERATE, SCHEMA_COUNT_TOKENS };

/* *out is the caller's: a copy of root with every known name in camelCase. */
enum err schema_normalise(
    enum schema_message message, json_t *root, json_t **out, struct google_error *error) MUST_CHECK;

#endif
