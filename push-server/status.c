#include "status.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "webhooks.h"

#define TOTAL(field) offsetof(struct app_totals, field)

static json_t *
totals(const struct app_totals *t)
{
	static const struct {
		const char *name;
		size_t offset; /* of a uint64_t */
	} rows[] = {
		{ "opened", TOTAL(opened) },
		{ "closed", TOTAL(closed) },
		{ "received", TOTAL(received) },
		{ "received_bytes", TOTAL(received_bytes) },
		{ "sent", TOTAL(sent) },
		{ "sent_bytes", TOTAL(sent_bytes) },
		{ "events_http", TOTAL(events_http) },
		{ "events_datagram", TOTAL(events_datagram) },
		{ "events_client", TOTAL(events_client) },
		{ "api_requests", TOTAL(api_requests) },
		{ "slow", TOTAL(slow) },
	};
	json_t *object = json_object();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t value;

		memcpy(&value, (const char *)t + rows[i].offset, sizeof value);
		(void)json_object_set_new(object, rows[i].name, json_integer((json_int_t)value));
	}
	return object;
}

json_t *
status_app(const struct app *app)
{
	const struct app_counts *c = &app->counts;
	json_t *delivery = json_array();

	for (size_t i = 0; i <= DELIVERY_BUCKETS; i++)
		(void)json_array_append_new(delivery, json_integer((json_int_t)c->delivery[i]));
	return json_pack("{s:I, s:I, s:I, s:I, s:o, s:o}", "connections",
	    (json_int_t)app->connections, "peak", (json_int_t)c->peak_ever, "channels",
	    (json_int_t)c->channels, "subscriptions", (json_int_t)c->subscriptions, "totals",
	    totals(&c->now), "delivery", delivery);
}

json_t *
status_delivery_bounds(void)
{
	json_t *bounds = json_array();

	for (size_t i = 0; i < DELIVERY_BUCKETS; i++)
		(void)json_array_append_new(
		    bounds, json_real((double)delivery_bounds_ns[i] / 1000000.0));
	return bounds;
}

static json_int_t
resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long long size = 0, pages = 0;
	char line[128] = "";

	if (f == NULL)
		return 0;
	if (fgets(line, sizeof line, f) != NULL) {
		char *end;

		size = strtoll(line, &end, 10);
		pages = size > 0 ? strtoll(end, NULL, 10) : 0;
	}
	(void)fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}

static json_int_t
cpu_ms(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (json_int_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
	       (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

static json_int_t
sum(const struct metrics *m, enum metric first, enum metric last)
{
	uint64_t n = 0;

	for (unsigned i = first; i <= (unsigned)last; i++)
		n += m->count[i];
	return (json_int_t)n;
}

json_t *
status_server(const struct status_server *s)
{
	const struct metrics *m = s->metrics;
	json_t *webhooks = json_pack("{s:I, s:I, s:I, s:I}", "waiting",
	    (json_int_t)(s->webhooks != NULL ? webhooks_waiting(s->webhooks) : 0), "taken",
	    sum(m, METRIC_WEBHOOK_TAKEN, METRIC_WEBHOOK_TAKEN), "retried",
	    sum(m, METRIC_WEBHOOK_RETRIED, METRIC_WEBHOOK_RETRIED), "dropped",
	    sum(m, METRIC_WEBHOOK_DROPPED_QUEUE, METRIC_WEBHOOK_DROPPED_REMOVED));

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "memory", resident_bytes(), "cpu_ms",
	    cpu_ms(), "started_ms", (json_int_t)s->started_ms, "refused",
	    sum(m, METRIC_REFUSED_KEY, METRIC_REFUSED_UPGRADE), "closed",
	    sum(m, METRIC_CLOSED_SLOW, METRIC_CLOSED_SIGNIN), "webhooks", webhooks);
}
