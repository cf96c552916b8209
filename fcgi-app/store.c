/*
 * The SQLite engine of store.h: opening, errors, statements, meta. Transactions are store_tx.c's;
 * the queries stand in a store_*.c for each part.
 *
 * WAL, so that readers never wait for the writer. One writing connection a process.
 */
#include "store_priv.h"

#include <pthread.h>

#include "log.h"
#include "store_admin.h"
#include "store_damage.h"

enum { META_GET, META_SET, META_DELETE, META_STATEMENTS };

/* clang-format off */
static const char *const meta_sql[META_STATEMENTS] = {
	[META_GET] = "SELECT v FROM meta WHERE k = ?1",
	[META_SET] = "INSERT INTO meta(k, v) VALUES(?1, ?2) ON CONFLICT(k) DO UPDATE SET v = ?2",
	[META_DELETE] = "DELETE FROM meta WHERE k = ?1",
};
/* clang-format on */
const struct stmt_table store_meta_statements = { meta_sql, META_STATEMENTS };

static const struct stmt_table *const tables[PART_COUNT] = {
	[PART_META] = &store_meta_statements,
	[PART_TX] = &store_tx_statements,
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
	if (rc == SQLITE_MISUSE && s->prepare_rc != SQLITE_OK) {
		rc = s->prepare_rc; /* the statement was never there */
		s->prepare_rc = SQLITE_OK;
	}
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW: return OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return ERR_BUSY;
	case SQLITE_CONSTRAINT: return ERR_CONFLICT;
	case SQLITE_FULL: return ERR_FULL;
	case SQLITE_IOERR:
		/* the log's index could not grow */
		if (rc == SQLITE_IOERR_SHMSIZE)
			return ERR_FULL;
		break;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: store_file_suspect(&s->file); break;
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM: break;
	default:
		log_error("database error code=%d reason=\"%s\"", rc, sqlite3_errmsg(s->db));
		return ERR_IO;
	}
	log_error("the database cannot be used code=%d reason=\"%s\"", rc, sqlite3_errmsg(s->db));
	return ERR_STORAGE;
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

enum err
store_exec(struct store *s, const char *sql)
{
	return store_error(s, sqlite3_exec(s->db, sql, NULL, NULL, NULL));
}

/* --- statements --- */

sqlite3_stmt *
store_stmt(struct store *s, enum store_part part, size_t i)
{
	sqlite3_stmt **st = &s->prepared[part][i];

	if (*st == NULL)
		s->prepare_rc = sqlite3_prepare_v3(
		    s->db, tables[part]->sql[i], -1, SQLITE_PREPARE_PERSISTENT, st, NULL);
	return *st;
}

enum err
store_prepare(struct store *s)
{
	for (size_t part = 0; part < PART_COUNT; part++)
		for (size_t i = 0; i < tables[part]->count; i++)
			if (store_stmt(s, (enum store_part)part, i) == NULL)
				return store_error(s, s->prepare_rc);
	return OK;
}

/* --- opening --- */

static enum err
set_up(struct store *s, enum store_mode mode)
{
	static const char pragmas[] =
	    "PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;"
	    "PRAGMA cache_size=-16000; PRAGMA trusted_schema=OFF;"
	    "PRAGMA journal_size_limit=67108864; PRAGMA synchronous=NORMAL;"
	    "PRAGMA secure_delete=ON;" /* what was deleted is overwritten */
	    /* SQLite builds a table for each CHECK(x IN(...)) of each row; those words are ours */
	    "PRAGMA ignore_check_constraints=ON";
	enum err e;

	(void)sqlite3_extended_result_codes(s->db, 1);
	store_tx_watch(s);
	if ((e = store_exec(s, pragmas)) != OK)
		return e;
	s->durability = STORE_FAST;
	/* Every opener migrates: a reader may be the first to come after an upgrade. */
	if ((e = store_migrate(s)) != OK)
		return e;
	/* There are as many readers as threads, and every commit empties what they keep. */
	return mode == STORE_READ ? store_exec(s, "PRAGMA query_only=ON; PRAGMA cache_size=-2000")
				  : OK;
}

/* SQLite counts its memory under one lock for all threads; nobody asks it how much. */
static void
configure(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

void
store_configure(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, configure);
	store_know_quotas();
}

enum err
store_open(struct store **out, const char *path, enum store_mode mode)
{
	struct store *s;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	enum err e = store_file_may_open(path, mode == STORE_NEW);

	if (e == OK && mode != STORE_READ && store_damage_is_marked(path)) {
		log_error(
		    "the database was found damaged: put a backup in its place path=%s", path);
		e = ERR_STORAGE;
	}
	if (e != OK)
		return e;
	store_configure();
	s = xcalloc(1, sizeof *s);
	s->patience_ms = STORE_BUSY_MS;
	for (size_t part = 0; part < PART_COUNT; part++)
		s->prepared[part] = xcalloc(tables[part]->count, sizeof(sqlite3_stmt *));
	e = store_error(s, sqlite3_open_v2(path, &s->db, flags, NULL));
	if (e == OK && (e = set_up(s, mode)) == OK &&
	    (e = store_file_opened(&s->file, path)) == OK) {
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
		for (size_t i = 0; i < tables[part]->count; i++)
			(void)sqlite3_finalize(s->prepared[part][i]);
		free(s->prepared[part]);
	}
	(void)sqlite3_close(s->db);
	store_file_free(&s->file);
	free(s);
}

/* --- meta --- */

enum err
store_meta_get(struct store *s, const char *key, struct buf *out)
{
	auto_stmt *st = store_stmt(s, PART_META, META_GET);
	enum err e;

	bind_str(st, 1, key);
	if ((e = store_row(s, st)) != OK)
		return e;
	return buf_adds(out, column_text(st, 0));
}

enum err
store_meta_set(struct store *s, const char *key, const char *value)
{
	auto_stmt *st = store_stmt(s, PART_META, META_SET);

	bind_str(st, 1, key);
	bind_str(st, 2, value);
	return store_run(s, st);
}

enum err
store_meta_delete(struct store *s, const char *key)
{
	auto_stmt *st = store_stmt(s, PART_META, META_DELETE);

	bind_str(st, 1, key);
	return store_run(s, st);
}
