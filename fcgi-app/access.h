/*
 * access - who may do what with a chat: the one rule, for every route, the writer's transactions
 * and channel authorisation alike (design 5).
 *
 *   open chat       made under an id that the client chose, or opened by its owner: whoever knows
 *                   the id reads and writes (ACCESS_GUEST), unless ALLOW_OPEN_CHATS=false
 *   private chat    its owner (ACCESS_OWNER), members (ACCESS_MEMBER), nobody else: for a stranger
 *                   it does not exist, and nothing tells that apart from a chat that never was
 *
 * An open chat that nobody owns is managed (renamed, deleted) by whoever knows its id.
 *
 * Threads: any; the store is the caller's. Owns: nothing.
 */
#ifndef ACCESS_H
#define ACCESS_H

#include "identity.h"

enum access { ACCESS_NONE, ACCESS_GUEST, ACCESS_MEMBER, ACCESS_OWNER };

/* What a route asks for. The column of the routes table; --print-routes shows its names. */
enum access_need {
	NEED_NOTHING,  /* not even looked at: health, config */
	NEED_ANYBODY,  /* anybody, but a bad token is refused */
	NEED_IDENTITY, /* 401 to a stranger */
	/* anybody while ALLOW_OPEN_CHATS, else 401 to a stranger: the handler decides by the chat
	 * that the body names (access_find, gate_refuse_chat) */
	NEED_OPEN_OR_IDENTITY,
	NEED_CHAT,        /* reads and writes the chat {id}: 404 to a stranger */
	NEED_CHAT_MANAGE, /* renames, deletes it: its owner, anybody if it is open and nobody's */
	NEED_CHAT_OWNER,  /* shares it: its owner; 403 to members */
	NEED_OPERATOR,    /* operator_access.h */
	NEED_COUNT
};
extern const char *const access_need_names[NEED_COUNT];

/*
 * The chat and what who may do with it. ERR_NOT_FOUND: no such chat, or not for this caller; else
 * *out is the caller's (chat_free) and *out_access at least ACCESS_GUEST. Works in the writer's
 * transaction as well as on a reader; what writes asks there, so that a revocation that was
 * committed first holds.
 */
enum err access_find(struct store *s, const struct config *c, const struct identity *who,
    const char *chat_id, struct chat *out, enum access *out_access) MUST_CHECK;

/*
 * May the caller read and write under that id, whether the chat is there or not yet (an open chat
 * is made by the first post)? OK or ERR_NOT_FOUND.
 */
enum err access_check_id(struct store *s, const struct config *c, const struct identity *who,
    const char *chat_id) MUST_CHECK;

/* The same for a chat at hand, also a deleted one; ACCESS_NONE is no error here. */
enum err access_of(struct store *s, const struct config *c, const struct identity *who,
    const struct chat *chat, enum access *out) MUST_CHECK;

/* True if access is enough for need (NEED_CHAT, NEED_CHAT_MANAGE, NEED_CHAT_OWNER). */
bool access_suffices(enum access access, enum access_need need, const struct chat *chat);

/* Ids that only we give out ("c-"), and all while ALLOW_OPEN_CHATS=false: no post opens a chat. */
bool access_may_open(const struct config *c, const char *chat_id);

/*
 * To be called in the transaction that takes a right away (member removed, chat closed or deleted):
 * the push server closes the sockets in the chat's channels, whose clients come back and are
 * refused where they must be. Sent by way of the outbox, so it is not lost.
 */
enum err access_evict(
    struct store *s, const char *chat_id, const char *rid, int64_t now_ms) MUST_CHECK;

#endif
