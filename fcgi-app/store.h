/*
 * store - what is kept: chats, messages, jobs, events to be pushed.
 *
 * Shows no type of the engine below (SQLite now): tests/unit/test_store.c holds any engine to this
 * contract and speaks to nothing but this header.
 *
 * Owns:    struct store by store_close. Strings in rows given to a callback, and in structs filled
 *          by a call, are borrowed until the callback returns; what says "owned" has a _free.
 * Threads: one store a thread.
 * Times:   milliseconds since 1970.
 * Errors:  ERR_BUSY (another process held the write lock for STORE_BUSY_MS), ERR_FULL (disk),
 *          ERR_STORAGE (the disk fails, the file is damaged or was taken away), ERR_CONFLICT,
 *          ERR_NOT_FOUND, ERR_IO; the last but one are logged here with the engine's words.
 *
 * Every writing call needs an open transaction (store_begin), which groups the work of many callers
 * into one commit; store_mark and store_back undo one caller's part.
 */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "ids.h"
#include "limit.h"

#define STORE_BUSY_MS 5000

struct store;

enum store_mode { STORE_READ, STORE_WRITE, STORE_NEW };

/*
 * Makes the file if there never was one, and migrates it to the newest schema. Where there was one,
 * and is none now, only STORE_NEW makes another: ERR_STORAGE for the rest.
 */
enum err store_open(struct store **out, const char *path, enum store_mode mode) MUST_CHECK;
void store_close(struct store *s); /* NULL is allowed */

/* ERR_STORAGE: the file was taken away. When another is in its place the process ends. */
enum err store_check(struct store *s) MUST_CHECK;

/* How long store_begin waits for another process; STORE_BUSY_MS unless told. */
void store_set_patience(struct store *s, int64_t ms);

/*
 * For a disk without room: the log goes into the database after every few pages, and is written
 * over instead of growing.
 */
void store_set_thrift(struct store *s, bool is_thrifty);

/*
 * Puts what the log holds into the database, as far as nobody reads it. ERR_IO: the disk failed, as
 * for store_commit; no room is no error.
 */
enum err store_checkpoint(struct store *s) MUST_CHECK;

/* --- transactions --- */

enum store_durability {
	STORE_FAST,   /* survives a killed process */
	STORE_DURABLE /* survives a power cut: one fsync */
};
enum err store_begin(struct store *s, enum store_durability d) MUST_CHECK;
/* On an error nothing was written; but after ERR_IO (the disk failed) nobody knows. */
enum err store_commit(struct store *s) MUST_CHECK;
void store_rollback(struct store *s);
enum err store_mark(struct store *s) MUST_CHECK;
enum err store_unmark(struct store *s) MUST_CHECK; /* keeps what was done since store_mark */
bool store_back(struct store *s); /* undoes it; false: some errors undo the whole transaction */

int64_t store_changes(const struct store *s); /* rows that were changed since it was opened */

/* A consistent view for several reads; ends with store_read_end. */
enum err store_read_begin(struct store *s) MUST_CHECK;
void store_read_end(struct store *s);

/* --- meta --- */

enum err store_meta_get(struct store *s, const char *key, struct buf *out) MUST_CHECK;
enum err store_meta_set(struct store *s, const char *key, const char *value) MUST_CHECK;
enum err store_meta_delete(struct store *s, const char *key) MUST_CHECK;

/* --- chats --- */

enum title_source { TITLE_AUTO, TITLE_MODEL, TITLE_USER };

struct chat {
	int64_t no;
	char id[LIMIT_CHAT_ID_LEN + 1];
	bool id_is_number, is_private;
	char *title, *system_prompt, *client_system, *model; /* owned; the last three may be NULL */
	char *owner_id;                                      /* owned; NULL: nobody's */
	char lang[3];
	enum title_source title_source;
	int64_t head_id; /* 0: none */
	char head_uid[ID_SIZE];
	int64_t seq, changed_seq, pruned_seq, created_ms, updated_ms;
	int64_t deleted_ms; /* 0: not deleted */
};
/* A deleted chat is not found; store_chat_get gives it, and so does store_chat_find_deleted. */
enum err store_chat_find(struct store *s, const char *id, struct chat *out) MUST_CHECK;
enum err store_chat_find_deleted(struct store *s, const char *id, struct chat *out) MUST_CHECK;
enum err store_chat_get(struct store *s, int64_t no, struct chat *out) MUST_CHECK;
void chat_free(struct chat *c);
#define auto_chat __attribute__((cleanup(chat_free))) struct chat

struct chat_new {
	const char *id, *title, *lang;
	const char *owner_id;                              /* NULL: nobody's */
	const char *system_prompt, *client_system, *model; /* may be NULL */
	bool id_is_number, is_private;
	enum title_source title_source;
	int64_t now_ms;
};
enum err store_chat_add(struct store *s, const struct chat_new *c, int64_t *out_no) MUST_CHECK;

/* NULL: stays; "": none (system_prompt, model). */
struct chat_change {
	const char *title, *system_prompt, *model;
	enum title_source title_source; /* of title */
	bool has_visibility, is_private;
	int64_t seq;
};
enum err store_chat_change(
    struct store *s, int64_t no, const struct chat_change *change) MUST_CHECK;

/* deleted_ms 0: it is there again. */
enum err store_chat_set_deleted(
    struct store *s, int64_t no, int64_t deleted_ms, int64_t seq) MUST_CHECK;

/*
 * Takes the next count numbers; *out_last is the last of them. now_ms: when the chat was last
 * active, 0: it is as it was (text that goes on).
 */
enum err store_chat_seq(
    struct store *s, int64_t no, int64_t count, int64_t now_ms, int64_t *out_last) MUST_CHECK;
/* The same; *out_private: as the chat is now. */
enum err store_chat_seq_private(struct store *s, int64_t no, int64_t count, int64_t now_ms,
    int64_t *out_last, bool *out_private) MUST_CHECK;
enum err store_chat_set_head(struct store *s, int64_t no, int64_t message_id) MUST_CHECK;
/* A message more: seq is the chat's last number, unless it is further already. */
enum err store_chat_advance(
    struct store *s, int64_t no, int64_t seq, int64_t head_id, int64_t now_ms) MUST_CHECK;
enum err store_chat_set_client(
    struct store *s, int64_t no, const char *client_system, const char *lang) MUST_CHECK;

/* Chats, newest first. A callback that returns false ends the listing. */
struct chat_list {
	const char *person_id;        /* theirs, as owner or member; NULL: nobody's */
	bool with_open;               /* and all open ones */
	int64_t before_ms, before_no; /* the last row of the page before, or 0, 0 */
	int limit;
};
typedef bool (*store_chat_fn)(void *arg, const struct chat *c);
enum err store_chats_list(
    struct store *s, const struct chat_list *l, store_chat_fn fn, void *arg) MUST_CHECK;

/* The same of a person, all at once: only which. */
typedef bool (*store_no_fn)(void *arg, int64_t chat_no);
enum err store_chats_of_person(
    struct store *s, const char *person_id, int limit, store_no_fn fn, void *arg) MUST_CHECK;

/* --- messages --- */

enum role { ROLE_SYSTEM, ROLE_USER, ROLE_ASSISTANT };
enum message_status {
	MESSAGE_COMPLETE,
	MESSAGE_QUEUED,
	MESSAGE_STREAMING,
	MESSAGE_STOPPED,
	MESSAGE_BLOCKED,
	MESSAGE_TRUNCATED,
	MESSAGE_ERROR
};
const char *role_name(enum role r);
const char *message_status_name(enum message_status st);
bool message_is_running(enum message_status st); /* it waits, or its text still grows */

struct usage {
	int64_t prompt, output, thought, cached, total; /* total 0: not known */
};

struct message {
	int64_t id, parent_id, chat_no;
	const char *uid, *parent_uid; /* parent_uid NULL: the root */
	enum role role;
	enum message_status status;
	const char *content; /* complete so far, also while it streams */
	size_t content_len;
	const char *author_id, *author_name, *error_type, *model, *post_hash; /* may be NULL */
	bool is_imported, is_notice;
	struct usage usage;
	int64_t changed_seq, created_ms;
};
typedef bool (*store_message_fn)(void *arg, const struct message *m);

struct message_new {
	const char *uid;
	int64_t chat_no, parent_id; /* parent_id 0: the root */
	enum role role;
	enum message_status status;
	const char *content, *post_hash;     /* post_hash may be NULL */
	const char *author_id, *author_name; /* NULL: a stranger's */
	size_t content_len;
	bool is_imported;
	int64_t seq, now_ms;
};
enum err store_message_add(
    struct store *s, const struct message_new *m, int64_t *out_id) MUST_CHECK;

/* One message; out_text (may be NULL) takes the content. fn sees it once. */
enum err store_message_get(struct store *s, int64_t id, store_message_fn fn, void *arg) MUST_CHECK;

/* From message_id towards the root, newest first, at most limit rows. */
enum err store_branch(
    struct store *s, int64_t message_id, int limit, store_message_fn fn, void *arg) MUST_CHECK;

/* The newest reply (assistant child) of message_id; ERR_NOT_FOUND if it has none. */
enum err store_reply_of(
    struct store *s, int64_t message_id, store_message_fn fn, void *arg) MUST_CHECK;

/* The newest user turn that ended a list with this hash. */
enum err store_message_by_post(struct store *s, int64_t chat_no, const char *post_hash,
    store_message_fn fn, void *arg) MUST_CHECK;

/* Messages with changed_seq > after, by changed_seq, at most limit. */
enum err store_messages_changed(struct store *s, int64_t chat_no, int64_t after, int limit,
    store_message_fn fn, void *arg) MUST_CHECK;

/* Replies with a live job and a delta of seq > after; changed_seq is that of the last delta. */
enum err store_messages_streaming(
    struct store *s, int64_t chat_no, int64_t after, store_message_fn fn, void *arg) MUST_CHECK;

typedef bool (*store_tombstone_fn)(void *arg, const char *uid, int64_t seq);
enum err store_tombstones(struct store *s, int64_t chat_no, int64_t after, int limit,
    store_tombstone_fn fn, void *arg) MUST_CHECK;

/* --- replies in progress --- */

enum err store_delta_add(
    struct store *s, int64_t message_id, int64_t seq, const char *text, size_t n) MUST_CHECK;

/* Drops what was streamed. *out_had_text: there was some. */
enum err store_reply_clear(struct store *s, int64_t message_id, bool *out_had_text) MUST_CHECK;
enum err store_reply_status(struct store *s, int64_t message_id, enum message_status st,
    int64_t seq, int64_t now_ms) MUST_CHECK;

struct reply_end {
	int64_t message_id, seq, now_ms;
	enum message_status status;
	const char *content, *error_type, *model, *response_id; /* the last three may be NULL */
	size_t content_len;
	bool is_notice;
	struct usage usage;
};
enum err store_reply_finish(struct store *s, const struct reply_end *e) MUST_CHECK;

/* --- jobs --- */

struct job {
	int64_t id, chat_no, message_id, parent_id;
	char uid[ID_SIZE], message_uid[ID_SIZE], rid[65];
	char person_id[LIMIT_SUBJECT_BYTES + 3]; /* who asked; "": a stranger */
	int64_t created_ms;
	int attempt, connect_failures, stream_failures, crashes;
	bool is_shortened, is_swapped; /* how the next attempt differs */
	bool cancel_requested;
};
struct job_new {
	const char *uid, *rid;           /* rid may be NULL */
	const char *person_id, *address; /* whose limits it counts against; may be NULL */
	int64_t chat_no, message_id, now_ms;
};
enum err store_job_add(struct store *s, const struct job_new *j) MUST_CHECK;

/* Jobs of the chat that wait or run. */
enum err store_jobs_live(struct store *s, int64_t chat_no, int *out_count) MUST_CHECK;

/* Jobs of the chat that wait or run, in the order in which they run. */
struct live_job {
	int64_t id, message_id;
	const char *uid, *message_uid;
	bool is_running;
};
typedef bool (*store_live_job_fn)(void *arg, const struct live_job *j);
enum err store_jobs_each_live(
    struct store *s, int64_t chat_no, store_live_job_fn fn, void *arg) MUST_CHECK;

/* Ends a job that waits or runs; its runner loses the lease. ERR_CONFLICT: it has ended already. */
enum err store_job_cancel(struct store *s, int64_t id, int64_t now_ms) MUST_CHECK;

/* The jobs that owner runs. */
typedef bool (*store_id_fn)(void *arg, int64_t id);
enum err store_jobs_of_owner(
    struct store *s, const char *owner, store_id_fn fn, void *arg) MUST_CHECK;

/* The uid of the newest job of a message. */
enum err store_job_uid_of(struct store *s, int64_t message_id, char out[ID_SIZE]) MUST_CHECK;

/* The next job that may run, one a chat at a time; ERR_NOT_FOUND when there is none. */
enum err store_job_claim(
    struct store *s, const char *owner, int64_t now_ms, struct job *out) MUST_CHECK;

/* The lease still holds, in this transaction. ERR_CONFLICT: it does not; write nothing for it. */
enum err store_job_check(
    struct store *s, const struct job *j, const char *owner, bool *out_cancel_requested) MUST_CHECK;
/* Makes it last longer; ERR_CONFLICT as above. */
enum err store_job_renew(
    struct store *s, const struct job *j, const char *owner, int64_t now_ms) MUST_CHECK;

enum job_end { JOB_DONE, JOB_FAILED, JOB_CANCELLED };
enum err store_job_finish(struct store *s, const struct job *j, const char *owner, enum job_end end,
    const char *last_error, int64_t now_ms) MUST_CHECK;

/* Back to the queue; counters are those of j. */
enum err store_job_requeue(struct store *s, const struct job *j, const char *owner,
    int64_t run_after_ms, const char *last_error, int64_t now_ms) MUST_CHECK;

/*
 * A job whose runner is gone: its lease ran out, or, with any_lease, whatever its lease says.
 * It is handed out like a claim, with crashes counted. ERR_NOT_FOUND when there is none.
 */
enum err store_job_take_over(
    struct store *s, const char *owner, bool any_lease, int64_t now_ms, struct job *out) MUST_CHECK;

/*
 * When the earliest job may run or loses its lease, or a chore is due (store_chores.h);
 * ERR_NOT_FOUND when there is none.
 */
enum err store_jobs_next(struct store *s, int64_t *out_ms) MUST_CHECK;

/*
 * The wall clock went back by by_ms (0: by nobody knows how much, before we were there): what is
 * to come comes when it would have come.
 */
enum err store_jobs_clock_back(struct store *s, int64_t by_ms, int64_t now_ms) MUST_CHECK;

struct job_counts {
	int64_t queued, running, failed;
};
enum err store_jobs_count(struct store *s, struct job_counts *out) MUST_CHECK;

/* --- events to be pushed --- */

struct outbox_event { /* chat_no 0: an eviction, data names the channels */
	int64_t id, chat_no, message_id, seq, created_ms;
	const char *name, *data, *job_uid, *socket_id, *rid; /* all but name may be NULL */
};
typedef bool (*store_outbox_fn)(void *arg, const struct outbox_event *e);
enum err store_outbox_add(struct store *s, const struct outbox_event *e) MUST_CHECK;
enum err store_outbox_list(
    struct store *s, int64_t after_id, int limit, store_outbox_fn fn, void *arg) MUST_CHECK;
enum err store_outbox_delete(struct store *s, int64_t id) MUST_CHECK;

/* --- idempotency keys --- */

/* ERR_NOT_FOUND: new. ERR_CONFLICT: known with another body. */
enum err store_idempotency_get(
    struct store *s, const char *key, const char *body_hash, struct buf *out_response) MUST_CHECK;
enum err store_idempotency_put(struct store *s, const char *key, const char *body_hash,
    const char *response, int64_t now_ms) MUST_CHECK;
enum err store_idempotency_prune(struct store *s, int64_t before_ms) MUST_CHECK;

#endif
