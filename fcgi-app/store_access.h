/*
 * store_access - the part of the store that says who people are and what they may see: people,
 * sessions, API tokens, members, invitations. Ownership, threads, errors: as in store.h.
 *
 * Secrets never come here: what a cookie, a token or a link holds is looked up by its SHA-256.
 */
#ifndef STORE_ACCESS_H
#define STORE_ACCESS_H

#include "sign.h"
#include "store.h"

/* "s:" a session of its own, "j:" a JWT's subject, "t:" an API token's name, "r:" REMOTE_USER */
#define PERSON_ID_SIZE (LIMIT_SUBJECT_BYTES + 3)
#define PERSON_NAME_SIZE (LIMIT_NAME_BYTES + 1)

/* --- people --- */

struct person {
	char id[PERSON_ID_SIZE];
	char name[PERSON_NAME_SIZE]; /* "" : none */
	int64_t valid_from_ms;       /* a JWT issued before is void */
};
enum err store_person_get(struct store *s, const char *id, struct person *out) MUST_CHECK;
/* Creates or renames. name NULL: as it is. */
enum err store_person_put(
    struct store *s, const char *id, const char *name, int64_t now_ms) MUST_CHECK;

/* And the sessions. What they wrote stays under the name it was written under. */
enum err store_person_delete(struct store *s, const char *id) MUST_CHECK;

/* --- sessions --- */

struct session {
	struct person person;
	int64_t created_ms, expires_ms;
};
enum err store_session_add(struct store *s, const char *hash, const char *person_id, int64_t now_ms,
    int64_t expires_ms) MUST_CHECK;
/* ERR_NOT_FOUND also when it has expired. */
enum err store_session_get(
    struct store *s, const char *hash, int64_t now_ms, struct session *out) MUST_CHECK;
enum err store_session_extend(struct store *s, const char *hash, int64_t expires_ms) MUST_CHECK;
enum err store_session_delete(struct store *s, const char *hash) MUST_CHECK;
/* All of them, and all JWTs issued so far. */
enum err store_sessions_end(struct store *s, const char *person_id, int64_t now_ms) MUST_CHECK;
enum err store_sessions_count(
    struct store *s, const char *person_id, int64_t now_ms, int64_t *out_count) MUST_CHECK;
enum err store_sessions_prune(struct store *s, int64_t now_ms) MUST_CHECK;

/* --- API tokens --- */

struct api_token {
	int64_t id, created_ms, expires_ms, revoked_ms; /* 0: never */
	const char *name;                               /* borrowed */
};
typedef bool (*store_token_fn)(void *arg, const struct api_token *t);
enum err store_token_add(struct store *s, const char *hash, const char *name, int64_t now_ms,
    int64_t expires_ms) MUST_CHECK;
/* fn sees it once, also when it is revoked or has expired: that is the caller's to judge. */
enum err store_token_get(
    struct store *s, const char *hash, store_token_fn fn, void *arg) MUST_CHECK;
enum err store_tokens_list(struct store *s, store_token_fn fn, void *arg) MUST_CHECK;
/* Those of this name, or the one with this number when name is NULL. *out_count: how many. */
enum err store_tokens_revoke(
    struct store *s, const char *name, int64_t id, int64_t now_ms, int *out_count) MUST_CHECK;

/* --- members of private chats --- */

enum err store_member_add(
    struct store *s, int64_t chat_no, const char *person_id, int64_t now_ms) MUST_CHECK;
/* person_id NULL: all. *out_count: how many were removed. */
enum err store_members_remove(
    struct store *s, int64_t chat_no, const char *person_id, int *out_count) MUST_CHECK;
/* OK or ERR_NOT_FOUND. */
enum err store_member_check(struct store *s, int64_t chat_no, const char *person_id) MUST_CHECK;
typedef bool (*store_member_fn)(
    void *arg, const char *person_id, const char *name, int64_t joined_ms); /* name may be NULL */
enum err store_members_list(
    struct store *s, int64_t chat_no, store_member_fn fn, void *arg) MUST_CHECK;

/* --- invitations --- */

enum err store_invitation_add(struct store *s, const char *hash, int64_t chat_no, int64_t now_ms,
    int64_t expires_ms) MUST_CHECK;
/* ERR_NOT_FOUND also when it has expired. */
enum err store_invitation_get(
    struct store *s, const char *hash, int64_t now_ms, int64_t *out_chat_no) MUST_CHECK;
enum err store_invitations_count(
    struct store *s, int64_t chat_no, int64_t now_ms, int *out_count) MUST_CHECK;
enum err store_invitations_delete(struct store *s, int64_t chat_no) MUST_CHECK;

/* --- what limits count --- */

/* Tokens spent on that day by a person, "a:" and an address, or "" the whole site. */
enum err store_spending_get(
    struct store *s, int64_t day, const char *who, int64_t *out_tokens) MUST_CHECK;
/* For the job's person, its address and the site. */
enum err store_spending_add(
    struct store *s, int64_t day, int64_t job_id, int64_t tokens) MUST_CHECK;
enum err store_spending_prune(struct store *s, int64_t before_day) MUST_CHECK;

/* Chats but for that one in which a reply of this person, or of this address, runs or waits. */
enum err store_busy_chats(struct store *s, const char *person_id, const char *address,
    int64_t but_chat_no, int64_t *out_count) MUST_CHECK;

#endif
