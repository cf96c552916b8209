/*
 * person_name - the display name that somebody gives themselves: a short line of text.
 *
 * Pure. The name is borrowed from value.
 */
#ifndef PERSON_NAME_H
#define PERSON_NAME_H

#include <jansson.h>

#include "http.h"

/* value NULL: not given, *out stays. "" takes the name away. ERR_INVALID with why filled. */
enum err person_name_read(
    const json_t *value, const char **out, struct field_error *why) MUST_CHECK;

#endif
