/* What tools made for laravel-websockets are told, in the form of its version 1 or 2. */
#include "feed_internal.h"

#include <stdio.h>
#include <time.h>

static bool
has_old(const struct app *app, const char *type)
{
	char name[64];
	int n = snprintf(name, sizeof name, FEED_OLD_PREFIX "%s", type);

	return hub_occupancy(app, name, (size_t)n) > 0;
}

bool
feed_has_old_watchers(const struct app *app)
{
	for (size_t i = 0; i < HUB_NOTE_KINDS; i++)
		if ((feed_kinds[i].v1 != NULL && has_old(app, feed_kinds[i].v1)) ||
		    (feed_kinds[i].v2 != NULL && has_old(app, feed_kinds[i].v2)))
			return true;
	return false;
}

static void
time_of_day(int64_t at_ms, char out[16])
{
	time_t s = (time_t)(at_ms / 1000);
	struct tm tm;

	(void)gmtime_r(&s, &tm);
	(void)strftime(out, 16, "%H:%M:%S", &tm);
}

static json_t *
details_v1(const struct entry *e)
{
	if (e->channel != NULL && e->event != NULL)
		return json_sprintf("Channel: %s, Event: %s", e->channel, e->event);
	return e->channel != NULL ? json_sprintf("Channel: %s", e->channel) : json_string("");
}

static json_t *
details_v2(const struct entry *e)
{
	json_t *details = json_object();

	feed_add_text(details, "socketId", e->socket_id);
	feed_add_text(details, "channel", e->channel);
	feed_add_text(details, "event", e->event);
	return details;
}

static void
tell_old(const struct feed *f, struct app *app, const struct entry *e, bool is_v2)
{
	const char *type = is_v2 ? feed_kinds[e->kind].v2 : feed_kinds[e->kind].v1;
	char channel[64], at[16];
	json_t *data;

	if (type == NULL || !has_old(app, type))
		return;
	time_of_day(e->at_ms, at);
	data = json_pack("{s:s, s:s, s:o}", "type", type, "time", at, "details",
	    is_v2 ? details_v2(e) : details_v1(e));
	if (!is_v2)
		feed_add_text(data, "socketId", e->socket_id);
	(void)snprintf(channel, sizeof channel, FEED_OLD_PREFIX "%s", type);
	feed_publish(f, app, channel, "log-message", data);
}

/* Three types have one name in both versions: then the channel of another tells who listens. */
void
feed_tell_old(const struct feed *f, const struct watch *w)
{
	bool is_v2 = has_old(w->app, "connected") || has_old(w->app, "ws-message");

	for (size_t i = 0; i < w->count; i++) {
		const struct entry *e = &w->entries[i];
		bool is_shared = feed_kinds[e->kind].v1 != NULL && feed_kinds[e->kind].v2 != NULL &&
				 strcmp(feed_kinds[e->kind].v1, feed_kinds[e->kind].v2) == 0;

		if (!is_shared || !is_v2)
			tell_old(f, w->app, e, false);
		if (!is_shared || is_v2)
			tell_old(f, w->app, e, true);
	}
}

void
feed_statistics(struct feed *f, const struct stats_row *row)
{
	static const char channel[] = FEED_OLD_PREFIX "statistics";
	struct app *app = apps_by_id(f->apps, row->app, strlen(row->app));
	char at[32];
	time_t s = (time_t)row->at_s;
	struct tm tm;

	if (app == NULL || hub_occupancy(app, channel, sizeof channel - 1) == 0)
		return;
	(void)gmtime_r(&s, &tm);
	(void)strftime(at, sizeof at, "%Y-%m-%d %H:%M:%S", &tm);
	feed_publish(f, app, channel, "statistics-updated",
	    json_pack("{s:s, s:s, s:I, s:I, s:I}", "time", at, "app_id", row->app,
		"peak_connection_count", (json_int_t)row->peak, "websocket_message_count",
		(json_int_t)row->websocket, "api_message_count", (json_int_t)row->api));
}
