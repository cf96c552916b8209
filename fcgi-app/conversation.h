/*
 * conversation - a posted list becomes messages, a reply to come, a job and events: one
 * transaction, everything or nothing.
 *
 * Threads: the writer's (runs inside writer_submit). Owns: nothing.
 * Errors:  ERR_NOT_FOUND (a chat that is not for the caller, or an id that only we may give out),
 * ERR_LIMIT (LIMIT_CHAT_QUEUE prompts wait in this chat already), the store's.
 */
#ifndef CONVERSATION_H
#define CONVERSATION_H

#include "access.h"
#include "conversation_queue.h"
#include "match.h"
#include "sign.h"

struct post {
	const struct config *config;
	const char *chat_id;
	bool id_is_number;
	const struct posted_turn *turns; /* system turns are not among them */
	size_t count;
	const char *system; /* the system turns, joined; NULL: none */
	const char *lang;   /* "es" or "en" */
	char hash[SIGN_HEX_SIZE];
	struct by by;
};

enum err conversation_post(struct store *s, const struct post *p, struct accepted *out) MUST_CHECK;

#endif
