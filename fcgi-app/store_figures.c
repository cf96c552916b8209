#include "store_figures.h"

#include "store_priv.h"

enum { FIGURE_ADD, FIGURES_LIST, OF_JOB, LOG_ADD, LOG_CUT, LOG_LIST, GAUGES, STATEMENTS };

/* clang-format off */
static const char *const sql[STATEMENTS] = {
	[FIGURE_ADD] =
	    "INSERT INTO figures(family, label, n, sum) VALUES(?1, ?2, ?3, ?4)"
	    " ON CONFLICT(family, label) DO UPDATE SET n = n + ?3, sum = sum + ?4",
	[FIGURES_LIST] = "SELECT family, label, n, sum FROM figures ORDER BY family, label",
	[OF_JOB] =
	    "SELECT m.status, m.error_type, coalesce(m.model, ''), j.rid, j.attempt,"
	    " max(0, ?2 - j.created_ms), coalesce(m.tok_prompt, 0), coalesce(m.tok_output, 0),"
	    " coalesce(m.tok_thought, 0), coalesce(m.tok_cached, 0)"
	    " FROM jobs j JOIN messages m ON m.id = j.message_id WHERE j.id = ?1",
	[LOG_ADD] =
	    "INSERT INTO replies_ended(ended_ms, status, error_type, model, rid, attempts, first_ms,"
	    " took_ms, tokens) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[LOG_CUT] = "DELETE FROM replies_ended WHERE id <= last_insert_rowid() - ?1",
	[LOG_LIST] =
	    "SELECT ended_ms, status, error_type, model, rid, attempts, first_ms, took_ms, tokens"
	    " FROM replies_ended WHERE ended_ms >= ?1 ORDER BY id DESC",
	[GAUGES] =
	    "SELECT (SELECT count(*) FROM chats), (SELECT count(*) FROM people),"
	    " (SELECT seq FROM sqlite_sequence WHERE name = 'messages'),"
	    " (SELECT count(*) FROM outbox), (SELECT count(*) FROM index_queue),"
	    " (SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size())",
};
/* clang-format on */
const struct stmt_table store_figures_statements = { sql, STATEMENTS };

const struct figure_bound figure_bounds[FIGURE_BOUNDS] = {
	{ 100, "0.1" },
	{ 250, "0.25" },
	{ 500, "0.5" },
	{ 1000, "1" },
	{ 2500, "2.5" },
	{ 5000, "5" },
	{ 10000, "10" },
	{ 30000, "30" },
	{ 60000, "60" },
	{ 120000, "120" },
	{ 300000, "300" },
	{ INT64_MAX, "+Inf" },
};

/* --- counting --- */

static enum err
add(struct store *s, const char *family, const char *label, int64_t n, int64_t sum)
{
	auto_stmt *st = store_stmt(s, PART_FIGURES, FIGURE_ADD);

	bind_str(st, 1, family);
	bind_str(st, 2, label);
	bind_int(st, 3, n);
	bind_int(st, 4, sum);
	return store_run(s, st);
}

static enum err
observe(struct store *s, const char *family, int64_t ms)
{
	size_t i = 0;

	while (ms > figure_bounds[i].ms)
		i++;
	return add(s, family, figure_bounds[i].label, 1, ms);
}

static enum err
add_tokens(struct store *s, const struct usage *u)
{
	const struct {
		const char *kind;
		int64_t n;
	} kinds[] = { { "prompt", u->prompt }, { "output", u->output }, { "thought", u->thought },
		{ "cached", u->cached } };
	enum err e = OK;

	for (size_t i = 0; i < ARRAY_LEN(kinds) && e == OK; i++)
		if (kinds[i].n > 0)
			e = add(s, FIGURE_TOKENS, kinds[i].kind, kinds[i].n, 0);
	return e;
}

static enum err
write_log(struct store *s, const struct reply_ended *r)
{
	auto_stmt *st = store_stmt(s, PART_FIGURES, LOG_ADD),
		  *cut = store_stmt(s, PART_FIGURES, LOG_CUT);
	enum err e;

	bind_int(st, 1, r->ended_ms);
	bind_str(st, 2, r->status);
	bind_str(st, 3, r->error_type);
	bind_str(st, 4, r->model);
	bind_str(st, 5, r->rid);
	bind_int(st, 6, r->attempts);
	if (r->first_ms >= 0)
		bind_int(st, 7, r->first_ms);
	bind_int(st, 8, r->took_ms);
	bind_int(st, 9, r->tokens);
	if ((e = store_run(s, st)) != OK)
		return e;
	bind_int(cut, 1, LIMIT_REPLIES_LOGGED);
	return store_run(s, cut);
}

static enum err
count_end(struct store *s, const struct reply_ended *r, const struct usage *u)
{
	enum err e = write_log(s, r);

	if (e == OK)
		e = add(s, FIGURE_REPLIES, r->status, 1, 0);
	if (e == OK && r->error_type != NULL)
		e = add(s, FIGURE_ERRORS, r->error_type, 1, 0);
	if (e == OK)
		e = observe(s, FIGURE_TOOK, r->took_ms);
	return e == OK ? add_tokens(s, u) : e;
}

enum err
store_reply_ended(struct store *s, int64_t job_id, int64_t first_ms, int64_t now_ms)
{
	auto_stmt *st = store_stmt(s, PART_FIGURES, OF_JOB);
	struct reply_ended r = { .ended_ms = now_ms, .first_ms = first_ms };
	struct usage u = { 0 };
	enum err e;

	bind_int(st, 1, job_id);
	bind_int(st, 2, now_ms);
	if ((e = store_row(s, st)) != OK)
		return e;
	r.status = column_text(st, 0);
	r.error_type = column_str(st, 1);
	r.model = column_text(st, 2);
	r.rid = column_str(st, 3);
	r.attempts = sqlite3_column_int(st, 4);
	r.took_ms = sqlite3_column_int64(st, 5);
	u = (struct usage){ sqlite3_column_int64(st, 6), sqlite3_column_int64(st, 7),
		sqlite3_column_int64(st, 8), sqlite3_column_int64(st, 9), 0 };
	r.tokens = u.prompt + u.output + u.thought;
	return count_end(s, &r, &u);
}

enum err
store_reply_began(struct store *s, int64_t first_ms)
{
	return observe(s, FIGURE_FIRST, first_ms);
}

enum err
store_reply_retried(struct store *s, const char *error_type)
{
	enum err e = add(s, FIGURE_ERRORS, error_type, 1, 0);

	return e == OK ? add(s, FIGURE_RETRIES, error_type, 1, 0) : e;
}

/* --- looking --- */

enum err
store_figures(struct store *s, store_figure_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_FIGURES, FIGURES_LIST);
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		if (!fn(arg, column_text(st, 0), column_text(st, 1), sqlite3_column_int64(st, 2),
			sqlite3_column_int64(st, 3)))
			return OK;
	return store_error(s, rc);
}

enum err
store_replies_ended(struct store *s, int64_t since_ms, store_reply_ended_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_FIGURES, LOG_LIST);
	int rc;

	bind_int(st, 1, since_ms);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct reply_ended r = {
			.ended_ms = sqlite3_column_int64(st, 0),
			.status = column_text(st, 1),
			.error_type = column_str(st, 2),
			.model = column_text(st, 3),
			.rid = column_str(st, 4),
			.attempts = sqlite3_column_int(st, 5),
			.first_ms = sqlite3_column_type(st, 6) == SQLITE_NULL
					? -1
					: sqlite3_column_int64(st, 6),
			.took_ms = sqlite3_column_int64(st, 7),
			.tokens = sqlite3_column_int64(st, 8),
		};

		if (!fn(arg, &r))
			return OK;
	}
	return store_error(s, rc);
}

enum err
store_gauges_get(struct store *s, struct store_gauges *out)
{
	auto_stmt *st = store_stmt(s, PART_FIGURES, GAUGES);
	int64_t *const fields[] = { &out->chats, &out->people, &out->messages_made, &out->outbox,
		&out->index_queue, &out->bytes };
	enum err e = store_row(s, st);

	for (size_t i = 0; i < ARRAY_LEN(fields) && e == OK; i++)
		*fields[i] = sqlite3_column_int64(st, (int)i);
	return e;
}
