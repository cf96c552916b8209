#include "store_usage.h"

#include "store_priv.h"

enum {
	USAGE_ADD,
	USAGE_LIST,
	USAGE_LIST_ALL,
	USAGE_OF_DAY,
	USAGE_OF_DAY_ALL,
	USAGE_PRUNE,
	STATEMENTS
};

#define SUMS "sum(requests), sum(tok_prompt), sum(tok_output), sum(tok_thought), sum(tok_cached)"

#define DAY_SUMS                                                                                   \
	"SELECT coalesce(sum(requests), 0),"                                                       \
	" coalesce(sum(tok_prompt + tok_output + tok_thought), 0) FROM usage_day "

/* clang-format off */
static const char *const sql[STATEMENTS] = {
	[USAGE_ADD] =
	    "INSERT INTO usage_day(who, day, model, requests, tok_prompt, tok_output, tok_thought,"
	    " tok_cached) VALUES(?1, ?2, ?3, 1, ?4, ?5, ?6, ?7)"
	    " ON CONFLICT(who, day, model) DO UPDATE SET requests = requests + 1,"
	    " tok_prompt = tok_prompt + ?4, tok_output = tok_output + ?5,"
	    " tok_thought = tok_thought + ?6, tok_cached = tok_cached + ?7",
	[USAGE_LIST] =
	    "SELECT day, model, " SUMS " FROM usage_day WHERE who = ?1 AND day >= ?2"
	    " GROUP BY day, model ORDER BY day DESC, model",
	[USAGE_LIST_ALL] =
	    "SELECT day, model, " SUMS " FROM usage_day WHERE day >= ?2"
	    " GROUP BY day, model ORDER BY day DESC, model",
	[USAGE_OF_DAY] = DAY_SUMS "WHERE who = ?1 AND day = ?2",
	[USAGE_OF_DAY_ALL] = DAY_SUMS "WHERE day = ?2",
	[USAGE_PRUNE] = "DELETE FROM usage_day WHERE day < ?1",
};
/* clang-format on */
const struct stmt_table store_usage_statements = { sql, STATEMENTS };

enum err
store_usage_add(
    struct store *s, const char *who, int64_t day, const char *model, const struct usage *u)
{
	auto_stmt *st = store_stmt(s, PART_USAGE, USAGE_ADD);

	bind_str(st, 1, who);
	bind_int(st, 2, day);
	bind_str(st, 3, model);
	bind_int(st, 4, u->prompt);
	bind_int(st, 5, u->output);
	bind_int(st, 6, u->thought);
	bind_int(st, 7, u->cached);
	return store_run(s, st);
}

enum err
store_usage_list(struct store *s, const char *who, int64_t first_day, store_usage_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_USAGE, who != NULL ? USAGE_LIST : USAGE_LIST_ALL);
	int rc;

	if (who != NULL)
		bind_str(st, 1, who);
	bind_int(st, 2, first_day);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct usage_row r = {
			.day = sqlite3_column_int64(st, 0),
			.model = column_text(st, 1),
			.requests = sqlite3_column_int64(st, 2),
			.usage = { .prompt = sqlite3_column_int64(st, 3),
			    .output = sqlite3_column_int64(st, 4),
			    .thought = sqlite3_column_int64(st, 5),
			    .cached = sqlite3_column_int64(st, 6) },
		};

		r.usage.total = r.usage.prompt + r.usage.output + r.usage.thought;
		if (!fn(arg, &r))
			return OK;
	}
	return store_error(s, rc);
}

enum err
store_usage_of_day(
    struct store *s, const char *who, int64_t day, int64_t *out_requests, int64_t *out_tokens)
{
	auto_stmt *st = store_stmt(s, PART_USAGE, who != NULL ? USAGE_OF_DAY : USAGE_OF_DAY_ALL);
	enum err e;

	if (who != NULL)
		bind_str(st, 1, who);
	bind_int(st, 2, day);
	if ((e = store_row(s, st)) != OK)
		return e;
	*out_requests = sqlite3_column_int64(st, 0);
	*out_tokens = sqlite3_column_int64(st, 1);
	return OK;
}

enum err
store_usage_prune(struct store *s, int64_t before_day)
{
	auto_stmt *st = store_stmt(s, PART_USAGE, USAGE_PRUNE);

	bind_int(st, 1, before_day);
	return store_run(s, st);
}
