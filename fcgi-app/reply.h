/*
 * reply - one answer in the making, as the worker holds it in memory.
 *
 *   claimed -> text comes -> ended (finished, failed, stopped, lost) -> written -> pushed -> gone
 *
 * Owns:    text; the transfer belongs to the ai_client.
 * Threads: the worker's. worker_tick.c reads it in the writer's thread while the worker waits.
 */
#ifndef REPLY_H
#define REPLY_H

#include "ai_client.h"
#include "events.h"
#include "store.h"

struct reply {
	struct job job;
	char chat_id[LIMIT_CHAT_ID_LEN + 1];
	bool chat_id_is_number, chat_is_private;
	char lang[3];
	char parent_uid[ID_SIZE];
	char *system_prompt, *client_system, *model; /* of the chat; may be NULL */

	struct ai_reply *transfer; /* NULL: not started, or over */
	struct buf text;           /* all of it so far */
	size_t stored;             /* bytes of text that are in the database */
	int64_t stored_units;      /* the same in UTF-16 units */
	int64_t renew_ms;          /* when the lease is to be renewed */
	bool is_started;
	int64_t started_ms, first_ms; /* monotonic: this attempt, its first text (0: none yet) */
	bool has_ended;               /* outcome is set */
	bool is_stopped, is_lost, is_cut;
	struct ai_outcome outcome;

	/* text that is stored and not yet pushed: text[push_from..push_to) */
	size_t push_from, push_to;
	int64_t push_offset, push_prev, push_seq; /* push_seq 0: nothing waits */
	bool is_in_packet;                        /* the publisher's */

	/* what the tick under way does with it; taken over when it is committed */
	struct {
		bool wrote_text, is_over;
		int64_t seq, prev, renew_ms;
	} tick;
};

struct reply *reply_new(const struct job *job, const struct chat *chat, const char *parent_uid);
void reply_free(struct reply *r);

/* From the attempt's start to its first text; -1: none came. */
int64_t reply_first_ms(const struct reply *r);

/* The tick that wrote r is committed: its text waits to be pushed. */
void reply_text_written(struct reply *r);

struct event_context reply_event_context(const struct reply *r, int64_t now_ms);

#endif
