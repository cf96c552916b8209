#include "maintenance.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "access.h"
#include "clock.h"
#include "conversation_import.h"
#include "disk_room.h"
#include "json.h"
#include "store_admin.h"
#include "store_damage.h"
#include "store_usage.h"
#include "worker_start.h"

#define BACKGROUND_NICE 10

PRINTF_LIKE(1, 2)
static int
fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fputs("fcgi-app: ", stderr);
	(void)vfprintf(stderr, fmt, ap);
	(void)fputc('\n', stderr);
	va_end(ap);
	return EXIT_FAILURE;
}

#define auto_store __attribute__((cleanup(close_store))) struct store
static void
close_store(struct store **s)
{
	store_close(*s);
}

/* An operator's typing error must not make a new, empty database. */
static enum err
open_existing(struct store **out, const struct config *c, enum store_mode mode)
{
	if (access(c->db_path, F_OK) != 0) {
		(void)fail("there is no database at %s", c->db_path);
		return ERR_NOT_FOUND;
	}
	if (store_open(out, c->db_path, mode) == OK)
		return OK;
	(void)fail("the database cannot be opened: %s", c->db_path);
	return ERR_IO;
}

int
maintenance_migrate(const struct config *c)
{
	auto_store *s = NULL;

	/* Here a new file is what is wanted. Opening migrates. */
	if (store_open(&s, c->db_path, STORE_NEW) != OK)
		return fail("the database cannot be opened or migrated: %s", c->db_path);
	(void)printf("%s has schema %d\n", c->db_path, store_schema(s));
	return EXIT_SUCCESS;
}

/* The copy takes the place of what is there: that must not be what is copied. */
static bool
is_database_itself(const struct config *c, const char *path)
{
	struct stat database, target;

	return stat(c->db_path, &database) == 0 && stat(path, &target) == 0 &&
	       database.st_dev == target.st_dev && database.st_ino == target.st_ino;
}

int
maintenance_backup(const struct config *c, const char *path)
{
	auto_store *s = NULL;

	if (is_database_itself(c, path))
		return fail("%s is the database itself: name another file", path);
	if (open_existing(&s, c, STORE_READ) != OK)
		return EXIT_FAILURE;
	(void)umask(0077); /* it holds everybody's chats */
	if (store_backup(s, path) != OK)
		return fail("no backup was made: %s", path);
	(void)printf("%s is a backup of %s\n", path, c->db_path);
	return EXIT_SUCCESS;
}

int
maintenance_check(const struct config *c, bool in_background)
{
	int64_t started_ms = clock_mono_ms();
	enum err e;

	if (in_background)
		(void)setpriority(PRIO_PROCESS, 0, BACKGROUND_NICE);
	e = store_damage_check(c->db_path, in_background, in_background ? NULL : stdout);
	if (in_background)
		return e == OK ? EXIT_SUCCESS : EXIT_FAILURE;
	if (e == ERR_NOT_FOUND)
		return fail("there is no database at %s", c->db_path);
	if (e == ERR_STORAGE)
		return fail("the database is damaged: move it aside and put a backup in its "
			    "place: %s",
		    c->db_path);
	if (e != OK)
		return fail("the database could not be checked: %s", c->db_path);
	(void)printf(
	    "%s is whole (%.1f s)\n", c->db_path, (double)(clock_mono_ms() - started_ms) / 1000);
	return EXIT_SUCCESS;
}

int
maintenance_stats(const struct config *c)
{
	auto_store *s = NULL;
	struct store_stats st = { 0 };
	struct job_counts jobs = { 0 };
	int64_t requests = 0, tokens = 0, today = usage_day(clock_wall_ms());

	if (open_existing(&s, c, STORE_READ) != OK)
		return EXIT_FAILURE;
	if (store_stats_get(s, &st) != OK || store_jobs_count(s, &jobs) != OK ||
	    store_usage_of_day(s, NULL, today, &requests, &tokens) != OK)
		return fail("the database cannot be read: %s", c->db_path);
	{
		const struct {
			const char *name;
			int64_t value;
		} lines[] = {
			{ "schema", store_schema(s) },
			{ "database_bytes", st.bytes },
			{ "chats_open", st.chats_open },
			{ "chats_private", st.chats_private },
			{ "chats_deleted", st.chats_deleted },
			{ "messages", st.messages },
			{ "people", st.people },
			{ "sessions", st.sessions },
			{ "jobs_queued", jobs.queued },
			{ "jobs_running", jobs.running },
			{ "jobs_failed", jobs.failed },
			{ "events_waiting", st.outbox },
			{ "index_waiting", st.index_queue },
			{ "requests_today", requests },
			{ "tokens_today", tokens },
			{ "worker_running", worker_is_running(c) },
		};

		for (size_t i = 0; i < ARRAY_LEN(lines); i++)
			(void)printf("%s %lld\n", lines[i].name, (long long)lines[i].value);
	}
	return EXIT_SUCCESS;
}

/* --- import --- */

static enum err
read_all(const char *path, struct buf *out)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char chunk[65536];
	enum err e = OK;
	size_t n;

	if (f == NULL)
		return ERR_NOT_FOUND;
	while (e == OK && (n = fread(chunk, 1, sizeof chunk, f)) > 0)
		e = buf_add(out, chunk, n);
	if (e == OK && ferror(f) != 0)
		e = ERR_IO;
	if (f != stdin)
		(void)fclose(f);
	return e;
}

enum step { STEP_BEGIN, STEP_SOME, STEP_END };

/* In a transaction of its own, as the writer of a serving process would. */
static enum err
run_step(struct store *s, enum step step, struct import *im, const struct by *by, bool *more)
{
	enum err e = store_begin(s, step == STEP_END ? STORE_DURABLE : STORE_FAST);

	if (e != OK)
		return e;
	if (step == STEP_BEGIN)
		e = import_begin(s, im, by);
	else if (step == STEP_SOME)
		e = import_some(s, im, by, more);
	else
		e = import_end(s, im, by);
	if (e != OK) {
		store_rollback(s);
		return e;
	}
	return store_commit(s);
}

static enum err
run_import(struct store *s, struct import *im)
{
	struct by by = { .now_ms = clock_wall_ms() };
	bool more = true;
	enum err e = run_step(s, STEP_BEGIN, im, &by, &more);

	while (e == OK && more)
		e = run_step(s, STEP_SOME, im, &by, &more);
	return e == OK ? run_step(s, STEP_END, im, &by, &more) : e;
}

static bool
has_room(const struct config *c)
{
	struct disk_room *room = disk_room_new(c, false);
	bool has = disk_room_check(room, clock_mono_ms()) == OK;

	disk_room_free(room);
	return has;
}

static int
import_file(const struct config *c, struct chat_file *file, const char *path, const char *owner)
{
	struct import im = { .file = file, .owner_id = owner };
	auto_store *s = NULL;
	enum err e;

	if (owner == NULL && (!file->is_open || file->chat_id == NULL))
		return fail("%s is a private chat: say whose it shall be with --owner", path);
	if (owner == NULL && !access_may_open(c, file->chat_id))
		return fail("%s: no open chat may have the id %s here: say whose it shall be "
			    "with --owner",
		    path, file->chat_id);
	if (open_existing(&s, c, STORE_WRITE) != OK)
		return EXIT_FAILURE;
	if (!has_room(c))
		return fail("the disk is nearly full: nothing was imported (DISK_MIN_FREE_MB)");
	e = run_import(s, &im);
	if (e == ERR_CONFLICT)
		(void)fail("there is a chat %s already", im.chat_id);
	else if (e != OK)
		(void)fail("the chat could not be stored");
	else
		(void)printf("%s with %zu messages\n", im.chat_id, file->count);
	import_free(&im);
	return e == OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
maintenance_import(const struct config *c, const char *path, const char *owner)
{
	auto_buf text = BUF_INIT(LIMIT_EXPORT_BYTES);
	struct field_error reason = { .field = "file" };
	struct chat_file file;
	char why[160] = "";
	json_t *root = NULL;
	enum err e = read_all(path, &text);
	int status;

	if (e == ERR_LIMIT)
		return fail("%s is larger than 16 MiB", path);
	if (e != OK)
		return fail("%s cannot be read", path);
	if (owner != NULL && (*owner == '\0' || strlen(owner) >= PERSON_ID_SIZE))
		return fail("--owner takes an id like t:name, j:subject or r:user");
	if (json_parse(text.data != NULL ? text.data : "", text.len, LIMIT_JSON_DEPTH, true, &root,
		why, sizeof why) != OK)
		return fail("%s is not JSON that we take: %s", path, why);
	if (chat_file_read(root, &file, &reason) != OK)
		return fail("%s: %s", path, reason.text);
	status = import_file(c, &file, path, owner);
	chat_file_free(&file);
	return status;
}
