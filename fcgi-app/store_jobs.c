/*
 * The job table, tested with kill -9 before it was written here (reference: chat-backend 3.3,
 * fastcgi 9): claim and take-over look and then write, in the caller's transaction; renew, finish
 * and requeue are one statement each and name the fence. No RETURNING: SQLite builds a table of its
 * own for it and keeps a journal of the statement, several times what the change costs.
 */
#include "store_priv.h"

#include <stdio.h>

enum {
	JOB_ADD,
	JOBS_LIVE,
	JOBS_EACH_LIVE,
	JOB_CANCEL,
	JOBS_OF_OWNER,
	JOB_UID_OF,
	JOB_READY,
	JOB_LOST,
	JOB_TAKE,
	JOB_CHECK,
	JOB_RENEW,
	JOB_FINISH,
	JOB_REQUEUE,
	JOBS_NEXT,
	JOBS_COUNT,
	JOBS_SHIFT,
	LEASES_SHIFT,
	STATEMENTS
};

#define JOB_ROW                                                                                    \
	"SELECT j.id, j.uid, j.chat_no, j.message_id, j.attempt, j.connect_failures,"              \
	" j.stream_failures, j.crashes, j.cancel_requested, j.rid, j.is_shortened, j.is_swapped,"  \
	" j.person_id, j.created_ms, m.uid, m.parent_id"                                           \
	" FROM jobs j JOIN messages m ON m.id = j.message_id WHERE j.id = "
#define FENCE " WHERE id = ?1 AND lease_owner = ?2 AND attempt = ?3 AND state = 'running'"

/* clang-format off */
static const char *const sql[STATEMENTS] = {
	[JOB_ADD] =
	    "INSERT INTO jobs(uid, rid, chat_no, message_id, created_ms, updated_ms, person_id,"
	    " address) VALUES(?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7)",
	[JOBS_LIVE] =
	    "SELECT count(*) FROM jobs WHERE chat_no = ?1 AND state IN('queued', 'running')",
	[JOBS_EACH_LIVE] =
	    "SELECT j.id, j.message_id, j.uid, m.uid, j.state = 'running' FROM jobs j"
	    " JOIN messages m ON m.id = j.message_id"
	    " WHERE j.chat_no = ?1 AND j.state IN('queued', 'running')"
	    " ORDER BY j.state = 'running' DESC, j.id",
	[JOB_CANCEL] =
	    "UPDATE jobs SET state = 'cancelled', lease_owner = NULL, cancel_requested = 1,"
	    " updated_ms = ?2 WHERE id = ?1 AND state IN('queued', 'running')",
	[JOBS_OF_OWNER] =
	    "SELECT id FROM jobs INDEXED BY jobs_running WHERE state = 'running' AND lease_owner = ?1",
	[JOB_UID_OF] = "SELECT uid FROM jobs WHERE message_id = ?1 ORDER BY id DESC LIMIT 1",
	/* partial indexes serve both; an OR of the two cases would scan */
	[JOB_READY] =
	    JOB_ROW
	    "(SELECT j.id FROM jobs j WHERE j.state = 'queued' AND j.run_after_ms <= ?1"
	    "  AND NOT EXISTS(SELECT 1 FROM jobs k WHERE k.chat_no = j.chat_no"
	    "   AND k.state IN('queued', 'running') AND (k.state = 'running' OR k.id < j.id))"
	    "  ORDER BY j.run_after_ms, j.id LIMIT 1)",
	[JOB_LOST] =
	    JOB_ROW
	    "(SELECT id FROM jobs WHERE state = 'running' AND lease_until_ms < ?1"
	    "  AND lease_owner IS NOT ?2 ORDER BY lease_until_ms LIMIT 1)",
	[JOB_TAKE] =
	    "UPDATE jobs SET state = 'running', lease_owner = ?2, lease_until_ms = ?4,"
	    " attempt = ?5, crashes = ?6, updated_ms = ?3 WHERE id = ?1",
	[JOB_CHECK] = "SELECT cancel_requested FROM jobs" FENCE,
	[JOB_RENEW] = "UPDATE jobs SET lease_until_ms = ?4" FENCE,
	[JOB_FINISH] =
	    "UPDATE jobs SET state = ?4, last_error = ?5, lease_owner = NULL, updated_ms = ?6" FENCE,
	[JOB_REQUEUE] =
	    "UPDATE jobs SET state = 'queued', run_after_ms = ?4, last_error = ?5,"
	    " connect_failures = ?6, stream_failures = ?7, crashes = ?8, lease_owner = NULL,"
	    " is_shortened = ?9, is_swapped = ?10, updated_ms = ?11" FENCE,
	[JOBS_NEXT] =
	    "SELECT min(at) FROM (SELECT min(run_after_ms) AS at FROM jobs WHERE state = 'queued'"
	    " UNION ALL SELECT min(lease_until_ms) FROM jobs WHERE state = 'running'"
	    /* chores: an index to bring up to date, deleted chats to take away */
	    " UNION ALL SELECT 0 WHERE EXISTS(SELECT 1 FROM index_queue)"
	    " UNION ALL SELECT min(deleted_ms) + ?1 FROM chats WHERE deleted_ms NOT NULL"
	    " UNION ALL SELECT CAST(v AS INTEGER) FROM meta WHERE k = 'scrub_at')",
	[JOBS_COUNT] =
	    "SELECT (SELECT count(*) FROM jobs WHERE state = 'queued'),"
	    " (SELECT count(*) FROM jobs WHERE state = 'running'),"
	    " (SELECT count(*) FROM jobs WHERE state = 'failed')",
	[JOBS_SHIFT] =
	    "UPDATE jobs SET run_after_ms = max(?2, min(run_after_ms - ?1, ?2 + ?3))"
	    " WHERE state = 'queued' AND run_after_ms > ?2",
	[LEASES_SHIFT] =
	    "UPDATE jobs SET lease_until_ms = min(lease_until_ms, ?1 + ?2)"
	    " WHERE state = 'running' AND lease_until_ms > ?1 + ?2",
};

static const char *const end_names[] = {
	[JOB_DONE] = "done",
	[JOB_FAILED] = "failed",
	[JOB_CANCELLED] = "cancelled",
};
/* clang-format on */
const struct stmt_table store_jobs_statements = { sql, STATEMENTS };

/* ERR_CONFLICT: no row was as the statement wants it. */
static enum err
change_one(struct store *s, sqlite3_stmt *st)
{
	enum err e = store_run(s, st);

	return e == OK && sqlite3_changes(s->db) == 0 ? ERR_CONFLICT : e;
}

enum err
store_job_add(struct store *s, const struct job_new *j)
{
	auto_stmt *st = store_stmt(s, PART_JOBS, JOB_ADD);

	bind_str(st, 1, j->uid);
	bind_str(st, 2, j->rid);
	bind_int(st, 3, j->chat_no);
	bind_int(st, 4, j->message_id);
	bind_int(st, 5, j->now_ms);
	bind_str(st, 6, j->person_id);
	bind_str(st, 7, j->address);
	return store_run(s, st);
}

enum err
store_jobs_live(struct store *s, int64_t chat_no, int *out_count)
{
	auto_stmt *st = store_stmt(s, PART_JOBS, JOBS_LIVE);
	enum err e;

	bind_int(st, 1, chat_no);
	if ((e = store_row(s, st)) == OK)
		*out_count = sqlite3_column_int(st, 0);
	return e;
}

enum err
store_each_live_job(struct store *s, sqlite3_stmt *st, store_live_job_fn fn, void *arg)
{
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct live_job j = {
			.id = sqlite3_column_int64(st, 0),
			.message_id = sqlite3_column_int64(st, 1),
			.uid = column_text(st, 2),
			.message_uid = column_text(st, 3),
			.is_running = sqlite3_column_int(st, 4) != 0,
		};

		if (!fn(arg, &j))
			return OK;
	}
	return store_error(s, rc);
}

enum err
store_jobs_each_live(struct store *s, int64_t chat_no, store_live_job_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_JOBS, JOBS_EACH_LIVE);

	bind_int(st, 1, chat_no);
	return store_each_live_job(s, st, fn, arg);
}

enum err
store_job_cancel(struct store *s, int64_t id, int64_t now_ms)
{
	auto_stmt *st = store_stmt(s, PART_JOBS, JOB_CANCEL);

	bind_int(st, 1, id);
	bind_int(st, 2, now_ms);
	return change_one(s, st);
}

enum err
store_jobs_of_owner(struct store *s, const char *owner, store_id_fn fn, void *arg)
{
	auto_stmt *st = store_stmt(s, PART_JOBS, JOBS_OF_OWNER);
	int rc;

	bind_str(st, 1, owner);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		if (!fn(arg, sqlite3_column_int64(st, 0)))
			return OK;
	return store_error(s, rc);
}

enum err
store_job_uid_of(struct store *s, int64_t message_id, char out[ID_SIZE])
{
	auto_stmt *st = store_stmt(s, PART_JOBS, JOB_UID_OF);
	enum err e;

	bind_int(st, 1, message_id);
	if ((e = store_row(s, st)) == OK)
		(void)snprintf(out, ID_SIZE, "%s", column_text(st, 0));
	return e;
}

static void
job_from_row(sqlite3_stmt *st, struct job *out)
{
	*out = (struct job){
		.id = sqlite3_column_int64(st, 0),
		.chat_no = sqlite3_column_int64(st, 2),
		.message_id = sqlite3_column_int64(st, 3),
		.attempt = sqlite3_column_int(st, 4),
		.connect_failures = sqlite3_column_int(st, 5),
		.stream_failures = sqlite3_column_int(st, 6),
		.crashes = sqlite3_column_int(st, 7),
		.cancel_requested = sqlite3_column_int(st, 8) != 0,
		.is_shortened = sqlite3_column_int(st, 10) != 0,
		.is_swapped = sqlite3_column_int(st, 11) != 0,
		.created_ms = sqlite3_column_int64(st, 13),
		.parent_id = sqlite3_column_int64(st, 15),
	};
	(void)snprintf(out->uid, sizeof out->uid, "%s", column_text(st, 1));
	(void)snprintf(out->rid, sizeof out->rid, "%s", column_text(st, 9));
	(void)snprintf(out->person_id, sizeof out->person_id, "%s", column_text(st, 12));
	(void)snprintf(out->message_uid, sizeof out->message_uid, "%s", column_text(st, 14));
}

/* The job that a query of JOB_ROW found becomes owner's, with the next fence. */
static enum err
take(struct store *s, sqlite3_stmt *found, const char *owner, int64_t now_ms, bool was_lost,
    struct job *out)
{
	auto_stmt *st = store_stmt(s, PART_JOBS, JOB_TAKE);
	struct job j;
	enum err e = store_row(s, found);

	if (e != OK)
		return e;
	job_from_row(found, &j);
	j.attempt++;
	j.crashes += was_lost;
	bind_int(st, 1, j.id);
	bind_str(st, 2, owner);
	bind_int(st, 3, now_ms);
	bind_int(st, 4, now_ms + LIMIT_LEASE_MS);
	bind_int(st, 5, j.attempt);
	bind_int(st, 6, j.crashes);
	if ((e = store_run(s, st)) == OK)
		*out = j;
	return e;
}

enum err
store_job_claim(struct store *s, const char *owner, int64_t now_ms, struct job *out)
{
	auto_stmt *st = store_stmt(s, PART_JOBS, JOB_READY);

	bind_int(st, 1, now_ms);
	return take(s, st, owner, now_ms, false, out);
}

enum err
store_job_take_over(
    struct store *s, const char *owner, bool any_lease, int64_t now_ms, struct job *out)
{
	auto_stmt *st = store_stmt(s, PART_JOBS, JOB_LOST);

	bind_int(st, 1, any_lease ? INT64_MAX : now_ms);
	bind_str(st, 2, owner);
	return take(s, st, owner, now_ms, true, out);
}

static void
bind_fence(sqlite3_stmt *st, const struct job *j, const char *owner)
{
	bind_int(st, 1, j->id);
	bind_str(st, 2, owner);
	bind_int(st, 3, j->attempt);
}

enum err
store_job_check(struct store *s, const struct job *j, const char *owner, bool *out_cancel_requested)
{
	auto_stmt *st = store_stmt(s, PART_JOBS, JOB_CHECK);
	enum err e;

	bind_fence(st, j, owner);
	e = store_row(s, st);
	if (e == OK)
		*out_cancel_requested = sqlite3_column_int(st, 0) != 0;
	return e == ERR_NOT_FOUND ? ERR_CONFLICT : e;
}

enum err
store_job_renew(struct store *s, const struct job *j, const char *owner, int64_t now_ms)
{
	auto_stmt *st = store_stmt(s, PART_JOBS, JOB_RENEW);

	bind_fence(st, j, owner);
	bind_int(st, 4, now_ms + LIMIT_LEASE_MS);
	return change_one(s, st);
}

enum err
store_job_finish(struct store *s, const struct job *j, const char *owner, enum job_end end,
    const char *last_error, int64_t now_ms)
{
	auto_stmt *st = store_stmt(s, PART_JOBS, JOB_FINISH);

	bind_fence(st, j, owner);
	bind_str(st, 4, end_names[end]);
	bind_str(st, 5, last_error);
	bind_int(st, 6, now_ms);
	return change_one(s, st);
}

enum err
store_job_requeue(struct store *s, const struct job *j, const char *owner, int64_t run_after_ms,
    const char *last_error, int64_t now_ms)
{
	auto_stmt *st = store_stmt(s, PART_JOBS, JOB_REQUEUE);

	bind_fence(st, j, owner);
	bind_int(st, 4, run_after_ms);
	bind_str(st, 5, last_error);
	bind_int(st, 6, j->connect_failures);
	bind_int(st, 7, j->stream_failures);
	bind_int(st, 8, j->crashes);
	bind_int(st, 9, j->is_shortened);
	bind_int(st, 10, j->is_swapped);
	bind_int(st, 11, now_ms);
	return change_one(s, st);
}

enum err
store_jobs_next(struct store *s, int64_t *out_ms)
{
	auto_stmt *st = store_stmt(s, PART_JOBS, JOBS_NEXT);
	enum err e;

	bind_int(st, 1, LIMIT_UNDO_MS);
	if ((e = store_row(s, st)) != OK)
		return e;
	if (sqlite3_column_type(st, 0) == SQLITE_NULL)
		return ERR_NOT_FOUND;
	*out_ms = sqlite3_column_int64(st, 0);
	return OK;
}

enum err
store_jobs_count(struct store *s, struct job_counts *out)
{
	auto_stmt *st = store_stmt(s, PART_JOBS, JOBS_COUNT);
	enum err e = store_row(s, st);

	if (e != OK)
		return e;
	*out = (struct job_counts){
		.queued = sqlite3_column_int64(st, 0),
		.running = sqlite3_column_int64(st, 1),
		.failed = sqlite3_column_int64(st, 2),
	};
	return OK;
}

enum err
store_jobs_clock_back(struct store *s, int64_t by_ms, int64_t now_ms)
{
	auto_stmt *jobs = store_stmt(s, PART_JOBS, JOBS_SHIFT);
	auto_stmt *leases = store_stmt(s, PART_JOBS, LEASES_SHIFT);
	enum err e;

	bind_int(jobs, 1, by_ms);
	bind_int(jobs, 2, now_ms);
	bind_int(jobs, 3, 2 * LIMIT_AI_RETRY_AFTER_MS);
	bind_int(leases, 1, now_ms);
	bind_int(leases, 2, LIMIT_LEASE_MS);
	if ((e = store_run(s, jobs)) != OK)
		return e;
	return store_run(s, leases);
}
