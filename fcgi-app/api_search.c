/*
 * GET /api/search?q=&chat=&limit=&cursor=: finished messages, newest first, with the words around
 * the match.
 *
 * Whoever is known searches the chats that are theirs; chat=<id> searches that one, which needs no
 * more than may be read. The chats of others are never searched, but for open ones on a site in
 * local mode (as GET /api/chats lists them there). A page may be short, even empty, and go on: only
 * LIMIT_SEARCH_ROWS rows are looked at for one.
 */
#include <stdio.h>

#include "access.h"
#include "clock.h"
#include "gate.h"
#include "message_json.h"
#include "search_query.h"
#include "store_search.h"
#include "utf8.h"

#define MATCH_BYTES (LIMIT_SEARCH_BYTES * 4 + LIMIT_SEARCH_CHATS * 28)
#define KNOWN_CHATS 1024 /* a power of two; what does not find room is asked for again */

struct search {
	struct app *app;
	const struct identity *caller;
	struct buf match;
	int64_t before_id;
	int limit;
	/* what was found */
	int64_t ids[LIMIT_SEARCH_PAGE];
	int count, rows;
	int64_t last_id;
	bool more;
	struct {
		int64_t no;
		bool allowed;
	} known[KNOWN_CHATS];
};

/* --- which chats --- */

struct scope {
	int64_t nos[LIMIT_SEARCH_CHATS + 1];
	size_t count;
};

static bool
note_chat(void *arg, int64_t no)
{
	struct scope *sc = arg;

	sc->nos[sc->count++] = no;
	return sc->count <= LIMIT_SEARCH_CHATS;
}

static bool
sees_open_chats(const struct search *se)
{
	return se->caller->is_at_home && se->app->config->allow_open_chats;
}

/* ERR_NOT_FOUND: there is nothing that could be searched. */
static enum err
scope_of_person(struct search *se)
{
	struct scope *sc = NULL;
	enum err e = OK;

	if (sees_open_chats(se))
		return OK; /* nearly everything: each row is looked at */
	if (!identity_is_known(se->caller))
		return ERR_NOT_FOUND;
	sc = xcalloc(1, sizeof *sc);
	e = store_chats_of_person(
	    se->app->reader, se->caller->id, LIMIT_SEARCH_CHATS + 1, note_chat, sc);
	if (e == OK && sc->count == 0)
		e = ERR_NOT_FOUND;
	else if (e == OK && sc->count <= LIMIT_SEARCH_CHATS)
		e = search_query_scope(&se->match, sc->nos, sc->count);
	free(sc);
	return e;
}

static enum err
scope_of_chat(struct search *se, const char *id)
{
	enum access access;
	auto_chat c = { 0 };
	enum err e = access_find(se->app->reader, se->app->config, se->caller, id, &c, &access);

	return e == OK ? search_query_scope(&se->match, &c.no, 1) : e;
}

/* --- the matches --- */

static bool
may_see(struct search *se, int64_t chat_no)
{
	struct store *s = se->app->reader;
	size_t at = (size_t)(chat_no & (KNOWN_CHATS - 1));
	enum access access = ACCESS_NONE;
	auto_chat c = { 0 };

	if (se->known[at].no == chat_no)
		return se->known[at].allowed;
	se->known[at].no = chat_no;
	se->known[at].allowed = store_chat_get(s, chat_no, &c) == OK && c.deleted_ms == 0 &&
				access_of(s, se->app->config, se->caller, &c, &access) == OK &&
				access != ACCESS_NONE;
	return se->known[at].allowed;
}

static bool
take_hit(void *arg, int64_t message_id, int64_t chat_no)
{
	struct search *se = arg;

	if (se->count == se->limit || se->rows == LIMIT_SEARCH_ROWS) {
		se->more = true;
		return false;
	}
	se->rows++;
	se->last_id = message_id;
	if (may_see(se, chat_no))
		se->ids[se->count++] = message_id;
	return true;
}

/* The plain text, and where in it the matches are, in UTF-16 units. */
static json_t *
highlights_json(struct buf *text)
{
	json_t *list = json_array();
	size_t units = 0, start = 0, out = 0;

	for (size_t i = 0; i < text->len; i++) {
		char c = text->data[i];

		if (c == STORE_HIT_BEGIN) {
			start = units;
		} else if (c == STORE_HIT_END) {
			(void)json_array_append_new(list,
			    json_pack("[I, I]", (json_int_t)start, (json_int_t)(units - start)));
		} else {
			/* a lead byte counts for its character; four bytes are two units */
			units += ((unsigned char)c & 0xc0) != 0x80;
			units += (unsigned char)c >= 0xf0;
			text->data[out++] = c;
		}
	}
	text->len = out;
	text->data[out] = '\0';
	return list;
}

struct result {
	struct search *se;
	json_t *list;        /* borrowed from the answer */
	const char *snippet; /* of the message at hand */
	enum err e;
};

static bool
add_result(void *arg, const struct message *m)
{
	struct result *res = arg;
	auto_buf text = BUF_INIT(2 * LIMIT_REPLY_BYTES);
	char created[CLOCK_RFC3339_SIZE];
	auto_chat c = { 0 };
	json_t *highlights;

	res->e = store_chat_get(res->se->app->reader, m->chat_no, &c);
	if (res->e == OK)
		res->e = buf_adds(&text, res->snippet);
	if (res->e != OK)
		return false;
	highlights = highlights_json(&text);
	(void)json_array_append_new(res->list,
	    json_pack("{s:o, s:s, s:s, s:s, s:s*, s:s%, s:o, s:s}", "chatId",
		chat_id_json(c.id, c.id_is_number), "title", c.title, "messageId", m->uid, "role",
		role_name(m->role), "authorName", m->author_name, "snippet", text.data, text.len,
		"highlights", highlights, "createdAt", clock_rfc3339(m->created_ms, created)));
	return true;
}

static bool
take_snippet(void *arg, int64_t message_id, const char *text)
{
	struct result *res = arg;
	enum err e;

	res->snippet = text;
	e = store_message_get(res->se->app->reader, message_id, add_result, res);
	if (e != OK)
		res->e = e;
	return res->e == OK;
}

static enum err
run(struct search *se, json_t *list)
{
	struct store *s = se->app->reader;
	struct result res = { .se = se, .list = list, .e = OK };
	enum err e = store_read_begin(s);

	if (e != OK)
		return e;
	e = store_search(s, se->match.data, se->before_id, take_hit, se);
	if (e == OK)
		e = store_snippets(
		    s, se->match.data, se->ids, (size_t)se->count, take_snippet, &res);
	store_read_end(s);
	return e != OK ? e : res.e;
}

/* --- the request --- */

static enum err
read_query(const struct http_request *q, struct search *se, char chat[LIMIT_CHAT_ID_LEN + 1])
{
	char text[LIMIT_SEARCH_BYTES + 2];
	int64_t limit;

	chat[0] = '\0';
	if (!http_query_number(q->query, "limit", INT32_MAX, LIMIT_SEARCH_PAGE, &limit) ||
	    !http_query_number(q->query, "cursor", INT64_MAX, 0, &se->before_id))
		return ERR_INVALID;
	se->limit = limit >= 1 && limit < LIMIT_SEARCH_PAGE ? (int)limit : LIMIT_SEARCH_PAGE;
	if (http_query_has(q->query, "chat") &&
	    !http_query(q->query, "chat", chat, LIMIT_CHAT_ID_LEN + 1))
		return ERR_NOT_FOUND; /* no id is so long */
	if (!http_query(q->query, "q", text, sizeof text))
		return http_query_has(q->query, "q") ? ERR_LIMIT : ERR_INVALID;
	return utf8_is_valid(text, strlen(text)) ? search_query_write(&se->match, text)
						 : ERR_INVALID;
}

static void
answer(const struct search *se, json_t *list, const struct http_request *q, struct http_response *r)
{
	char cursor[24];

	(void)q;
	(void)snprintf(cursor, sizeof cursor, "%lld", (long long)se->last_id);
	http_json(r, 200,
	    json_pack("{s:O, s:s?}", "results", list, "nextCursor", se->more ? cursor : NULL));
}

void
api_search(struct app *a, const struct http_request *q, struct http_response *r)
{
	struct search *se = xcalloc(1, sizeof *se);
	char chat[LIMIT_CHAT_ID_LEN + 1];
	json_auto_t *list = json_array();
	enum err e;

	se->app = a;
	se->caller = q->caller;
	se->match = BUF_INIT(MATCH_BYTES);
	e = read_query(q, se, chat);
	if (e == OK && chat[0] != '\0') {
		if ((e = scope_of_chat(se, chat)) == OK)
			e = run(se, list);
	} else if (e == OK) {
		e = scope_of_person(se);
		if (e == OK)
			e = run(se, list);
		else if (e == ERR_NOT_FOUND)
			e = OK;
	}
	if (e == OK)
		answer(se, list, q, r);
	else if (e == ERR_NOT_FOUND)
		gate_refuse_chat(a, q, r);
	else if (e == ERR_INVALID || e == ERR_LIMIT)
		http_problem(r, 400, e == ERR_LIMIT ? "query_too_long" : "bad_query",
		    "q holds 1 to 16 words, 256 bytes at most; limit and cursor are numbers.",
		    q->rid);
	else
		http_error(r, e, q->rid);
	buf_free(&se->match);
	free(se);
}
