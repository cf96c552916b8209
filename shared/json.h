/*
 * json - the few helpers that Jansson does not have.
 *
 * Threads: any, as long as a json_t stays in one thread.
 * Errors:  ERR_INVALID: not JSON (with a reason); ERR_LIMIT: nested deeper than max_depth.
 */
#ifndef JSON_H
#define JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

/*
 * Depth is counted on the bytes, before parsing. On success *out_root is the caller's; on
 * ERR_INVALID why (may be NULL) holds "line 1 column 5: ..." without any of the input's text.
 * Duplicate keys are refused when strict, else the last one wins (peers that we do not own).
 */
enum err json_parse(const char *p, size_t n, size_t max_depth, bool strict, json_t **out_root,
    char *why, size_t why_size) MUST_CHECK;

/*
 * For values that are only passed on, as JavaScript reads them: a NUL in a string is a character
 * (jansson's own functions for strings stop there: json_plain_string), an integer beyond 64 bits a
 * number. The last of duplicate keys wins.
 */
enum err json_parse_any(const char *p, size_t n, size_t max_depth, json_t **out_root) MUST_CHECK;

/* Compact text appended to b. */
enum err json_write(struct buf *b, const json_t *value) MUST_CHECK;

/* Compact text, the caller's; never NULL (aborts when memory ends). */
char *json_text(const json_t *value);

/* Borrowed; NULL if it is no string, or has a NUL in it. */
const char *json_plain_string(const json_t *value);

/* The same of a member; NULL if absent, too. */
const char *json_member_string(const json_t *object, const char *key);

/* proto3 JSON writes 64-bit integers as strings: both are taken. fallback if neither. */
int64_t json_member_int(const json_t *object, const char *key, int64_t fallback);

#endif
