/*
 * GET /api/chats/{id}/history?after=seq&limit=&epoch=: what changed after seq, the contract by
 * which a reader gets over anything it missed (design 4). One read transaction.
 *
 * Pages are cut by changed_seq. The last page also holds the running replies whose text grew
 * after `after`; on an earlier page a running reply may show text that is newer than the page's
 * seq, and then comes again on the last one.
 */
#include "app.h"

#include "json.h"
#include "message_json.h"

struct page {
	json_t *messages; /* borrowed from the answer */
	const char *app_key;
	int limit, count;
	size_t bytes;
	int64_t last_seq;
	bool more, failed;
};

static bool
add_message(void *arg, const struct message *m)
{
	struct page *p = arg;

	if (p->count == p->limit ||
	    (p->count > 0 && p->bytes + m->content_len > LIMIT_HISTORY_BYTES)) {
		p->more = true;
		return false;
	}
	p->failed |= json_array_append_new(
			 p->messages, message_json(m, m->content, m->content_len, p->app_key)) != 0;
	p->count++;
	p->bytes += m->content_len;
	p->last_seq = m->changed_seq;
	return !p->failed;
}

/* A running reply may be on this page by its older change: the newer row takes its place. */
static bool
put_running(void *arg, const struct message *m)
{
	struct page *p = arg;
	json_t *value = message_json(m, m->content, m->content_len, p->app_key);
	size_t i;
	const json_t *other;

	json_array_foreach(p->messages, i, other)
	{
		if (strcmp(json_member_string(other, "id"), m->uid) == 0) {
			p->failed |= json_array_set_new(p->messages, i, value) != 0;
			return !p->failed;
		}
	}
	p->failed |= json_array_append_new(p->messages, value) != 0;
	return !p->failed;
}

static bool
add_deleted(void *arg, const char *uid, int64_t seq)
{
	(void)seq;
	return json_array_append_new(arg, json_string(uid)) == 0;
}

struct history {
	struct chat chat;
	int64_t after;
	int limit;
	const char *app_key;
	char epoch[64]; /* the client's, "" if it gave none */
};

static enum err
fill(struct store *s, const struct history *h, int64_t after, struct page *p, json_t *deleted)
{
	enum err e = store_messages_changed(s, h->chat.no, after, h->limit + 1, add_message, p);

	if (e == OK && !p->more)
		e = store_messages_streaming(s, h->chat.no, after, put_running, p);
	if (e == OK)
		e = store_tombstones(s, h->chat.no, after, LIMIT_TOMBSTONES, add_deleted, deleted);
	return p->failed ? ERR_IO : e;
}

static enum err
build(struct store *s, const struct history *h, json_t **out)
{
	const struct chat *c = &h->chat;
	auto_buf epoch = BUF_INIT(128);
	json_auto_t *messages = json_array();
	json_auto_t *deleted = json_array();
	struct page p = { .messages = messages, .app_key = h->app_key, .limit = h->limit };
	bool reset = h->after > c->seq || (h->after > 0 && h->after < c->pruned_seq);
	int64_t after;
	enum err e = store_meta_get(s, "epoch", &epoch);

	/* A chat under the id of a deleted one counts from 1 again. */
	if (e == OK)
		e = buf_addf(&epoch, "-%llx", (long long)c->created_ms);
	if (e != OK)
		return e;
	if (h->epoch[0] != '\0' && strcmp(h->epoch, epoch.data) != 0)
		reset = true;
	after = reset ? 0 : h->after;
	if ((e = fill(s, h, after, &p, deleted)) != OK)
		return e;
	*out = json_pack("{s:o, s:I, s:s, s:s?, s:o*, s:O, s:O, s:b, s:b}", "chatId",
	    chat_id_json(c->id, c->id_is_number), "seq", (json_int_t)(p.more ? p.last_seq : c->seq),
	    "epoch", epoch.data, "headId", c->head_id != 0 ? c->head_uid : NULL, "chat",
	    after == 0 || c->changed_seq > after ? chat_json(c) : NULL, "messages", messages,
	    "deleted", deleted, "more", p.more, "reset", reset);
	return *out != NULL ? OK : ERR_IO;
}

static enum err
read_history(struct store *s, const char *id, struct history *h, json_t **out)
{
	enum err e = store_read_begin(s);

	if (e != OK)
		return e;
	if ((e = store_chat_find(s, id, &h->chat)) == OK)
		e = build(s, h, out);
	store_read_end(s);
	chat_free(&h->chat);
	return e;
}

void
api_history(struct app *a, const struct http_request *q, struct http_response *r)
{
	struct history h = { .limit = LIMIT_HISTORY_PAGE, .app_key = a->config->app_key };
	json_t *root = NULL;
	int64_t limit;
	enum err e;

	if (!http_query_number(q->query, "after", INT64_MAX, 0, &h.after) ||
	    !http_query_number(q->query, "limit", INT32_MAX, LIMIT_HISTORY_PAGE, &limit)) {
		http_problem(r, 400, "bad_query", "after and limit are numbers from 0.", q->rid);
		return;
	}
	if (limit >= 1 && limit < LIMIT_HISTORY_PAGE)
		h.limit = (int)limit;
	(void)http_query(q->query, "epoch", h.epoch, sizeof h.epoch);
	if ((e = read_history(a->reader, q->chat->id, &h, &root)) == OK)
		http_json(r, 200, root);
	else if (e == ERR_NOT_FOUND)
		http_problem(r, 404, "not_found", "There is no such chat.", q->rid);
	else
		http_error(r, e, q->rid);
}
