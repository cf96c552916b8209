#include "message_json.h"

#include "clock.h"
#include "identity.h"
#include "store_usage.h"
#include "utf8.h"

json_t *
chat_id_json(const char *id, bool is_number)
{
	return is_number ? json_integer(strtoll(id, NULL, 10)) : json_string(id);
}

json_t *
usage_day_json(int64_t day)
{
	char text[CLOCK_RFC3339_SIZE];

	return json_stringn(clock_rfc3339(day * USAGE_DAY_MS, text), sizeof "2026-11-24" - 1);
}

/* Keys of Laravel's AI packages. */
static json_t *
usage_json(const struct usage *u)
{
	if (u->total == 0)
		return NULL;
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "prompt_tokens", (json_int_t)u->prompt,
	    "completion_tokens", (json_int_t)u->output, "reasoning_tokens", (json_int_t)u->thought,
	    "cache_read_input_tokens", (json_int_t)u->cached, "total_tokens", (json_int_t)u->total);
}

static json_t *
error_json(const struct message *m)
{
	if (m->error_type == NULL)
		return NULL;
	return json_pack(
	    "{s:s, s:s*}", "type", m->error_type, "message", m->is_notice ? m->content : NULL);
}

/* NULL: a stranger's, or the model's. */
static json_t *
author_json(const struct message *m, const char *app_key)
{
	char id[PUBLIC_ID_SIZE];
	bool has_id = m->author_id != NULL && app_key != NULL;

	if (!has_id && m->author_name == NULL)
		return NULL;
	if (has_id)
		identity_public_id(app_key, m->author_id, id);
	return json_pack("{s:s*, s:s*}", "id", has_id ? id : NULL, "name", m->author_name);
}

json_t *
message_json(const struct message *m, const char *text, size_t text_len, const char *app_key)
{
	char created[CLOCK_RFC3339_SIZE];
	json_t *author = author_json(m, app_key);

	return json_pack("{s:s, s:s?, s:s, s:s%, s:s, s:s, s:I, s:I, s:s*, s:o*, s:o*, s:o*}", "id",
	    m->uid, "parentId", m->parent_uid, "role", role_name(m->role), "content", text,
	    text_len, "status", message_status_name(m->status), "createdAt",
	    clock_rfc3339(m->created_ms, created), "length",
	    (json_int_t)utf8_utf16_len(text, text_len), "changedSeq", (json_int_t)m->changed_seq,
	    "model", m->model, "usage", usage_json(&m->usage), "error", error_json(m), "author",
	    author);
}

json_t *
chat_json(const struct chat *c)
{
	char created[CLOCK_RFC3339_SIZE], updated[CLOCK_RFC3339_SIZE];

	return json_pack("{s:o, s:s, s:s, s:s?, s:I, s:s?, s:s, s:s}", "chatId",
	    chat_id_json(c->id, c->id_is_number), "title", c->title, "visibility",
	    c->is_private ? "private" : "open", "model", c->model, "seq", (json_int_t)c->seq,
	    "headId", c->head_id != 0 ? c->head_uid : NULL, "createdAt",
	    clock_rfc3339(c->created_ms, created), "updatedAt",
	    clock_rfc3339(c->updated_ms, updated));
}
