/* Brings a database to the newest schema: one file of sql/ after the other. */
#include "store_priv.h"

#include <stdio.h>

#include "log.h"
#include "migrations.h"

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
	enum err e = store_exec(s, "BEGIN IMMEDIATE");

	if (e != OK)
		return e;
	if (user_version(s->db) >= m->version)
		return store_exec(s, "ROLLBACK");
	(void)snprintf(done, sizeof done, "PRAGMA user_version=%d; COMMIT", m->version);
	if ((e = store_exec(s, m->sql)) == OK)
		e = store_exec(s, done);
	if (e != OK)
		(void)store_exec(s, "ROLLBACK");
	return e;
}

enum err
store_migrate(struct store *s)
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
