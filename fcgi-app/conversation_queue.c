#include "conversation_queue.h"

#include <stdio.h>

#include "event_names.h"
#include "json.h"
#include "quota.h"
#include "store_figures.h"
#include "store_tree.h"
#include "utf8.h"

const char *
by_author_id(const struct by *by)
{
	return by->caller != NULL && identity_is_known(by->caller) ? by->caller->id : NULL;
}

const char *
by_author_name(const struct by *by)
{
	return by_author_id(by) != NULL && by->caller->name[0] != '\0' ? by->caller->name : NULL;
}

enum err
conversation_event(struct store *s, const struct by *by, const struct outbox_event *of)
{
	struct outbox_event e = *of;

	e.rid = by->rid;
	e.created_ms = by->now_ms;
	return store_outbox_add(s, &e);
}

enum err
conversation_queue_room(struct store *s, int64_t chat_no, const struct by *by, int *out_position)
{
	enum err e = store_jobs_live(s, chat_no, out_position);

	if (e == OK && *out_position >= LIMIT_CHAT_QUEUE)
		return ERR_LIMIT;
	return e == OK ? quota_check(s, by->caller, chat_no, by->now_ms) : e;
}

static enum err
say_position(struct store *s, const struct by *by, struct outbox_event of, int position)
{
	json_auto_t *data = json_pack("{s:i}", "position", position);
	auto_char *text = json_text(data);

	of.name = EVENT_JOB_QUEUED;
	of.data = text;
	return conversation_event(s, by, &of);
}

enum err
conversation_add_reply(
    struct store *s, const struct reply_to_come *r, const struct by *by, struct accepted *out)
{
	struct message_new m = {
		.uid = out->reply_uid,
		.chat_no = r->chat_no,
		.parent_id = r->parent_id,
		.role = ROLE_ASSISTANT,
		.status = MESSAGE_QUEUED,
		.content = "",
		.seq = r->seq,
		.now_ms = by->now_ms,
	};
	struct job_new j = {
		.uid = out->job_uid,
		.chat_no = r->chat_no,
		.person_id = by_author_id(by),
		.address = by->caller != NULL ? by->caller->address : NULL,
		.rid = by->rid,
		.now_ms = by->now_ms,
	};
	enum err e;

	id_random(out->reply_uid);
	id_random(out->job_uid);
	out->seq = r->seq;
	if ((e = store_message_add(s, &m, &j.message_id)) != OK ||
	    (e = store_job_add(s, &j)) != OK ||
	    (e = store_chat_advance(s, r->chat_no, r->seq, j.message_id, by->now_ms)) != OK)
		return e;
	return say_position(s, by,
	    (struct outbox_event){ .chat_no = r->chat_no,
		.message_id = j.message_id,
		.seq = r->seq,
		.job_uid = out->job_uid },
	    r->position);
}

/* --- jobs of a chat, copied: while they are worked on the table changes --- */

struct jobs {
	struct {
		int64_t id, message_id;
		char uid[ID_SIZE], message_uid[ID_SIZE];
	} jobs[LIMIT_CHAT_QUEUE + 1];
	int count;
};

static bool
note_job(void *arg, const struct live_job *j)
{
	struct jobs *l = arg;

	l->jobs[l->count].id = j->id;
	l->jobs[l->count].message_id = j->message_id;
	(void)snprintf(l->jobs[l->count].uid, ID_SIZE, "%s", j->uid);
	(void)snprintf(l->jobs[l->count].message_uid, ID_SIZE, "%s", j->message_uid);
	return ++l->count < (int)ARRAY_LEN(l->jobs);
}

enum err
conversation_queue_moved(struct store *s, int64_t chat_no, const struct by *by)
{
	struct jobs waiting = { 0 };
	enum err e = store_jobs_each_live(s, chat_no, note_job, &waiting);

	/* The first one starts, and says so itself. */
	for (int i = 1; i < waiting.count && e == OK; i++) {
		int64_t seq;

		if ((e = store_chat_seq(s, chat_no, 1, by->now_ms, &seq)) != OK)
			break;
		e = say_position(s, by,
		    (struct outbox_event){ .chat_no = chat_no,
			.message_id = waiting.jobs[i].message_id,
			.seq = seq,
			.job_uid = waiting.jobs[i].uid },
		    i);
	}
	return e;
}

/* --- stopping --- */

static bool
keep_text(void *arg, const struct message *m)
{
	return buf_add(arg, m->content, m->content_len) == OK;
}

static enum err
end_events(struct store *s, const struct by *by, struct outbox_event of, int64_t units)
{
	json_auto_t *data =
	    json_pack("{s:s, s:s, s:I, s:{s:i, s:i, s:i, s:i}}", "reason", "cancelled",
		"finish_reason", "Cancelled", "length", (json_int_t)units, "usage", "prompt_tokens",
		0, "completion_tokens", 0, "cache_read_input_tokens", 0, "reasoning_tokens", 0);
	auto_char *text = json_text(data);
	enum err e;

	of.name = EVENT_STREAM_END;
	of.data = text;
	of.seq--;
	if ((e = conversation_event(s, by, &of)) != OK)
		return e;
	of.name = EVENT_MESSAGE_SENT;
	of.data = NULL;
	of.seq++;
	return conversation_event(s, by, &of);
}

static enum err
stop_one(struct store *s, const struct chat *chat, const struct jobs *l, int i, int64_t seen_units,
    const struct by *by, struct stopped *out)
{
	auto_buf text = BUF_INIT(LIMIT_REPLY_BYTES);
	struct reply_end end = {
		.message_id = l->jobs[i].message_id, .now_ms = by->now_ms, .status = MESSAGE_STOPPED
	};
	enum err e = store_job_cancel(s, l->jobs[i].id, by->now_ms);

	if (e != OK || (e = store_message_get(s, end.message_id, keep_text, &text)) != OK ||
	    (e = store_chat_seq(s, chat->no, 2, by->now_ms, &end.seq)) != OK)
		return e;
	end.content = text.data != NULL ? text.data : "";
	end.content_len = text.len;
	if (seen_units < (int64_t)text.len)
		end.content_len = utf8_bytes_of_utf16(end.content, text.len, (size_t)seen_units);
	out->count++;
	out->seq = end.seq;
	out->units = (int64_t)utf8_utf16_len(end.content, end.content_len);
	(void)snprintf(out->message_uid, ID_SIZE, "%s", l->jobs[i].message_uid);
	(void)snprintf(out->job_uid, ID_SIZE, "%s", l->jobs[i].uid);
	if ((e = store_reply_finish(s, &end)) != OK ||
	    (e = store_reply_ended(s, l->jobs[i].id, -1, by->now_ms)) != OK)
		return e;
	return end_events(s, by,
	    (struct outbox_event){ .chat_no = chat->no,
		.message_id = end.message_id,
		.seq = end.seq,
		.job_uid = l->jobs[i].uid },
	    out->units);
}

enum err
conversation_stop(
    struct store *s, const struct stop *stop, const struct by *by, struct stopped *out)
{
	struct stopped done = { 0 };
	struct jobs l = { 0 };
	enum err e = store_jobs_each_live(s, stop->chat->no, note_job, &l);

	for (int i = 0; i < l.count && e == OK; i++) {
		bool wanted = stop->message_uid == NULL ||
			      strcmp(stop->message_uid, l.jobs[i].message_uid) == 0;

		if (!wanted)
			continue;
		e = stop_one(s, stop->chat, &l, i, stop->seen_units, by, &done);
		if (!stop->all)
			break;
	}
	if (e == OK && done.count > 0)
		e = conversation_queue_moved(s, stop->chat->no, by);
	if (e == OK)
		*out = done;
	return e;
}

enum err
conversation_stop_below(struct store *s, const struct chat *chat, int64_t message_id,
    const struct by *by, int *out_count)
{
	struct stopped done = { 0 };
	struct jobs l = { 0 };
	enum err e = store_jobs_below(s, message_id, note_job, &l);

	for (int i = 0; i < l.count && e == OK; i++)
		e = stop_one(s, chat, &l, i, SEEN_ALL, by, &done);
	if (e == OK && done.count > 0)
		e = conversation_queue_moved(s, chat->no, by);
	*out_count = done.count;
	return e;
}
