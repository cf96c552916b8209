#include "store_priv.h"

enum {
	MESSAGE_ADD,
	MESSAGE_GET,
	MESSAGE_BRANCH,
	MESSAGE_REPLY_OF,
	MESSAGE_BY_POST,
	MESSAGES_CHANGED,
	MESSAGES_RUNNING,
	TOMBSTONES,
	DELTA_ADD,
	DELTAS_CLEAR,
	REPLY_STATUS,
	REPLY_FINISH,
	QUEUE_NEW,
	QUEUE_ENDED,
	STATEMENTS
};

/* clang-format off */
static const char *const sql[STATEMENTS] = {
	[MESSAGE_ADD] =
	    "INSERT INTO messages(uid, chat_no, parent_id, role, content, status, is_imported,"
	    " post_hash, changed_seq, created_ms, updated_ms, author_id, author_name)"
	    " VALUES(?1, ?2, nullif(?3, 0), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?11, ?12)",
	[MESSAGE_GET] = "SELECT " MESSAGE_COLUMNS ", m.changed_seq" MESSAGE_FROM "WHERE m.id = ?1",
	[MESSAGE_BRANCH] =
	    "WITH RECURSIVE b(id, depth) AS (VALUES(?1, 0) UNION ALL"
	    " SELECT m.parent_id, b.depth + 1 FROM b JOIN messages m ON m.id = b.id"
	    " WHERE m.parent_id IS NOT NULL AND b.depth + 1 < ?2)"
	    " SELECT " MESSAGE_COLUMNS ", m.changed_seq FROM b JOIN messages m ON m.id = b.id"
	    " LEFT JOIN messages p ON p.id = m.parent_id ORDER BY b.depth",
	[MESSAGE_REPLY_OF] =
	    "SELECT " MESSAGE_COLUMNS ", m.changed_seq" MESSAGE_FROM
	    "WHERE m.parent_id = ?1 AND m.role = 'assistant' ORDER BY m.id DESC LIMIT 1",
	[MESSAGE_BY_POST] =
	    "SELECT " MESSAGE_COLUMNS ", m.changed_seq" MESSAGE_FROM
	    "WHERE m.chat_no = ?1 AND m.post_hash = ?2 ORDER BY m.id DESC LIMIT 1",
	[MESSAGES_CHANGED] =
	    "SELECT " MESSAGE_COLUMNS ", m.changed_seq" MESSAGE_FROM
	    "WHERE m.chat_no = ?1 AND m.changed_seq > ?2 ORDER BY m.changed_seq LIMIT ?3",
	[MESSAGES_RUNNING] =
	    "SELECT " MESSAGE_COLUMNS ", max(m.changed_seq, d.last) FROM"
	    " (SELECT message_id, (SELECT max(seq) FROM deltas d WHERE d.message_id = j.message_id)"
	    " AS last FROM jobs j WHERE j.chat_no = ?1 AND j.state IN('queued', 'running')) d"
	    " JOIN messages m ON m.id = d.message_id"
	    " LEFT JOIN messages p ON p.id = m.parent_id WHERE d.last > ?2 ORDER BY d.last",
	[TOMBSTONES] =
	    "SELECT uid, seq FROM tombstones WHERE chat_no = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
	[DELTA_ADD] = "INSERT INTO deltas(message_id, seq, text) VALUES(?1, ?2, ?3)",
	[DELTAS_CLEAR] = "DELETE FROM deltas WHERE message_id = ?1",
	[REPLY_STATUS] =
	    "UPDATE messages SET status = ?2, changed_seq = ?3, updated_ms = ?4 WHERE id = ?1",
	[REPLY_FINISH] =
	    "UPDATE messages SET status = ?2, content = ?3, is_notice = ?4, error_type = ?5,"
	    " model = ?6, response_id = ?7, tok_prompt = ?8, tok_output = ?9, tok_thought = ?10,"
	    " tok_cached = ?11, tok_total = ?12, changed_seq = ?13, updated_ms = ?14 WHERE id = ?1",
	[QUEUE_NEW] = "INSERT INTO index_queue(message_id) VALUES(?1)",
	[QUEUE_ENDED] =
	    ("INSERT INTO index_queue(message_id) SELECT id FROM messages"
	     " WHERE id = ?1 AND status IN('queued', 'streaming')"),
};

static const char *const status_names[] = {
	[MESSAGE_COMPLETE] = "complete",
	[MESSAGE_QUEUED] = "queued",
	[MESSAGE_STREAMING] = "streaming",
	[MESSAGE_STOPPED] = "stopped",
	[MESSAGE_BLOCKED] = "blocked",
	[MESSAGE_TRUNCATED] = "truncated",
	[MESSAGE_ERROR] = "error",
};
static const char *const role_names[] = {
	[ROLE_SYSTEM] = "system",
	[ROLE_USER] = "user",
	[ROLE_ASSISTANT] = "assistant",
};
/* clang-format on */
const struct stmt_table store_messages_statements = { sql, STATEMENTS };

const char *
role_name(enum role r)
{
	return role_names[r];
}

const char *
message_status_name(enum message_status st)
{
	return status_names[st];
}

bool
message_is_running(enum message_status st)
{
	return st == MESSAGE_QUEUED || st == MESSAGE_STREAMING;
}

static enum message_status
status_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(status_names); i++)
		if (strcmp(status_names[i], name) == 0)
			return (enum message_status)i;
	return MESSAGE_ERROR;
}

struct message
store_message_from_row(sqlite3_stmt *st)
{
	return (struct message) {
		.id = sqlite3_column_int64(st, 0),
		.uid = column_text(st, 1),
		.chat_no = sqlite3_column_int64(st, 2),
		.parent_id = sqlite3_column_int64(st, 3),
		.parent_uid = column_str(st, 4),
		.role = strcmp(column_text(st, 5), "user") == 0 ? ROLE_USER : ROLE_ASSISTANT,
		.author_name = column_str(st, 6),
		.content = column_text(st, 7),
		.content_len = (size_t)sqlite3_column_bytes(st, 7),
		.status = status_of(column_text(st, 8)),
		.is_imported = sqlite3_column_int(st, 9) != 0,
		.is_notice = sqlite3_column_int(st, 10) != 0,
		.error_type = column_str(st, 11),
		.model = column_str(st, 12),
		.post_hash = column_str(st, 13),
		.usage = {
		    .prompt = sqlite3_column_int64(st, 14),
		    .output = sqlite3_column_int64(st, 15),
		    .thought = sqlite3_column_int64(st, 16),
		    .cached = sqlite3_column_int64(st, 17),
		    .total = sqlite3_column_int64(st, 18),
		},
		.created_ms = sqlite3_column_int64(st, 19),
		.author_id = column_str(st, 20),
		.changed_seq = sqlite3_column_int64(st, 21),
	};
}

enum err
store_one_message(struct store *s, sqlite3_stmt *st, store_message_fn fn, void *arg)
{
	struct message m;
	enum err e = store_row(s, st);

	if (e != OK)
		return e;
	m = store_message_from_row(st);
	(void)fn(arg, &m);
	return OK;
}

enum err
store_each_message(struct store *s, sqlite3_stmt *st, store_message_fn fn, void *arg)
{
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct message m = store_message_from_row(st);

		if (!fn(arg, &m))
			return OK;
	}
	return store_error(s, rc);
}

/* What is finished and says something is searched for (sql: index_queue). */
static enum err
queue_for_index(struct store *s, size_t statement, int64_t message_id)
{
	auto_stmt *st = store_stmt(s, PART_MESSAGES, statement);

	bind_int(st, 1, message_id);
	return store_run(s, st);
}

enum err
store_message_add(struct store *s, const struct message_new *m, int64_t *out_id)
{
	auto_stmt *st = store_stmt(s, PART_MESSAGES, MESSAGE_ADD);
	enum err e;

	bind_str(st, 1, m->uid);
	bind_int(st, 2, m->chat_no);
	bind_int(st, 3, m->parent_id);
	bind_str(st, 4, role_names[m->role]);
	(void)sqlite3_bind_text64(st, 5, m->content, m->content_len, SQLITE_STATIC, SQLITE_UTF8);
	bind_str(st, 6, status_names[m->status]);
	bind_int(st, 7, m->is_imported);
	bind_str(st, 8, m->post_hash);
	bind_int(st, 9, m->seq);
	bind_int(st, 10, m->now_ms);
	bind_str(st, 11, m->author_id);
	bind_str(st, 12, m->author_name);
	if ((e = store_run(s, st)) != OK)
		return e;
	*out_id = sqlite3_last_insert_rowid(s->db);
	return m->content_len > 0 && !message_is_running(m->status)
		   ? queue_for_index(s, QUEUE_NEW, *out_id)
		   : OK;
}

enum err
store_message_get(struct store *s, int64_t id, store_message_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_MESSAGES, MESSAGE_GET);

	bind_int(st, 1, id);
	return store_one_message(s, st, fn, arg);
}

enum err
store_branch(struct store *s, int64_t message_id, int limit, store_message_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_MESSAGES, MESSAGE_BRANCH);

	bind_int(st, 1, message_id);
	bind_int(st, 2, limit);
	return store_each_message(s, st, fn, arg);
}

enum err
store_reply_of(struct store *s, int64_t message_id, store_message_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_MESSAGES, MESSAGE_REPLY_OF);

	bind_int(st, 1, message_id);
	return store_one_message(s, st, fn, arg);
}

enum err
store_message_by_post(
    struct store *s, int64_t chat_no, const char *post_hash, store_message_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_MESSAGES, MESSAGE_BY_POST);

	bind_int(st, 1, chat_no);
	bind_str(st, 2, post_hash);
	return store_one_message(s, st, fn, arg);
}

enum err
store_messages_changed(
    struct store *s, int64_t chat_no, int64_t after, int limit, store_message_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_MESSAGES, MESSAGES_CHANGED);

	bind_int(st, 1, chat_no);
	bind_int(st, 2, after);
	bind_int(st, 3, limit);
	return store_each_message(s, st, fn, arg);
}

enum err
store_messages_streaming(
    struct store *s, int64_t chat_no, int64_t after, store_message_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_MESSAGES, MESSAGES_RUNNING);

	bind_int(st, 1, chat_no);
	bind_int(st, 2, after);
	return store_each_message(s, st, fn, arg);
}

enum err
store_tombstones(
    struct store *s, int64_t chat_no, int64_t after, int limit, store_tombstone_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_MESSAGES, TOMBSTONES);
	int rc;

	bind_int(st, 1, chat_no);
	bind_int(st, 2, after);
	bind_int(st, 3, limit);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		if (!fn(arg, column_text(st, 0), sqlite3_column_int64(st, 1)))
			return OK;
	return store_error(s, rc);
}

/* --- replies in progress --- */

enum err
store_delta_add(struct store *s, int64_t message_id, int64_t seq, const char *text, size_t n)
{
	auto_stmt *st = store_stmt(s, PART_MESSAGES, DELTA_ADD);

	bind_int(st, 1, message_id);
	bind_int(st, 2, seq);
	(void)sqlite3_bind_text64(st, 3, text, n, SQLITE_STATIC, SQLITE_UTF8);
	return store_run(s, st);
}

enum err
store_reply_clear(struct store *s, int64_t message_id, bool *out_had_text)
{
	auto_stmt *st = store_stmt(s, PART_MESSAGES, DELTAS_CLEAR);
	enum err e;

	bind_int(st, 1, message_id);
	if ((e = store_run(s, st)) == OK)
		*out_had_text = sqlite3_changes(s->db) > 0;
	return e;
}

enum err
store_reply_status(
    struct store *s, int64_t message_id, enum message_status status, int64_t seq, int64_t now_ms)
{
	auto_stmt *st = store_stmt(s, PART_MESSAGES, REPLY_STATUS);

	bind_int(st, 1, message_id);
	bind_str(st, 2, status_names[status]);
	bind_int(st, 3, seq);
	bind_int(st, 4, now_ms);
	return store_run(s, st);
}

static void
bind_usage(sqlite3_stmt *st, int first, const struct usage *u)
{
	if (u->total == 0)
		return; /* not known: NULL, not zero */
	bind_int(st, first, u->prompt);
	bind_int(st, first + 1, u->output);
	bind_int(st, first + 2, u->thought);
	bind_int(st, first + 3, u->cached);
	bind_int(st, first + 4, u->total);
}

enum err
store_reply_finish(struct store *s, const struct reply_end *end)
{
	auto_stmt *st = store_stmt(s, PART_MESSAGES, REPLY_FINISH);
	bool had_text;
	enum err e = OK;

	if (end->content_len > 0 && !end->is_notice && !message_is_running(end->status))
		e = queue_for_index(s, QUEUE_ENDED, end->message_id);
	if (e != OK)
		return e;
	bind_int(st, 1, end->message_id);
	bind_str(st, 2, status_names[end->status]);
	(void)sqlite3_bind_text64(
	    st, 3, end->content, end->content_len, SQLITE_STATIC, SQLITE_UTF8);
	bind_int(st, 4, end->is_notice);
	bind_str(st, 5, end->error_type);
	bind_str(st, 6, end->model);
	bind_str(st, 7, end->response_id);
	bind_usage(st, 8, &end->usage);
	bind_int(st, 13, end->seq);
	bind_int(st, 14, end->now_ms);
	if ((e = store_run(s, st)) != OK)
		return e;
	return store_reply_clear(s, end->message_id, &had_text);
}
