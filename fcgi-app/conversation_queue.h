/*
 * conversation_queue - replies to come: they wait in their chat's queue, and are stopped.
 *
 * A reply is stopped by whoever asks for it, in that transaction: the text that is stored and that
 * the reader saw becomes the message, the job ends, and with it the lease of the worker, which can
 * write nothing more and closes the provider's stream as soon as it looks (wake_send). So a stop
 * works from any process, and has exactly one outcome however it races with the end.
 *
 * Threads: the writer's. Errors: the store's, and what each call says.
 */
#ifndef CONVERSATION_QUEUE_H
#define CONVERSATION_QUEUE_H

#include "identity.h"
#include "store.h"

struct by { /* who does it, by which request; all but now_ms may be NULL */
	const struct identity *caller;
	const char *socket_id, *rid;
	int64_t now_ms;
};
/* NULL: a stranger, or without a name. */
const char *by_author_id(const struct by *by);
const char *by_author_name(const struct by *by);

struct accepted {
	char message_uid[ID_SIZE]; /* the last user turn */
	char reply_uid[ID_SIZE];
	char job_uid[ID_SIZE];
	char chat_id[LIMIT_CHAT_ID_LEN + 1];
	bool id_is_number, is_private;
	int64_t seq; /* the last change of this transaction */
};

/* An event of the outbox, with what by knows. */
enum err conversation_event(
    struct store *s, const struct by *by, const struct outbox_event *of) MUST_CHECK;

/*
 * May one more reply of theirs wait in this chat (0: one to come)? *out_position: how many would
 * stand before it. ERR_LIMIT: LIMIT_CHAT_QUEUE do already; ERR_QUOTA: their share is used up.
 */
enum err conversation_queue_room(
    struct store *s, int64_t chat_no, const struct by *by, int *out_position) MUST_CHECK;

/* The reply to come, its job, its event; it becomes the chat's head, and seq its last number. */
struct reply_to_come {
	int64_t chat_no, parent_id, seq;
	int position; /* as conversation_queue_room says */
};
enum err conversation_add_reply(struct store *s, const struct reply_to_come *r, const struct by *by,
    struct accepted *out) MUST_CHECK;

/* A job has ended: those that still wait move up and say so. */
enum err conversation_queue_moved(struct store *s, int64_t chat_no, const struct by *by) MUST_CHECK;

#define SEEN_ALL INT64_MAX

struct stop {
	const struct chat *chat;
	const char *message_uid; /* NULL: the reply that runs, or else the next one */
	bool all;                /* everything that runs or waits in the chat */
	int64_t seen_units;      /* UTF-16 units of the text that the reader saw, or SEEN_ALL */
};
struct stopped {
	int count;
	char message_uid[ID_SIZE], job_uid[ID_SIZE]; /* of the last one */
	int64_t units, seq;
};

/* Nothing to stop is no error: count is 0 then. */
enum err conversation_stop(
    struct store *s, const struct stop *stop, const struct by *by, struct stopped *out) MUST_CHECK;

/* Stops what runs or waits for message_id and below. *out_count: how many. */
enum err conversation_stop_below(struct store *s, const struct chat *chat, int64_t message_id,
    const struct by *by, int *out_count) MUST_CHECK;

#endif
