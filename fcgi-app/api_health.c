/*
 * GET /api/health: ready or not, with the reasons and the setting that cures each. 200 while
 * messages can be accepted and read; 503 when not.
 */
#include "app.h"

#include <stdio.h>

#include "clock.h"
#include "json.h"
#include "store_damage.h"
#include "worker_start.h"
#include "worker_status.h"

static void
add_reason(json_t *reasons, const char *code, const char *text, const char *setting)
{
	(void)json_array_append_new(reasons,
	    json_pack("{s:s, s:s, s:s*}", "code", code, "detail", text, "setting", setting));
}

static void
check_push(const json_t *status, json_t *reasons)
{
	const char *push = json_member_string(status, "push");
	int64_t uid = json_member_int(status, "refusedUid", PUSH_REFUSES_FILE);
	char text[160];

	if (push == NULL)
		return;
	if (strcmp(push, "refused") == 0 && uid >= 0) {
		(void)snprintf(text, sizeof text,
		    "The push server takes no datagrams from user %lld: name that user in "
		    "PUSH_SOCKET_USERS.",
		    (long long)uid);
		add_reason(reasons, "push_refused", text, "PUSH_SOCKET_USERS");
	} else if (strcmp(push, "refused") == 0 && uid == PUSH_REFUSES_KEY) {
		add_reason(reasons, "push_refused",
		    "The push server does not know our app, or its secret is another one.",
		    "PUSHER_APP_SECRET");
	} else if (strcmp(push, "refused") == 0) {
		add_reason(reasons, "push_refused",
		    "This user may not write to the push server's socket: its mode or group "
		    "says no.",
		    "PUSH_SOCKET");
	} else if (strcmp(push, "away") == 0) {
		add_reason(reasons, "push_away",
		    "Nobody listens on the push server's socket; answers are kept and sent later.",
		    "PUSH_SOCKET");
	} else if (strcmp(push, "full") == 0) {
		add_reason(reasons, "push_full",
		    "The push server does not read its socket fast enough.", NULL);
	} else if (strcmp(push, "off") == 0) {
		add_reason(
		    reasons, "push_off", "Nothing is pushed; the page polls.", "BROADCAST_DRIVER");
	}
}

static const struct {
	enum err e;
	const char *code, *detail;
} troubles[] = {
	{ ERR_FULL, "disk_full", "The disk is full: nothing can be stored. Free some space." },
	{ ERR_BUSY, "database_busy", "Another process holds the database's lock." },
	{ ERR_STORAGE, "database",
	    "The database is gone, damaged, or cannot be read or written; the log says which." },
};

/*
 * Can be read, and could be written when it was last tried; when not, it is tried now: nobody posts
 * to a service that says it is not ready.
 */
static enum err
check_database(struct app *a, struct job_counts *jobs)
{
	enum err e = a->reader == NULL ? a->trouble : store_check(a->reader);

	if (e == OK && disk_room_is_damaged(a->room, clock_mono_ms()))
		e = ERR_STORAGE;
	if (e == OK)
		e = store_jobs_count(a->reader, jobs);
	if (e == OK && a->writer != NULL && writer_trouble(a->writer) != OK)
		e = writer_probe(a->writer);
	return e;
}

static void
add_trouble(const struct app *a, json_t *reasons, enum err e)
{
	if (e == ERR_STORAGE && store_damage_is_marked(a->config->db_path)) {
		add_reason(reasons, "database",
		    "The database file is damaged. Nothing is read from it or written to it: move "
		    "it aside and put a backup in its place. fcgi-app --check-database says what "
		    "is wrong.",
		    "DB_PATH");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(troubles); i++)
		if (troubles[i].e == e) {
			add_reason(reasons, troubles[i].code, troubles[i].detail, "DB_PATH");
			return;
		}
	add_reason(reasons, "database", "The database cannot be read.", "DB_PATH");
}

/* Little room: what is there can be read, but nothing is accepted. */
static enum err
check_room(const struct disk_figures *disk, json_t *reasons)
{
	if (disk->is_low)
		add_reason(reasons, "disk_low",
		    "The disk is nearly full: nothing new is accepted until there is room again. "
		    "Free some space.",
		    "DISK_MIN_FREE_MB");
	return disk->is_low ? ERR_FULL : OK;
}

static const char *
ballast_state(const struct disk_figures *disk)
{
	return disk->ballast_wanted == 0               ? "off"
	       : disk->ballast >= disk->ballast_wanted ? "ready"
						       : "released";
}

static void
check_worker(bool worker, const struct job_counts *jobs, json_t *reasons)
{
	if (!worker && jobs->queued > 0)
		add_reason(reasons, "no_worker",
		    "Messages wait and no AI worker runs: start fcgi-app --worker.", "AI_WORKER");
}

void
api_health(struct app *a, const struct http_request *q, struct http_response *r)
{
	struct job_counts jobs = { 0 };
	struct disk_figures disk;
	json_t *reasons = json_array();
	enum err e = check_database(a, &jobs);
	json_auto_t *status = e == OK ? worker_status_load(a->reader) : NULL;
	const char *note = json_member_string(status, "note");
	const char *push = json_member_string(status, "push");
	bool worker = worker_is_running(a->config), is_usable = e == OK;

	(void)q;
	if (e != OK)
		add_trouble(a, reasons, e);
	disk_room_figures(a->room, clock_mono_ms(), &disk);
	if (e == OK)
		e = check_room(&disk, reasons);
	check_worker(worker, &jobs, reasons);
	check_push(status, reasons);
	if (note != NULL && *note != '\0')
		add_reason(reasons, "ai_note", note, "AI_MODEL");
	http_json(r, e == OK ? 200 : 503,
	    json_pack("{s:b, s:s, s:s, s:s, s:b, s:s, s:b, s:{s:I, s:I, s:I}, s:o}", "ready",
		e == OK, "database", is_usable ? "ok" : "error", "disk",
		!disk.is_known ? "unknown"
		: disk.is_low  ? "low"
			       : "ok",
		"ballast", ballast_state(&disk), "worker", worker, "push",
		push != NULL ? push : "unknown", "demo", a->config->is_demo, "jobs", "queued",
		(json_int_t)jobs.queued, "running", (json_int_t)jobs.running, "failed",
		(json_int_t)jobs.failed, "reasons", reasons));
}
