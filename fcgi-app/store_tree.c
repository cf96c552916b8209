#include "store_tree.h"

#include "store_priv.h"

enum {
	MESSAGE_FIND,
	LEAF,
	BRANCH_HAS,
	BRANCH_IDS,
	CHILDREN,
	ROOTS,
	SUBTREE,
	JOBS_BELOW,
	INDEX_DROP,
	MESSAGE_DELETE,
	TOMBSTONE_ADD,
	TOMBSTONES_OLDEST,
	TOMBSTONES_PRUNE,
	CHAT_PRUNED,
	MESSAGES_EACH,
	PURGE_NEXT,
	PURGE_MESSAGES,
	PURGE_KEYS,
	PURGE_CHAT,
	PURGE_OUTBOX,
	CHAT_BURY,
	STATEMENTS
};

#define BELOW                                                                                      \
	"WITH RECURSIVE t(id) AS (VALUES(?1) UNION ALL"                                            \
	" SELECT m.id FROM t JOIN messages m ON m.parent_id = t.id) "

/* clang-format off */
static const char *const sql[STATEMENTS] = {
	[MESSAGE_FIND] =
	    "SELECT " MESSAGE_COLUMNS ", m.changed_seq" MESSAGE_FROM
	    "WHERE m.uid = ?2 AND m.chat_no = ?1",
	[LEAF] =
	    "WITH RECURSIVE t(id) AS (VALUES(?1) UNION ALL"
	    " SELECT (SELECT max(m.id) FROM messages m WHERE m.parent_id = t.id) FROM t"
	    " WHERE t.id NOT NULL) SELECT max(id) FROM t",
	[BRANCH_HAS] =
	    "WITH RECURSIVE b(id) AS (VALUES(?1) UNION ALL"
	    " SELECT m.parent_id FROM b JOIN messages m ON m.id = b.id WHERE m.parent_id >= ?2)"
	    " SELECT 1 FROM b WHERE id = ?2",
	[BRANCH_IDS] =
	    "WITH RECURSIVE b(id) AS (VALUES(?1) UNION ALL"
	    " SELECT m.parent_id FROM b JOIN messages m ON m.id = b.id WHERE m.parent_id > ?2)"
	    " SELECT id FROM b WHERE id > ?2 ORDER BY id",
	[CHILDREN] = "SELECT id, uid FROM messages WHERE parent_id = ?2 AND chat_no = ?1 ORDER BY id",
	[ROOTS] = "SELECT id, uid FROM messages WHERE chat_no = ?1 AND parent_id IS NULL ORDER BY id",
	[SUBTREE] =
	    BELOW "SELECT m.id, m.uid FROM t JOIN messages m ON m.id = t.id"
	    " ORDER BY m.id DESC LIMIT ?2",
	[JOBS_BELOW] =
	    BELOW "SELECT j.id, j.message_id, j.uid, m.uid, j.state = 'running'"
	    " FROM jobs j JOIN messages m ON m.id = j.message_id"
	    " WHERE j.chat_no = (SELECT chat_no FROM messages WHERE id = ?1)"
	    " AND j.state IN('queued', 'running') AND j.message_id IN(SELECT id FROM t)"
	    " ORDER BY j.state = 'running' DESC, j.id",
	/* messages_text shows a row exactly if it is in the index */
	[INDEX_DROP] =
	    "INSERT INTO messages_fts(messages_fts, rowid, content, chat)"
	    " SELECT 'delete', id, content, chat FROM messages_text WHERE id = ?1",
	[MESSAGE_DELETE] = "DELETE FROM messages WHERE id = ?1",
	[TOMBSTONE_ADD] = "INSERT INTO tombstones(chat_no, seq, uid) VALUES(?1, ?2, ?3)",
	[TOMBSTONES_OLDEST] =
	    "SELECT seq FROM tombstones WHERE chat_no = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2",
	[TOMBSTONES_PRUNE] = "DELETE FROM tombstones WHERE chat_no = ?1 AND seq <= ?2",
	[CHAT_PRUNED] = "UPDATE chats SET pruned_seq = max(pruned_seq, ?2) WHERE no = ?1",
	[MESSAGES_EACH] =
	    "SELECT " MESSAGE_COLUMNS ", m.changed_seq FROM"
	    " (SELECT id FROM messages WHERE chat_no = ?1 AND id > ?2 ORDER BY id LIMIT ?3) i"
	    " JOIN messages m ON m.id = i.id LEFT JOIN messages p ON p.id = m.parent_id"
	    " ORDER BY m.id",
	[PURGE_NEXT] =
	    "SELECT no FROM chats WHERE deleted_ms <= ?1 ORDER BY deleted_ms LIMIT 1",
	[PURGE_MESSAGES] =
	    "SELECT id, uid FROM messages WHERE chat_no = ?1 ORDER BY id DESC LIMIT ?2",
	/* k begins with the chat's id and a line end */
	[PURGE_KEYS] =
	    "DELETE FROM idempotency WHERE k >= (SELECT id || char(10) FROM chats WHERE no = ?1)"
	    " AND k < (SELECT id || char(11) FROM chats WHERE no = ?1)",
	[PURGE_CHAT] = "DELETE FROM chats WHERE no = ?1",
	/* '~' is no character of an id: nobody can ask for it */
	[PURGE_OUTBOX] = "DELETE FROM outbox WHERE chat_no = ?1",
	[CHAT_BURY] =
	    "UPDATE chats SET id = '~' || hex(randomblob(16)), deleted_ms = 1"
	    " WHERE no = ?1 AND deleted_ms NOT NULL",
};
/* clang-format on */
const struct stmt_table store_tree_statements = { sql, STATEMENTS };

enum err
store_message_find(
    struct store *s, int64_t chat_no, const char *uid, store_message_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_TREE, MESSAGE_FIND);

	bind_int(st, 1, chat_no);
	bind_str(st, 2, uid);
	return store_one_message(s, st, fn, arg);
}

enum err
store_leaf(struct store *s, int64_t id, int64_t *out_id)
{
	auto_stmt *st = store_stmt(s, PART_TREE, LEAF);
	enum err e;

	bind_int(st, 1, id);
	if ((e = store_row(s, st)) == OK)
		*out_id = sqlite3_column_int64(st, 0);
	return e;
}

enum err
store_branch_has(struct store *s, int64_t head_id, int64_t id)
{
	auto_stmt *st = store_stmt(s, PART_TREE, BRANCH_HAS);

	bind_int(st, 1, head_id);
	bind_int(st, 2, id);
	return store_row(s, st);
}

static enum err
each_uid(struct store *s, sqlite3_stmt *st, store_uid_fn fn, void *arg)
{
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		if (!fn(arg, sqlite3_column_int64(st, 0), column_text(st, 1)))
			return OK;
	return store_error(s, rc);
}

enum err
store_children(struct store *s, int64_t chat_no, int64_t parent_id, store_uid_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_TREE, parent_id != 0 ? CHILDREN : ROOTS);

	bind_int(st, 1, chat_no);
	if (parent_id != 0)
		bind_int(st, 2, parent_id);
	return each_uid(s, st, fn, arg);
}

enum err
store_branch_ids(struct store *s, int64_t head_id, int64_t after_id, store_id_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_TREE, BRANCH_IDS);
	int rc;

	bind_int(st, 1, head_id);
	bind_int(st, 2, after_id);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		if (!fn(arg, sqlite3_column_int64(st, 0)))
			return OK;
	return store_error(s, rc);
}

enum err
store_subtree(struct store *s, int64_t id, int limit, store_uid_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_TREE, SUBTREE);

	bind_int(st, 1, id);
	bind_int(st, 2, limit);
	return each_uid(s, st, fn, arg);
}

enum err
store_jobs_below(struct store *s, int64_t id, store_live_job_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_TREE, JOBS_BELOW);

	bind_int(st, 1, id);
	return store_each_live_job(s, st, fn, arg);
}

static enum err
run_for(struct store *s, size_t which, int64_t key)
{
	auto_stmt *st = store_stmt(s, PART_TREE, which);

	bind_int(st, 1, key);
	return store_run(s, st);
}

enum err
store_message_delete(struct store *s, int64_t id)
{
	enum err e = run_for(s, INDEX_DROP, id);

	return e == OK ? run_for(s, MESSAGE_DELETE, id) : e;
}

/* --- tombstones --- */

enum err
store_tombstone_add(struct store *s, int64_t chat_no, int64_t seq, const char *uid)
{
	auto_stmt *st = store_stmt(s, PART_TREE, TOMBSTONE_ADD);

	bind_int(st, 1, chat_no);
	bind_int(st, 2, seq);
	bind_str(st, 3, uid);
	return store_run(s, st);
}

static enum err
prune_to(struct store *s, size_t which, int64_t chat_no, int64_t seq)
{
	auto_stmt *st = store_stmt(s, PART_TREE, which);

	bind_int(st, 1, chat_no);
	bind_int(st, 2, seq);
	return store_run(s, st);
}

enum err
store_tombstones_prune(struct store *s, int64_t chat_no)
{
	auto_stmt *st = store_stmt(s, PART_TREE, TOMBSTONES_OLDEST);
	int64_t seq;
	enum err e;

	bind_int(st, 1, chat_no);
	bind_int(st, 2, LIMIT_TOMBSTONES);
	if ((e = store_row(s, st)) != OK)
		return e == ERR_NOT_FOUND ? OK : e;
	seq = sqlite3_column_int64(st, 0);
	if ((e = prune_to(s, TOMBSTONES_PRUNE, chat_no, seq)) != OK)
		return e;
	return prune_to(s, CHAT_PRUNED, chat_no, seq);
}

/* --- whole chats --- */

enum err
store_messages_each(
    struct store *s, int64_t chat_no, int64_t after_id, int limit, store_message_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_TREE, MESSAGES_EACH);

	bind_int(st, 1, chat_no);
	bind_int(st, 2, after_id);
	bind_int(st, 3, limit);
	return store_each_message(s, st, fn, arg);
}

struct id_list {
	int64_t *ids;
	int count;
};

static bool
note_id(void *arg, int64_t id, const char *uid)
{
	struct id_list *l = arg;

	(void)uid;
	l->ids[l->count++] = id;
	return true;
}

static enum err
purge_messages(struct store *s, int64_t chat_no, int limit, int *out_count)
{
	struct id_list l = { .ids = xcalloc((size_t)limit, sizeof *l.ids) };
	enum err e;

	{
		auto_stmt *st = store_stmt(s, PART_TREE, PURGE_MESSAGES);

		bind_int(st, 1, chat_no);
		bind_int(st, 2, limit);
		e = each_uid(s, st, note_id, &l);
	}
	for (int i = 0; i < l.count && e == OK; i++)
		e = store_message_delete(s, l.ids[i]);
	free(l.ids);
	*out_count = l.count;
	return e;
}

/* The chat that was deleted first. */
static enum err
next_deleted(struct store *s, int64_t before_ms, int64_t *out_no)
{
	auto_stmt *st = store_stmt(s, PART_TREE, PURGE_NEXT);
	enum err e;

	bind_int(st, 1, before_ms);
	if ((e = store_row(s, st)) == OK)
		*out_no = sqlite3_column_int64(st, 0);
	return e;
}

enum err
store_chat_bury(struct store *s, int64_t no)
{
	enum err e = run_for(s, PURGE_KEYS, no);

	if (e == OK)
		e = run_for(s, PURGE_OUTBOX, no); /* they would name it */
	return e == OK ? run_for(s, CHAT_BURY, no) : e;
}

enum err
store_purge_some(struct store *s, int64_t before_ms, int limit, bool *out_any, bool *out_more)
{
	int64_t no;
	enum err e = OK;

	*out_any = false;
	*out_more = true;
	while (limit > 0 && e == OK) {
		int count = 0;

		if ((e = next_deleted(s, before_ms, &no)) == ERR_NOT_FOUND) {
			*out_more = false;
			return OK;
		}
		*out_any = true;
		if (e != OK || (e = purge_messages(s, no, limit, &count)) != OK)
			return e;
		limit -= count > 0 ? count : 1;
		if (count == 0 && (e = run_for(s, PURGE_KEYS, no)) == OK)
			e = run_for(s, PURGE_CHAT, no);
	}
	return e;
}
