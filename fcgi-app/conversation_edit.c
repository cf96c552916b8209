#include "conversation_edit.h"

#include <stdio.h>

#include "event_names.h"
#include "json.h"
#include "store_tree.h"

struct found {
	int64_t id, parent_id;
	enum role role;
	bool is_live;
};

static bool
note_message(void *arg, const struct message *m)
{
	*(struct found *)arg =
	    (struct found){ m->id, m->parent_id, m->role, message_is_running(m->status) };
	return true;
}

static bool
note_uid(void *arg, const struct message *m)
{
	(void)snprintf(arg, ID_SIZE, "%s", m->uid);
	return true;
}

static void
fill_chat(const struct chat *c, struct accepted *out)
{
	(void)snprintf(out->chat_id, sizeof out->chat_id, "%s", c->id);
	out->id_is_number = c->id_is_number;
	out->is_private = c->is_private;
}

/* --- another reply, another turn --- */

/* The turn that a reply is asked for. */
static enum err
turn_of(struct store *s, const struct found *m, struct found *out)
{
	enum err e = OK;

	*out = *m;
	if (m->role == ROLE_ASSISTANT)
		e = m->parent_id == 0 ? ERR_CONFLICT
				      : store_message_get(s, m->parent_id, note_message, out);
	return e == OK && out->role != ROLE_USER ? ERR_CONFLICT : e;
}

enum err
conversation_regenerate(struct store *s, const struct chat *c, const char *message_uid,
    const struct by *by, struct accepted *out)
{
	struct accepted a = { 0 };
	struct found m = { 0 }, turn;
	struct reply_to_come r = { .chat_no = c->no };
	int stopped;
	enum err e = store_message_find(s, c->no, message_uid, note_message, &m);

	if (e != OK || (e = turn_of(s, &m, &turn)) != OK)
		return e;
	/* Who wants another answer does not wait for this one. */
	if (m.role == ROLE_ASSISTANT && m.is_live &&
	    (e = conversation_stop_below(s, c, m.id, by, &stopped)) != OK)
		return e;
	r.parent_id = turn.id;
	if ((e = conversation_queue_room(s, c->no, by, &r.position)) != OK ||
	    (e = store_message_get(s, turn.id, note_uid, a.message_uid)) != OK ||
	    (e = store_chat_seq(s, c->no, 1, by->now_ms, &r.seq)) != OK ||
	    (e = conversation_add_reply(s, &r, by, &a)) != OK)
		return e;
	fill_chat(c, &a);
	*out = a;
	return OK;
}

/* message_created for the new turn, message_edited for the old one: seq - 1 and seq. */
static enum err
edit_events(struct store *s, const struct by *by, struct outbox_event of, const char *old_uid)
{
	json_auto_t *data = json_pack("{s:s}", "editedId", old_uid);
	auto_char *text = json_text(data);
	enum err e;

	of.socket_id = by->socket_id;
	of.name = EVENT_MESSAGE_CREATED;
	of.seq--;
	if ((e = conversation_event(s, by, &of)) != OK)
		return e;
	of.socket_id = NULL;
	of.name = EVENT_MESSAGE_EDITED;
	of.data = text;
	of.seq++;
	return conversation_event(s, by, &of);
}

enum err
conversation_edit(struct store *s, const struct chat *c, const char *message_uid,
    const char *content, const struct by *by, struct accepted *out)
{
	struct accepted a = { 0 };
	struct found m = { 0 };
	struct message_new sibling = {
		.uid = a.message_uid,
		.chat_no = c->no,
		.role = ROLE_USER,
		.status = MESSAGE_COMPLETE,
		.content = content,
		.content_len = strlen(content),
		.author_id = by_author_id(by),
		.author_name = by_author_name(by),
		.now_ms = by->now_ms,
	};
	struct reply_to_come r = { .chat_no = c->no };
	int stopped;
	enum err e = store_message_find(s, c->no, message_uid, note_message, &m);

	if (e != OK)
		return e;
	if (m.role != ROLE_USER)
		return ERR_CONFLICT;
	id_random(a.message_uid);
	sibling.parent_id = m.parent_id;
	if ((e = conversation_stop_below(s, c, m.id, by, &stopped)) != OK ||
	    (e = conversation_queue_room(s, c->no, by, &r.position)) != OK ||
	    (e = store_chat_seq(s, c->no, 3, by->now_ms, &r.seq)) != OK)
		return e;
	sibling.seq = r.seq - 2;
	if ((e = store_message_add(s, &sibling, &r.parent_id)) != OK ||
	    (e = edit_events(s, by,
		 (struct outbox_event){
		     .chat_no = c->no, .message_id = r.parent_id, .seq = r.seq - 1 },
		 message_uid)) != OK ||
	    (e = conversation_add_reply(s, &r, by, &a)) != OK)
		return e;
	fill_chat(c, &a);
	*out = a;
	return OK;
}

/* --- branches --- */

static enum err
chat_event(struct store *s, const struct by *by, int64_t chat_no, int64_t seq, json_t *data)
{
	json_auto_t *owned = data;
	auto_char *text = json_text(owned);

	return conversation_event(s, by,
	    &(struct outbox_event){
		.chat_no = chat_no, .seq = seq, .name = EVENT_CHAT_UPDATED, .data = text });
}

/* The head moves by choice: the chat itself has changed. */
static enum err
move_head(struct store *s, int64_t chat_no, int64_t head_id, const struct by *by, int64_t *out_seq)
{
	char uid[ID_SIZE] = "";
	enum err e = OK;

	if (head_id != 0)
		e = store_message_get(s, head_id, note_uid, uid);
	if (e != OK || (e = store_chat_set_head(s, chat_no, head_id)) != OK ||
	    (e = store_chat_seq(s, chat_no, 1, by->now_ms, out_seq)) != OK ||
	    (e = store_chat_change(s, chat_no, &(struct chat_change){ .seq = *out_seq })) != OK)
		return e;
	return chat_event(
	    s, by, chat_no, *out_seq, json_pack("{s:s?}", "head_id", head_id != 0 ? uid : NULL));
}

enum err
conversation_set_head(struct store *s, const struct chat *c, const struct head_choice *choice,
    const struct by *by, char out_head[ID_SIZE], int64_t *out_seq)
{
	struct found m = { 0 };
	int64_t head;
	enum err e = store_message_find(s, c->no, choice->message_uid, note_message, &m);

	if (e != OK)
		return e;
	head = m.id;
	if (!choice->exact && (e = store_leaf(s, m.id, &head)) != OK)
		return e;
	if ((e = store_message_get(s, head, note_uid, out_head)) != OK)
		return e;
	*out_seq = 0;
	return head == c->head_id ? OK : move_head(s, c->no, head, by, out_seq);
}

/* --- taking a message away --- */

struct subtree {
	int64_t ids[LIMIT_DELETE_MESSAGES + 1];
	int count;
	json_t *uids;
};

static bool
note_id(void *arg, int64_t id, const char *uid)
{
	struct subtree *t = arg;

	t->ids[t->count++] = id;
	return json_array_append_new(t->uids, json_string(uid)) == 0;
}

static enum err
delete_each(struct store *s, int64_t chat_no, const struct subtree *t, int64_t seq)
{
	enum err e = OK;

	for (int i = 0; i < t->count && e == OK; i++) {
		const char *uid = json_string_value(json_array_get(t->uids, (size_t)i));

		if ((e = store_tombstone_add(s, chat_no, seq, uid)) == OK)
			e = store_message_delete(s, t->ids[i]);
	}
	return e == OK ? store_tombstones_prune(s, chat_no) : e;
}

static bool
note_last(void *arg, int64_t id, const char *uid)
{
	(void)uid;
	*(int64_t *)arg = id;
	return true;
}

/* Where the conversation goes on without what was taken away below parent_id. */
static enum err
head_without(struct store *s, int64_t chat_no, int64_t parent_id, int64_t *out)
{
	int64_t sibling = 0;
	enum err e = store_children(s, chat_no, parent_id, note_last, &sibling);

	*out = parent_id;
	return e == OK && sibling != 0 ? store_leaf(s, sibling, out) : e;
}

static enum err
delete_subtree(struct store *s, const struct chat *c, const struct found *m, struct subtree *t,
    const struct by *by, int64_t *out_seq)
{
	const char *top = NULL;
	bool has_head;
	int64_t head = 0;
	json_auto_t *data = NULL;
	enum err e = store_subtree(s, m->id, LIMIT_DELETE_MESSAGES + 1, note_id, t);

	if (e != OK)
		return e;
	if (t->count > LIMIT_DELETE_MESSAGES)
		return ERR_LIMIT;
	e = c->head_id != 0 ? store_branch_has(s, c->head_id, m->id) : ERR_NOT_FOUND;
	has_head = e == OK;
	if ((e != OK && e != ERR_NOT_FOUND) ||
	    (e = store_chat_seq(s, c->no, 1, by->now_ms, out_seq)) != OK ||
	    (e = delete_each(s, c->no, t, *out_seq)) != OK)
		return e;
	top = json_string_value(json_array_get(t->uids, (size_t)t->count - 1));
	data = json_pack("{s:s, s:O}", "message_id", top, "ids", t->uids);
	{
		auto_char *text = json_text(data);

		e = conversation_event(s, by,
		    &(struct outbox_event){ .chat_no = c->no,
			.seq = *out_seq,
			.name = EVENT_MESSAGE_DELETED,
			.data = text });
	}
	if (e != OK || !has_head)
		return e;
	if ((e = head_without(s, c->no, m->parent_id, &head)) != OK)
		return e;
	return move_head(s, c->no, head, by, out_seq);
}

enum err
conversation_delete_message(struct store *s, const struct chat *c, const char *message_uid,
    const struct by *by, int64_t *out_seq)
{
	struct subtree *t = xcalloc(1, sizeof *t);
	struct found m = { 0 };
	enum err e = store_message_find(s, c->no, message_uid, note_message, &m);

	t->uids = json_array();
	if (e == OK)
		e = delete_subtree(s, c, &m, t, by, out_seq);
	if (e == OK)
		e = conversation_queue_moved(s, c->no, by);
	json_decref(t->uids);
	free(t);
	return e;
}

/* --- chats --- */

enum err
conversation_change(
    struct store *s, const struct chat *c, struct chat_change *change, const struct by *by)
{
	enum err e = store_chat_seq(s, c->no, 1, by->now_ms, &change->seq);
	bool is_private = change->has_visibility ? change->is_private : c->is_private;
	const char *model = change->model != NULL ? change->model : c->model;

	if (e != OK || (e = store_chat_change(s, c->no, change)) != OK)
		return e;
	return chat_event(s, by, c->no, change->seq,
	    json_pack("{s:s, s:s?, s:s}", "title", change->title != NULL ? change->title : c->title,
		"model", model != NULL && *model != '\0' ? model : NULL, "visibility",
		is_private ? "private" : "open"));
}

enum err
conversation_delete(struct store *s, const struct chat *c, const struct by *by)
{
	struct stop all = { .chat = c, .all = true, .seen_units = SEEN_ALL };
	struct stopped stopped;
	int64_t seq;
	enum err e = conversation_stop(s, &all, by, &stopped);

	if (e != OK || (e = store_chat_seq(s, c->no, 1, by->now_ms, &seq)) != OK ||
	    (e = store_chat_set_deleted(s, c->no, by->now_ms, seq)) != OK)
		return e;
	return chat_event(s, by, c->no, seq, json_pack("{s:b}", "deleted", true));
}

enum err
conversation_restore(struct store *s, const struct chat *c, const struct by *by)
{
	int64_t age_ms = by->now_ms - c->deleted_ms, seq;
	enum err e;

	if (age_ms < 0 || age_ms >= LIMIT_UNDO_MS)
		return ERR_NOT_FOUND;
	if ((e = store_chat_seq(s, c->no, 1, by->now_ms, &seq)) != OK ||
	    (e = store_chat_set_deleted(s, c->no, 0, seq)) != OK)
		return e;
	return chat_event(s, by, c->no, seq, json_pack("{s:b}", "deleted", false));
}
