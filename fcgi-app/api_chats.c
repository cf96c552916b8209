/*
 * GET /api/chats?cursor=&limit=: the caller's chats, as owner or member, newest first.
 *
 * An open chat belongs to whoever knows its id, so a list of all ids would give every one away:
 * only whoever sits at a machine in local mode has them listed as well.
 */
#include "app.h"

#include <stdio.h>

#include "identity.h"
#include "message_json.h"

struct list {
	json_t *chats; /* borrowed from the answer */
	int limit, count;
	int64_t last_ms, last_no;
	bool more, failed;
};

static bool
add_chat(void *arg, const struct chat *c)
{
	struct list *l = arg;

	if (l->count == l->limit) {
		l->more = true;
		return false;
	}
	l->failed |= json_array_append_new(l->chats, chat_json(c)) != 0;
	l->count++;
	l->last_ms = c->updated_ms;
	l->last_no = c->no;
	return !l->failed;
}

/* "time.number" of the last row of the page before. */
static bool
read_cursor(const char *text, long long *out_ms, long long *out_no)
{
	char *end;

	*out_ms = strtoll(text, &end, 10);
	if (end == text || *end != '.' || *out_ms < 0)
		return false;
	text = end + 1;
	*out_no = strtoll(text, &end, 10);
	return end != text && *end == '\0' && *out_no >= 0;
}

void
api_chats_list(struct app *a, const struct http_request *q, struct http_response *r)
{
	char cursor[48], next[48];
	int64_t limit;
	long long before_ms = 0, before_no = 0;
	json_auto_t *chats = json_array();
	struct list l = { .chats = chats, .limit = LIMIT_CHATS_PAGE };
	struct chat_list wanted;
	enum err e = OK;

	if (http_query_has(q->query, "cursor") &&
	    (!http_query(q->query, "cursor", cursor, sizeof cursor) ||
		!read_cursor(cursor, &before_ms, &before_no))) {
		http_problem(r, 400, "bad_query", "That cursor is none of ours.", q->rid);
		return;
	}
	if (!http_query_number(q->query, "limit", INT32_MAX, LIMIT_CHATS_PAGE, &limit)) {
		http_problem(r, 400, "bad_query", "limit is a number from 0.", q->rid);
		return;
	}
	if (limit >= 1 && limit < LIMIT_CHATS_PAGE)
		l.limit = (int)limit;
	wanted = (struct chat_list){
		.person_id = identity_is_known(q->caller) ? q->caller->id : NULL,
		.with_open = q->caller->is_at_home && a->config->allow_open_chats,
		.before_ms = before_ms,
		.before_no = before_no,
		.limit = l.limit + 1,
	};
	if (wanted.person_id != NULL || wanted.with_open)
		e = store_chats_list(a->reader, &wanted, add_chat, &l);
	if (e != OK || l.failed) {
		http_error(r, l.failed ? ERR_IO : e, q->rid);
		return;
	}
	(void)snprintf(next, sizeof next, "%lld.%lld", (long long)l.last_ms, (long long)l.last_no);
	http_json(
	    r, 200, json_pack("{s:O, s:s?}", "chats", chats, "nextCursor", l.more ? next : NULL));
}
