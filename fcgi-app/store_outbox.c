#include "store_priv.h"

enum {
	OUTBOX_ADD,
	OUTBOX_LIST,
	OUTBOX_DELETE,
	IDEMPOTENCY_GET,
	IDEMPOTENCY_PUT,
	IDEMPOTENCY_PRUNE,
	STATEMENTS
};

/* clang-format off */
static const char *const sql[STATEMENTS] = {
	[OUTBOX_ADD] =
	    "INSERT INTO outbox(chat_no, message_id, job_uid, seq, name, data, socket_id, rid,"
	    " created_ms) VALUES(nullif(?1, 0), nullif(?2, 0), ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[OUTBOX_LIST] =
	    "SELECT id, chat_no, message_id, job_uid, seq, name, data, socket_id, rid, created_ms"
	    " FROM outbox WHERE id > ?1 ORDER BY id LIMIT ?2",
	[OUTBOX_DELETE] = "DELETE FROM outbox WHERE id = ?1",
	[IDEMPOTENCY_GET] = "SELECT body_hash, response FROM idempotency WHERE k = ?1",
	[IDEMPOTENCY_PUT] =
	    "INSERT INTO idempotency(k, body_hash, response, created_ms) VALUES(?1, ?2, ?3, ?4)",
	[IDEMPOTENCY_PRUNE] = "DELETE FROM idempotency WHERE created_ms < ?1",
};
/* clang-format on */
const struct stmt_table store_outbox_statements = { sql, STATEMENTS };

enum err
store_outbox_add(struct store *s, const struct outbox_event *e)
{
	auto_stmt *st = store_stmt(s, PART_OUTBOX, OUTBOX_ADD);

	bind_int(st, 1, e->chat_no);
	bind_int(st, 2, e->message_id);
	bind_str(st, 3, e->job_uid);
	bind_int(st, 4, e->seq);
	bind_str(st, 5, e->name);
	bind_str(st, 6, e->data);
	bind_str(st, 7, e->socket_id);
	bind_str(st, 8, e->rid);
	bind_int(st, 9, e->created_ms);
	return store_run(s, st);
}

enum err
store_outbox_list(struct store *s, int64_t after_id, int limit, store_outbox_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_OUTBOX, OUTBOX_LIST);
	int rc;

	bind_int(st, 1, after_id);
	bind_int(st, 2, limit);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct outbox_event e = {
			.id = sqlite3_column_int64(st, 0),
			.chat_no = sqlite3_column_int64(st, 1),
			.message_id = sqlite3_column_int64(st, 2),
			.job_uid = column_str(st, 3),
			.seq = sqlite3_column_int64(st, 4),
			.name = column_str(st, 5),
			.data = column_str(st, 6),
			.socket_id = column_str(st, 7),
			.rid = column_str(st, 8),
			.created_ms = sqlite3_column_int64(st, 9),
		};

		if (!fn(arg, &e))
			return OK;
	}
	return store_error(s, rc);
}

enum err
store_outbox_delete(struct store *s, int64_t id)
{
	auto_stmt *st = store_stmt(s, PART_OUTBOX, OUTBOX_DELETE);

	bind_int(st, 1, id);
	return store_run(s, st);
}

enum err
store_idempotency_get(
    struct store *s, const char *key, const char *body_hash, struct buf *out_response)
{
	auto_stmt *st = store_stmt(s, PART_OUTBOX, IDEMPOTENCY_GET);
	enum err e;

	bind_str(st, 1, key);
	if ((e = store_row(s, st)) != OK)
		return e;
	if (strcmp(column_text(st, 0), body_hash) != 0)
		return ERR_CONFLICT;
	return buf_adds(out_response, column_text(st, 1));
}

enum err
store_idempotency_put(
    struct store *s, const char *key, const char *body_hash, const char *response, int64_t now_ms)
{
	auto_stmt *st = store_stmt(s, PART_OUTBOX, IDEMPOTENCY_PUT);

	bind_str(st, 1, key);
	bind_str(st, 2, body_hash);
	bind_str(st, 3, response);
	bind_int(st, 4, now_ms);
	return store_run(s, st);
}

enum err
store_idempotency_prune(struct store *s, int64_t before_ms)
{
	auto_stmt *st = store_stmt(s, PART_OUTBOX, IDEMPOTENCY_PRUNE);

	bind_int(st, 1, before_ms);
	return store_run(s, st);
}
