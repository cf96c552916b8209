#include "store_priv.h"

#include <stdio.h>

enum {
	CHAT_FIND,
	CHAT_FIND_DELETED,
	CHAT_GET,
	CHAT_ADD,
	CHAT_CHANGE,
	CHAT_SET_DELETED,
	CHAT_SEQ,
	CHAT_SEQ_ACTIVE,
	CHAT_SEQ_GET,
	CHAT_SET_HEAD,
	CHAT_ADVANCE,
	CHAT_SET_CLIENT,
	CHATS_LIST,
	CHATS_OF_PERSON,
	STATEMENTS
};

#define CHAT_COLUMNS                                                                               \
	"c.no, c.id, c.id_is_number, c.visibility, c.title, c.system_prompt, c.client_system,"     \
	" c.model, c.lang, c.head_id, h.uid, c.seq, c.changed_seq, c.pruned_seq, c.created_ms,"    \
	" c.updated_ms, c.owner_id, c.deleted_ms, c.title_source"                                  \
	" FROM chats c LEFT JOIN messages h ON h.id = c.head_id "

#define LISTED                                                                                     \
	"c.deleted_ms IS NULL AND (?1 = 0 OR (c.updated_ms, c.no) < (?1, ?2))"                     \
	" ORDER BY c.updated_ms DESC, c.no DESC LIMIT ?3)"

/* clang-format off */
static const char *const sql[STATEMENTS] = {
	[CHAT_FIND] = "SELECT " CHAT_COLUMNS "WHERE c.id = ?1 AND c.deleted_ms IS NULL",
	[CHAT_FIND_DELETED] = "SELECT " CHAT_COLUMNS "WHERE c.id = ?1 AND c.deleted_ms NOT NULL",
	[CHAT_GET] = "SELECT " CHAT_COLUMNS "WHERE c.no = ?1",
	[CHAT_ADD] =
	    "INSERT INTO chats(id, id_is_number, visibility, title, lang, system_prompt, model,"
	    " title_source, created_ms, updated_ms, owner_id, client_system)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11)",
	[CHAT_CHANGE] =
	    "UPDATE chats SET title = coalesce(?2, title), title_source = coalesce(?3, title_source),"
	    " system_prompt = CASE WHEN ?4 IS NULL THEN system_prompt ELSE nullif(?4, '') END,"
	    " model = CASE WHEN ?5 IS NULL THEN model ELSE nullif(?5, '') END,"
	    " visibility = coalesce(?6, visibility), changed_seq = ?7 WHERE no = ?1",
	[CHAT_SET_DELETED] =
	    "UPDATE chats SET deleted_ms = nullif(?2, 0), changed_seq = ?3 WHERE no = ?1",
	[CHAT_SEQ] = "UPDATE chats SET seq = seq + ?2 WHERE no = ?1",
	[CHAT_SEQ_ACTIVE] =
	    "UPDATE chats SET seq = seq + ?2, updated_ms = max(updated_ms, ?3) WHERE no = ?1",
	[CHAT_SEQ_GET] = "SELECT seq, visibility <> 'open' FROM chats WHERE no = ?1",
	[CHAT_SET_HEAD] = "UPDATE chats SET head_id = nullif(?2, 0) WHERE no = ?1",
	[CHAT_ADVANCE] =
	    "UPDATE chats SET seq = max(seq, ?2), head_id = ?3, updated_ms = max(updated_ms, ?4)"
	    " WHERE no = ?1",
	[CHAT_SET_CLIENT] =
	    "UPDATE chats SET client_system = coalesce(?2, client_system), lang = ?3 WHERE no = ?1",
	/* each part by an index of its own, and no longer than the page */
	[CHATS_LIST] =
	    "SELECT " CHAT_COLUMNS "WHERE c.no IN("
	    "SELECT no FROM(SELECT c.no FROM chats c WHERE c.owner_id = ?4 AND " LISTED
	    " UNION SELECT no FROM(SELECT c.no FROM members m JOIN chats c ON c.no = m.chat_no"
	    " WHERE m.person_id = ?4 AND " LISTED
	    " UNION SELECT no FROM(SELECT c.no FROM chats c WHERE ?5 AND c.visibility = 'open' AND " LISTED
	    ") ORDER BY c.updated_ms DESC, c.no DESC LIMIT ?3",
	[CHATS_OF_PERSON] =
	    "SELECT no FROM(SELECT no, updated_ms FROM chats"
	    " WHERE owner_id = ?1 AND deleted_ms IS NULL"
	    " UNION SELECT c.no, c.updated_ms FROM members m JOIN chats c ON c.no = m.chat_no"
	    " WHERE m.person_id = ?1 AND c.deleted_ms IS NULL) ORDER BY updated_ms DESC LIMIT ?2",
};

static const char *const title_sources[] = {
	[TITLE_AUTO] = "auto",
	[TITLE_MODEL] = "model",
	[TITLE_USER] = "user",
};
/* clang-format on */
const struct stmt_table store_chats_statements = { sql, STATEMENTS };

static char *
copy_or_null(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

static void
copy_text(char *out, size_t size, const char *text)
{
	(void)snprintf(out, size, "%s", text != NULL ? text : "");
}

static enum title_source
title_source_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(title_sources); i++)
		if (strcmp(title_sources[i], name) == 0)
			return (enum title_source)i;
	return TITLE_AUTO;
}

static void
chat_from_row(sqlite3_stmt *st, struct chat *out)
{
	*out = (struct chat){
		.no = sqlite3_column_int64(st, 0),
		.id_is_number = sqlite3_column_int(st, 2) != 0,
		.is_private = strcmp(column_text(st, 3), "open") != 0,
		.title = xstrdup(column_text(st, 4)),
		.system_prompt = copy_or_null(column_str(st, 5)),
		.client_system = copy_or_null(column_str(st, 6)),
		.model = copy_or_null(column_str(st, 7)),
		.head_id = sqlite3_column_int64(st, 9),
		.seq = sqlite3_column_int64(st, 11),
		.changed_seq = sqlite3_column_int64(st, 12),
		.pruned_seq = sqlite3_column_int64(st, 13),
		.created_ms = sqlite3_column_int64(st, 14),
		.updated_ms = sqlite3_column_int64(st, 15),
		.owner_id = copy_or_null(column_str(st, 16)),
		.deleted_ms = sqlite3_column_int64(st, 17),
		.title_source = title_source_of(column_text(st, 18)),
	};
	copy_text(out->id, sizeof out->id, column_text(st, 1));
	copy_text(out->lang, sizeof out->lang, column_text(st, 8));
	copy_text(out->head_uid, sizeof out->head_uid, column_str(st, 10));
}

void
chat_free(struct chat *c)
{
	free(c->title);
	free(c->system_prompt);
	free(c->client_system);
	free(c->model);
	free(c->owner_id);
	*c = (struct chat){ 0 };
}

static enum err
find(struct store *s, size_t which, const char *id, struct chat *out)
{
	auto_stmt *st = store_stmt(s, PART_CHATS, which);
	enum err e;

	bind_str(st, 1, id);
	if ((e = store_row(s, st)) == OK)
		chat_from_row(st, out);
	return e;
}

enum err
store_chat_find(struct store *s, const char *id, struct chat *out)
{
	return find(s, CHAT_FIND, id, out);
}

enum err
store_chat_find_deleted(struct store *s, const char *id, struct chat *out)
{
	return find(s, CHAT_FIND_DELETED, id, out);
}

enum err
store_chat_get(struct store *s, int64_t no, struct chat *out)
{
	auto_stmt *st = store_stmt(s, PART_CHATS, CHAT_GET);
	enum err e;

	bind_int(st, 1, no);
	if ((e = store_row(s, st)) == OK)
		chat_from_row(st, out);
	return e;
}

enum err
store_chat_add(struct store *s, const struct chat_new *c, int64_t *out_no)
{
	auto_stmt *st = store_stmt(s, PART_CHATS, CHAT_ADD);
	enum err e;

	bind_str(st, 1, c->id);
	bind_int(st, 2, c->id_is_number);
	bind_str(st, 3, c->is_private ? "private" : "open");
	bind_str(st, 4, c->title);
	bind_str(st, 5, c->lang);
	bind_str(st, 6, c->system_prompt);
	bind_str(st, 7, c->model);
	bind_str(st, 8, title_sources[c->title_source]);
	bind_int(st, 9, c->now_ms);
	bind_str(st, 10, c->owner_id);
	bind_str(st, 11, c->client_system);
	if ((e = store_run(s, st)) == OK)
		*out_no = sqlite3_last_insert_rowid(s->db);
	return e;
}

enum err
store_chat_change(struct store *s, int64_t no, const struct chat_change *c)
{
	auto_stmt *st = store_stmt(s, PART_CHATS, CHAT_CHANGE);

	bind_int(st, 1, no);
	bind_str(st, 2, c->title);
	bind_str(st, 3, c->title != NULL ? title_sources[c->title_source] : NULL);
	bind_str(st, 4, c->system_prompt);
	bind_str(st, 5, c->model);
	if (c->has_visibility)
		bind_str(st, 6, c->is_private ? "private" : "open");
	bind_int(st, 7, c->seq);
	return store_run(s, st);
}

enum err
store_chat_set_deleted(struct store *s, int64_t no, int64_t deleted_ms, int64_t seq)
{
	auto_stmt *st = store_stmt(s, PART_CHATS, CHAT_SET_DELETED);

	bind_int(st, 1, no);
	bind_int(st, 2, deleted_ms);
	bind_int(st, 3, seq);
	return store_run(s, st);
}

enum err
store_chat_seq_private(struct store *s, int64_t no, int64_t count, int64_t now_ms,
    int64_t *out_last, bool *out_private)
{
	auto_stmt *add = store_stmt(s, PART_CHATS, now_ms > 0 ? CHAT_SEQ_ACTIVE : CHAT_SEQ);
	auto_stmt *get = store_stmt(s, PART_CHATS, CHAT_SEQ_GET);
	enum err e;

	bind_int(add, 1, no);
	bind_int(add, 2, count);
	if (now_ms > 0)
		bind_int(add, 3, now_ms);
	bind_int(get, 1, no);
	if ((e = store_run(s, add)) == OK && (e = store_row(s, get)) == OK) {
		*out_last = sqlite3_column_int64(get, 0);
		*out_private = sqlite3_column_int(get, 1) != 0;
	}
	return e;
}

enum err
store_chat_seq(struct store *s, int64_t no, int64_t count, int64_t now_ms, int64_t *out_last)
{
	bool is_private;

	return store_chat_seq_private(s, no, count, now_ms, out_last, &is_private);
}

enum err
store_chat_set_head(struct store *s, int64_t no, int64_t message_id)
{
	auto_stmt *st = store_stmt(s, PART_CHATS, CHAT_SET_HEAD);

	bind_int(st, 1, no);
	bind_int(st, 2, message_id);
	return store_run(s, st);
}

enum err
store_chat_advance(struct store *s, int64_t no, int64_t seq, int64_t head_id, int64_t now_ms)
{
	auto_stmt *st = store_stmt(s, PART_CHATS, CHAT_ADVANCE);

	bind_int(st, 1, no);
	bind_int(st, 2, seq);
	bind_int(st, 3, head_id);
	bind_int(st, 4, now_ms);
	return store_run(s, st);
}

enum err
store_chat_set_client(struct store *s, int64_t no, const char *client_system, const char *lang)
{
	auto_stmt *st = store_stmt(s, PART_CHATS, CHAT_SET_CLIENT);

	bind_int(st, 1, no);
	bind_str(st, 2, client_system);
	bind_str(st, 3, lang);
	return store_run(s, st);
}

enum err
store_chats_list(struct store *s, const struct chat_list *l, store_chat_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_CHATS, CHATS_LIST);
	bool goes_on = true;
	int rc = SQLITE_DONE;

	bind_int(st, 1, l->before_ms);
	bind_int(st, 2, l->before_no);
	bind_int(st, 3, l->limit);
	bind_str(st, 4, l->person_id);
	bind_int(st, 5, l->with_open);
	while (goes_on && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct chat c;

		chat_from_row(st, &c);
		goes_on = fn(arg, &c);
		chat_free(&c);
	}
	return store_error(s, rc);
}

enum err
store_chats_of_person(struct store *s, const char *person_id, int limit, store_no_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_CHATS, CHATS_OF_PERSON);
	int rc;

	bind_str(st, 1, person_id);
	bind_int(st, 2, limit);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		if (!fn(arg, sqlite3_column_int64(st, 0)))
			return OK;
	return store_error(s, rc);
}
