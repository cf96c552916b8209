#include "store_search.h"

#include "log.h"
#include "store_priv.h"

#define INDEX_BATCH 64
#define MERGE_PAGES 64
#define TEXT_OF(x) TEXT_OF_(x)
#define TEXT_OF_(x) #x
#define SNIPPET_WORDS 24

enum { QUEUE_NEXT, QUEUE_TAKE, INDEX_ADD, INDEX_MERGE, SEARCH, SNIPPETS, STATEMENTS };

/* clang-format off */
static const char *const sql[STATEMENTS] = {
	[QUEUE_NEXT] =
	    "SELECT q.message_id, length(CAST(m.content AS BLOB)) FROM index_queue q"
	    " JOIN messages m ON m.id = q.message_id ORDER BY q.message_id LIMIT ?1",
	[QUEUE_TAKE] = "DELETE FROM index_queue WHERE message_id = ?1",
	[INDEX_ADD] =
	    "INSERT INTO messages_fts(rowid, content, chat)"
	    " SELECT id, content, chat FROM messages_text WHERE id = ?1",
	[INDEX_MERGE] = "INSERT INTO messages_fts(messages_fts, rank) VALUES('merge', ?1)",
	[SEARCH] =
	    "SELECT rowid, (SELECT chat_no FROM messages m WHERE m.id = messages_fts.rowid)"
	    " FROM messages_fts WHERE messages_fts MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC",
	/* one walk through the matches, whatever their number; '+' keeps the list from driving it */
	[SNIPPETS] =
	    "SELECT rowid, snippet(messages_fts, 0, char(2), char(3), '…', " TEXT_OF(SNIPPET_WORDS) ")"
	    " FROM messages_fts WHERE messages_fts MATCH ?1 AND rowid BETWEEN ?2 AND ?3"
	    " AND +rowid IN(SELECT value FROM json_each(?4)) ORDER BY rowid DESC",
};
/* clang-format on */
const struct stmt_table store_search_statements = { sql, STATEMENTS };

static enum err
run_for(struct store *s, size_t which, int64_t id)
{
	auto_stmt *st = store_stmt(s, PART_SEARCH, which);

	bind_int(st, 1, id);
	return store_run(s, st);
}

static enum err
index_one(struct store *s, int64_t id)
{
	enum err e = run_for(s, QUEUE_TAKE, id);

	/* Only now does messages_text show it. */
	return e == OK ? run_for(s, INDEX_ADD, id) : e;
}

/* The ids that come next and are not larger than max_bytes together, but one at least. */
static enum err
next_batch(struct store *s, size_t max_bytes, int64_t ids[INDEX_BATCH], size_t *count, bool *more)
{
	auto_stmt *st = store_stmt(s, PART_SEARCH, QUEUE_NEXT);
	size_t bytes = 0;
	int rc;

	bind_int(st, 1, INDEX_BATCH + 1);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		bytes += (size_t)sqlite3_column_int64(st, 1);
		if (*count == INDEX_BATCH || (*count > 0 && bytes > max_bytes)) {
			*more = true;
			return OK;
		}
		ids[(*count)++] = sqlite3_column_int64(st, 0);
	}
	return store_error(s, rc);
}

enum err
store_index_some(struct store *s, size_t max_bytes, bool *out_more)
{
	int64_t ids[INDEX_BATCH];
	size_t count = 0;
	enum err e;

	*out_more = false;
	e = next_batch(s, max_bytes, ids, &count, out_more);
	for (size_t i = 0; i < count && e == OK; i++)
		e = index_one(s, ids[i]);
	return e;
}

enum err
store_index_merge(struct store *s, bool first, bool *out_done)
{
	auto_stmt *st = store_stmt(s, PART_SEARCH, INDEX_MERGE);
	int64_t before = sqlite3_total_changes64(s->db);
	enum err e;

	/* Negative: all segments, also those that are too few to be merged as a rule. */
	bind_int(st, 1, first ? -MERGE_PAGES : MERGE_PAGES);
	e = store_run(s, st);
	/* The statement itself counts as one (its documentation says so). */
	*out_done = !first && sqlite3_total_changes64(s->db) - before < 2;
	return e;
}

/* No expression of ours is malformed, so it is the index that says something else than it should.
 */
static enum err
match_error(struct store *s, int rc)
{
	if ((rc & 0xff) != SQLITE_ERROR && s->prepare_rc != SQLITE_ERROR)
		return store_error(s, rc);
	s->prepare_rc = SQLITE_OK;
	log_error("the index is damaged reason=\"%s\"", sqlite3_errmsg(s->db));
	store_file_suspect(&s->file);
	return ERR_STORAGE;
}

enum err
store_search(struct store *s, const char *match, int64_t before_id, store_hit_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_SEARCH, SEARCH);
	int rc;

	bind_str(st, 1, match);
	bind_int(st, 2, before_id > 0 ? before_id : INT64_MAX);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		if (!fn(arg, sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1)))
			return OK;
	return match_error(s, rc);
}

/* "[5,3,1]" */
static enum err
write_ids(struct buf *out, const int64_t *ids, size_t count)
{
	enum err e = OK;

	for (size_t i = 0; i < count && e == OK; i++)
		e = buf_addf(out, "%c%lld", i == 0 ? '[' : ',', (long long)ids[i]);
	return e == OK ? buf_adds(out, "]") : e;
}

enum err
store_snippets(struct store *s, const char *match, const int64_t *ids, size_t count,
    store_snippet_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_SEARCH, SNIPPETS);
	auto_buf list = BUF_INIT(24 * (count + 1));
	enum err e;
	int rc;

	if (count == 0)
		return OK;
	if ((e = write_ids(&list, ids, count)) != OK)
		return e;
	bind_str(st, 1, match);
	bind_int(st, 2, ids[count - 1]);
	bind_int(st, 3, ids[0]);
	bind_str(st, 4, list.data);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		if (!fn(arg, sqlite3_column_int64(st, 0), column_text(st, 1)))
			return OK;
	return match_error(s, rc);
}
