/*
 * GET /api/metrics: what the whole chat back end has done and has to do, for Prometheus. All of it
 * comes from the database and from rates.db, so each process of a host gives the same answer, and
 * counters go on after a restart. Names: charla_*; those of the push server: charla_push_*.
 */
#include "app.h"

#include <stdio.h>

#include "clock.h"
#include "json.h"
#include "program.h"
#include "prometheus.h"
#include "store_figures.h"
#include "worker_start.h"
#include "worker_status.h"

/* --- what stands now --- */

struct now {
	struct job_counts jobs;
	struct store_gauges gauges;
	struct disk_figures disk;
	bool has_worker, has_push;
};

static enum err
look(const struct app *a, struct now *out)
{
	json_auto_t *status = worker_status_load(a->reader);
	const char *push = json_member_string(status, "push");
	enum err e = store_jobs_count(a->reader, &out->jobs);

	disk_room_figures(a->room, clock_mono_ms(), &out->disk);
	out->has_worker = worker_is_running(a->config);
	out->has_push = push != NULL && strcmp(push, push_state_name(PUSH_OK)) == 0;
	return e == OK ? store_gauges_get(a->reader, &out->gauges) : e;
}

static enum err
write_now(struct buf *b, const struct now *now)
{
	const struct {
		const char *name, *help;
		int64_t value;
	} rows[] = {
		{ "charla_chats", "Chats, deleted ones that can be restored included.",
		    now->gauges.chats },
		{ "charla_people", "People whom we know.", now->gauges.people },
		{ "charla_database_bytes", "Size of the database file.", now->gauges.bytes },
		{ "charla_disk_free_bytes", "Free on the database's disk.", now->disk.free },
		{ "charla_disk_min_free_bytes", "With less nothing new is accepted; 0: no limit.",
		    now->disk.min_free },
		{ "charla_disk_ballast_bytes",
		    "Kept in a file for the day when the disk is full; 0: released, or none.",
		    now->disk.ballast },
		{ "charla_disk_is_low", "1 while nothing new is accepted for want of room.",
		    now->disk.is_low },
		{ "charla_events_waiting", "Events that the push server has not taken yet.",
		    now->gauges.outbox },
		{ "charla_index_waiting", "Messages that search does not find yet.",
		    now->gauges.index_queue },
		{ "charla_worker_running", "1 while an AI worker runs.", now->has_worker },
		{ "charla_push_reached", "1 while the push server takes what the worker sends.",
		    now->has_push },
	};
	enum err e = prometheus_family(b, "charla_info", "gauge", "The version that answers.");

	if (e == OK)
		e = prometheus_sample(b, "charla_info", "version", CHARLA_VERSION, 1);
	for (size_t i = 0; i < ARRAY_LEN(rows) && e == OK; i++)
		if ((e = prometheus_family(b, rows[i].name, "gauge", rows[i].help)) == OK)
			e = prometheus_sample(b, rows[i].name, NULL, NULL, rows[i].value);
	if (e == OK &&
	    (e = prometheus_family(b, "charla_jobs", "gauge", "Replies that wait or run.")) == OK &&
	    (e = prometheus_sample(b, "charla_jobs", "state", "queued", now->jobs.queued)) == OK)
		e = prometheus_sample(b, "charla_jobs", "state", "running", now->jobs.running);
	if (e == OK && (e = prometheus_family(
			    b, "charla_messages_total", "counter", "Messages ever made.")) == OK)
		e = prometheus_sample(
		    b, "charla_messages_total", NULL, NULL, now->gauges.messages_made);
	return e;
}

/* --- what was counted --- */

#define FIGURES_MAX 128

struct figures {
	struct {
		char family[16], label[48];
		int64_t n, sum;
	} rows[FIGURES_MAX];
	size_t count;
};

static bool
keep_figure(void *arg, const char *family, const char *label, int64_t n, int64_t sum)
{
	struct figures *f = arg;

	(void)snprintf(f->rows[f->count].family, sizeof f->rows->family, "%s", family);
	(void)snprintf(f->rows[f->count].label, sizeof f->rows->label, "%s", label);
	f->rows[f->count].n = n;
	f->rows[f->count].sum = sum;
	return ++f->count < FIGURES_MAX;
}

static enum err
write_counters(struct buf *b, const struct figures *f)
{
	static const struct {
		const char *family, *name, *label, *help;
	} counters[] = {
		{ FIGURE_REPLIES, "charla_ai_replies_total", "status",
		    "Replies that ended, by how." },
		{ FIGURE_ERRORS, "charla_ai_errors_total", "type",
		    "Attempts at a reply that failed." },
		{ FIGURE_RETRIES, "charla_ai_retries_total", "type",
		    "Those of them that were tried again." },
		{ FIGURE_TOKENS, "charla_ai_tokens_total", "kind",
		    "Tokens of replies that ended." },
	};
	enum err e = OK;

	for (size_t i = 0; i < ARRAY_LEN(counters) && e == OK; i++) {
		e = prometheus_family(b, counters[i].name, "counter", counters[i].help);
		for (size_t k = 0; k < f->count && e == OK; k++)
			if (strcmp(f->rows[k].family, counters[i].family) == 0)
				e = prometheus_sample(b, counters[i].name, counters[i].label,
				    f->rows[k].label, f->rows[k].n);
	}
	return e;
}

static enum err
write_histogram(
    struct buf *b, const struct figures *f, const char *family, const char *name, const char *help)
{
	char bucket[64];
	int64_t count = 0, sum = 0;
	enum err e = prometheus_family(b, name, "histogram", help);

	(void)snprintf(bucket, sizeof bucket, "%s_bucket", name);
	for (size_t i = 0; i < FIGURE_BOUNDS && e == OK; i++) {
		for (size_t k = 0; k < f->count; k++)
			if (strcmp(f->rows[k].family, family) == 0 &&
			    strcmp(f->rows[k].label, figure_bounds[i].label) == 0) {
				count += f->rows[k].n;
				sum += f->rows[k].sum;
			}
		e = prometheus_sample(b, bucket, "le", figure_bounds[i].label, count);
	}
	return e == OK ? buf_addf(b, "%s_sum %lld.%03d\n%s_count %lld\n", name,
			     (long long)(sum / 1000), (int)(sum % 1000), name, (long long)count)
		       : e;
}

static enum err
write_figures(struct buf *b, struct store *reader)
{
	struct figures f = { 0 };
	enum err e = store_figures(reader, keep_figure, &f);

	if (e == OK)
		e = write_counters(b, &f);
	if (e == OK)
		e = write_histogram(b, &f, FIGURE_FIRST, "charla_ai_first_token_seconds",
		    "From the start of an attempt to its first text.");
	if (e == OK)
		e = write_histogram(b, &f, FIGURE_TOOK, "charla_ai_reply_seconds",
		    "From a message's being accepted to the end of its reply.");
	return e;
}

/* --- requests --- */

struct totals {
	struct buf *answered, *refused;
	enum err e;
};

static void
add_total(void *arg, const char *what, int64_t n)
{
	struct totals *t = arg;
	bool is_class = *what >= '1' && *what <= '5';

	if (t->e != OK)
		return;
	t->e = is_class
		   ? prometheus_sample(t->answered, "charla_http_requests_total", "status", what, n)
		   : prometheus_sample(t->refused, "charla_http_refused_total", "code", what, n);
}

static enum err
write_requests(struct buf *b, struct rates *rates)
{
	auto_buf refused = BUF_INIT(64UL * 1024);
	struct totals t = { .answered = b, .refused = &refused };
	enum err e = prometheus_family(
	    b, "charla_http_requests_total", "counter", "Requests answered, by class of status.");

	if (e == OK)
		e = rates_totals(rates, add_total, &t);
	if (e != OK || (e = t.e) != OK)
		return e;
	e = prometheus_family(
	    b, "charla_http_refused_total", "counter", "Answers of 4xx and 5xx, by code.");
	return e == OK && refused.len > 0 ? buf_add(b, refused.data, refused.len) : e;
}

void
api_metrics(struct app *a, const struct http_request *q, struct http_response *r)
{
	struct now now = { 0 };
	enum err e = look(a, &now);

	if (e == OK)
		e = write_now(&r->body, &now);
	if (e == OK)
		e = write_figures(&r->body, a->reader);
	if (e == OK && a->rates != NULL)
		e = write_requests(&r->body, a->rates);
	r->content_type = PROMETHEUS_TYPE;
	if (e != OK)
		http_error(r, e, q->rid);
}
