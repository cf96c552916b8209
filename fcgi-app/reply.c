#include "reply.h"

#include <stdio.h>

#include "utf8.h"

static char *
copy_or_null(const char *text)
{
	return text != NULL && *text != '\0' ? xstrdup(text) : NULL;
}

struct reply *
reply_new(const struct job *job, const struct chat *chat, const char *parent_uid)
{
	struct reply *r = xcalloc(1, sizeof *r);

	r->job = *job;
	(void)snprintf(r->chat_id, sizeof r->chat_id, "%s", chat->id);
	r->chat_id_is_number = chat->id_is_number;
	r->chat_is_private = chat->is_private;
	(void)snprintf(r->lang, sizeof r->lang, "%s", chat->lang);
	(void)snprintf(r->parent_uid, sizeof r->parent_uid, "%s", parent_uid);
	r->system_prompt = copy_or_null(chat->system_prompt);
	r->client_system = copy_or_null(chat->client_system);
	r->model = copy_or_null(chat->model);
	r->text = BUF_INIT(LIMIT_REPLY_BYTES);
	return r;
}

void
reply_free(struct reply *r)
{
	if (r == NULL)
		return;
	free(r->system_prompt);
	free(r->client_system);
	free(r->model);
	buf_free(&r->text);
	free(r);
}

int64_t
reply_first_ms(const struct reply *r)
{
	return r->first_ms > 0 ? r->first_ms - r->started_ms : -1;
}

void
reply_text_written(struct reply *r)
{
	/*
	 * Waiting text and the new one become one delta, unless another event of the chat took a
	 * number between them: then the old one is given up, a gap that readers heal.
	 */
	bool joins = r->push_seq != 0 && r->push_seq == r->tick.prev;

	if (!joins) {
		r->push_from = r->stored;
		r->push_offset = r->stored_units;
		r->push_prev = r->tick.prev;
	}
	r->stored_units +=
	    (int64_t)utf8_utf16_len(r->text.data + r->stored, r->text.len - r->stored);
	r->stored = r->text.len;
	r->push_to = r->stored;
	r->push_seq = r->tick.seq;
}

struct event_context
reply_event_context(const struct reply *r, int64_t now_ms)
{
	return (struct event_context){
		.chat_id = r->chat_id,
		.id_is_number = r->chat_id_is_number,
		.message_uid = r->job.message_uid,
		.parent_uid = r->parent_uid,
		.job_uid = r->job.uid,
		.seq = r->push_seq,
		.prev = r->push_prev,
		.now_ms = now_ms,
	};
}
