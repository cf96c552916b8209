#include "app_metrics.h"

#include <inttypes.h>
#include <stdio.h>

#include "prometheus.h"
#include "util.h"

#define TOTAL(field) offsetof(struct app, counts.now.field)

/* Rows of one family stand together; help is on its first row. */
static const struct {
	const char *family, *label, *type, *help;
	size_t offset; /* of a uint64_t in struct app */
} rows[] = {
	/* clang-format off */
	{ "connections", "", "gauge", "WebSocket connections open.", offsetof(struct app, connections) },
	{ "channels", "", "gauge", "Channels occupied.", offsetof(struct app, counts.channels) },
	{ "subscriptions", "", "gauge", "Subscriptions, one a connection and channel.", offsetof(struct app, counts.subscriptions) },
	{ "connections_opened_total", "", "counter", "WebSocket connections accepted.", TOTAL(opened) },
	{ "connections_closed_total", "", "counter", "WebSocket connections gone, for any reason.", TOTAL(closed) },
	{ "messages_received_total", "", "counter", "WebSocket messages from clients.", TOTAL(received) },
	{ "received_bytes_total", "", "counter", "Their bytes, without framing.", TOTAL(received_bytes) },
	{ "messages_sent_total", "", "counter", "WebSocket messages to clients, one a message and subscriber.", TOTAL(sent) },
	{ "sent_bytes_total", "", "counter", "Their bytes, without framing.", TOTAL(sent_bytes) },
	{ "events_total", ",source=\"http\"", "counter", "Events published, one a channel.", TOTAL(events_http) },
	{ "events_total", ",source=\"datagram\"", "counter", NULL, TOTAL(events_datagram) },
	{ "events_total", ",source=\"client\"", "counter", NULL, TOTAL(events_client) },
	{ "api_requests_total", "", "counter", "Signed HTTP requests let in.", TOTAL(api_requests) },
	{ "slow_readers_total", "", "counter", "Connections closed because they did not read.", TOTAL(slow) },
	/* clang-format on */
};

static enum err
begin_sample(struct buf *b, const char *family, const char *suffix, const struct app *app)
{
	enum err e = buf_addf(b, "charla_push_%s%s{app=\"", family, suffix);

	return e == OK ? prometheus_label(b, app->id) : e;
}

static enum err
write_rows(struct buf *b, const struct apps *apps, size_t first, size_t end)
{
	const struct app *app;
	enum err e = buf_addf(b, "# HELP charla_push_%s %s\n# TYPE charla_push_%s %s\n",
	    rows[first].family, rows[first].help, rows[first].family, rows[first].type);

	for (size_t i = 0; e == OK && (app = apps_at(apps, i)) != NULL; i++)
		for (size_t row = first; row < end && e == OK; row++) {
			uint64_t value;

			memcpy(&value, (const char *)app + rows[row].offset, sizeof value);
			if ((e = begin_sample(b, rows[row].family, "", app)) == OK)
				e = buf_addf(b, "\"%s} %" PRIu64 "\n", rows[row].label, value);
		}
	return e;
}

static enum err
write_bucket(struct buf *b, const char *family, const struct app *app, const char *le, uint64_t n)
{
	enum err e = begin_sample(b, family, "_bucket", app);

	return e == OK ? buf_addf(b, "\",le=\"%s\"} %" PRIu64 "\n", le, n) : e;
}

static enum err
write_delivery(struct buf *b, const struct app *app)
{
	static const char family[] = "delivery_seconds";
	const struct app_counts *c = &app->counts;
	uint64_t sum = 0;
	char le[32];
	enum err e = OK;

	for (size_t i = 0; i < DELIVERY_BUCKETS && e == OK; i++) {
		sum += c->delivery[i];
		(void)snprintf(le, sizeof le, "%g", (double)delivery_bounds_ns[i] / 1e9);
		e = write_bucket(b, family, app, le, sum);
	}
	sum += c->delivery[DELIVERY_BUCKETS];
	if (e == OK && (e = write_bucket(b, family, app, "+Inf", sum)) == OK &&
	    (e = begin_sample(b, family, "_sum", app)) == OK &&
	    (e = buf_addf(b, "\"} %.9f\n", (double)c->delivery_ns / 1e9)) == OK &&
	    (e = begin_sample(b, family, "_count", app)) == OK)
		e = buf_addf(b, "\"} %" PRIu64 "\n", sum);
	return e;
}

enum err
app_metrics_write(struct buf *b, const struct apps *apps)
{
	const struct app *app;
	enum err e = OK;
	size_t end;

	for (size_t first = 0; first < ARRAY_LEN(rows) && e == OK; first = end) {
		for (end = first + 1; end < ARRAY_LEN(rows) && rows[end].help == NULL; end++)
			continue;
		e = write_rows(b, apps, first, end);
	}
	if (e == OK)
		e = buf_adds(b,
		    "# HELP charla_push_delivery_seconds From an event's reaching its channel to "
		    "its being handed to the sockets of all subscribers.\n"
		    "# TYPE charla_push_delivery_seconds histogram\n");
	for (size_t i = 0; e == OK && (app = apps_at(apps, i)) != NULL; i++)
		e = write_delivery(b, app);
	return e;
}
