/*
 * What is done to the turns of a chat: POST stop, POST messages/{mid}/regenerate,
 * PATCH and DELETE messages/{mid}, PUT head.
 */
#include <stdio.h>

#include "api_write.h"
#include "conversation_edit.h"
#include "gate.h"
#include "log.h"
#include "message_json.h"
#include "store_tree.h"
#include "validate_chat.h"

static const struct api_words turn_words[] = {
	{ ERR_NOT_FOUND, 404, "no_such_message", "There is no such message in this chat." },
	{ ERR_LIMIT, 409, "queue_full",
	    "Too many messages wait in this chat. Please wait for an answer." },
	{ ERR_CONFLICT, 409, "wrong_kind", "That cannot be done with this message." },
	{ .e = OK },
};

/* --- POST /api/chats/{id}/stop --- */

static enum err
run_stop(struct store *s, struct api_write *w, json_t **out_answer)
{
	const struct stop_fields *in = w->arg;
	struct stop stop = {
		.chat = &w->chat,
		.message_uid = in->message_uid,
		.all = in->all,
		.seen_units = in->seen_units >= 0 ? in->seen_units : SEEN_ALL,
	};
	struct stopped st = { 0 };
	bool any;
	enum err e = conversation_stop(s, &stop, &w->by, &st);

	if (e != OK)
		return e;
	any = st.count > 0;
	*out_answer = json_pack("{s:s, s:o, s:i, s:s*, s:s*, s:o*, s:I}", "status",
	    any ? "stopped" : "idle", "chatId", chat_id_json(w->chat.id, w->chat.id_is_number),
	    "stopped", st.count, "messageId", any ? st.message_uid : NULL, "jobId",
	    any ? st.job_uid : NULL, "length", any ? json_integer(st.units) : NULL, "seq",
	    (json_int_t)(any ? st.seq : w->chat.seq));
	return OK;
}

void
api_stop(struct app *a, const struct http_request *q, struct http_response *r)
{
	struct field_error why = { .field = "body" };
	struct stop_fields in = { 0 };
	json_auto_t *root = NULL;
	struct api_write w = { .run = run_stop,
		.arg = &in,
		.need = NEED_CHAT,
		.status = 200,
		.wakes = true,
		.is_durable = true };

	if (!api_optional_body(q, &root, r))
		return;
	if (validate_stop(root, &in, &why) != OK)
		http_invalid(r, &why, q->rid);
	else
		api_write(a, q, r, &w);
}

/* --- POST /api/chats/{id}/messages/{mid}/regenerate --- */

static enum err
run_regenerate(struct store *s, struct api_write *w, json_t **out_answer)
{
	struct accepted a;
	enum err e = conversation_regenerate(s, &w->chat, w->message_uid, &w->by, &a);

	if (e == OK)
		*out_answer = api_accepted_json(&a);
	return e;
}

void
api_regenerate(struct app *a, const struct http_request *q, struct http_response *r)
{
	struct api_write w = { .run = run_regenerate,
		.words = turn_words,
		.need = NEED_CHAT,
		.status = 202,
		.takes_key = true,
		.wakes = true,
		.is_durable = true };

	api_write(a, q, r, &w);
}

/* --- PATCH /api/chats/{id}/messages/{mid} --- */

static enum err
run_edit(struct store *s, struct api_write *w, json_t **out_answer)
{
	const char *const *content = w->arg;
	struct accepted a;
	enum err e = conversation_edit(s, &w->chat, w->message_uid, *content, &w->by, &a);

	if (e == OK)
		*out_answer = api_accepted_json(&a);
	return e;
}

void
api_edit(struct app *a, const struct http_request *q, struct http_response *r)
{
	struct field_error why = { .field = "body" };
	const char *content = NULL;
	json_auto_t *root = NULL;
	struct api_write w = { .run = run_edit,
		.arg = &content,
		.words = turn_words,
		.need = NEED_CHAT,
		.status = 202,
		.takes_key = true,
		.wakes = true,
		.is_durable = true };

	if (!gate_json_body(q, &root, r))
		return;
	if (validate_content(root, &content, &why) != OK) {
		http_invalid(r, &why, q->rid);
		return;
	}
	api_write(a, q, r, &w);
}

/* --- PUT /api/chats/{id}/head --- */

static enum err
run_head(struct store *s, struct api_write *w, json_t **out_answer)
{
	char head[ID_SIZE];
	int64_t seq;
	enum err e = conversation_set_head(s, &w->chat, w->arg, &w->by, head, &seq);

	if (e == OK)
		*out_answer = json_pack("{s:o, s:s, s:I}", "chatId",
		    chat_id_json(w->chat.id, w->chat.id_is_number), "headId", head, "seq",
		    (json_int_t)(seq != 0 ? seq : w->chat.seq));
	return e;
}

void
api_head(struct app *a, const struct http_request *q, struct http_response *r)
{
	struct field_error why = { .field = "body" };
	struct head_choice choice = { 0 };
	json_auto_t *root = NULL;
	struct api_write w = { .run = run_head,
		.arg = &choice,
		.words = turn_words,
		.need = NEED_CHAT,
		.status = 200,
		.wakes = true,
		.is_durable = true };

	if (!gate_json_body(q, &root, r))
		return;
	if (validate_head(root, &choice.message_uid, &choice.exact, &why) != OK)
		http_invalid(r, &why, q->rid);
	else
		api_write(a, q, r, &w);
}

/* --- DELETE /api/chats/{id}/messages/{mid} --- */

struct author {
	const struct by *by;
	bool is_theirs;
};

static bool
note_author(void *arg, const struct message *m)
{
	struct author *au = arg;
	const char *who = by_author_id(au->by);

	au->is_theirs = who != NULL && m->author_id != NULL && strcmp(who, m->author_id) == 0;
	return true;
}

/* What others wrote is taken away only by who manages the chat. */
static enum err
run_delete(struct store *s, struct api_write *w, json_t **out_answer)
{
	struct author author = { .by = &w->by };
	int64_t seq = 0;
	enum err e = store_message_find(s, w->chat.no, w->message_uid, note_author, &author);

	if (e != OK)
		return e;
	if (!author.is_theirs && !access_suffices(w->access, NEED_CHAT_MANAGE, &w->chat))
		return ERR_INVALID;
	if ((e = conversation_delete_message(s, &w->chat, w->message_uid, &w->by, &seq)) == OK)
		*out_answer = json_pack("{s:o, s:s, s:b, s:I}", "chatId",
		    chat_id_json(w->chat.id, w->chat.id_is_number), "messageId", w->message_uid,
		    "deleted", true, "seq", (json_int_t)seq);
	return e;
}

void
api_message_delete(struct app *a, const struct http_request *q, struct http_response *r)
{
	static const struct api_words words[] = {
		{ ERR_NOT_FOUND, 404, "no_such_message", "There is no such message in this chat." },
		{ ERR_LIMIT, 409, "too_many",
		    "More than 1000 messages hang below this one. Please delete the chat." },
		{ ERR_INVALID, 403, "not_yours",
		    "Only its author or the owner of the chat can delete a message." },
		{ .e = OK },
	};
	struct api_write w = { .run = run_delete,
		.words = words,
		.need = NEED_CHAT,
		.status = 200,
		.wakes = true,
		.is_durable = true };

	api_write(a, q, r, &w);
}
