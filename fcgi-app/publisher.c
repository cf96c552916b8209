#include "publisher.h"

#include <stdio.h>

#include "clock.h"
#include "event_names.h"
#include "json.h"
#include "log.h"
#include "notify_wire.h"
#include "packet.h"

#define ARRIVAL_MS 200 /* between two looks whether what was sent has arrived */

struct publisher {
	struct push_link *link;
	bool is_logging; /* BROADCAST_DRIVER=log */
	const char *app_id, *app_key;
	size_t event_bytes; /* of one event's JSON */
	struct packet packet;
	int64_t next_ms;
	bool more_rows;
	bool has_held; /* rows before last_row were passed over */
};

struct publisher *
publisher_new(struct push_link *link, const struct config *c)
{
	struct publisher *p = xcalloc(1, sizeof *p);

	p->link = link;
	p->app_id = c->pusher_app_id;
	p->app_key = c->app_key;
	/* what other servers take by HTTP is Pusher's own limit */
	p->event_bytes =
	    strcmp(c->push_transport, "http") == 0 ? LIMIT_EVENT_BYTES : LIMIT_DATAGRAM_BYTES;
	packet_init(&p->packet, link);
	p->next_ms = INT64_MAX;
	p->is_logging = strcmp(c->broadcast_driver, "log") == 0;
	return p;
}

void
publisher_free(struct publisher *p)
{
	if (p == NULL)
		return;
	packet_free(&p->packet);
	free(p);
}

static enum err
add_line(struct publisher *p, const struct event_channels *channels, const char *name,
    const struct buf *data, const struct outbox_event *row, int64_t now_ms)
{
	struct notify_line line = {
		.op = NOTIFY_PUBLISH,
		.app = p->app_id,
		.channel_count = channels->count,
		.name = name,
		.data = data->data,
		.data_len = data->len,
	};

	for (size_t i = 0; i < channels->count; i++)
		line.channels[i] = channels->names[i];
	if (row != NULL) {
		line.socket_id = row->socket_id;
		line.rid = row->rid;
	}
	return packet_add(&p->packet, &line, now_ms);
}

/* --- deltas --- */

static enum err
add_delta(struct publisher *p, struct reply *r, int64_t now_ms)
{
	auto_buf data = BUF_INIT(p->event_bytes);
	struct event_context c = reply_event_context(r, clock_wall_ms());
	struct event_channels channels;
	enum err e = event_delta(
	    &data, &c, r->text.data + r->push_from, r->push_to - r->push_from, r->push_offset);

	event_channels(r->chat_id, r->chat_is_private, &channels);
	if (e == OK)
		e = add_line(p, &channels, EVENT_TEXT_DELTA, &data, NULL, now_ms);
	if (e == ERR_LIMIT && p->packet.lines.len == 0) { /* too much waited: readers fetch it */
		r->push_seq = 0;
		return OK;
	}
	if (e != OK)
		return e;
	packet_note_reply(&p->packet, r);
	return OK;
}

/* --- events of the outbox --- */

struct round {
	struct publisher *p;
	struct store *reader;
	struct reply **replies;
	size_t count;
	int64_t now_ms;
	int listed;
	enum err e;
};

/* The delta of the same chat that stands before this event. */
static enum err
add_delta_before(struct round *round, const struct outbox_event *row)
{
	for (size_t i = 0; i < round->count; i++) {
		struct reply *r = round->replies[i];

		if (r->job.chat_no == row->chat_no && r->push_seq != 0 && r->push_seq < row->seq &&
		    !r->is_in_packet)
			return add_delta(round->p, r, round->now_ms);
	}
	return OK;
}

struct event_work {
	const struct outbox_event *row;
	const struct chat *chat;
	struct event_context context;
	struct event_channels channels;
	struct round *round;
	enum err e;
};

/* Full text if the line fits into a datagram, else as much as does. */
static bool
add_event_line(void *arg, const struct message *m)
{
	struct event_work *w = arg;
	struct publisher *p = w->round->p;
	size_t max = LIMIT_REPLY_BYTES;

	if (m != NULL) {
		w->context.message_uid = m->uid;
		w->context.parent_uid = m->parent_uid;
	}
	for (; max >= 1024; max /= 2) {
		auto_buf data = BUF_INIT(p->event_bytes);

		w->e = event_of_outbox(&data, &w->context, w->row, m, max);
		if (w->e == OK)
			w->e = add_line(
			    p, &w->channels, w->row->name, &data, w->row, w->round->now_ms);
		if (w->e != ERR_LIMIT)
			return false;
	}
	return false;
}

/* The sockets in those channels are to come back and ask for leave again. */
static enum err
add_eviction(struct round *round, const struct outbox_event *row)
{
	json_auto_t *root = NULL;
	const json_t *channel;
	size_t i;
	enum err e = row->data == NULL ? ERR_INVALID
				       : json_parse(row->data, strlen(row->data), LIMIT_JSON_DEPTH,
					     true, &root, NULL, 0);

	json_array_foreach(json_object_get(root, "channels"), i, channel)
	{
		struct notify_line line = {
			.op = NOTIFY_EVICT,
			.app = round->p->app_id,
			.channels = { json_string_value(channel) },
			.channel_count = 1,
		};

		if (e == OK)
			e = packet_add(&round->p->packet, &line, round->now_ms);
	}
	return e;
}

static enum err
add_row(struct round *round, const struct outbox_event *row)
{
	auto_chat chat = { 0 };
	struct event_work w = { .row = row, .chat = &chat, .round = round, .e = OK };
	enum err e = store_chat_get(round->reader, row->chat_no, &chat);

	if (e != OK)
		return e;
	w.context = (struct event_context){
		.chat_id = chat.id,
		.id_is_number = chat.id_is_number,
		.job_uid = row->job_uid,
		.seq = row->seq,
		.prev = row->seq - 1,
		.now_ms = row->created_ms,
		.app_key = round->p->app_key,
	};
	event_channels(chat.id, chat.is_private, &w.channels);
	if ((e = add_delta_before(round, row)) != OK)
		return e;
	if (row->message_id == 0) { /* of the chat itself, or of messages that are gone */
		(void)add_event_line(&w, NULL);
		return w.e;
	}
	e = store_message_get(round->reader, row->message_id, add_event_line, &w);
	return e != OK ? e : w.e;
}

static bool
note_created(void *arg, const struct message *m)
{
	*(int64_t *)arg = m->created_ms;
	return true;
}

/* The end of a reply whose old clients may not be back yet: see outage.h. */
static bool
is_held(const struct round *round, const struct outbox_event *row)
{
	const struct push_link *link = round->p->link;
	int64_t asked_ms = 0;

	return round->now_ms < push_link_held_until_ms(link) &&
	       strcmp(row->name, EVENT_MESSAGE_SENT) == 0 &&
	       store_message_get(round->reader, row->message_id, note_created, &asked_ms) == OK &&
	       push_link_holds(link, asked_ms, round->now_ms);
}

static bool
on_row(void *arg, const struct outbox_event *row)
{
	struct round *round = arg;
	struct publisher *p = round->p;

	round->listed++;
	if (!push_link_is_on(p->link)) {
		if (p->is_logging)
			log_info("event name=%s seq=%lld rid=%s", row->name, (long long)row->seq,
			    row->rid != NULL ? row->rid : "");
		packet_note_row(&p->packet, row->id);
		return true;
	}
	if (is_held(round, row)) {
		p->has_held = true;
		packet_pass_over(&p->packet, row->id);
		return true;
	}
	round->e =
	    strcmp(row->name, EVENT_EVICT) == 0 ? add_eviction(round, row) : add_row(round, row);
	if (round->e == ERR_NOT_FOUND || round->e == ERR_LIMIT || round->e == ERR_INVALID) {
		/* what it is about is gone, or can never be sent: it must not block the rest */
		log_warn("event dropped name=%s seq=%lld error=%d", row->name, (long long)row->seq,
		    (int)round->e);
		round->e = OK;
	}
	if (round->e == OK)
		packet_note_row(&p->packet, row->id);
	return round->e == OK;
}

static void
drop_deltas(struct reply **replies, size_t count)
{
	for (size_t i = 0; i < count; i++)
		replies[i]->push_seq = 0;
}

static bool
note_row(void *arg, const struct outbox_event *row)
{
	(void)row;
	*(bool *)arg = true;
	return false;
}

/* Something was sent that may never arrive: who waits for the end of it waits on. */
static bool
is_under_way(const struct publisher *p)
{
	return packet_arrived(&p->packet) < p->packet.taken_count;
}

/* The push server is away: readers will fetch the text; events wait, if there are any. */
static enum err
wait_for_return(struct publisher *p, struct store *reader, struct reply **replies, size_t count)
{
	bool waits = p->has_held || is_under_way(p);
	enum err e = store_outbox_list(reader, p->packet.last_row, 1, note_row, &waits);

	drop_deltas(replies, count);
	p->next_ms = waits ? push_link_retry_ms(p->link) : INT64_MAX;
	return e;
}

/* Rows that were passed over are listed again when their time has come. */
static void
take_up_held(struct publisher *p, int64_t now_ms)
{
	/* what is sent and not yet deleted would be sent again: the next tick deletes it */
	if (!p->has_held || now_ms < push_link_held_until_ms(p->link) || p->packet.taken_count > 0)
		return;
	p->has_held = false;
	p->packet.last_row = 0;
}

/* When to run again after a round that ended with e. */
static int64_t
next_round_ms(const struct publisher *p, enum err e, int64_t now_ms)
{
	int64_t next_ms = INT64_MAX;

	if (e != OK)
		next_ms = push_link_retry_ms(p->link);
	else if (p->more_rows)
		return now_ms;
	else if (p->has_held)
		next_ms = push_link_held_until_ms(p->link);
	else if (is_under_way(p))
		next_ms = now_ms + ARRIVAL_MS;
	return next_ms > now_ms ? next_ms : now_ms + LIMIT_TICK_MS;
}

enum err
publisher_run(
    struct publisher *p, struct store *reader, struct reply **replies, size_t count, int64_t now_ms)
{
	struct round round = { p, reader, replies, count, now_ms, 0, OK };
	bool is_on = push_link_is_on(p->link);
	enum err e;

	p->next_ms = push_link_refused_until_ms(p->link, now_ms);
	if (p->next_ms > 0) { /* it would drop what we send: keep the events */
		drop_deltas(replies, count);
		return OK;
	}
	if (is_on && !push_link_look(p->link, now_ms))
		return wait_for_return(p, reader, replies, count);
	take_up_held(p, now_ms);
	packet_clear(&p->packet);
	e = store_outbox_list(reader, p->packet.last_row, LIMIT_OUTBOX_ROUND, on_row, &round);
	if (e != OK) {
		packet_clear(&p->packet); /* replies in it may be freed */
		p->next_ms = next_round_ms(p, e, now_ms);
		return e;
	}
	p->more_rows = round.listed == LIMIT_OUTBOX_ROUND;
	/* What is not listed yet may be of the same chat, and stand before the text. */
	for (size_t i = 0; i < count && round.e == OK && is_on && !p->more_rows; i++)
		if (replies[i]->push_seq != 0 && !replies[i]->is_in_packet)
			round.e = add_delta(p, replies[i], now_ms);
	if (round.e == OK)
		round.e = packet_send(&p->packet, now_ms);
	packet_clear(&p->packet);
	if (!is_on || round.e == ERR_NOT_FOUND || round.e == ERR_CONFLICT)
		drop_deltas(replies, count);
	p->next_ms = next_round_ms(p, round.e, now_ms);
	return round.e == ERR_IO ? ERR_IO : OK;
}

int64_t
publisher_next_ms(const struct publisher *p)
{
	return p->next_ms;
}

const int64_t *
publisher_taken(const struct publisher *p, size_t *out_count)
{
	size_t n = packet_arrived(&p->packet);

	*out_count = n < LIMIT_OUTBOX_ROUND ? n : LIMIT_OUTBOX_ROUND;
	return p->packet.taken;
}

void
publisher_deleted(struct publisher *p, size_t count)
{
	packet_deleted(&p->packet, count);
}
