/*
 * conversation_edit - what people do with a conversation beside posting to it: ask for another
 * answer, say it differently, choose a branch, take a message away; and with a chat as a whole.
 * Each is one transaction: everything or nothing.
 *
 * Threads: the writer's. Whether the caller may do it is decided before.
 * Errors:  ERR_NOT_FOUND (no such message in this chat), ERR_LIMIT (the queue is full),
 * ERR_CONFLICT (the message is not of the kind for this), the store's.
 */
#ifndef CONVERSATION_EDIT_H
#define CONVERSATION_EDIT_H

#include "conversation_queue.h"

/* Another reply beside message_uid, or below it if it is a person's turn. */
enum err conversation_regenerate(struct store *s, const struct chat *c, const char *message_uid,
    const struct by *by, struct accepted *out) MUST_CHECK;

/*
 * A person's turn said anew: a sibling of message_uid, and a reply below it. Replies that still run
 * below the old turn are stopped: nobody waits for them.
 */
enum err conversation_edit(struct store *s, const struct chat *c, const char *message_uid,
    const char *content, const struct by *by, struct accepted *out) MUST_CHECK;

/*
 * The branch through message_uid becomes the active one, down to its newest end; with exact it
 * ends at message_uid. out_head: the new head. *out_seq 0: it was the head already.
 */
struct head_choice {
	const char *message_uid;
	bool exact;
};
enum err conversation_set_head(struct store *s, const struct chat *c,
    const struct head_choice *choice, const struct by *by, char out_head[ID_SIZE],
    int64_t *out_seq) MUST_CHECK;

/* The message and everything below it is gone. ERR_LIMIT: more than LIMIT_DELETE_MESSAGES. */
enum err conversation_delete_message(struct store *s, const struct chat *c, const char *message_uid,
    const struct by *by, int64_t *out_seq) MUST_CHECK;

/* --- chats --- */

/* Name, persona, model, visibility; change->seq is filled here. */
enum err conversation_change(struct store *s, const struct chat *c, struct chat_change *change,
    const struct by *by) MUST_CHECK;

/* Stops what runs in it and hides it; LIMIT_UNDO_MS later it is gone. */
enum err conversation_delete(struct store *s, const struct chat *c, const struct by *by) MUST_CHECK;

/* c: of store_chat_find_deleted. ERR_NOT_FOUND: too late. */
enum err conversation_restore(
    struct store *s, const struct chat *c, const struct by *by) MUST_CHECK;

#endif
