/*
 * GET /api/me, POST and DELETE /api/session: who am I, start a session (the only giver of cookies)
 * or change the name, forget me.
 *
 * A session that a stranger starts makes a new person; one that is started with a token or JWT is
 * that person's, and lasts no longer than it. The cookie is new each time somebody becomes somebody
 * else, so that a planted one is worth nothing.
 */
#include "app.h"

#include <stdio.h>

#include "clock.h"
#include "cookie.h"
#include "farewell.h"
#include "gate.h"
#include "json.h"
#include "log.h"
#include "person_name.h"
#include "token.h"
#include "wake.h"

#define SESSION_MS (LIMIT_SESSION_DAYS * 86400000LL)

struct work {
	const struct identity *caller;
	const char *rid;
	const char *name; /* NULL: as it is */
	char person_id[PERSON_ID_SIZE], hash[SIGN_HEX_SIZE];
	int64_t now_ms, expires_ms;
	bool everywhere;
};

/* --- the answer --- */

static const char *const kind_names[] = {
	[IDENTITY_NONE] = "none",
	[IDENTITY_REMOTE_USER] = "remote_user",
	[IDENTITY_JWT] = "jwt",
	[IDENTITY_TOKEN] = "token",
	[IDENTITY_SESSION] = "session",
};

static json_t *
me_json(const struct app *a, const struct identity *who)
{
	char id[PUBLIC_ID_SIZE] = "", expires[CLOCK_RFC3339_SIZE];
	bool known = identity_is_known(who);

	identity_public_id(a->config->app_key, who->id, id);
	return json_pack("{s:b, s:s, s:s?, s:s?, s:s?}", "identified", known, "kind",
	    kind_names[who->kind], "id", known ? id : NULL, "name",
	    who->name[0] != '\0' ? who->name : NULL, "expiresAt",
	    who->expires_ms > 0 ? clock_rfc3339(who->expires_ms, expires) : NULL);
}

static void
set_cookie(const struct identity *who, const char *value, int64_t lasts_ms, struct http_response *r)
{
	char line[COOKIE_LINE_SIZE];

	cookie_write(value, who->is_https, (long)(lasts_ms / 1000), line);
	http_set_header(r, "Set-Cookie", line);
}

/* The cookie that came, again, so that the browser keeps it longer. */
static void
repeat_cookie(const struct http_request *q, struct http_response *r)
{
	char value[TOKEN_SIZE];
	size_t n = 0;
	const char *came = cookie_find(
	    q->header[HTTP_COOKIE], q->caller->is_https ? COOKIE_HTTPS : COOKIE_HTTP, &n);

	if (came == NULL || n >= sizeof value)
		return;
	memcpy(value, came, n);
	value[n] = '\0';
	set_cookie(q->caller, value, SESSION_MS, r);
}

/* --- GET /api/me --- */

static enum err
extend(struct store *s, void *arg)
{
	struct work *w = arg;

	return store_session_extend(s, w->caller->session_hash, w->expires_ms);
}

void
api_me(struct app *a, const struct http_request *q, struct http_response *r)
{
	struct work w = { .caller = q->caller, .now_ms = clock_wall_ms() };
	struct identity who = *q->caller;

	/* Only of itself: what was started with a JWT ends with it. */
	w.expires_ms = w.now_ms + SESSION_MS;
	if (who.kind == IDENTITY_SESSION && strncmp(who.id, "s:", 2) == 0 &&
	    who.expires_ms - w.now_ms < SESSION_MS / 2 &&
	    writer_submit(a->writer, STORE_FAST, extend, &w) == OK) {
		who.expires_ms = w.expires_ms;
		repeat_cookie(q, r);
	}
	http_json(r, 200, me_json(a, &who));
}

/* --- POST /api/session --- */

static enum err
rename_person(struct store *s, void *arg)
{
	struct work *w = arg;

	return store_person_put(s, w->caller->id, w->name, w->now_ms);
}

static enum err
start(struct store *s, void *arg)
{
	struct work *w = arg;
	const char *name = w->name;
	enum err e;

	if (name == NULL && w->caller->name[0] != '\0')
		name = w->caller->name;
	if ((e = store_sessions_prune(s, w->now_ms)) != OK ||
	    (e = store_person_put(s, w->person_id, name, w->now_ms)) != OK)
		return e;
	return store_session_add(s, w->hash, w->person_id, w->now_ms, w->expires_ms);
}

static void
start_session(struct app *a, const struct http_request *q, struct work *w, struct http_response *r)
{
	struct identity who = *q->caller;
	char token[TOKEN_SIZE], id[ID_SIZE];
	enum err e;

	token_random(token);
	sign_sha256(token, TOKEN_LEN, w->hash);
	id_random(id);
	if (identity_is_known(&who))
		(void)snprintf(w->person_id, sizeof w->person_id, "%s", who.id);
	else
		(void)snprintf(w->person_id, sizeof w->person_id, "s:%s", id);
	w->expires_ms = w->now_ms + SESSION_MS;
	if (who.expires_ms > 0 && who.expires_ms < w->expires_ms)
		w->expires_ms = who.expires_ms;
	if ((e = writer_submit(a->writer, STORE_DURABLE, start, w)) != OK) {
		http_error(r, e, q->rid);
		return;
	}
	who.kind = IDENTITY_SESSION;
	who.expires_ms = w->expires_ms;
	(void)snprintf(who.id, sizeof who.id, "%s", w->person_id);
	if (w->name != NULL)
		(void)snprintf(who.name, sizeof who.name, "%s", w->name);
	set_cookie(&who, token, w->expires_ms - w->now_ms, r);
	http_json(r, 201, me_json(a, &who));
	log_info("session started rid=%s", q->rid);
}

/* {"name": "..."}, or nothing at all. False: answered already. */
static bool
read_name(const struct http_request *q, json_t **root, const char **name, struct http_response *r)
{
	struct field_error why = { .field = "name" };

	if (q->body_len == 0 && q->body_error == OK)
		return true;
	if (!gate_json_body(q, root, r))
		return false;
	if (person_name_read(json_object_get(*root, "name"), name, &why) == OK &&
	    json_is_object(*root))
		return true;
	http_invalid(r, &why, q->rid);
	return false;
}

void
api_session_start(struct app *a, const struct http_request *q, struct http_response *r)
{
	struct work w = { .caller = q->caller, .now_ms = clock_wall_ms() };
	json_auto_t *root = NULL;
	struct identity who = *q->caller;
	enum err e;

	if (!gate_is_same_site(q, r) || !read_name(q, &root, &w.name, r))
		return;
	if (who.kind != IDENTITY_SESSION) {
		start_session(a, q, &w, r);
		return;
	}
	if ((e = writer_submit(a->writer, STORE_DURABLE, rename_person, &w)) != OK) {
		http_error(r, e, q->rid);
		return;
	}
	if (w.name != NULL)
		(void)snprintf(who.name, sizeof who.name, "%s", w.name);
	http_json(r, 200, me_json(a, &who));
}

/* --- DELETE /api/session --- */

static enum err
end(struct store *s, void *arg)
{
	struct work *w = arg;
	enum err e = OK;

	if (w->caller->session_hash[0] != '\0')
		e = store_session_delete(s, w->caller->session_hash);
	if (e == OK && w->everywhere)
		e = store_sessions_end(s, w->caller->id, w->now_ms);
	if (e != OK || (w->caller->session_hash[0] == '\0' && !w->everywhere))
		return e;
	return farewell(s, &(struct by){ .caller = w->caller, .rid = w->rid, .now_ms = w->now_ms },
	    w->everywhere);
}

void
api_session_end(struct app *a, const struct http_request *q, struct http_response *r)
{
	struct work w = { .caller = q->caller, .rid = q->rid, .now_ms = clock_wall_ms() };
	char everywhere[8] = "";
	enum err e = OK;

	if (!gate_is_same_site(q, r))
		return;
	w.everywhere = http_query(q->query, "everywhere", everywhere, sizeof everywhere) &&
		       strcmp(everywhere, "0") != 0;
	if (identity_is_known(q->caller))
		e = writer_submit(a->writer, STORE_DURABLE, end, &w);
	if (e != OK) {
		http_error(r, e, q->rid);
		return;
	}
	r->status = 204;
	wake_send(a->config->worker_socket, WAKE_ANY);
	set_cookie(q->caller, "", 0, r);
	log_info("session ended everywhere=%d rid=%s", w.everywhere, q->rid);
}
