#include "store_rates.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "log.h"
#include "store_priv.h"

#define PRUNE_EVERY 1000 /* requests */
#define TOTALS_MS 1000   /* between two writings of the totals */
#define BUSY_CALLS 500   /* 100 ms in all: a transaction here takes a fiftieth of a millisecond */

enum { BEGIN, COMMIT, ROLLBACK, GET, PUT, PRUNE, TOTAL_ADD, TOTALS, STATEMENTS };

/* clang-format off */
static const char *const sql[STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[GET] = "SELECT started_ms, count FROM rates WHERE k = ?1",
	[PUT] = "INSERT OR REPLACE INTO rates(k, started_ms, count) VALUES(?1, ?2, ?3)",
	/* a window that lies ahead is of the time before the machine was started */
	[PRUNE] = "DELETE FROM rates WHERE started_ms < ?1 OR started_ms > ?2",
	[TOTAL_ADD] =
	    "INSERT INTO totals(what, n) VALUES(?1, ?2) ON CONFLICT(what) DO UPDATE SET n = n + ?2",
	[TOTALS] = "SELECT what, n FROM totals ORDER BY what",
};
/* clang-format on */
static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY;"
    "CREATE TABLE IF NOT EXISTS rates(k TEXT PRIMARY KEY, started_ms INTEGER NOT NULL,"
    " count INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS totals(what TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT,"
    " WITHOUT ROWID";

struct rates {
	pthread_mutex_t lock;
	sqlite3 *db;                    /* {lock} */
	sqlite3_stmt *stmt[STATEMENTS]; /* {lock} */
	unsigned since_prune;           /* {lock} */
	struct {
		const char *what;
		int64_t n;
	} totals[RATE_TOTALS]; /* {lock} not written yet */
	size_t total_count;    /* {lock} */
	int64_t written_ms;    /* {lock} */
	bool is_unwritten;     /* {lock} it has been logged */
};

static enum err
map(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW: return OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return ERR_BUSY;
	case SQLITE_FULL: return ERR_FULL;
	default: return ERR_IO;
	}
}

static int
wait_for_lock(void *arg, int calls)
{
	struct timespec pause = { .tv_nsec = 200000L };

	(void)arg;
	(void)nanosleep(&pause, NULL);
	return calls < BUSY_CALLS;
}

static int
step(sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	(void)sqlite3_reset(st);
	return rc;
}

/* --- totals --- */

/* {lock} */
static enum err
write_totals(struct rates *r)
{
	sqlite3_stmt *st = r->stmt[TOTAL_ADD];
	enum err e;

	if (r->total_count == 0)
		return OK;
	e = map(step(r->stmt[BEGIN]));
	if (e != OK)
		return e;
	for (size_t i = 0; i < r->total_count && e == OK; i++) {
		(void)sqlite3_bind_text(st, 1, r->totals[i].what, -1, SQLITE_STATIC);
		(void)sqlite3_bind_int64(st, 2, r->totals[i].n);
		e = map(step(st));
	}
	if (e == OK)
		e = map(step(r->stmt[COMMIT]));
	if (e == OK)
		r->total_count = 0;
	else
		(void)step(r->stmt[ROLLBACK]);
	return e;
}

/* {lock} */
static void
add_total(struct rates *r, const char *what)
{
	size_t i = 0;

	while (i < r->total_count && strcmp(r->totals[i].what, what) != 0)
		i++;
	if (i == RATE_TOTALS)
		return;
	if (i == r->total_count) {
		r->totals[r->total_count].what = what;
		r->totals[r->total_count++].n = 0;
	}
	r->totals[i].n++;
}

/* {lock} A full disk is told once, not each second. */
static void
note_written(struct rates *r, bool is_written)
{
	if (!is_written && !r->is_unwritten)
		log_warn("totals were not written, again each second");
	r->is_unwritten = !is_written;
}

void
rates_total_add(struct rates *r, const char *what, int64_t now_ms)
{
	(void)pthread_mutex_lock(&r->lock);
	add_total(r, what);
	if (now_ms - r->written_ms >= TOTALS_MS) {
		r->written_ms = now_ms;
		note_written(r, write_totals(r) == OK);
	}
	(void)pthread_mutex_unlock(&r->lock);
}

enum err
rates_totals(struct rates *r, rates_total_fn fn, void *arg)
{
	sqlite3_stmt *st = r->stmt[TOTALS];
	enum err e;
	int rc;

	(void)pthread_mutex_lock(&r->lock);
	e = write_totals(r);
	while (e == OK && (rc = sqlite3_step(st)) != SQLITE_DONE)
		if ((e = map(rc)) == OK)
			fn(arg, (const char *)sqlite3_column_text(st, 0),
			    sqlite3_column_int64(st, 1));
	(void)sqlite3_reset(st);
	(void)pthread_mutex_unlock(&r->lock);
	return e;
}

/* --- opening --- */

static void
close_database(struct rates *r)
{
	for (size_t i = 0; i < STATEMENTS; i++) {
		(void)sqlite3_finalize(r->stmt[i]);
		r->stmt[i] = NULL;
	}
	(void)sqlite3_close(r->db);
	r->db = NULL;
}

static int
open_database(struct rates *r, const char *path)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	int rc;

	store_configure();
	rc = sqlite3_open_v2(path, &r->db, flags, NULL);
	(void)sqlite3_busy_handler(r->db, wait_for_lock, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(r->db, schema, NULL, NULL, NULL);
	for (size_t i = 0; i < STATEMENTS && rc == SQLITE_OK; i++)
		rc = sqlite3_prepare_v3(
		    r->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &r->stmt[i], NULL);
	return rc;
}

static void
remove_file(const char *path)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		char name[4200];

		(void)snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
		(void)unlink(name);
	}
}

enum err
rates_open(struct rates **out, const char *path)
{
	struct rates *r = xcalloc(1, sizeof *r);
	int rc;

	(void)pthread_mutex_init(&r->lock, NULL);
	rc = open_database(r, path);
	if (rc == SQLITE_NOTADB || rc == SQLITE_CORRUPT) {
		log_warn("the file of request rates was damaged: made anew path=%s", path);
		close_database(r);
		remove_file(path);
		rc = open_database(r, path);
	}
	if (rc == SQLITE_OK) {
		*out = r;
		return OK;
	}
	log_error("request rates cannot be counted path=%s code=%d", path, rc);
	rates_close(r);
	return map(rc);
}

void
rates_close(struct rates *r)
{
	if (r == NULL)
		return;
	if (r->db != NULL && write_totals(r) != OK)
		log_warn("the last totals were not written");
	close_database(r);
	(void)pthread_mutex_destroy(&r->lock);
	free(r);
}

/* --- counting --- */

/* The window of a key as it stands; a new one when there is none, or it is over. */
static int
get(struct rates *r, const char *key, int64_t now_ms, int64_t *out_started, long *out_count)
{
	sqlite3_stmt *st = r->stmt[GET];
	int rc;

	*out_started = now_ms;
	*out_count = 0;
	(void)sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		int64_t started = sqlite3_column_int64(st, 0);

		if (started <= now_ms && started + RATE_WINDOW_MS > now_ms) {
			*out_started = started;
			*out_count = (long)sqlite3_column_int64(st, 1);
		}
	}
	(void)sqlite3_reset(st);
	return rc;
}

static int
put(struct rates *r, const char *key, int64_t started, long count)
{
	sqlite3_stmt *st = r->stmt[PUT];

	(void)sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(st, 2, started);
	(void)sqlite3_bind_int64(st, 3, count);
	return step(st);
}

/* Looks at all keys; with counts, writes them down. out->is_allowed: none is used up. */
static enum err
judge(struct rates *r, const struct rate *keys, size_t count, int64_t now_ms, bool counts,
    struct rate_result *out)
{
	*out = (struct rate_result){ .is_allowed = true };
	for (size_t i = 0; i < count; i++) {
		int64_t started;
		long had, left;
		int rc = get(r, keys[i].key, now_ms, &started, &had);

		if (map(rc) != OK)
			return map(rc);
		left = keys[i].limit - had - 1;
		if (i == 0 || left < out->remaining) {
			out->limit = keys[i].limit;
			out->remaining = left;
			out->wait_ms = started + RATE_WINDOW_MS - now_ms;
		}
		if (left >= 0 && counts && map(rc = put(r, keys[i].key, started, had + 1)) != OK)
			return map(rc);
	}
	out->is_allowed = out->remaining >= 0;
	if (!out->is_allowed)
		out->remaining = 0;
	return OK;
}

static void
prune(struct rates *r, int64_t now_ms)
{
	sqlite3_stmt *st = r->stmt[PRUNE];

	if (++r->since_prune < PRUNE_EVERY)
		return;
	r->since_prune = 0;
	(void)sqlite3_bind_int64(st, 1, now_ms - RATE_WINDOW_MS);
	(void)sqlite3_bind_int64(st, 2, now_ms);
	(void)step(st);
}

/* {lock} */
static enum err
take(
    struct rates *r, const struct rate *keys, size_t count, int64_t now_ms, struct rate_result *out)
{
	/* Who is over the limit and hammers on costs no write lock. */
	enum err e = judge(r, keys, count, now_ms, false, out);

	if (e != OK || !out->is_allowed)
		return e;
	if ((e = map(step(r->stmt[BEGIN]))) != OK)
		return e;
	e = judge(r, keys, count, now_ms, true, out);
	if (e == OK && out->is_allowed) {
		prune(r, now_ms);
		e = map(step(r->stmt[COMMIT]));
		if (e == OK)
			return OK;
	}
	(void)step(r->stmt[ROLLBACK]);
	return e;
}

enum err
rates_take(
    struct rates *r, const struct rate *keys, size_t count, int64_t now_ms, struct rate_result *out)
{
	enum err e;

	(void)pthread_mutex_lock(&r->lock);
	e = take(r, keys, count, now_ms, out);
	(void)pthread_mutex_unlock(&r->lock);
	return e;
}

enum err
rates_look(
    struct rates *r, const struct rate *keys, size_t count, int64_t now_ms, struct rate_result *out)
{
	enum err e;

	(void)pthread_mutex_lock(&r->lock);
	e = judge(r, keys, count, now_ms, false, out);
	(void)pthread_mutex_unlock(&r->lock);
	return e;
}
