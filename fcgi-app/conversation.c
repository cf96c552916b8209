#include "conversation.h"

#include <stdio.h>

#include "event_names.h"
#include "json.h"
#include "store_tree.h"
#include "utf8.h"

#define TITLE_WORDS 6
#define TITLE_BYTES 80

/* --- the active branch, for match --- */

struct branch {
	struct stored_turn *turns; /* newest first while loading, then turned round */
	char **texts;              /* owned: those of user turns, in the order of loading */
	int64_t *ids;
	size_t count;
	bool is_whole;
};

static void
branch_free(struct branch *b)
{
	for (size_t i = 0; i < b->count; i++)
		free(b->texts[i]);
	free(b->texts);
	free(b->turns);
	free(b->ids);
}

static bool
add_turn(void *arg, const struct message *m)
{
	struct branch *b = arg;
	char *text = m->role == ROLE_USER ? xstrndup(m->content, m->content_len) : NULL;

	b->ids[b->count] = m->id;
	b->texts[b->count] = text;
	b->turns[b->count++] = (struct stored_turn){
		.role = m->role,
		.text = text,
		.len = m->role == ROLE_USER ? m->content_len : 0,
		.is_running = message_is_running(m->status),
		.created_ms = m->created_ms,
	};
	b->is_whole = m->parent_id == 0;
	return true;
}

static void
turn_round(struct branch *b)
{
	for (size_t i = 0, j = b->count; i + 1 < j; i++) {
		struct stored_turn turn = b->turns[i];
		int64_t id = b->ids[i];

		j--;
		b->turns[i] = b->turns[j];
		b->turns[j] = turn;
		b->ids[i] = b->ids[j];
		b->ids[j] = id;
	}
}

static enum err
branch_load(struct store *s, int64_t head_id, size_t limit, struct branch *b)
{
	enum err e;

	b->turns = xcalloc(limit, sizeof *b->turns);
	b->texts = xcalloc(limit, sizeof *b->texts);
	b->ids = xcalloc(limit, sizeof *b->ids);
	if (head_id == 0)
		return OK;
	e = store_branch(s, head_id, (int)limit, add_turn, b);
	turn_round(b);
	return e;
}

/* --- the same post again --- */

struct known_post {
	int64_t id, created_ms, changed_seq; /* a user turn never changes: its seq is its post's */
	char uid[ID_SIZE];
};

static bool
note_post(void *arg, const struct message *m)
{
	struct known_post *k = arg;

	k->id = m->id;
	k->created_ms = m->created_ms;
	k->changed_seq = m->changed_seq;
	(void)snprintf(k->uid, sizeof k->uid, "%s", m->uid);
	return true;
}

struct known_reply {
	int64_t id, changed_seq;
	bool is_running;
	char uid[ID_SIZE];
};

static bool
note_reply(void *arg, const struct message *m)
{
	struct known_reply *k = arg;

	k->id = m->id;
	k->changed_seq = m->changed_seq;
	k->is_running = message_is_running(m->status);
	(void)snprintf(k->uid, sizeof k->uid, "%s", m->uid);
	return true;
}

static bool
note_first(void *arg, int64_t id, const char *uid)
{
	(void)uid;
	*(int64_t *)arg = id;
	return false;
}

/*
 * The answer that the post under that user turn got. ERR_NOT_FOUND: there is none, or none of ours
 * (it was deleted, or came with a file). The turn's first reply took the seq after its own, and has
 * moved on since.
 */
static enum err
answer_again(struct store *s, int64_t chat_no, const struct known_post *post, struct accepted *out)
{
	struct known_reply reply = { 0 };
	int64_t first = 0;
	enum err e = store_reply_of(s, post->id, note_reply, &reply);

	if (e != OK || (e = store_job_uid_of(s, reply.id, out->job_uid)) != OK ||
	    (e = store_children(s, chat_no, post->id, note_first, &first)) != OK)
		return e;
	(void)snprintf(out->message_uid, sizeof out->message_uid, "%s", post->uid);
	(void)snprintf(out->reply_uid, sizeof out->reply_uid, "%s", reply.uid);
	out->seq = first == reply.id ? post->changed_seq + 1 : reply.changed_seq;
	return OK;
}

/* Rule 1 by the list's hash. OK: *out is filled; ERR_NOT_FOUND: not a repeat. */
static enum err
find_repeat(struct store *s, const struct chat *c, const struct post *p, struct accepted *out)
{
	struct known_post post = { 0 };
	struct known_reply reply = { 0 };
	enum err e = store_message_by_post(s, c->no, p->hash, note_post, &post);

	if (e != OK || (e = store_reply_of(s, post.id, note_reply, &reply)) != OK)
		return e;
	if (!match_is_repeat(p->count, reply.is_running, p->by.now_ms - post.created_ms))
		return ERR_NOT_FOUND;
	return answer_again(s, c->no, &post, out);
}

/* --- storing --- */

/* The first words of the first prompt. */
static void
make_title(const struct posted_turn *turns, size_t count, char out[TITLE_BYTES + 4])
{
	size_t words = 0, n = 0, i = 0;
	const struct posted_turn *t = turns;

	while (i < count && turns[i].role != ROLE_USER)
		i++;
	t = &turns[i < count ? i : count - 1];
	for (i = 0; i < t->len && n < TITLE_BYTES; i++) {
		bool space = (unsigned char)t->text[i] <= ' ';

		if (space && (n == 0 || out[n - 1] == ' '))
			continue;
		if (space && ++words == TITLE_WORDS)
			break;
		out[n++] = space ? ' ' : t->text[i];
	}
	n = utf8_cut(out, n, n);
	while (n > 0 && out[n - 1] == ' ')
		n--;
	(void)snprintf(out + n, 4, "%s", i < t->len ? "\xe2\x80\xa6" : "");
}

/* One posted turn under *parent_id, which it becomes. The list's last carries the list's hash. */
static enum err
add_posted(struct store *s, int64_t chat_no, const struct post *p, size_t i, int64_t seq,
    int64_t *parent_id, struct accepted *out)
{
	const struct posted_turn *t = &p->turns[i];
	bool is_user = t->role == ROLE_USER;
	struct message_new m = {
		.chat_no = chat_no,
		.parent_id = *parent_id,
		.role = t->role,
		.status = MESSAGE_COMPLETE,
		.content = t->text,
		.content_len = t->len,
		.author_id = is_user ? by_author_id(&p->by) : NULL,
		.author_name = is_user ? by_author_name(&p->by) : NULL,
		.is_imported = t->role == ROLE_ASSISTANT,
		.post_hash = i + 1 == p->count ? p->hash : NULL,
		.seq = seq,
		.now_ms = p->by.now_ms,
	};
	enum err e;

	id_random(out->message_uid);
	m.uid = out->message_uid;
	if ((e = store_message_add(s, &m, parent_id)) != OK || t->role != ROLE_USER)
		return e;
	return conversation_event(s, &p->by,
	    &(struct outbox_event){ .chat_no = chat_no,
		.message_id = *parent_id,
		.seq = seq,
		.name = EVENT_MESSAGE_CREATED,
		.socket_id = p->by.socket_id });
}

/* A chat that was made without a title gets one by its first turns. */
static enum err
add_title(struct store *s, int64_t chat_no, const struct post *p, int64_t seq)
{
	char title[TITLE_BYTES + 4];
	json_auto_t *data = NULL;
	enum err e;

	make_title(p->turns, p->count, title);
	e = store_chat_change(s, chat_no,
	    &(struct chat_change){ .title = title, .title_source = TITLE_AUTO, .seq = seq });
	data = json_pack("{s:s}", "title", title);
	if (e == OK) {
		auto_char *text = json_text(data);

		e = conversation_event(s, &p->by,
		    &(struct outbox_event){
			.chat_no = chat_no, .seq = seq, .name = EVENT_CHAT_UPDATED, .data = text });
	}
	return e;
}

/* posted[first..] under r->parent_id, then the reply. Every row takes its own seq. */
static enum err
store_turns(struct store *s, const struct chat *c, const struct post *p, size_t first,
    struct reply_to_come r, struct accepted *out)
{
	bool is_untitled = *c->title == '\0' && c->title_source == TITLE_AUTO && c->head_id == 0;
	int64_t seq = c->seq;
	enum err e = OK;

	if (is_untitled)
		e = add_title(s, c->no, p, ++seq);
	for (size_t i = first; i < p->count && e == OK; i++) {
		if (p->turns[i].role == ROLE_ASSISTANT && p->turns[i].len == 0)
			continue; /* a client's empty placeholder is no turn */
		e = add_posted(s, c->no, p, i, ++seq, &r.parent_id, out);
	}
	r.seq = seq + 1;
	return e == OK ? conversation_add_reply(s, &r, &p->by, out) : e;
}

/* Does what the plan says. From here on it is written: what refuses has done so before. */
static enum err
follow_plan(struct store *s, const struct chat *c, const struct post *p, const struct branch *b,
    struct match_plan plan, int position, struct accepted *out)
{
	struct reply_to_come r = {
		.chat_no = c->no,
		.parent_id = plan.parent == MATCH_ROOT || b->count == 0 ? 0 : b->ids[plan.parent],
		.position = position,
		.seq = c->seq + 1,
	};
	struct known_post post = { .id = r.parent_id };
	enum err e;

	if (plan.action != MATCH_REPEAT && plan.action != MATCH_REGENERATE)
		return store_turns(s, c, p, plan.first, r, out);
	if ((e = store_message_get(s, r.parent_id, note_post, &post)) != OK)
		return e;
	if (plan.action == MATCH_REPEAT)
		return answer_again(s, c->no, &post, out);
	(void)snprintf(out->message_uid, sizeof out->message_uid, "%s", post.uid);
	return conversation_add_reply(s, &r, &p->by, out);
}

/* --- the chat --- */

/* Only in an open chat does the persona come from whoever posts (design 4). */
static const char *
persona(const struct chat *c, const struct post *p)
{
	return c->is_private ? NULL : p->system;
}

static bool
is_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static enum err
note_client(struct store *s, const struct chat *c, const struct post *p)
{
	const char *system = persona(c, p);

	if (strcmp(c->lang, p->lang) == 0 && (system == NULL || is_same(system, c->client_system)))
		return OK;
	return store_chat_set_client(s, c->no, system, p->lang);
}

/* Who posts to a chat that was just deleted begins a new one: that one stays deleted. */
static enum err
add_chat(struct store *s, const struct chat_new *new, int64_t *out_no)
{
	auto_chat deleted = { 0 };
	enum err e = store_chat_add(s, new, out_no);

	if (e != ERR_CONFLICT)
		return e;
	if ((e = store_chat_find_deleted(s, new->id, &deleted)) != OK)
		return e; /* ERR_NOT_FOUND: it is there, and somebody else's */
	if ((e = store_chat_bury(s, deleted.no)) != OK)
		return e;
	return store_chat_add(s, new, out_no);
}

static enum err
open_chat(struct store *s, const struct post *p, struct chat *out)
{
	char title[TITLE_BYTES + 4];
	struct chat_new new = {
		.id = p->chat_id,
		.id_is_number = p->id_is_number,
		.title = title,
		.lang = p->lang,
		.client_system = p->system,
		.now_ms = p->by.now_ms,
	};
	enum err e;

	make_title(p->turns, p->count, title);
	if ((e = add_chat(s, &new, &out->no)) != OK)
		return e;
	(void)snprintf(out->id, sizeof out->id, "%s", p->chat_id);
	out->id_is_number = p->id_is_number;
	out->title = xstrdup(title);
	return OK;
}

static enum err
post_to_new_chat(struct store *s, const struct post *p, struct chat *c, struct accepted *out)
{
	struct branch none = { .is_whole = true };
	int position;
	enum err e;

	if (!access_may_open(p->config, p->chat_id))
		return ERR_NOT_FOUND;
	if ((e = conversation_queue_room(s, 0, &p->by, &position)) != OK ||
	    (e = open_chat(s, p, c)) != OK)
		return e;
	return follow_plan(s, c, p, &none,
	    match_plan(p->turns, p->count, NULL, 0, true, p->by.now_ms), position, out);
}

static enum err
post_to_chat(struct store *s, const struct chat *c, const struct post *p, struct accepted *out)
{
	struct branch b = { .is_whole = true };
	/* A single turn is appended whatever stands before it: only the head is needed. */
	size_t limit = p->count == 1 ? 1 : MATCH_BRANCH_TURNS;
	struct match_plan plan;
	enum err e = find_repeat(s, c, p, out), room;
	int position;

	if (e != ERR_NOT_FOUND)
		return e;
	room = conversation_queue_room(s, c->no, &p->by, &position);
	if (room != OK && room != ERR_LIMIT && room != ERR_QUOTA)
		return room;
	if ((e = branch_load(s, c->head_id, limit, &b)) == OK) {
		plan = match_plan(p->turns, p->count, b.turns, b.count, b.is_whole, p->by.now_ms);
		if (plan.action == MATCH_REPEAT &&
		    (e = follow_plan(s, c, p, &b, plan, position, out)) == ERR_NOT_FOUND)
			plan.action = MATCH_REGENERATE; /* it has no answer any more, or none yet */
		if (plan.action != MATCH_REPEAT && (e = room) == OK &&
		    (e = note_client(s, c, p)) == OK)
			e = follow_plan(s, c, p, &b, plan, position, out);
	}
	branch_free(&b);
	return e;
}

enum err
conversation_post(struct store *s, const struct post *p, struct accepted *out)
{
	struct accepted a = { 0 };
	enum access access;
	auto_chat c = { 0 };
	enum err e = access_find(s, p->config, p->by.caller, p->chat_id, &c, &access);

	if (e == OK)
		e = post_to_chat(s, &c, p, &a);
	else if (e == ERR_NOT_FOUND)
		e = post_to_new_chat(s, p, &c, &a);
	if (e != OK)
		return e; /* NOLINT(clang-analyzer-unix.Malloc): auto_chat frees it */
	(void)snprintf(a.chat_id, sizeof a.chat_id, "%s", c.id);
	a.id_is_number = c.id_is_number;
	a.is_private = c.is_private;
	*out = a;
	return OK;
}
