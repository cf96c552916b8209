/*
 * The SQLite engine of store.h: opening, migrations, transactions. The queries stand in
 * store_chats.c, store_messages.c, store_jobs.c and store_outbox.c.
 *
 * WAL, so that readers never wait for the writer. One writing connection a process; several
 * processes meet at the file's write lock, where we wait with a handler of our own: SQLite's
 * backs off to 100 ms, far longer than any transaction of ours lasts.
 */
#include "store_priv.h"

#include <stdio.h>
#include <time.h>

#include "log.h"
#include "migrations.h"

enum {
	META_GET,
	META_SET,
	META_DELETE,
	TX_BEGIN,
	TX_COMMIT,
	TX_MARK,
	TX_UNMARK,
	TX_READ,
	META_STATEMENTS
};

/* clang-format off */
static const char *const meta_sql[META_STATEMENTS] = {
	[META_GET] = "SELECT v FROM meta WHERE k = ?1",
	[META_SET] = "INSERT INTO meta(k, v) VALUES(?1, ?2) ON CONFLICT(k) DO UPDATE SET v = ?2",
	[META_DELETE] = "DELETE FROM meta WHERE k = ?1",
	[TX_BEGIN] = "BEGIN IMMEDIATE",
	[TX_COMMIT] = "COMMIT",
	[TX_MARK] = "SAVEPOINT caller",
	[TX_UNMARK] = "RELEASE caller",
	[TX_READ] = "BEGIN",
};
/* clang-format on */
const struct stmt_table store_meta_statements = { meta_sql, META_STATEMENTS };

static const struct stmt_table *const tables[PART_COUNT] = {
	[PART_META] = &store_meta_statements,
	[PART_CHATS] = &store_chats_statements,
	[PART_MESSAGES] = &store_messages_statements,
	[PART_TREE] = &store_tree_statements,
	[PART_JOBS] = &store_jobs_statements,
	[PART_OUTBOX] = &store_outbox_statements,
	[PART_PEOPLE] = &store_people_statements,
	[PART_ACCESS] = &store_access_statements,
	[PART_SEARCH] = &store_search_statements,
	[PART_USAGE] = &store_usage_statements,
	[PART_FIGURES] = &store_figures_statements,
	[PART_ADMIN] = &store_admin_statements,
};

enum err
store_error(struct store *s, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW: return OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return ERR_BUSY;
	case SQLITE_CONSTRAINT: return ERR_CONFLICT;
	case SQLITE_FULL: return ERR_FULL;
	default:
		log_error("database error code=%d reason=\"%s\"", rc, sqlite3_errmsg(s->db));
		return ERR_IO;
	}
}

enum err
store_run(struct store *s, sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	return rc == SQLITE_ROW ? OK : store_error(s, rc);
}

enum err
store_row(struct store *s, sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	return rc == SQLITE_DONE ? ERR_NOT_FOUND : store_error(s, rc);
}

static enum err
exec(struct store *s, const char *sql)
{
	return store_error(s, sqlite3_exec(s->db, sql, NULL, NULL, NULL));
}

/* For what every transaction does: a statement that is parsed once. */
static enum err
run(struct store *s, size_t statement)
{
	auto_stmt *st = s->stmt[PART_META][statement];

	return store_run(s, st);
}

/* 0.2 ms at first, 5 ms at most, STORE_BUSY_MS in all: transactions here last a few ms. */
static int
wait_for_lock(void *arg, int calls)
{
	struct timespec pause = { .tv_nsec = calls < 10   ? 200000L
					     : calls < 30 ? 1000000L
							  : 5000000L };
	const int max_calls = 30 + STORE_BUSY_MS / 5;
	const struct store *s = arg;

	if (s->must_not_wait)
		return 0;
	(void)nanosleep(&pause, NULL);
	return calls < max_calls;
}

/* --- migrations --- */

static int
user_version(sqlite3 *db)
{
	sqlite3_stmt *st = NULL;
	int version = -1;

	if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		version = sqlite3_column_int(st, 0);
	(void)sqlite3_finalize(st);
	return version;
}

/*
 * One file, one transaction. The version is read again under the write lock, because two
 * processes may start at once.
 */
static enum err
migrate_one(struct store *s, const struct migration *m)
{
	char done[64];
	enum err e = exec(s, "BEGIN IMMEDIATE");

	if (e != OK)
		return e;
	if (user_version(s->db) >= m->version)
		return exec(s, "ROLLBACK");
	(void)snprintf(done, sizeof done, "PRAGMA user_version=%d; COMMIT", m->version);
	if ((e = exec(s, m->sql)) == OK)
		e = exec(s, done);
	if (e != OK)
		(void)exec(s, "ROLLBACK");
	return e;
}

static enum err
migrate(struct store *s)
{
	int version = user_version(s->db);
	int newest = migrations[migrations_count - 1].version;
	enum err e = OK;

	if (version > newest) {
		log_error("the database is of a newer program schema=%d known=%d", version, newest);
		return ERR_IO;
	}
	for (size_t i = 0; i < migrations_count && e == OK; i++)
		if (migrations[i].version > version)
			e = migrate_one(s, &migrations[i]);
	return e;
}

/* --- opening --- */

static enum err
prepare_all(struct store *s)
{
	for (size_t part = 0; part < PART_COUNT; part++) {
		s->stmt[part] = xcalloc(tables[part]->count, sizeof(sqlite3_stmt *));
		for (size_t i = 0; i < tables[part]->count; i++) {
			int rc = sqlite3_prepare_v3(s->db, tables[part]->sql[i], -1,
			    SQLITE_PREPARE_PERSISTENT, &s->stmt[part][i], NULL);

			if (rc != SQLITE_OK)
				return store_error(s, rc);
		}
	}
	return OK;
}

static enum err
set_up(struct store *s, enum store_mode mode)
{
	static const char pragmas[] =
	    "PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;"
	    "PRAGMA cache_size=-16000; PRAGMA mmap_size=268435456; PRAGMA trusted_schema=OFF;"
	    "PRAGMA journal_size_limit=67108864; PRAGMA synchronous=NORMAL;"
	    "PRAGMA secure_delete=ON"; /* what was deleted is overwritten */
	enum err e;

	(void)sqlite3_extended_result_codes(s->db, 1);
	(void)sqlite3_busy_handler(s->db, wait_for_lock, s);
	if ((e = exec(s, pragmas)) != OK)
		return e;
	s->durability = STORE_FAST;
	/* Every opener migrates: a reader may be the first to come after an upgrade. */
	if ((e = migrate(s)) != OK || (e = prepare_all(s)) != OK)
		return e;
	return mode == STORE_READ ? exec(s, "PRAGMA query_only=ON") : OK;
}

enum err
store_open(struct store **out, const char *path, enum store_mode mode)
{
	struct store *s = xcalloc(1, sizeof *s);
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	int rc = sqlite3_open_v2(path, &s->db, flags, NULL);
	enum err e = rc == SQLITE_OK ? set_up(s, mode) : store_error(s, rc);

	if (e == OK) {
		*out = s;
		return OK;
	}
	store_close(s);
	return e;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	for (size_t part = 0; part < PART_COUNT; part++) {
		for (size_t i = 0; s->stmt[part] != NULL && i < tables[part]->count; i++)
			(void)sqlite3_finalize(s->stmt[part][i]);
		free(s->stmt[part]);
	}
	(void)sqlite3_close(s->db);
	free(s);
}

/* --- transactions --- */

enum err
store_begin(struct store *s, enum store_durability d)
{
	enum err e = OK;

	/* It cannot be changed inside a transaction. */
	if (d != s->durability)
		e = exec(s,
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
	s->has_truncated = sqlite3_wal_checkpoint_v2(
			       s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK;
	s->must_not_wait = false;
}

enum err
store_commit(struct store *s)
{
	enum err e = run(s, TX_COMMIT);

	if (e != OK)
		store_rollback(s);
	else if (s->wants_truncate)
		truncate_log(s);
	return e;
}

void
store_rollback(struct store *s)
{
	if (sqlite3_get_autocommit(s->db) == 0) /* some errors roll back by themselves */
		(void)exec(s, "ROLLBACK");
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

void
store_back(struct store *s)
{
	if (sqlite3_get_autocommit(s->db) == 0)
		(void)exec(s, "ROLLBACK TO caller; RELEASE caller");
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

/* --- meta --- */

enum err
store_meta_get(struct store *s, const char *key, struct buf *out)
{
	auto_stmt *st = s->stmt[PART_META][META_GET];
	enum err e;

	bind_str(st, 1, key);
	if ((e = store_row(s, st)) != OK)
		return e;
	return buf_adds(out, column_str(st, 0));
}

enum err
store_meta_set(struct store *s, const char *key, const char *value)
{
	auto_stmt *st = s->stmt[PART_META][META_SET];

	bind_str(st, 1, key);
	bind_str(st, 2, value);
	return store_run(s, st);
}

enum err
store_meta_delete(struct store *s, const char *key)
{
	auto_stmt *st = s->stmt[PART_META][META_DELETE];

	bind_str(st, 1, key);
	return store_run(s, st);
}
