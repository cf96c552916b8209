/*
 * store_tree - the messages of a chat as a tree: branches, siblings, deletion. Part of store.h's
 * contract.
 *
 * A child's id is greater than its parent's. Deleting goes from the newest to the oldest: a cascade
 * through thousands of generations is more than the engine below takes.
 */
#ifndef STORE_TREE_H
#define STORE_TREE_H

#include "store.h"

enum err store_message_find(
    struct store *s, int64_t chat_no, const char *uid, store_message_fn fn, void *arg) MUST_CHECK;

/* The end of the branch that goes on from id by the newest child each time; id if it has none. */
enum err store_leaf(struct store *s, int64_t id, int64_t *out_id) MUST_CHECK;

/* ERR_NOT_FOUND: id does not stand on the branch that ends in head_id. */
enum err store_branch_has(struct store *s, int64_t head_id, int64_t id) MUST_CHECK;

/* The ids of that branch beyond after_id, from there to the head. */
enum err store_branch_ids(
    struct store *s, int64_t head_id, int64_t after_id, store_id_fn fn, void *arg) MUST_CHECK;

/*
 * What follows after id (0: from the root on) down to the chat's head, oldest first; off the active
 * branch, by the newest child each time.
 */
enum err store_branch_after(struct store *s, const struct chat *c, int64_t id, int limit,
    store_message_fn fn, void *arg) MUST_CHECK;

/* Children of parent_id (0: the chat's roots), oldest first. */
typedef bool (*store_uid_fn)(void *arg, int64_t id, const char *uid);
enum err store_children(
    struct store *s, int64_t chat_no, int64_t parent_id, store_uid_fn fn, void *arg) MUST_CHECK;

/* id and everything below it, newest first. */
enum err store_subtree(
    struct store *s, int64_t id, int limit, store_uid_fn fn, void *arg) MUST_CHECK;

/* Jobs that wait or run for id or for what is below it. */
enum err store_jobs_below(struct store *s, int64_t id, store_live_job_fn fn, void *arg) MUST_CHECK;

/* With its entry in the index; it has no children any more. */
enum err store_message_delete(struct store *s, int64_t id) MUST_CHECK;

/* Keeps the newest LIMIT_TOMBSTONES. */
enum err store_tombstone_add(
    struct store *s, int64_t chat_no, int64_t seq, const char *uid) MUST_CHECK;
enum err store_tombstones_prune(struct store *s, int64_t chat_no) MUST_CHECK;

/* All messages of the chat by id, i.e. parents before children; after_id: from the page before. */
enum err store_messages_each(struct store *s, int64_t chat_no, int64_t after_id, int limit,
    store_message_fn fn, void *arg) MUST_CHECK;

/* A deleted chat gives its id free: nobody can restore it any more. */
enum err store_chat_bury(struct store *s, int64_t no) MUST_CHECK;

/*
 * Takes away chats that were deleted before before_ms, at most limit messages in one call.
 * *out_any: something was; *out_more: there is more to take away.
 */
enum err store_purge_some(
    struct store *s, int64_t before_ms, int limit, bool *out_any, bool *out_more) MUST_CHECK;

#endif
