/*
 * search_query - what a person typed -> an expression of SQLite's FTS5.
 *
 * Words are all to be found; "several words" in quotes are a phrase; word* is the beginning of a
 * word. Everything is quoted, so nothing that is typed is ever an operator, a column or an error.
 *
 * Pure; fuzzed. Errors: ERR_INVALID (nothing to search for), ERR_LIMIT (LIMIT_SEARCH_BYTES,
 * LIMIT_SEARCH_TERMS); out is then to be thrown away.
 */
#ifndef SEARCH_QUERY_H
#define SEARCH_QUERY_H

#include <stdint.h>

#include "buf.h"

enum err search_query_write(struct buf *out, const char *text) MUST_CHECK;

/* Only in these chats; count > 0. */
enum err search_query_scope(struct buf *out, const int64_t *chat_nos, size_t count) MUST_CHECK;

#endif
