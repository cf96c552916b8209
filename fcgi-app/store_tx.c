/*
 * Transactions: how long one waits for the lock, what a commit promises, when the log is written
 * back.
 *
 * Several processes meet at the file's write lock, where we wait with a handler of our own:
 * SQLite's backs off to 100 ms, far longer than any transaction of ours lasts.
 */
#include "store_priv.h"

#include <time.h>

#include "clock.h"

#define CHECKPOINT_PAGES 4000   /* of the log, 16 MiB: at SQLite's 1000 a tenth of a burst's time */
#define CHECKPOINT_PAGES_LOW 32 /* where there is no room for a log that grows */

enum { TX_BEGIN, TX_COMMIT, TX_MARK, TX_UNMARK, TX_READ, STATEMENTS };

/* clang-format off */
static const char *const sql[STATEMENTS] = {
	[TX_BEGIN] = "BEGIN IMMEDIATE",
	[TX_COMMIT] = "COMMIT",
	[TX_MARK] = "SAVEPOINT caller",
	[TX_UNMARK] = "RELEASE caller",
	[TX_READ] = "BEGIN",
};
/* clang-format on */
const struct stmt_table store_tx_statements = { sql, STATEMENTS };

static enum err
run(struct store *s, size_t statement)
{
	auto_stmt *st = store_stmt(s, PART_TX, statement);

	return store_run(s, st);
}

/* 0.1 ms at first, 5 ms at most, STORE_BUSY_MS in all: transactions here last a few ms. */
static int
wait_for_lock(void *arg, int calls)
{
	struct timespec pause = { .tv_nsec = calls < 20   ? 100000L
					     : calls < 40 ? 1000000L
							  : 5000000L };
	struct store *s = arg;

	if (s->must_not_wait)
		return 0;
	if (calls == 0)
		s->give_up_ms = clock_mono_ms() + s->patience_ms;
	if (clock_mono_ms() >= s->give_up_ms)
		return 0;
	(void)nanosleep(&pause, NULL);
	return 1;
}

void
store_set_patience(struct store *s, int64_t ms)
{
	s->patience_ms = ms;
}

void
store_set_thrift(struct store *s, bool is_thrifty)
{
	s->is_thrifty = is_thrifty;
}

/*
 * In place of SQLite's own hook, which swallows what a checkpoint says: a sync that failed there is
 * a sync that failed. The commit before it is in the log and stays, so the hook itself is content.
 */
static int
after_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct store *s = arg;

	if (pages >= (s->is_thrifty ? CHECKPOINT_PAGES_LOW : CHECKPOINT_PAGES)) {
		s->must_not_wait = true;
		s->checkpoint_rc =
		    sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		s->must_not_wait = false;
	}
	return SQLITE_OK;
}

void
store_tx_watch(struct store *s)
{
	(void)sqlite3_busy_handler(s->db, wait_for_lock, s);
	(void)sqlite3_wal_hook(s->db, after_commit, s);
}

enum err
store_begin(struct store *s, enum store_durability d)
{
	enum err e = store_file_check(&s->file);

	/* It cannot be changed inside a transaction. */
	if (e == OK && d != s->durability)
		e = store_exec(s,
		    d == STORE_DURABLE ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
	if (e != OK)
		return e;
	s->durability = d;
	return run(s, TX_BEGIN);
}

/* Nothing waits for it: when somebody reads from the log just now, it is for another time. */
static void
truncate_log(struct store *s)
{
	s->wants_truncate = false;
	s->must_not_wait = true;
	s->checkpoint_rc =
	    sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	s->has_truncated = s->checkpoint_rc == SQLITE_OK;
	s->must_not_wait = false;
}

/* Somebody reads, or there is no room: another time. All else is for whoever committed. */
static enum err
take_checkpoint_result(struct store *s)
{
	enum err e = store_error(s, s->checkpoint_rc);

	s->checkpoint_rc = SQLITE_OK;
	return e == ERR_STORAGE ? ERR_IO : OK;
}

enum err
store_commit(struct store *s)
{
	enum err e = run(s, TX_COMMIT);

	if (e != OK) {
		bool is_unknown = (sqlite3_errcode(s->db) & 0xff) == SQLITE_IOERR && e != ERR_FULL;

		store_rollback(s);
		return is_unknown ? ERR_IO : e;
	}
	if (s->wants_truncate)
		truncate_log(s);
	return take_checkpoint_result(s);
}

enum err
store_checkpoint(struct store *s)
{
	s->must_not_wait = true;
	s->checkpoint_rc =
	    sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	s->must_not_wait = false;
	return take_checkpoint_result(s);
}

enum err
store_check(struct store *s)
{
	return store_file_check(&s->file);
}

void
store_rollback(struct store *s)
{
	if (sqlite3_get_autocommit(s->db) == 0) /* some errors roll back by themselves */
		(void)store_exec(s, "ROLLBACK");
}

enum err
store_mark(struct store *s)
{
	return run(s, TX_MARK);
}

enum err
store_unmark(struct store *s)
{
	return run(s, TX_UNMARK);
}

bool
store_back(struct store *s)
{
	return sqlite3_get_autocommit(s->db) == 0 &&
	       store_exec(s, "ROLLBACK TO caller; RELEASE caller") == OK;
}

int64_t
store_changes(const struct store *s)
{
	return sqlite3_total_changes64(s->db);
}

enum err
store_read_begin(struct store *s)
{
	return run(s, TX_READ);
}

void
store_read_end(struct store *s)
{
	if (sqlite3_get_autocommit(s->db) == 0)
		(void)run(s, TX_COMMIT);
}
