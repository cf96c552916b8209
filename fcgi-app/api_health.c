/*
 * GET /api/health: ready or not, with the reasons and the setting that cures each. 200 while
 * messages can be accepted and read; 503 when not.
 */
#include "app.h"

#include <stdio.h>

#include "json.h"
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

void
api_health(struct app *a, const struct http_request *q, struct http_response *r)
{
	struct job_counts jobs = { 0 };
	json_t *reasons = json_array();
	json_auto_t *status = worker_status_load(a->reader);
	const char *note = json_member_string(status, "note");
	const char *push = json_member_string(status, "push");
	bool worker = worker_is_running(a->config);
	enum err e = store_jobs_count(a->reader, &jobs);

	(void)q;
	if (e != OK)
		add_reason(reasons, "database", "The database cannot be read.", "DB_PATH");
	if (!worker && jobs.queued > 0)
		add_reason(reasons, "no_worker",
		    "Messages wait and no AI worker runs: start fcgi-app --worker.", "AI_WORKER");
	check_push(status, reasons);
	if (note != NULL && *note != '\0')
		add_reason(reasons, "ai_note", note, "AI_MODEL");
	http_json(r, e == OK ? 200 : 503,
	    json_pack("{s:b, s:s, s:b, s:s, s:b, s:{s:I, s:I, s:I}, s:o}", "ready", e == OK,
		"database", e == OK ? "ok" : "error", "worker", worker, "push",
		push != NULL ? push : "unknown", "demo", a->config->is_demo, "jobs", "queued",
		(json_int_t)jobs.queued, "running", (json_int_t)jobs.running, "failed",
		(json_int_t)jobs.failed, "reasons", reasons));
}
