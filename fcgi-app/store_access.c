#include "store_access.h"
#include "store_priv.h"

enum {
	MEMBER_ADD,
	MEMBERS_REMOVE,
	MEMBER_CHECK,
	MEMBERS_LIST,
	INVITATION_ADD,
	INVITATION_GET,
	INVITATIONS_COUNT,
	INVITATIONS_DELETE,
	SPENDING_GET,
	SPENDING_ADD,
	SPENDING_PRUNE,
	BUSY_OF_PERSON,
	BUSY_OF_ADDRESS,
	STATEMENTS
};

/* clang-format off */
static const char *const sql[STATEMENTS] = {
	[MEMBER_ADD] =
	    "INSERT INTO members(chat_no, person_id, joined_ms) VALUES(?1, ?2, ?3)"
	    " ON CONFLICT DO NOTHING",
	[MEMBERS_REMOVE] = "DELETE FROM members WHERE chat_no = ?1 AND person_id = coalesce(?2, person_id)",
	[MEMBER_CHECK] = "SELECT 1 FROM members WHERE chat_no = ?1 AND person_id = ?2",
	[MEMBERS_LIST] =
	    "SELECT m.person_id, p.name, m.joined_ms FROM members m"
	    " LEFT JOIN people p ON p.id = m.person_id WHERE m.chat_no = ?1"
	    " ORDER BY m.joined_ms, m.person_id",
	[INVITATION_ADD] =
	    "INSERT INTO invitations(hash, chat_no, created_ms, expires_ms) VALUES(?1, ?2, ?3, ?4)",
	[INVITATION_GET] = "SELECT chat_no FROM invitations WHERE hash = ?1 AND expires_ms > ?2",
	[INVITATIONS_COUNT] =
	    "SELECT count(*) FROM invitations WHERE chat_no = ?1 AND expires_ms > ?2",
	[INVITATIONS_DELETE] = "DELETE FROM invitations WHERE chat_no = ?1",
	[SPENDING_GET] = "SELECT tokens FROM spending WHERE day = ?1 AND who = ?2",
	[SPENDING_ADD] =
	    "INSERT INTO spending(day, who, tokens) SELECT ?1, who, ?3 FROM ("
	    "SELECT person_id AS who FROM jobs WHERE id = ?2 AND person_id IS NOT NULL"
	    " UNION ALL SELECT 'a:' || address FROM jobs WHERE id = ?2 AND address IS NOT NULL"
	    " UNION ALL SELECT '') WHERE true"
	    " ON CONFLICT(day, who) DO UPDATE SET tokens = tokens + excluded.tokens",
	[SPENDING_PRUNE] = "DELETE FROM spending WHERE day < ?1",
	/* the state stands as in the partial indexes, or they would not be used */
	[BUSY_OF_PERSON] =
	    "SELECT count(DISTINCT chat_no) FROM jobs WHERE person_id = ?1 AND chat_no <> ?2"
	    " AND state IN('queued', 'running')",
	[BUSY_OF_ADDRESS] =
	    "SELECT count(DISTINCT chat_no) FROM jobs WHERE address = ?1 AND chat_no <> ?2"
	    " AND state IN('queued', 'running')",
};
/* clang-format on */
const struct stmt_table store_access_statements = { sql, STATEMENTS };

static sqlite3_stmt *
statement(struct store *s, size_t i)
{
	return store_stmt(s, PART_ACCESS, i);
}

enum err
store_member_add(struct store *s, int64_t chat_no, const char *person_id, int64_t now_ms)
{
	auto_stmt *st = statement(s, MEMBER_ADD);

	bind_int(st, 1, chat_no);
	bind_str(st, 2, person_id);
	bind_int(st, 3, now_ms);
	return store_run(s, st);
}

enum err
store_members_remove(struct store *s, int64_t chat_no, const char *person_id, int *out_count)
{
	auto_stmt *st = statement(s, MEMBERS_REMOVE);
	enum err e;

	bind_int(st, 1, chat_no);
	bind_str(st, 2, person_id);
	if ((e = store_run(s, st)) == OK)
		*out_count = sqlite3_changes(s->db);
	return e;
}

enum err
store_member_check(struct store *s, int64_t chat_no, const char *person_id)
{
	auto_stmt *st = statement(s, MEMBER_CHECK);

	bind_int(st, 1, chat_no);
	bind_str(st, 2, person_id);
	return store_row(s, st);
}

enum err
store_members_list(struct store *s, int64_t chat_no, store_member_fn fn, void *arg)
{
	auto_stmt *st = statement(s, MEMBERS_LIST);
	int rc;

	bind_int(st, 1, chat_no);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		if (!fn(arg, column_text(st, 0), column_text(st, 1), sqlite3_column_int64(st, 2)))
			return OK;
	return store_error(s, rc);
}

enum err
store_invitation_add(
    struct store *s, const char *hash, int64_t chat_no, int64_t now_ms, int64_t expires_ms)
{
	auto_stmt *st = statement(s, INVITATION_ADD);

	bind_str(st, 1, hash);
	bind_int(st, 2, chat_no);
	bind_int(st, 3, now_ms);
	bind_int(st, 4, expires_ms);
	return store_run(s, st);
}

enum err
store_invitation_get(struct store *s, const char *hash, int64_t now_ms, int64_t *out_chat_no)
{
	auto_stmt *st = statement(s, INVITATION_GET);
	enum err e;

	bind_str(st, 1, hash);
	bind_int(st, 2, now_ms);
	if ((e = store_row(s, st)) == OK)
		*out_chat_no = sqlite3_column_int64(st, 0);
	return e;
}

enum err
store_invitations_count(struct store *s, int64_t chat_no, int64_t now_ms, int *out_count)
{
	auto_stmt *st = statement(s, INVITATIONS_COUNT);
	enum err e;

	bind_int(st, 1, chat_no);
	bind_int(st, 2, now_ms);
	if ((e = store_row(s, st)) == OK)
		*out_count = sqlite3_column_int(st, 0);
	return e;
}

enum err
store_invitations_delete(struct store *s, int64_t chat_no)
{
	auto_stmt *st = statement(s, INVITATIONS_DELETE);

	bind_int(st, 1, chat_no);
	return store_run(s, st);
}

/* --- what limits count --- */

enum err
store_spending_get(struct store *s, int64_t day, const char *who, int64_t *out_tokens)
{
	auto_stmt *st = statement(s, SPENDING_GET);
	enum err e;

	bind_int(st, 1, day);
	bind_str(st, 2, who);
	e = store_row(s, st);
	*out_tokens = e == OK ? sqlite3_column_int64(st, 0) : 0;
	return e == ERR_NOT_FOUND ? OK : e;
}

enum err
store_spending_add(struct store *s, int64_t day, int64_t job_id, int64_t tokens)
{
	auto_stmt *st = statement(s, SPENDING_ADD);

	bind_int(st, 1, day);
	bind_int(st, 2, job_id);
	bind_int(st, 3, tokens);
	return store_run(s, st);
}

enum err
store_spending_prune(struct store *s, int64_t before_day)
{
	auto_stmt *st = statement(s, SPENDING_PRUNE);

	bind_int(st, 1, before_day);
	return store_run(s, st);
}

enum err
store_busy_chats(struct store *s, const char *person_id, const char *address, int64_t but_chat_no,
    int64_t *out_count)
{
	auto_stmt *st = statement(s, person_id != NULL ? BUSY_OF_PERSON : BUSY_OF_ADDRESS);
	enum err e;

	bind_str(st, 1, person_id != NULL ? person_id : address);
	bind_int(st, 2, but_chat_no);
	if ((e = store_row(s, st)) == OK)
		*out_count = sqlite3_column_int64(st, 0);
	return e;
}
