/*
 * google_json - JSON text in Google's two hands.
 *
 *   a frame's line   {"a": 1,"b": [1,2]}      a space after the colon, none after the comma
 *   a whole body     indented by two spaces, ended by a newline
 *
 * Both raw UTF-8; with ascii everything above U+007F is written \uXXXX, surrogate pairs too.
 * Pure; value is only read (Jansson iterates over no const). Errors: ERR_LIMIT when b is full, b is
 * then unchanged.
 */
#ifndef GOOGLE_JSON_H
#define GOOGLE_JSON_H

#include <jansson.h>
#include <stdbool.h>

#include "buf.h"

enum err google_json_line(struct buf *b, json_t *value, bool ascii) MUST_CHECK;
enum err google_json_pretty(struct buf *b, json_t *value, bool ascii) MUST_CHECK;

#endif
