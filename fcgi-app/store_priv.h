/*
 * store_priv - what the parts of the SQLite store share. Only store*.c include it.
 *
 * Each part has one table of statements, each prepared when it is first asked for: plain CGI opens
 * a store for a single request. store_prepare (store_admin.h) prepares all, so that a typo stops a
 * test. A statement is borrowed into an auto_stmt, which leaves it clean on
 * every way out.
 */
#ifndef STORE_PRIV_H
#define STORE_PRIV_H

#include <sqlite3.h>

#include "store.h"
#include "store_file.h"

enum store_part {
	PART_META,
	PART_TX,
	PART_CHATS,
	PART_MESSAGES,
	PART_TREE,
	PART_JOBS,
	PART_OUTBOX,
	PART_PEOPLE,
	PART_ACCESS,
	PART_SEARCH,
	PART_USAGE,
	PART_FIGURES,
	PART_ADMIN,
	PART_COUNT
};

struct stmt_table {
	const char *const *sql;
	size_t count;
};
extern const struct stmt_table store_meta_statements, store_tx_statements, store_chats_statements,
    store_messages_statements, store_tree_statements, store_jobs_statements,
    store_outbox_statements, store_people_statements, store_access_statements,
    store_search_statements, store_usage_statements, store_figures_statements,
    store_admin_statements;

struct store {
	sqlite3 *db;
	struct store_file file;
	sqlite3_stmt **prepared[PART_COUNT]; /* NULL: not yet; ask store_stmt */
	int prepare_rc;                      /* of the last statement that could not be prepared */
	int checkpoint_rc; /* of the last checkpoint, until the commit that it followed is over */
	int64_t patience_ms, give_up_ms;    /* how long it waits for a lock, until when */
	enum store_durability durability;   /* as PRAGMA synchronous stands now */
	bool wants_truncate, has_truncated; /* store_chores: the log, after the next commit */
	bool is_thrifty;                    /* store_set_thrift */
	bool must_not_wait;                 /* for a lock, just now */
};

/* Before the process opens its first database. Any thread, any number of times. */
void store_configure(void);

/* Leaves a borrowed statement clean, whatever path the function took. */
static inline void
stmt_release(sqlite3_stmt **st)
{
	if (*st != NULL) {
		(void)sqlite3_reset(*st);
		(void)sqlite3_clear_bindings(*st);
	}
}
#define auto_stmt __attribute__((cleanup(stmt_release))) sqlite3_stmt

/* The statement, clean; NULL (which every call takes, and fails) when it cannot be prepared. */
sqlite3_stmt *store_stmt(struct store *s, enum store_part part, size_t i);

enum err store_error(struct store *s, int rc); /* maps a result code; logs what nobody expects */

/* Before the first file is opened: a used up share of the disk is a full disk. */
void store_know_quotas(void);

/* From now on s waits for locks, and writes its log back, as store_tx.c says. */
void store_tx_watch(struct store *s);

enum err store_exec(struct store *s, const char *sql);
enum err store_migrate(struct store *s) MUST_CHECK;

/* Runs a statement that returns no row. */
enum err store_run(struct store *s, sqlite3_stmt *st);

/* Steps to the single row of a query: OK with a row, ERR_NOT_FOUND without. */
enum err store_row(struct store *s, sqlite3_stmt *st);

/* Text of a running reply is its deltas in order; the subquery is skipped for all others. */
#define MESSAGE_COLUMNS                                                                            \
	"m.id, m.uid, m.chat_no, m.parent_id, p.uid, m.role, m.author_name,"                       \
	" CASE WHEN m.status IN('queued', 'streaming') THEN coalesce((SELECT"                      \
	" group_concat(text, '') FROM (SELECT text FROM deltas WHERE message_id = m.id"            \
	" ORDER BY seq)), '') ELSE m.content END,"                                                 \
	" m.status, m.is_imported, m.is_notice, m.error_type, m.model, m.post_hash,"               \
	" m.tok_prompt, m.tok_output, m.tok_thought, m.tok_cached, m.tok_total, m.created_ms,"     \
	" m.author_id"
#define MESSAGE_FROM " FROM messages m LEFT JOIN messages p ON p.id = m.parent_id "

/* The row of "SELECT " MESSAGE_COLUMNS ", <changed_seq>" MESSAGE_FROM; borrowed until the next
 * step. */
struct message store_message_from_row(sqlite3_stmt *st);

/* The single row of such a query, given to fn; ERR_NOT_FOUND without one. */
enum err store_one_message(
    struct store *s, sqlite3_stmt *st, store_message_fn fn, void *arg) MUST_CHECK;
enum err store_each_message(
    struct store *s, sqlite3_stmt *st, store_message_fn fn, void *arg) MUST_CHECK;

/* The rows of a query for id, message_id, uid, the message's uid, is_running. */
enum err store_each_live_job(
    struct store *s, sqlite3_stmt *st, store_live_job_fn fn, void *arg) MUST_CHECK;

static inline const char *
column_str(sqlite3_stmt *st, int i)
{
	return (const char *)sqlite3_column_text(st, i);
}

/* Of a column that is NOT NULL: in a damaged row it may be all the same. Never NULL. */
static inline const char *
column_text(sqlite3_stmt *st, int i)
{
	const char *text = column_str(st, i);

	return text != NULL ? text : "";
}

static inline void
bind_str(sqlite3_stmt *st, int i, const char *text)
{
	/* Statements are cleared before the caller's text can go away. NULL binds NULL. */
	(void)sqlite3_bind_text(st, i, text, -1, SQLITE_STATIC);
}

static inline void
bind_int(sqlite3_stmt *st, int i, int64_t n)
{
	(void)sqlite3_bind_int64(st, i, n);
}

#endif
