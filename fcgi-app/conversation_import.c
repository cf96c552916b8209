#include "conversation_import.h"

#include <stdio.h>

#define PORTION_MESSAGES 200
#define PORTION_BYTES (256UL * 1024)

enum err
import_begin(struct store *s, struct import *im, const struct by *by)
{
	const struct chat_file *f = im->file;
	char id[ID_SIZE];
	struct chat_new c = {
		.id = im->chat_id,
		.title = f->title != NULL ? f->title : "",
		.title_source = f->title != NULL && *f->title != '\0' ? TITLE_USER : TITLE_AUTO,
		.lang = f->lang,
		.owner_id = im->owner_id,
		.system_prompt = f->system_prompt,
		.model = f->model,
		.is_private = im->owner_id != NULL,
		.now_ms = by->now_ms,
	};
	enum err e = OK;

	id_random(id);
	if (im->owner_id != NULL) {
		(void)snprintf(im->chat_id, sizeof im->chat_id, "c-%s", id);
		e = store_person_put(s, im->owner_id, NULL, by->now_ms);
	} else {
		(void)snprintf(im->chat_id, sizeof im->chat_id, "%s", f->chat_id);
		c.id_is_number = f->id_is_number;
	}
	im->ids = xcalloc(f->count + 1, sizeof *im->ids);
	if (e != OK || (e = store_chat_add(s, &c, &im->chat_no)) != OK)
		return e;
	return store_chat_set_deleted(s, im->chat_no, by->now_ms + IMPORT_LIFE_MS, 0);
}

static int64_t
time_of(const struct file_message *m, const struct by *by)
{
	return m->created_ms > 0 ? m->created_ms : by->now_ms;
}

/* A reply is stored as the worker would: empty first, then its end. */
static enum err
add_reply(struct store *s, const struct file_message *m, const struct message_new *as, int64_t id)
{
	return store_reply_finish(s, &(struct reply_end){ .message_id = id,
					 .seq = as->seq,
					 .now_ms = as->now_ms,
					 .status = m->status,
					 .content = m->content,
					 .content_len = m->content_len,
					 .error_type = m->error_type,
					 .model = m->model,
					 .is_notice = m->is_notice,
					 .usage = m->usage });
}

static enum err
add_message(struct store *s, struct import *im, const struct by *by, size_t i, int64_t seq)
{
	const struct file_message *m = &im->file->messages[i];
	bool is_reply = m->role == ROLE_ASSISTANT;
	char uid[ID_SIZE];
	struct message_new n = {
		.uid = uid,
		.chat_no = im->chat_no,
		.parent_id = m->parent != SIZE_MAX ? im->ids[m->parent] : 0,
		.role = m->role,
		.status = is_reply ? MESSAGE_QUEUED : MESSAGE_COMPLETE,
		.content = is_reply ? "" : m->content,
		.content_len = is_reply ? 0 : m->content_len,
		.author_name = is_reply ? NULL : m->author_name,
		.is_imported = is_reply,
		.seq = seq,
		.now_ms = time_of(m, by),
	};
	enum err e;

	id_random(uid);
	if ((e = store_message_add(s, &n, &im->ids[i])) != OK || !is_reply)
		return e;
	return add_reply(s, m, &n, im->ids[i]);
}

enum err
import_some(struct store *s, struct import *im, const struct by *by, bool *out_more)
{
	const struct chat_file *f = im->file;
	size_t end = im->next, bytes = 0;
	int64_t last = 0, seq;
	enum err e = OK;

	while (end < f->count && end - im->next < PORTION_MESSAGES && bytes < PORTION_BYTES)
		bytes += f->messages[end++].content_len;
	*out_more = end < f->count;
	if (end == im->next)
		return OK;
	e = store_chat_seq(s, im->chat_no, (int64_t)(end - im->next), by->now_ms, &last);
	seq = last - (int64_t)(end - im->next);
	for (size_t i = im->next; i < end && e == OK; i++)
		e = add_message(s, im, by, i, ++seq);
	if (e == OK)
		im->next = end;
	return e;
}

enum err
import_end(struct store *s, struct import *im, const struct by *by)
{
	int64_t seq;
	enum err e = store_chat_seq(s, im->chat_no, 1, by->now_ms, &seq);

	if (e == OK && im->file->head != SIZE_MAX)
		e = store_chat_set_head(s, im->chat_no, im->ids[im->file->head]);
	return e == OK ? store_chat_set_deleted(s, im->chat_no, 0, seq) : e;
}

void
import_free(struct import *im)
{
	free(im->ids);
	im->ids = NULL;
}
