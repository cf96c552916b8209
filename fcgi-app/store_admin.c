#include "store_admin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "ids.h"
#include "log.h"
#include "store_priv.h"

enum { STATS, SCHEMA, STATEMENTS };

/* clang-format off */
static const char *const sql[STATEMENTS] = {
	[STATS] =
	    "SELECT (SELECT count(*) FROM chats WHERE visibility = 'open' AND deleted_ms IS NULL),"
	    " (SELECT count(*) FROM chats WHERE visibility = 'private' AND deleted_ms IS NULL),"
	    " (SELECT count(*) FROM chats WHERE deleted_ms NOT NULL),"
	    " (SELECT count(*) FROM messages), (SELECT count(*) FROM people),"
	    " (SELECT count(*) FROM sessions), (SELECT count(*) FROM outbox),"
	    " (SELECT count(*) FROM index_queue),"
	    " (SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size())",
	[SCHEMA] = "SELECT user_version FROM pragma_user_version()",
};
/* clang-format on */
const struct stmt_table store_admin_statements = { sql, STATEMENTS };

int
store_schema(struct store *s)
{
	auto_stmt *st = store_stmt(s, PART_ADMIN, SCHEMA);

	return store_row(s, st) == OK ? sqlite3_column_int(st, 0) : 0;
}

enum err
store_stats_get(struct store *s, struct store_stats *out)
{
	auto_stmt *st = store_stmt(s, PART_ADMIN, STATS);
	int64_t *const fields[] = { &out->chats_open, &out->chats_private, &out->chats_deleted,
		&out->messages, &out->people, &out->sessions, &out->outbox, &out->index_queue,
		&out->bytes };
	enum err e = store_row(s, st);

	for (size_t i = 0; i < ARRAY_LEN(fields) && e == OK; i++)
		*fields[i] = sqlite3_column_int64(st, (int)i);
	return e;
}

/* --- backup --- */

static enum err
failed(sqlite3 *db, const char *what)
{
	log_error("backup failed step=%s reason=\"%s\"", what, sqlite3_errmsg(db));
	return ERR_IO;
}

/* All pages in one step: that is one read transaction, which holds nobody up. */
static enum err
copy_pages(struct store *s, sqlite3 *to)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", s->db, "main");
	int rc;

	if (b == NULL)
		return failed(to, "begin");
	rc = sqlite3_backup_step(b, -1);
	(void)sqlite3_backup_finish(b);
	return rc == SQLITE_DONE ? OK : failed(to, "copy");
}

/* One file, whole, with an epoch of its own. */
static enum err
settle(sqlite3 *to)
{
	static const char sql_settle[] =
	    "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL;"
	    "UPDATE meta SET v = lower(hex(randomblob(8))) WHERE k = 'epoch'";
	sqlite3_stmt *st = NULL;
	bool is_whole;

	if (sqlite3_exec(to, sql_settle, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(to, "PRAGMA quick_check", -1, &st, NULL) != SQLITE_OK)
		return failed(to, "settle");
	is_whole = sqlite3_step(st) == SQLITE_ROW && strcmp(column_str(st, 0), "ok") == 0;
	(void)sqlite3_finalize(st);
	return is_whole ? OK : failed(to, "check");
}

static enum err
write_copy(struct store *s, const char *path)
{
	sqlite3 *to = NULL;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE;
	int rc = sqlite3_open_v2(path, &to, flags, NULL);
	enum err e = rc == SQLITE_OK ? copy_pages(s, to) : failed(to, "open");

	if (e == OK)
		e = settle(to);
	(void)sqlite3_close(to);
	return e;
}

/* The name is durable once its directory is. */
static enum err
put_in_place(const char *from, const char *path)
{
	char dir[4096];
	const char *slash = strrchr(path, '/');
	auto_fd fd = -1;

	(void)snprintf(dir, sizeof dir, "%.*s", slash != NULL ? (int)(slash - path) : 1,
	    slash != NULL ? path : ".");
	if (rename(from, path) != 0) {
		log_errno("backup cannot be put in place path=%s", path);
		return ERR_IO;
	}
	fd = open(*dir != '\0' ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)fsync(fd);
	return OK;
}

enum err
store_backup(struct store *s, const char *path)
{
	char part[4096], id[ID_SIZE];
	enum err e;

	id_random(id);
	if (snprintf(part, sizeof part, "%s.part-%s", path, id) >= (int)sizeof part)
		return ERR_LIMIT;
	e = write_copy(s, part);
	if (e == OK)
		e = put_in_place(part, path);
	if (e != OK)
		(void)unlink(part);
	return e;
}
