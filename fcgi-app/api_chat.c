/*
 * POST /api/chats; GET, PATCH, DELETE /api/chats/{id}; POST /api/chats/{id}/restore.
 *
 * A deleted chat answers 404 everywhere at once. It can be restored for LIMIT_UNDO_MS; after that
 * the worker takes away its messages, index, jobs and events.
 */
#include <stdio.h>

#include "api_write.h"
#include "clock.h"
#include "conversation_edit.h"
#include "gate.h"
#include "json.h"
#include "message_json.h"
#include "validate_chat.h"

/* --- what they have in common --- */

static const char *const access_names[] = {
	[ACCESS_NONE] = "none",
	[ACCESS_GUEST] = "guest",
	[ACCESS_MEMBER] = "member",
	[ACCESS_OWNER] = "owner",
};

static json_t *
detailed_json(const struct chat *c, enum access access)
{
	json_t *root = chat_json(c);

	(void)json_object_set_new(root, "access", json_string(access_names[access]));
	(void)json_object_set_new(root, "systemPrompt",
	    c->system_prompt != NULL ? json_string(c->system_prompt) : json_null());
	return root;
}

struct fields {
	json_t *root; /* owned; the texts are borrowed from it */
	struct chat_fields f;
	const char *lang;
};

static bool
read_fields(
    struct app *a, const struct http_request *q, struct fields *out, struct http_response *r)
{
	const struct config *c = a->config;
	struct field_error why = { .field = "body" };
	enum err e = validate_chat_fields(out->root, &out->f, &why);

	if (e == OK && out->f.model != NULL &&
	    !model_is_listed(out->f.model, c->ai_models, c->ai_model, c->ai_fallback_model)) {
		why.field = "model";
		(void)snprintf(why.text, sizeof why.text, "This site does not offer that model.");
		e = ERR_INVALID;
	}
	if (e != OK)
		http_invalid(r, &why, q->rid);
	return e == OK;
}

/* --- POST /api/chats --- */

static enum err
run_create(struct store *s, struct api_write *w, json_t **out_answer)
{
	const struct fields *in = w->arg;
	char id[sizeof "c-" + ID_SIZE] = "c-";
	struct chat_new c = {
		.id = id,
		.title = in->f.title != NULL ? in->f.title : "",
		.title_source = in->f.title != NULL ? TITLE_USER : TITLE_AUTO,
		.lang = in->lang,
		.owner_id = by_author_id(&w->by),
		.system_prompt = in->f.system_prompt != NULL && *in->f.system_prompt != '\0'
				     ? in->f.system_prompt
				     : NULL,
		.model = in->f.model != NULL && *in->f.model != '\0' ? in->f.model : NULL,
		.is_private = !in->f.has_visibility || in->f.is_private,
		.now_ms = w->by.now_ms,
	};
	int64_t no;
	enum err e;

	id_random(id + 2);
	/* Who has a chat is remembered, also without a name. */
	if ((e = store_person_put(s, c.owner_id, NULL, w->by.now_ms)) != OK ||
	    (e = store_chat_add(s, &c, &no)) != OK || (e = store_chat_get(s, no, &w->chat)) != OK)
		return e;
	*out_answer = detailed_json(&w->chat, ACCESS_OWNER);
	return OK;
}

static void
set_location(const struct http_response *r, struct http_response *out)
{
	json_auto_t *root = NULL;
	char path[LIMIT_CHAT_ID_LEN + 16];
	const char *id;

	if (json_parse(r->body.data, r->body.len, LIMIT_JSON_DEPTH, true, &root, NULL, 0) != OK)
		return;
	id = json_member_string(root, "chatId");
	if (id == NULL)
		return;
	(void)snprintf(path, sizeof path, "/api/chats/%s", id);
	http_set_header(out, "Location", path);
}

void
api_chat_create(struct app *a, const struct http_request *q, struct http_response *r)
{
	struct fields in = { .lang = http_language(q) };
	struct api_write w = { .run = run_create,
		.arg = &in,
		.need = NEED_NOTHING,
		.status = 201,
		.takes_key = true,
		.is_durable = true };

	if (!api_optional_body(q, &in.root, r))
		return;
	if (read_fields(a, q, &in, r)) {
		api_write(a, q, r, &w);
		if (r->status == 201)
			set_location(r, r);
	}
	json_decref(in.root);
}

/* --- GET /api/chats/{id} --- */

void
api_chat_get(struct app *a, const struct http_request *q, struct http_response *r)
{
	(void)a;
	http_json(r, 200, detailed_json(q->chat, (enum access)q->access));
}

/* --- PATCH /api/chats/{id} --- */

static enum err
run_change(struct store *s, struct api_write *w, json_t **out_answer)
{
	const struct fields *in = w->arg;
	struct chat_change change = { .title = in->f.title,
		.title_source = TITLE_USER,
		.system_prompt = in->f.system_prompt,
		.model = in->f.model,
		.has_visibility = in->f.has_visibility,
		.is_private = in->f.is_private };
	bool closes = in->f.has_visibility && in->f.is_private && !w->chat.is_private;
	int64_t no = w->chat.no;
	enum err e;

	/* A chat of nobody would be lost, and one that is opened is no longer its members' alone.
	 */
	if (in->f.has_visibility && w->access != ACCESS_OWNER)
		return ERR_CONFLICT;
	if ((e = conversation_change(s, &w->chat, &change, &w->by)) != OK)
		return e;
	if (closes && (e = access_evict(s, w->chat.id, w->by.rid, w->by.now_ms)) != OK)
		return e;
	chat_free(&w->chat);
	if ((e = store_chat_get(s, no, &w->chat)) != OK)
		return e;
	*out_answer = detailed_json(&w->chat, w->access);
	return OK;
}

void
api_chat_change(struct app *a, const struct http_request *q, struct http_response *r)
{
	static const struct api_words words[] = {
		{ ERR_CONFLICT, 403, "not_owner", "Only the owner decides who sees the chat." },
		{ .e = OK },
	};
	struct fields in = { 0 };
	struct api_write w = { .run = run_change,
		.arg = &in,
		.words = words,
		.need = NEED_CHAT_MANAGE,
		.status = 200,
		.wakes = true,
		.is_durable = true };

	if (!gate_json_body(q, &in.root, r))
		return;
	if (read_fields(a, q, &in, r)) {
		if (in.f.title == NULL && in.f.system_prompt == NULL && in.f.model == NULL &&
		    !in.f.has_visibility) {
			struct field_error why = { "body",
				"Name title, systemPrompt, model or visibility." };

			http_invalid(r, &why, q->rid);
		} else {
			api_write(a, q, r, &w);
		}
	}
	json_decref(in.root);
}

/* --- DELETE /api/chats/{id}, POST /api/chats/{id}/restore --- */

static enum err
run_delete(struct store *s, struct api_write *w, json_t **out_answer)
{
	char until[CLOCK_RFC3339_SIZE];
	enum err e = conversation_delete(s, &w->chat, &w->by);

	if (e != OK || (e = access_evict(s, w->chat.id, w->by.rid, w->by.now_ms)) != OK)
		return e;
	*out_answer = json_pack("{s:o, s:b, s:s}", "chatId",
	    chat_id_json(w->chat.id, w->chat.id_is_number), "deleted", true, "restoreUntil",
	    clock_rfc3339(w->by.now_ms + LIMIT_UNDO_MS, until));
	return OK;
}

void
api_chat_delete(struct app *a, const struct http_request *q, struct http_response *r)
{
	struct api_write w = { .run = run_delete,
		.need = NEED_CHAT_MANAGE,
		.status = 200,
		.wakes = true,
		.is_durable = true };

	api_write(a, q, r, &w);
}

static enum err
run_restore(struct store *s, struct api_write *w, json_t **out_answer)
{
	const char *id = w->arg;
	enum err e = store_chat_find_deleted(s, id, &w->chat);

	if (e != OK || (e = access_of(s, w->config, w->by.caller, &w->chat, &w->access)) != OK)
		return e;
	if (!access_suffices(w->access, NEED_CHAT_MANAGE, &w->chat))
		return ERR_NOT_FOUND;
	if ((e = conversation_restore(s, &w->chat, &w->by)) != OK)
		return e;
	chat_free(&w->chat);
	if ((e = store_chat_find(s, id, &w->chat)) != OK)
		return e;
	*out_answer = detailed_json(&w->chat, w->access);
	return OK;
}

void
api_chat_restore(struct app *a, const struct http_request *q, struct http_response *r)
{
	static const struct api_words words[] = {
		{ ERR_NOT_FOUND, 404, "not_found", "There is no such chat, or not any more." },
		{ .e = OK },
	};
	char id[LIMIT_CHAT_ID_LEN + 1];
	struct api_write w = { .run = run_restore,
		.arg = id,
		.words = words,
		.need = NEED_NOTHING,
		.status = 200,
		.wakes = true,
		.is_durable = true };

	if (!id_is_pusher_name(q->param, q->param_len, LIMIT_CHAT_ID_LEN)) {
		http_problem(r, 404, words[0].code, words[0].detail, q->rid);
		return;
	}
	memcpy(id, q->param, q->param_len);
	id[q->param_len] = '\0';
	api_write(a, q, r, &w);
}
