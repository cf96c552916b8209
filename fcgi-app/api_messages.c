/*
 * GET /api/chats/{id}/messages?before=&after=&limit=: the active branch, page by page.
 *
 * Without before and after: its newest messages. before=<message id>: what stands above that
 * message, on its own branch (also one that is not active). after=<message id>: what follows it, on
 * the active branch where that goes through it. Each page is in reading order; a message that has
 * siblings names them all, in the order in which they were made. One read transaction.
 */
#include "app.h"

#include <stdio.h>

#include "message_json.h"
#include "store_tree.h"

struct page {
	json_t *messages; /* borrowed from the answer */
	const char *app_key;
	int64_t ids[LIMIT_MESSAGES_PAGE], parents[LIMIT_MESSAGES_PAGE];
	int count, limit;
	size_t bytes;
	bool upwards, more, failed;
};

static bool
add_message(void *arg, const struct message *m)
{
	struct page *p = arg;
	json_t *value;

	if (p->count == p->limit ||
	    (p->count > 0 && p->bytes + m->content_len > LIMIT_HISTORY_BYTES)) {
		p->more = true;
		return false;
	}
	value = message_json(m, m->content, m->content_len, p->app_key);
	p->failed |= (p->upwards ? json_array_insert_new(p->messages, 0, value)
				 : json_array_append_new(p->messages, value)) != 0;
	p->ids[p->count] = m->id;
	p->parents[p->count++] = m->parent_id;
	p->bytes += m->content_len;
	return !p->failed;
}

static bool
add_sibling(void *arg, int64_t id, const char *uid)
{
	(void)id;
	return json_array_append_new(arg, json_string(uid)) == 0;
}

static enum err
add_siblings(struct store *s, const struct chat *c, struct page *p)
{
	enum err e = OK;

	for (int i = 0; i < p->count && e == OK; i++) {
		json_auto_t *uids = json_array();
		size_t at = (size_t)(p->upwards ? p->count - 1 - i : i);

		e = store_children(s, c->no, p->parents[i], add_sibling, uids);
		if (e == OK && json_array_size(uids) > 1)
			(void)json_object_set(json_array_get(p->messages, at), "siblings", uids);
	}
	return e;
}

struct place {
	int64_t id, parent_id;
};

static bool
note_place(void *arg, const struct message *m)
{
	*(struct place *)arg = (struct place){ m->id, m->parent_id };
	return true;
}

struct wanted {
	char before[ID_SIZE], after[ID_SIZE]; /* "" : not given */
	int limit;
	const char *app_key;
};

/* The message that the page begins beside. ERR_NOT_FOUND: there is none. */
static enum err
find_place(struct store *s, const struct chat *c, const char *uid, struct place *out)
{
	return store_message_find(s, c->no, uid, note_place, out);
}

static enum err
fill(struct store *s, const struct chat *c, const struct wanted *w, struct page *p)
{
	struct place place = { .parent_id = c->head_id };
	enum err e = OK;

	if (w->after[0] != '\0') {
		if ((e = find_place(s, c, w->after, &place)) != OK)
			return e;
		return store_branch_after(s, c, place.id, w->limit + 1, add_message, p);
	}
	if (w->before[0] != '\0' && (e = find_place(s, c, w->before, &place)) != OK)
		return e;
	p->upwards = true;
	if (place.parent_id == 0)
		return OK;
	return store_branch(s, place.parent_id, w->limit + 1, add_message, p);
}

static enum err
read_page(struct store *s, const struct chat *of, const struct wanted *w, json_t **out)
{
	json_auto_t *messages = json_array();
	struct page p = { .messages = messages, .app_key = w->app_key, .limit = w->limit };
	auto_chat c = { 0 };
	enum err e = store_read_begin(s);

	if (e != OK)
		return e;
	if ((e = store_chat_get(s, of->no, &c)) == OK && (e = fill(s, &c, w, &p)) == OK)
		e = add_siblings(s, &c, &p);
	store_read_end(s);
	if (e != OK || p.failed)
		return e != OK ? e : ERR_IO;
	*out = json_pack("{s:o, s:O, s:b, s:s?, s:I}", "chatId", chat_id_json(c.id, c.id_is_number),
	    "messages", messages, "more", p.more, "headId", c.head_id != 0 ? c.head_uid : NULL,
	    "seq", (json_int_t)c.seq);
	return *out != NULL ? OK : ERR_IO;
}

/* An id of ours, or any text that is none: then there is no such message. */
static bool
query_uid(const char *query, const char *name, char out[ID_SIZE])
{
	char text[160];

	out[0] = '\0';
	if (!http_query(query, name, text, sizeof text) || text[0] == '\0')
		return true;
	if (strlen(text) >= ID_SIZE)
		return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

void
api_messages(struct app *a, const struct http_request *q, struct http_response *r)
{
	struct wanted w = { .limit = LIMIT_MESSAGES_PAGE, .app_key = a->config->app_key };
	json_t *root = NULL;
	int64_t limit;
	enum err e;

	if (!http_query_number(q->query, "limit", INT32_MAX, LIMIT_MESSAGES_PAGE, &limit)) {
		http_problem(r, 400, "bad_query", "limit is a number from 0.", q->rid);
		return;
	}
	if (limit >= 1 && limit < LIMIT_MESSAGES_PAGE)
		w.limit = (int)limit;
	e = query_uid(q->query, "before", w.before) && query_uid(q->query, "after", w.after)
		? read_page(a->reader, q->chat, &w, &root)
		: ERR_NOT_FOUND;
	if (e == OK)
		http_json(r, 200, root);
	else if (e == ERR_NOT_FOUND)
		http_problem(
		    r, 404, "no_such_message", "There is no such message in this chat.", q->rid);
	else
		http_error(r, e, q->rid);
}
