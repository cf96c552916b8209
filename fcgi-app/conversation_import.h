/*
 * conversation_import - a chat of a file becomes a chat here, in portions, so that nobody who posts
 * waits for it. Until the last portion it is hidden like a deleted one; one that was not finished
 * is taken away after IMPORT_LIFE_MS by the worker's chores.
 *
 *   begin, then some until *out_more is false, then end; each in a transaction of its own.
 *
 * Threads: the writer's. Owns: ids, by import_free. Errors: ERR_CONFLICT (begin: an open chat has
 * that id already), the store's.
 */
#ifndef CONVERSATION_IMPORT_H
#define CONVERSATION_IMPORT_H

#include "access.h"
#include "chat_file.h"
#include "conversation_queue.h"

#define IMPORT_LIFE_MS (10 * 60 * 1000)

struct import {
	const struct chat_file *file;
	const char *owner_id; /* NULL: an open chat under the file's id */
	char chat_id[LIMIT_CHAT_ID_LEN + 1];
	int64_t chat_no, *ids; /* ids: of the messages so far, by their place in the file */
	size_t next;
};

enum err import_begin(struct store *s, struct import *im, const struct by *by) MUST_CHECK;
enum err import_some(
    struct store *s, struct import *im, const struct by *by, bool *out_more) MUST_CHECK;
enum err import_end(struct store *s, struct import *im, const struct by *by) MUST_CHECK;
void import_free(struct import *im);

#endif
