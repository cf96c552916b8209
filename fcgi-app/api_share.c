/*
 * POST, DELETE /api/chats/{id}/share: an invitation link that makes its bearer a member, and the
 * end of sharing; POST /api/join: the bearer comes; GET /api/chats/{id}/members and DELETE
 * .../members/{member}: who is in it, and who is not any more.
 *
 * The token stands behind the # of the link: no server and no log sees it on the way. Who loses a
 * membership is evicted from the chat's channels in the same transaction.
 */
#include "app.h"

#include <stdio.h>

#include "clock.h"
#include "gate.h"
#include "json.h"
#include "log.h"
#include "message_json.h"
#include "person_name.h"
#include "refusal.h"
#include "token.h"
#include "wake.h"

#define DAY_S 86400LL
#define DEFAULT_DAYS 7

/* What travels into the writer's thread and back. */
struct work {
	const struct app *app;
	const struct identity *caller;
	const char *rid;
	char chat_id[LIMIT_CHAT_ID_LEN + 1];
	char hash[SIGN_HEX_SIZE];
	const char *name;               /* join: NULL: as it is */
	const char *member;             /* remove: a public id */
	char person_id[PERSON_ID_SIZE]; /* remove: whose it is; "" : nobody's */
	int64_t now_ms, expires_ms;
	bool keep_members, is_owner;
	struct chat chat; /* join */
	int count;
};

static struct work
work_of(const struct app *a, const struct http_request *q)
{
	struct work w = { .app = a, .caller = q->caller, .rid = q->rid, .now_ms = clock_wall_ms() };

	if (q->chat != NULL)
		(void)snprintf(w.chat_id, sizeof w.chat_id, "%s", q->chat->id);
	return w;
}

/* The chat as it is inside the transaction, if need is still met. */
static enum err
find(struct store *s, const struct work *w, enum access_need need, struct chat *out)
{
	enum access access;
	enum err e = access_find(s, w->app->config, w->caller, w->chat_id, out, &access);

	return e == OK && !access_suffices(access, need, out) ? ERR_NOT_FOUND : e;
}

static bool
count_member(void *arg, const char *person_id, const char *name, int64_t joined_ms)
{
	int *count = arg;

	(void)person_id;
	(void)name;
	(void)joined_ms;
	++*count;
	return true;
}

/* --- POST share --- */

static enum err
invite(struct store *s, void *arg)
{
	struct work *w = arg;
	auto_chat chat = { 0 };
	enum err e = find(s, w, NEED_CHAT_OWNER, &chat);

	if (e != OK || (e = store_invitations_count(s, chat.no, w->now_ms, &w->count)) != OK)
		return e;
	if (w->count >= LIMIT_INVITATIONS)
		return ERR_LIMIT;
	return store_invitation_add(s, w->hash, chat.no, w->now_ms, w->expires_ms);
}

/* {"expiresIn": seconds}, or nothing. False: answered already. */
static bool
read_expiry(const struct http_request *q, struct work *w, struct http_response *r)
{
	struct field_error why = { .field = "expiresIn",
		.text = "expiresIn must be a number of seconds up to a year." };
	json_auto_t *root = NULL;
	const json_t *value;
	json_int_t seconds = DEFAULT_DAYS * DAY_S;

	if (q->body_len > 0 || q->body_error != OK) {
		if (!gate_json_body(q, &root, r))
			return false;
		value = json_object_get(root, "expiresIn");
		if (value != NULL)
			seconds = json_is_integer(value) ? json_integer_value(value) : 0;
		if (seconds < 1 || seconds > LIMIT_INVITATION_DAYS * DAY_S) {
			http_invalid(r, &why, q->rid);
			return false;
		}
	}
	w->expires_ms = w->now_ms + seconds * 1000;
	return true;
}

/* Where the page is: APP_URL, which may name the mount already, and may end with a '/'. */
static void
write_link(const struct config *c, const char *token, char *out, size_t size)
{
	const char *base = c->app_base;
	size_t n = strcspn(c->app_url, "#?"), base_len = strlen(base);

	while (n > 0 && c->app_url[n - 1] == '/')
		n--;
	if (n >= base_len && strncmp(c->app_url + n - base_len, base, base_len) == 0)
		base = "";
	(void)snprintf(out, size, "%.*s%s/#join=%s", (int)n, c->app_url, base, token);
}

void
api_share(struct app *a, const struct http_request *q, struct http_response *r)
{
	struct work w = work_of(a, q);
	char token[TOKEN_SIZE], link[1024], expires[CLOCK_RFC3339_SIZE];
	enum err e;

	if (!read_expiry(q, &w, r))
		return;
	token_random(token);
	sign_sha256(token, TOKEN_LEN, w.hash);
	e = writer_submit(a->writer, STORE_DURABLE, invite, &w);
	if (e == ERR_LIMIT) {
		http_problem(r, 409, "too_many_invitations",
		    "This chat has 20 valid links. Withdraw them first.", q->rid);
	} else if (e != OK) {
		http_error(r, e, q->rid);
	} else {
		write_link(a->config, token, link, sizeof link);
		http_json(r, 201,
		    json_pack("{s:o, s:s, s:s, s:s}", "chatId",
			chat_id_json(q->chat->id, q->chat->id_is_number), "token", token, "url",
			link, "expiresAt", clock_rfc3339(w.expires_ms, expires)));
		log_info("invitation made rid=%s", q->rid);
	}
}

/* --- DELETE share --- */

static enum err
stop_sharing(struct store *s, void *arg)
{
	struct work *w = arg;
	auto_chat chat = { 0 };
	enum err e = find(s, w, NEED_CHAT_OWNER, &chat);

	if (e != OK || (e = store_invitations_delete(s, chat.no)) != OK || w->keep_members)
		return e;
	if ((e = store_members_remove(s, chat.no, NULL, &w->count)) != OK || w->count == 0)
		return e;
	return access_evict(s, chat.id, w->rid, w->now_ms);
}

void
api_share_end(struct app *a, const struct http_request *q, struct http_response *r)
{
	struct work w = work_of(a, q);
	char members[8];
	enum err e;

	w.keep_members = http_query(q->query, "members", members, sizeof members) &&
			 strcmp(members, "keep") == 0;
	if ((e = writer_submit(a->writer, STORE_DURABLE, stop_sharing, &w)) != OK) {
		http_error(r, e, q->rid);
		return;
	}
	r->status = 204;
	wake_send(a->config->worker_socket, WAKE_ANY);
	log_info("sharing ended members_removed=%d rid=%s", w.count, q->rid);
}

/* --- POST /api/join --- */

static enum err
join(struct store *s, void *arg)
{
	struct work *w = arg;
	int64_t chat_no;
	enum err e = store_invitation_get(s, w->hash, w->now_ms, &chat_no);

	if (e != OK || (e = store_chat_get(s, chat_no, &w->chat)) != OK)
		return e;
	if (w->chat.deleted_ms != 0)
		return ERR_NOT_FOUND;
	if ((e = store_person_put(s, w->caller->id,
		 w->name != NULL              ? w->name
		 : w->caller->name[0] != '\0' ? w->caller->name
					      : NULL,
		 w->now_ms)) != OK)
		return e;
	w->is_owner = w->chat.owner_id != NULL && strcmp(w->chat.owner_id, w->caller->id) == 0;
	if (w->is_owner)
		return OK;
	if ((e = store_members_list(s, chat_no, count_member, &w->count)) != OK)
		return e;
	if (w->count >= LIMIT_MEMBERS && store_member_check(s, chat_no, w->caller->id) != OK)
		return ERR_LIMIT;
	return store_member_add(s, chat_no, w->caller->id, w->now_ms);
}

static bool
read_join(const struct http_request *q, struct work *w, json_t **root, struct http_response *r)
{
	struct field_error why = { .field = "token", .text = "The token field is required." };
	const json_t *token;

	if (!gate_json_body(q, root, r))
		return false;
	token = json_object_get(*root, "token");
	if (json_is_string(token) &&
	    person_name_read(json_object_get(*root, "name"), &w->name, &why) == OK) {
		sign_sha256(json_string_value(token), json_string_length(token), w->hash);
		return true;
	}
	http_invalid(r, &why, q->rid);
	return false;
}

void
api_join(struct app *a, const struct http_request *q, struct http_response *r)
{
	struct work w = work_of(a, q);
	json_auto_t *root = NULL;
	enum err e;

	if (!read_join(q, &w, &root, r))
		return;
	e = writer_submit(a->writer, STORE_DURABLE, join, &w);
	if (e == ERR_NOT_FOUND)
		refusal_answer(q, r, 404, "invitation_void",
		    "This invitation does not hold (any more). Ask for a new one.",
		    "invitation unknown, expired or withdrawn");
	else if (e == ERR_LIMIT)
		http_problem(
		    r, 409, "chat_full", "This chat has as many members as it can.", q->rid);
	else if (e != OK)
		http_error(r, e, q->rid);
	else
		http_json(r, 200,
		    json_pack("{s:o, s:s, s:s}", "chatId",
			chat_id_json(w.chat.id, w.chat.id_is_number), "title", w.chat.title, "role",
			w.is_owner ? "owner" : "member"));
	chat_free(&w.chat);
}

/* --- members --- */

struct listing {
	const struct app *app;
	const struct identity *caller;
	json_t *members; /* borrowed from the answer */
};

static void
add_to(
    struct listing *l, const char *person_id, const char *name, const char *role, int64_t joined_ms)
{
	char id[PUBLIC_ID_SIZE], joined[CLOCK_RFC3339_SIZE];

	identity_public_id(l->app->config->app_key, person_id, id);
	(void)json_array_append_new(l->members,
	    json_pack("{s:s, s:s?, s:s, s:s, s:b}", "id", id, "name",
		name != NULL && *name != '\0' ? name : NULL, "role", role, "joinedAt",
		clock_rfc3339(joined_ms, joined), "you", strcmp(person_id, l->caller->id) == 0));
}

static bool
add_member(void *arg, const char *person_id, const char *name, int64_t joined_ms)
{
	add_to(arg, person_id, name, "member", joined_ms);
	return true;
}

void
api_members(struct app *a, const struct http_request *q, struct http_response *r)
{
	json_auto_t *members = json_array();
	struct listing l = { .app = a, .caller = q->caller, .members = members };
	struct person owner = { 0 };
	enum err e = OK;

	/* Whoever only knows the id of an open chat learns nobody's name by it. */
	if (q->access >= ACCESS_MEMBER) {
		if (q->chat->owner_id != NULL) {
			e = store_person_get(a->reader, q->chat->owner_id, &owner);
			add_to(&l, q->chat->owner_id, owner.name, "owner", q->chat->created_ms);
		}
		if (e == OK || e == ERR_NOT_FOUND)
			e = store_members_list(a->reader, q->chat->no, add_member, &l);
	}
	if (e == OK)
		http_json(r, 200, json_pack("{s:O}", "members", members));
	else
		http_error(r, e, q->rid);
}

static bool
find_public(void *arg, const char *person_id, const char *name, int64_t joined_ms)
{
	struct work *w = arg;
	char id[PUBLIC_ID_SIZE];

	(void)name;
	(void)joined_ms;
	identity_public_id(w->app->config->app_key, person_id, id);
	if (strcmp(id, w->member) != 0)
		return true;
	(void)snprintf(w->person_id, sizeof w->person_id, "%s", person_id);
	return false;
}

static enum err
remove_member(struct store *s, void *arg)
{
	struct work *w = arg;
	auto_chat chat = { 0 };
	enum err e = find(s, w, NEED_CHAT, &chat);

	if (e != OK || (e = store_members_list(s, chat.no, find_public, w)) != OK)
		return e;
	if (w->person_id[0] == '\0')
		return ERR_NOT_FOUND;
	if (!w->is_owner && strcmp(w->person_id, w->caller->id) != 0)
		return ERR_CONFLICT;
	if ((e = store_members_remove(s, chat.no, w->person_id, &w->count)) != OK)
		return e;
	return access_evict(s, chat.id, w->rid, w->now_ms);
}

void
api_member_remove(struct app *a, const struct http_request *q, struct http_response *r)
{
	struct work w = work_of(a, q);
	char member[PUBLIC_ID_SIZE];
	enum err e = ERR_NOT_FOUND;

	w.is_owner = q->access == ACCESS_OWNER;
	(void)snprintf(member, sizeof member, "%.*s", (int)q->param2_len, q->param2);
	w.member = member;
	if (q->param2_len < sizeof member && q->access >= ACCESS_MEMBER)
		e = writer_submit(a->writer, STORE_DURABLE, remove_member, &w);
	if (e == ERR_NOT_FOUND) {
		http_problem(r, 404, "not_found", "There is no such member.", q->rid);
	} else if (e == ERR_CONFLICT) {
		refusal_answer(q, r, 403, "not_owner", "Only the owner can remove others.",
		    "member removes another");
	} else if (e != OK) {
		http_error(r, e, q->rid);
	} else {
		r->status = 204;
		wake_send(a->config->worker_socket, WAKE_ANY);
		log_info("member removed rid=%s", q->rid);
	}
}
