/*
 * store_admin - what an operator does with the whole file. Part of store.h's contract.
 */
#ifndef STORE_ADMIN_H
#define STORE_ADMIN_H

#include "store.h"

/*
 * A consistent copy while others read and write: all of one moment, in one file of its own that
 * nothing needs beside it. Its epoch is a new one, so that clients of a restored copy read their
 * chats anew. path is replaced in one step when the copy is whole; ERR_IO: said in the log.
 */
enum err store_backup(struct store *s, const char *path) MUST_CHECK;

/* Prepares every statement now: a typo among them is ERR_IO, and in the log. */
enum err store_prepare(struct store *s) MUST_CHECK;

int store_schema(struct store *s); /* the version of the schema */

struct store_stats { /* each a count, but for bytes */
	int64_t chats_open, chats_private, chats_deleted, messages, people, sessions;
	int64_t outbox, index_queue, bytes;
};
enum err store_stats_get(struct store *s, struct store_stats *out) MUST_CHECK;

#endif
