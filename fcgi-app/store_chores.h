/*
 * store_chores - what somebody has to do now and then, in small portions: bring the index up to
 * date, take away deleted chats, forget old idempotency keys and usage. The worker does it, in the
 * transaction of its tick. Part of store.h's contract.
 *
 * When a chat was taken away its words still stand in old parts of the index, and its pages in the
 * log: a scrub rewrites the former and empties the latter, at most once in STORE_SCRUB_PAUSE_MS.
 */
#ifndef STORE_CHORES_H
#define STORE_CHORES_H

#include "store.h"

#define STORE_SCRUB_PAUSE_MS 60000

/* *out_more: there is more to do at once. */
enum err store_chores(struct store *s, int64_t now_ms, bool *out_more) MUST_CHECK;

#endif
