#include "ingest.h"

#include "log.h"
#include "notify_wire.h"
#include "pusher_json.h"

static void
publish(const struct ingest *in, struct app *app, const struct notify_line *line)
{
	const struct peer *except =
	    line->socket_id != NULL ? hub_find(in->hub, app, line->socket_id) : NULL;
	json_t *data = json_object_get(line->root, "data");

	for (size_t i = 0; i < line->channel_count; i++) {
		const char *channel = line->channels[i];
		struct frame *f;

		metric_add(in->metrics, METRIC_EVENTS_DATAGRAM, 1);
		app->counts.now.events_datagram++;
		hub_note(in->hub, app,
		    &(struct hub_note){
			.kind = HUB_NOTE_API_EVENT, .channel = channel, .event = line->name });
		if (!hub_wants(in->hub, app, channel, strlen(channel)))
			continue;
		f = pusher_event(line->name, channel, data, NULL);
		hub_publish(in->hub, app, channel, strlen(channel), f, except);
		frame_unref(f);
	}
	if (line->rid != NULL) /* one grep follows a message through all programs */
		log_info("event app=%s channel=%s name=%s rid=%s", app->id, line->channels[0],
		    line->name, line->rid);
}

static void
take_line(const struct ingest *in, struct app *app, const struct notify_line *line)
{
	switch (line->op) {
	case NOTIFY_PUBLISH: publish(in, app, line); break;
	case NOTIFY_EVICT:
		(void)hub_evict(
		    in->hub, app, line->channels[0], strlen(line->channels[0]), line->user_id);
		break;
	case NOTIFY_REFUSED: break; /* ours to say, not to hear */
	}
}

void
ingest_datagram(const struct ingest *in, const char *p, size_t n)
{
	const char *text;
	size_t len;

	while (notify_next_line(&p, &n, &text, &len)) {
		struct notify_line line;
		struct app *app;

		if (notify_line_parse(text, len, &line) != OK) {
			metric_add(in->metrics, METRIC_DATAGRAM_BAD_LINE, 1);
			continue;
		}
		app = line.app != NULL ? apps_by_id(in->apps, line.app, strlen(line.app)) : NULL;
		if (app != NULL)
			take_line(in, app, &line);
		else
			metric_add(in->metrics, METRIC_DATAGRAM_UNKNOWN_APP, 1);
		notify_line_clear(&line);
	}
}
