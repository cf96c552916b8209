/*
 * store_search - full text of finished messages. Part of store.h's contract.
 *
 * A message comes into the index soon after it is finished, by the worker's chores (nobody who
 * posts waits for it), and leaves it in the transaction that deletes it. Accents and case do not
 * count: "cancion" finds "Canción".
 *
 * match: an expression of search_query.h, which is never malformed: what SQLite cannot do with it
 * is damage (ERR_STORAGE).
 */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

#include "store.h"

/* Takes up about max_bytes of text; *out_more: there is more to do. */
enum err store_index_some(struct store *s, size_t max_bytes, bool *out_more) MUST_CHECK;

/*
 * Rewrites a small part of the index, so that words of deleted messages leave the file. first:
 * begins a pass over all of it. *out_done: the pass is through.
 */
enum err store_index_merge(struct store *s, bool first, bool *out_done) MUST_CHECK;

/* Where a match stands, newest first, from before_id (0: the newest) down. False ends it. */
typedef bool (*store_hit_fn)(void *arg, int64_t message_id, int64_t chat_no);
enum err store_search(
    struct store *s, const char *match, int64_t before_id, store_hit_fn fn, void *arg) MUST_CHECK;

#define STORE_HIT_BEGIN '\x02' /* before a word that matches, in a snippet */
#define STORE_HIT_END '\x03'

/*
 * The words around the matches of these messages, in the order of ids, which is store_search's.
 * Words that match are between the two marks.
 */
typedef bool (*store_snippet_fn)(void *arg, int64_t message_id, const char *text);
enum err store_snippets(struct store *s, const char *match, const int64_t *ids, size_t count,
    store_snippet_fn fn, void *arg) MUST_CHECK;

#endif
