#include "stats_db.h"

#include <sqlite3.h>

#include "log.h"

#define INTERVAL_DAYS 2
#define HOUR_DAYS 31
#define DAY_S 86400
#define BUSY_MS 5000

enum { ADD, BEGIN, COMMIT, ROLLBACK, PRUNE, CLEAN, CLEAN_ALL, EACH, STATEMENTS };

/* clang-format off */
static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA trusted_schema=OFF;"
    "PRAGMA journal_size_limit=4194304;"
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS statistics("
    " app TEXT NOT NULL, span INTEGER NOT NULL, at_s INTEGER NOT NULL,"
    " peak INTEGER NOT NULL, websocket INTEGER NOT NULL, api INTEGER NOT NULL,"
    " sent INTEGER NOT NULL, received_bytes INTEGER NOT NULL, sent_bytes INTEGER NOT NULL,"
    " slow INTEGER NOT NULL, PRIMARY KEY(app, span, at_s)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS statistics_age ON statistics(span, at_s);"
    "PRAGMA user_version=1; COMMIT";

static const char *const sql[STATEMENTS] = {
	[ADD] =
	    "INSERT INTO statistics VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
	    " ON CONFLICT(app, span, at_s) DO UPDATE SET peak = max(peak, ?4),"
	    " websocket = websocket + ?5, api = api + ?6, sent = sent + ?7,"
	    " received_bytes = received_bytes + ?8, sent_bytes = sent_bytes + ?9, slow = slow + ?10",
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[PRUNE] = "DELETE FROM statistics WHERE span = ?1 AND at_s < ?2",
	[CLEAN] = "DELETE FROM statistics WHERE app = ?1 AND at_s < ?2",
	[CLEAN_ALL] = "DELETE FROM statistics WHERE at_s < ?2 AND ?1 IS NULL",
	[EACH] =
	    "SELECT * FROM (SELECT at_s, peak, websocket, api, sent, received_bytes, sent_bytes,"
	    " slow FROM statistics WHERE app = ?1 AND span = ?2 AND at_s >= ?3"
	    " ORDER BY at_s DESC LIMIT ?4) ORDER BY at_s",
};
/* clang-format on */

struct stats_db {
	sqlite3 *db;
	sqlite3_stmt *stmt[STATEMENTS];
};

static enum err
check(struct stats_db *db, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW: return OK;
	default: break;
	}
	log_warn("statistics: database error code=%d reason=\"%s\"", rc, sqlite3_errmsg(db->db));
	return (rc & 0xff) == SQLITE_BUSY   ? ERR_BUSY
	       : (rc & 0xff) == SQLITE_FULL ? ERR_FULL
					    : ERR_IO;
}

/* The next row, or the end; at the end the statement is ready to be used again. */
static enum err
step(struct stats_db *db, int which, bool *out_is_row)
{
	int rc = sqlite3_step(db->stmt[which]);

	*out_is_row = rc == SQLITE_ROW;
	if (*out_is_row)
		return OK;
	(void)sqlite3_reset(db->stmt[which]);
	return check(db, rc);
}

static enum err
run(struct stats_db *db, int which)
{
	bool is_row;

	return step(db, which, &is_row);
}

enum err
stats_db_open(const char *path, struct stats_db **out)
{
	struct stats_db *db = xcalloc(1, sizeof *db);
	int rc = sqlite3_open_v2(
	    path, &db->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);

	(void)sqlite3_busy_timeout(db->db, BUSY_MS);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db->db, schema, NULL, NULL, NULL);
	for (int i = 0; i < STATEMENTS && rc == SQLITE_OK; i++)
		rc = sqlite3_prepare_v3(
		    db->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &db->stmt[i], NULL);
	if (check(db, rc) == OK) {
		*out = db;
		return OK;
	}
	stats_db_close(db);
	return ERR_IO;
}

void
stats_db_close(struct stats_db *db)
{
	if (db == NULL)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		(void)sqlite3_finalize(db->stmt[i]);
	(void)sqlite3_close(db->db);
	free(db);
}

static enum err
add(struct stats_db *db, const struct stats_row *r, enum stats_span span)
{
	static const int64_t lengths[STATS_SPANS] = { 1, 3600, DAY_S };
	sqlite3_stmt *st = db->stmt[ADD];
	const int64_t values[] = { r->peak, r->websocket, r->api, r->sent, r->received_bytes,
		r->sent_bytes, r->slow };

	(void)sqlite3_bind_text(st, 1, r->app, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int(st, 2, (int)span);
	(void)sqlite3_bind_int64(st, 3, r->at_s - r->at_s % lengths[span]);
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		(void)sqlite3_bind_int64(st, (int)i + 4, values[i]);
	return run(db, ADD);
}

enum err
stats_db_add(struct stats_db *db, const struct stats_row *rows, size_t n)
{
	enum err e = run(db, BEGIN);

	if (e != OK)
		return e;
	for (size_t i = 0; i < n && e == OK; i++)
		for (int span = 0; span < STATS_SPANS && e == OK; span++)
			e = add(db, &rows[i], (enum stats_span)span);
	if (e == OK)
		e = run(db, COMMIT);
	if (e != OK)
		(void)run(db, ROLLBACK);
	return e;
}

enum err
stats_db_prune(struct stats_db *db, int64_t now_s, long retention_days)
{
	const long days[STATS_SPANS] = { INTERVAL_DAYS, HOUR_DAYS, retention_days };
	enum err e = OK;

	for (int span = 0; span < STATS_SPANS && e == OK; span++) {
		long age = days[span] < retention_days ? days[span] : retention_days;

		(void)sqlite3_bind_int(db->stmt[PRUNE], 1, span);
		(void)sqlite3_bind_int64(db->stmt[PRUNE], 2, now_s - (int64_t)age * DAY_S);
		e = run(db, PRUNE);
	}
	return e;
}

enum err
stats_db_clean(struct stats_db *db, const char *app, int64_t before_s, int64_t *out_rows)
{
	int which = app != NULL ? CLEAN : CLEAN_ALL;
	enum err e;

	(void)sqlite3_bind_text(db->stmt[which], 1, app, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(db->stmt[which], 2, before_s);
	if ((e = run(db, which)) == OK)
		*out_rows = sqlite3_changes(db->db);
	return e;
}

enum err
stats_db_each(struct stats_db *db, const char *app, enum stats_span span, int64_t from_s, int limit,
    stats_row_fn fn, void *ctx)
{
	sqlite3_stmt *st = db->stmt[EACH];
	bool is_row;
	enum err e;

	(void)sqlite3_bind_text(st, 1, app, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int(st, 2, (int)span);
	(void)sqlite3_bind_int64(st, 3, from_s);
	(void)sqlite3_bind_int(st, 4, limit);
	while ((e = step(db, EACH, &is_row)) == OK && is_row) {
		struct stats_row row = {
			.at_s = sqlite3_column_int64(st, 0),
			.peak = sqlite3_column_int64(st, 1),
			.websocket = sqlite3_column_int64(st, 2),
			.api = sqlite3_column_int64(st, 3),
			.sent = sqlite3_column_int64(st, 4),
			.received_bytes = sqlite3_column_int64(st, 5),
			.sent_bytes = sqlite3_column_int64(st, 6),
			.slow = sqlite3_column_int64(st, 7),
		};

		fn(ctx, &row);
	}
	return e;
}
