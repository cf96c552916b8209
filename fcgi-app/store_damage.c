#include "store_damage.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "check_due.h"
#include "clock.h"
#include "json.h"
#include "log.h"
#include "store_priv.h"

#define MARK ".check-failed"
#define NAME_SIZE 4200
#define NOTE_BYTES 2048 /* of a file beside the database */
#define CHUNK_BYTES 65536
#define FINDING_SIZE 4096
#define REASON_SIZE 200

static const char sql_set_up[] = "PRAGMA ignore_check_constraints=ON";
static const char sql_check[] = "PRAGMA integrity_check(20)"; /* findings, at most */

/* --- the file as it is now --- */

struct stamp {
	int64_t device, inode, bytes, log_bytes, changed_ns;
};

static const char *
beside(const char *path, const char *suffix, char name[NAME_SIZE])
{
	(void)snprintf(name, NAME_SIZE, "%s%s", path, suffix);
	return name;
}

static bool
take_stamp(const char *path, struct stamp *out)
{
	char name[NAME_SIZE];
	struct stat st, log;

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	*out = (struct stamp){
		.device = (int64_t)st.st_dev,
		.inode = (int64_t)st.st_ino,
		.bytes = (int64_t)st.st_size,
		.log_bytes = stat(beside(path, "-wal", name), &log) == 0 ? (int64_t)log.st_size : 0,
		.changed_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
	};
	return true;
}

/* --- notes beside it --- */

/* NULL: none, or none of ours: an operator's file by that name is left alone. */
static json_t *
read_note(int fd)
{
	char text[NOTE_BYTES];
	ssize_t n = fd >= 0 ? pread(fd, text, sizeof text, 0) : -1;
	json_t *root = NULL;

	if (n <= 0 || json_parse(text, (size_t)n, 2, true, &root, NULL, 0) != OK)
		return NULL;
	return root;
}

static bool
write_note(int fd, json_t *note)
{
	json_auto_t *owned = note;
	auto_char *text = json_text(owned);
	size_t len = strlen(text);

	return fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, text, len, 0) == (ssize_t)len;
}

bool
store_damage_is_marked(const char *path)
{
	char name[NAME_SIZE];
	auto_fd fd = open(beside(path, MARK, name), O_RDONLY | O_CLOEXEC);
	json_auto_t *note = read_note(fd);
	struct stamp now;

	return note != NULL && take_stamp(path, &now) &&
	       json_member_int(note, "device", -1) == now.device &&
	       json_member_int(note, "inode", -1) == now.inode &&
	       json_member_int(note, "bytes", -1) == now.bytes &&
	       json_member_int(note, "logBytes", -1) == now.log_bytes &&
	       json_member_int(note, "changedNs", -1) == now.changed_ns;
}

static void
mark(const char *path, const char *reason)
{
	char name[NAME_SIZE], when[CLOCK_RFC3339_SIZE];
	auto_fd fd = open(beside(path, MARK, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0660);
	struct stamp now;

	if (fd >= 0)
		(void)fchmod(fd, 0644); /* also for who runs the service, when root has checked */
	log_error("the database is damaged: nothing is read from it or written to it until a "
		  "backup is in its place path=%s reason=\"%s\"",
	    path, reason);
	if (!take_stamp(path, &now) ||
	    !write_note(fd,
		json_pack("{s:I, s:I, s:I, s:I, s:I, s:s, s:s*}", "device", (json_int_t)now.device,
		    "inode", (json_int_t)now.inode, "bytes", (json_int_t)now.bytes, "logBytes",
		    (json_int_t)now.log_bytes, "changedNs", (json_int_t)now.changed_ns, "found",
		    clock_rfc3339(clock_wall_ms(), when), "reason", reason)))
		log_errno("the damage cannot be noted path=%s", name);
}

static void
unmark(const char *path)
{
	char name[NAME_SIZE];
	auto_fd fd = open(beside(path, MARK, name), O_RDONLY | O_CLOEXEC);
	json_auto_t *note = read_note(fd);

	if (note != NULL && unlink(name) == 0)
		log_info("the database is whole again path=%s", path);
}

/* --- when it was checked --- */

static void
read_boot(char out[CHECK_BOOT_SIZE])
{
	auto_fd fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, out, CHECK_BOOT_SIZE - 1) : 0;

	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

static void
look_at(const struct stamp *stamp, struct check_now *out)
{
	out->now_ms = clock_wall_ms();
	out->device = stamp->device;
	out->inode = stamp->inode;
	out->log_bytes = stamp->log_bytes;
	read_boot(out->boot);
}

static bool
is_due(int made_fd, const struct stamp *stamp)
{
	json_auto_t *note = read_note(made_fd);
	const char *boot = json_member_string(note, "boot");
	struct check_record last = {
		.checked_ms = json_member_int(note, "checkedMs", 0),
		.device = json_member_int(note, "device", 0),
		.inode = json_member_int(note, "inode", 0),
	};
	struct check_now now;

	(void)snprintf(last.boot, sizeof last.boot, "%s", boot != NULL ? boot : "");
	look_at(stamp, &now);
	return check_is_due(&last, &now);
}

/* A disk that is full or read-only now: it is checked again, no more. */
static void
record(int made_fd, const struct stamp *stamp)
{
	struct check_now now;

	look_at(stamp, &now);
	if (made_fd >= 0 &&
	    !write_note(made_fd,
		json_pack("{s:I, s:I, s:I, s:s}", "checkedMs", (json_int_t)now.now_ms, "device",
		    (json_int_t)now.device, "inode", (json_int_t)now.inode, "boot", now.boot)))
		log_errno("the check cannot be noted");
}

/* --- checking --- */

static bool
is_damage(int rc)
{
	return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
}

/* What SQLite says quotes the damaged bytes: they belong in no JSON and on no terminal. */
static void
plain(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (; text[n] != '\0' && n + 1 < size; n++)
		out[n] = (text[n] >= ' ' && text[n] <= '~') || text[n] == '\n' ? text[n] : '?';
	out[n] = '\0';
}

/* Newer SQLites ask the index, too, which may be behind (index_queue): that is no damage. */
static bool
is_of_the_index(const char *finding)
{
	return strstr(finding, "inverted index") != NULL;
}

/* "unable to get the page. error code=266": a disk that does not read is no damaged database. */
static bool
says_unread(const char *finding)
{
	static const char code[] = "error code=";

	for (const char *at = strstr(finding, code); at != NULL; at = strstr(at + 1, code))
		if (!is_damage((int)strtol(at + sizeof code - 1, NULL, 10)))
			return true;
	return false;
}

/* What one reading of all of it came to. */
struct verdict {
	int rc;
	bool is_unread;
	char reason[REASON_SIZE]; /* "": nothing was found */
};

static void
note_finding(const char *text, FILE *report, struct verdict *out)
{
	char finding[FINDING_SIZE];

	plain(text, finding, sizeof finding);
	if (strcmp(finding, "ok") == 0 || is_of_the_index(finding))
		return;
	out->is_unread = out->is_unread || says_unread(finding);
	if (*out->reason == '\0')
		plain(finding, out->reason, sizeof out->reason);
	if (report != NULL)
		(void)fprintf(report, "%s\n", finding);
}

/*
 * integrity_check, not quick_check: it costs little more here, and only it notices a row that an
 * index has under another chat.
 */
static void
read_all(sqlite3 *db, FILE *report, struct verdict *out)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, sql_check, -1, &st, NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		note_finding(column_text(st, 0), report, out);
		rc = SQLITE_OK;
	}
	if (is_damage(rc) && *out->reason == '\0')
		note_finding(sqlite3_errmsg(db), report, out);
	(void)sqlite3_finalize(st);
	out->rc = rc;
}

/*
 * What is checked is not written into: neither does the log go into the database at the end, nor
 * are rows damage that a rule of the schema would refuse. No mmap: a file that is cut off meanwhile
 * would end us.
 */
static void
judge(const char *path, FILE *report, struct verdict *out)
{
	sqlite3 *db = NULL;
	int rc;

	*out = (struct verdict){ 0 };
	store_configure();
	rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK) {
		(void)sqlite3_extended_result_codes(db, 1);
		(void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		(void)sqlite3_busy_timeout(db, STORE_BUSY_MS);
		rc = sqlite3_exec(db, sql_set_up, NULL, NULL, NULL);
	}
	if (rc == SQLITE_OK) {
		read_all(db, report, out);
	} else {
		if (is_damage(rc))
			note_finding(sqlite3_errmsg(db), report, out);
		out->rc = rc;
	}
	(void)sqlite3_close(db);
}

/* By the kernel alone. */
static bool
is_readable(const char *path)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	char chunk[CHUNK_BYTES];
	ssize_t n = fd >= 0 ? 1 : -1;

	while (n > 0)
		n = read(fd, chunk, sizeof chunk);
	return n == 0;
}

/* A finding closes the service, so it has to be there twice, on a disk that reads. */
static enum err
check(const char *path, FILE *report)
{
	struct verdict first, second;

	judge(path, report, &first);
	if (*first.reason == '\0' && first.rc == SQLITE_DONE)
		return OK;
	if (*first.reason != '\0' && !first.is_unread && is_readable(path)) {
		judge(path, NULL, &second);
		if (*second.reason != '\0' && !second.is_unread) {
			mark(path, second.reason);
			return ERR_STORAGE;
		}
	}
	log_warn("the database could not be checked code=%d reason=\"%s\" path=%s", first.rc,
	    first.reason, path);
	return ERR_BUSY;
}

static enum err
check_and_note(const char *path, int made_fd, const struct stamp *stamp, FILE *report)
{
	int64_t started_ms = clock_mono_ms();
	enum err e = check(path, report);

	if (e == OK) {
		record(made_fd, stamp);
		unmark(path);
		log_debug("the database is whole ms=%lld bytes=%lld",
		    (long long)(clock_mono_ms() - started_ms), (long long)stamp->bytes);
	}
	return e;
}

static int
open_record(const char *path)
{
	char name[NAME_SIZE];

	return open(beside(path, ".made", name), O_RDWR | O_CREAT | O_CLOEXEC, 0660);
}

/* By another process that checks. */
static bool
is_held(int made_fd)
{
	return made_fd >= 0 && flock(made_fd, LOCK_EX | LOCK_NB) != 0;
}

enum err
store_damage_check(const char *path, bool only_if_due, FILE *report)
{
	auto_fd made_fd = -1;
	struct stamp stamp;

	if (!take_stamp(path, &stamp))
		return ERR_NOT_FOUND;
	made_fd = open_record(path);
	if (only_if_due && (is_held(made_fd) || !is_due(made_fd, &stamp)))
		return OK;
	return check_and_note(path, made_fd, &stamp, report);
}

enum err
store_damage_at_start(const char *path, bool only_if_due, bool *out_later)
{
	auto_fd made_fd = -1;
	struct stamp stamp;
	bool is_large, must;

	*out_later = false;
	if (!take_stamp(path, &stamp) || stamp.bytes == 0)
		return OK; /* none, or not yet: opening it tells */
	if (store_damage_is_marked(path))
		return ERR_STORAGE;
	made_fd = open_record(path);
	is_large = stamp.bytes + stamp.log_bytes > LIMIT_CHECK_AT_START_BYTES;
	must = (!only_if_due && !is_large) || is_due(made_fd, &stamp);
	*out_later = must && is_large;
	if (!must || is_large)
		return OK;
	return check_and_note(path, made_fd, &stamp, NULL) == ERR_STORAGE ? ERR_STORAGE : OK;
}
