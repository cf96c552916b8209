#include "store_access.h"
#include "store_priv.h"

#include <stdio.h>

enum {
	PERSON_GET,
	PERSON_PUT,
	PERSON_DELETE,
	SESSION_ADD,
	SESSION_GET,
	SESSION_EXTEND,
	SESSION_DELETE,
	SESSIONS_DELETE,
	PERSON_VALID_FROM,
	SESSIONS_COUNT,
	SESSIONS_PRUNE,
	TOKEN_ADD,
	TOKEN_GET,
	TOKENS_LIST,
	TOKENS_REVOKE,
	STATEMENTS
};

/* clang-format off */
static const char *const sql[STATEMENTS] = {
	[PERSON_GET] = "SELECT id, name, valid_from_ms FROM people WHERE id = ?1",
	[PERSON_PUT] =
	    "INSERT INTO people(id, name, created_ms) VALUES(?1, ?2, ?3)"
	    " ON CONFLICT(id) DO UPDATE SET name = coalesce(?2, name)",
	[PERSON_DELETE] = "DELETE FROM people WHERE id = ?1",
	[SESSION_ADD] =
	    "INSERT INTO sessions(hash, person_id, created_ms, expires_ms) VALUES(?1, ?2, ?3, ?4)",
	[SESSION_GET] =
	    "SELECT p.id, p.name, p.valid_from_ms, s.created_ms, s.expires_ms"
	    " FROM sessions s JOIN people p ON p.id = s.person_id"
	    " WHERE s.hash = ?1 AND s.expires_ms > ?2",
	[SESSION_EXTEND] = "UPDATE sessions SET expires_ms = ?2 WHERE hash = ?1",
	[SESSION_DELETE] = "DELETE FROM sessions WHERE hash = ?1",
	[SESSIONS_DELETE] = "DELETE FROM sessions WHERE person_id = ?1",
	[PERSON_VALID_FROM] =
	    "INSERT INTO people(id, valid_from_ms, created_ms) VALUES(?1, ?2, ?2)"
	    " ON CONFLICT(id) DO UPDATE SET valid_from_ms = ?2",
	[SESSIONS_COUNT] = "SELECT count(*) FROM sessions WHERE person_id = ?1 AND expires_ms > ?2",
	[SESSIONS_PRUNE] = "DELETE FROM sessions WHERE expires_ms <= ?1",
	[TOKEN_ADD] =
	    "INSERT INTO api_tokens(hash, name, created_ms, expires_ms)"
	    " VALUES(?1, ?2, ?3, nullif(?4, 0))",
	[TOKEN_GET] =
	    "SELECT id, name, created_ms, expires_ms, revoked_ms FROM api_tokens WHERE hash = ?1",
	[TOKENS_LIST] =
	    "SELECT id, name, created_ms, expires_ms, revoked_ms FROM api_tokens ORDER BY id",
	[TOKENS_REVOKE] =
	    "UPDATE api_tokens SET revoked_ms = ?3 WHERE revoked_ms IS NULL"
	    " AND CASE WHEN ?1 IS NULL THEN id = ?2 ELSE name = ?1 END",
};
/* clang-format on */
const struct stmt_table store_people_statements = { sql, STATEMENTS };

static sqlite3_stmt *
statement(struct store *s, size_t i)
{
	return store_stmt(s, PART_PEOPLE, i);
}

/* Columns 0 to 2: id, name, valid_from_ms. */
static void
person_from_row(sqlite3_stmt *st, struct person *out)
{
	const char *name = column_str(st, 1);

	(void)snprintf(out->id, sizeof out->id, "%s", column_text(st, 0));
	(void)snprintf(out->name, sizeof out->name, "%s", name != NULL ? name : "");
	out->valid_from_ms = sqlite3_column_int64(st, 2);
}

/* --- people --- */

enum err
store_person_get(struct store *s, const char *id, struct person *out)
{
	auto_stmt *st = statement(s, PERSON_GET);
	enum err e;

	bind_str(st, 1, id);
	if ((e = store_row(s, st)) == OK)
		person_from_row(st, out);
	return e;
}

enum err
store_person_put(struct store *s, const char *id, const char *name, int64_t now_ms)
{
	auto_stmt *st = statement(s, PERSON_PUT);

	bind_str(st, 1, id);
	bind_str(st, 2, name);
	bind_int(st, 3, now_ms);
	return store_run(s, st);
}

enum err
store_person_delete(struct store *s, const char *id)
{
	auto_stmt *st = statement(s, PERSON_DELETE);

	bind_str(st, 1, id);
	return store_run(s, st);
}

/* --- sessions --- */

enum err
store_session_add(
    struct store *s, const char *hash, const char *person_id, int64_t now_ms, int64_t expires_ms)
{
	auto_stmt *st = statement(s, SESSION_ADD);

	bind_str(st, 1, hash);
	bind_str(st, 2, person_id);
	bind_int(st, 3, now_ms);
	bind_int(st, 4, expires_ms);
	return store_run(s, st);
}

enum err
store_session_get(struct store *s, const char *hash, int64_t now_ms, struct session *out)
{
	auto_stmt *st = statement(s, SESSION_GET);
	enum err e;

	bind_str(st, 1, hash);
	bind_int(st, 2, now_ms);
	if ((e = store_row(s, st)) != OK)
		return e;
	person_from_row(st, &out->person);
	out->created_ms = sqlite3_column_int64(st, 3);
	out->expires_ms = sqlite3_column_int64(st, 4);
	return OK;
}

enum err
store_session_extend(struct store *s, const char *hash, int64_t expires_ms)
{
	auto_stmt *st = statement(s, SESSION_EXTEND);

	bind_str(st, 1, hash);
	bind_int(st, 2, expires_ms);
	return store_run(s, st);
}

enum err
store_session_delete(struct store *s, const char *hash)
{
	auto_stmt *st = statement(s, SESSION_DELETE);

	bind_str(st, 1, hash);
	return store_run(s, st);
}

enum err
store_sessions_end(struct store *s, const char *person_id, int64_t now_ms)
{
	auto_stmt *all = statement(s, SESSIONS_DELETE);
	auto_stmt *from = statement(s, PERSON_VALID_FROM);
	enum err e;

	bind_str(all, 1, person_id);
	if ((e = store_run(s, all)) != OK)
		return e;
	bind_str(from, 1, person_id);
	bind_int(from, 2, now_ms);
	return store_run(s, from);
}

enum err
store_sessions_count(struct store *s, const char *person_id, int64_t now_ms, int64_t *out_count)
{
	auto_stmt *st = statement(s, SESSIONS_COUNT);
	enum err e;

	bind_str(st, 1, person_id);
	bind_int(st, 2, now_ms);
	if ((e = store_row(s, st)) == OK)
		*out_count = sqlite3_column_int64(st, 0);
	return e;
}

enum err
store_sessions_prune(struct store *s, int64_t now_ms)
{
	auto_stmt *st = statement(s, SESSIONS_PRUNE);

	bind_int(st, 1, now_ms);
	return store_run(s, st);
}

/* --- API tokens --- */

static struct api_token
token_from_row(sqlite3_stmt *st)
{
	return (struct api_token){
		.id = sqlite3_column_int64(st, 0),
		.name = column_str(st, 1),
		.created_ms = sqlite3_column_int64(st, 2),
		.expires_ms = sqlite3_column_int64(st, 3),
		.revoked_ms = sqlite3_column_int64(st, 4),
	};
}

enum err
store_token_add(
    struct store *s, const char *hash, const char *name, int64_t now_ms, int64_t expires_ms)
{
	auto_stmt *st = statement(s, TOKEN_ADD);

	bind_str(st, 1, hash);
	bind_str(st, 2, name);
	bind_int(st, 3, now_ms);
	bind_int(st, 4, expires_ms);
	return store_run(s, st);
}

enum err
store_token_get(struct store *s, const char *hash, store_token_fn fn, void *arg)
{
	auto_stmt *st = statement(s, TOKEN_GET);
	struct api_token t;
	enum err e;

	bind_str(st, 1, hash);
	if ((e = store_row(s, st)) != OK)
		return e;
	t = token_from_row(st);
	(void)fn(arg, &t);
	return OK;
}

enum err
store_tokens_list(struct store *s, store_token_fn fn, void *arg)
{
	auto_stmt *st = statement(s, TOKENS_LIST);
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct api_token t = token_from_row(st);

		if (!fn(arg, &t))
			return OK;
	}
	return store_error(s, rc);
}

enum err
store_tokens_revoke(struct store *s, const char *name, int64_t id, int64_t now_ms, int *out_count)
{
	auto_stmt *st = statement(s, TOKENS_REVOKE);
	enum err e;

	bind_str(st, 1, name);
	bind_int(st, 2, id);
	bind_int(st, 3, now_ms);
	if ((e = store_run(s, st)) == OK)
		*out_count = sqlite3_changes(s->db);
	return e;
}
