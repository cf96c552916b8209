/*
 * A database of every schema that ever was becomes the same as a new one, with what was in it.
 *
 * Each prefix of sql/ is such a schema. What a release really had is kept in tests/unit/schemas/
 * NNN.sql, "sqlite3 charla.db .dump" of a database with rows in it, taken when schema NNN was
 * released: a file of sql/ that is changed afterwards fails here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <sqlite3.h>

#include "migrations.h"
#include "store_admin.h"
#include "store_chores.h"
#include "store_search.h"
#include "temp_store.h"

#define SCHEMAS "tests/unit/schemas"

/* --- what the engine below has --- */

static sqlite3 *
open_raw(const char *path)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

static void
run(sqlite3 *db, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s", why);
}

/* Every object of the file, with its text, in order. Columns that were added stand elsewhere in a
 * table's text than in a new one's, which is the same text: both come from the same files. */
static char *
schema_of(const char *path)
{
	sqlite3 *db = open_raw(path);
	auto_buf text = BUF_INIT(1 << 20);
	sqlite3_stmt *st;

	assert_int_equal(
	    sqlite3_prepare_v2(db,
		"SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema"
		" ORDER BY type, name",
		-1, &st, NULL),
	    SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW) {
		assert_int_equal(buf_adds(&text, (const char *)sqlite3_column_text(st, 0)), OK);
		assert_int_equal(buf_adds(&text, "\n"), OK);
	}
	(void)sqlite3_finalize(st);
	(void)sqlite3_close(db);
	return buf_take(&text);
}

static char *
new_schema(void)
{
	struct temp_store t;
	char *text;

	temp_store_open(&t);
	text = schema_of(t.path);
	temp_store_close(&t);
	return text;
}

/* A file that is closed and whose store has to be opened. */
static void
new_file(struct temp_store *t)
{
	temp_store_open(t);
	store_close(t->s);
	t->s = NULL;
	(void)unlink(t->path);
}

/* Two chats with a question and an answer each, by the columns that schema 1 has. */
static const char rows[] =
    "INSERT INTO chats(no, id, visibility, title, created_ms, updated_ms, seq)"
    " VALUES(1, 'a', 'open', 'A', 1, 1, 3), (2, 'b', 'private', 'B', 1, 1, 3);"
    "INSERT INTO messages(id, uid, chat_no, parent_id, role, content, status, changed_seq,"
    " created_ms, updated_ms) VALUES"
    " (1, 'q1', 1, NULL, 'user', 'manzana verde', 'complete', 1, 1, 1),"
    " (2, 'r1', 1, 1, 'assistant', 'pera', 'complete', 3, 1, 1),"
    " (3, 'q2', 2, NULL, 'user', 'manzana roja', 'complete', 1, 1, 1),"
    " (4, 'r2', 2, 3, 'assistant', '', 'queued', 2, 1, 1);"
    "INSERT INTO jobs(uid, chat_no, message_id, created_ms, updated_ms)"
    " VALUES('j', 2, 4, 1, 1);";

static bool
count_hit(void *arg, int64_t message_id, int64_t chat_no)
{
	(void)message_id;
	(void)chat_no;
	++*(int *)arg;
	return true;
}

/* Opened by this program: the same schema as a new file, and all that was there. */
static void
check_upgraded(struct temp_store *t, const char *wanted_schema, int wanted_hits)
{
	auto_char *text = NULL;
	int hits = 0;
	bool more = true;
	struct job j;

	assert_int_equal(store_open(&t->s, t->path, STORE_WRITE), OK);
	assert_int_equal(store_schema(t->s), migrations[migrations_count - 1].version);
	text = schema_of(t->path);
	assert_string_equal(text, wanted_schema);
	assert_int_equal(store_begin(t->s, STORE_FAST), OK);
	while (more)
		assert_int_equal(store_chores(t->s, 1, &more), OK);
	assert_int_equal(store_search(t->s, "content : (\"manzana\")", 0, count_hit, &hits), OK);
	assert_int_equal(hits, wanted_hits);
	assert_int_equal(store_job_claim(t->s, "W", 1, &j), OK);
	assert_string_equal(j.uid, "j");
	assert_int_equal(store_commit(t->s), OK);
}

static void
each_earlier_schema_becomes_the_newest(void **state)
{
	auto_char *wanted = new_schema();

	(void)state;
	for (size_t n = 1; n <= migrations_count; n++) {
		struct temp_store t;
		char version[64];
		sqlite3 *db;

		new_file(&t);
		db = open_raw(t.path);
		for (size_t i = 0; i < n; i++)
			run(db, migrations[i].sql);
		(void)snprintf(
		    version, sizeof version, "PRAGMA user_version=%d", migrations[n - 1].version);
		run(db, version);
		run(db, rows);
		if (migrations[n - 1].version >= 4) /* by triggers before, by the program since */
			run(db, "INSERT INTO index_queue SELECT id FROM messages WHERE id < 4");
		(void)sqlite3_close(db);
		check_upgraded(&t, wanted, 2);
		temp_store_close(&t);
	}
}

static char *
read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	auto_buf text = BUF_INIT(16 << 20);
	char chunk[65536];
	size_t n;

	if (f == NULL)
		fail_msg("%s cannot be read", path);
	while (f != NULL && (n = fread(chunk, 1, sizeof chunk, f)) > 0)
		assert_int_equal(buf_add(&text, chunk, n), OK);
	if (f != NULL)
		(void)fclose(f);
	return buf_take(&text);
}

static void
each_released_schema_becomes_the_newest(void **state)
{
	auto_char *wanted = new_schema();
	DIR *dir = opendir(SCHEMAS);
	struct dirent *entry;

	(void)state;
	if (dir == NULL) /* nothing is released yet, or run from elsewhere */
		return;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	while ((entry = readdir(dir)) != NULL) {
		char path[512], version[64];
		auto_char *dump = NULL;
		struct temp_store t;
		sqlite3 *db;

		if (strstr(entry->d_name, ".sql") == NULL)
			continue;
		(void)snprintf(path, sizeof path, SCHEMAS "/%s", entry->d_name);
		dump = read_file(path);
		new_file(&t);
		db = open_raw(t.path);
		run(db, dump);
		(void)snprintf(version, sizeof version, "PRAGMA user_version=%ld",
		    strtol(entry->d_name, NULL, 10));
		run(db, version);
		(void)sqlite3_close(db);
		check_upgraded(&t, wanted, 2);
		temp_store_close(&t);
	}
	(void)closedir(dir);
}

static void
versions_rise_and_a_newer_file_is_refused(void **state)
{
	struct temp_store t;
	struct store *s = NULL;
	sqlite3 *db;

	(void)state;
	for (size_t i = 1; i < migrations_count; i++)
		assert_int_equal(migrations[i].version, migrations[i - 1].version + 1);
	new_file(&t);
	db = open_raw(t.path);
	run(db, "PRAGMA user_version=9999");
	(void)sqlite3_close(db);
	assert_int_not_equal(store_open(&s, t.path, STORE_WRITE), OK);
	assert_null(s);
	assert_int_equal(store_open(&t.s, ":memory:", STORE_WRITE), OK);
	temp_store_close(&t);
}

/* A migration that fails leaves the file as it was. */
static void
a_file_that_cannot_be_migrated_stays_as_it_was(void **state)
{
	auto_char *before = NULL, *after = NULL;
	struct temp_store t;
	struct store *s = NULL;
	sqlite3 *db;

	(void)state;
	new_file(&t);
	db = open_raw(t.path);
	run(db, migrations[0].sql);
	run(db, "CREATE TABLE index_queue(in_the_way); PRAGMA user_version=1");
	(void)sqlite3_close(db);
	before = schema_of(t.path);
	assert_int_not_equal(store_open(&s, t.path, STORE_WRITE), OK);
	after = schema_of(t.path);
	assert_string_equal(after, before);
	assert_int_equal(store_open(&t.s, ":memory:", STORE_WRITE), OK);
	temp_store_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_earlier_schema_becomes_the_newest),
		cmocka_unit_test(each_released_schema_becomes_the_newest),
		cmocka_unit_test(versions_rise_and_a_newer_file_is_refused),
		cmocka_unit_test(a_file_that_cannot_be_migrated_stays_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
