/*
 * GET /api/chats/{id}/export?format=json|md, POST /api/import.
 *
 * json: all branches, and what POST import takes; md: the active branch, for reading. An import is
 * a new private chat of the caller's (chat_file.h says what stays of the old one).
 */
#include <pthread.h>
#include <stdio.h>

#include "api_write.h"
#include "chat_file.h"
#include "clock.h"
#include "conversation_import.h"
#include "gate.h"
#include "json.h"
#include "log.h"
#include "message_json.h"
#include "sign.h"
#include "store_tree.h"
#include "wake.h"

#define EXPORT_PAGE 200

/* --- export --- */

struct writing {
	struct buf *out;
	const struct chat *chat;
	int64_t last_id;
	int count;
	bool is_first;
	enum err e;
};

static bool
write_json(void *arg, const struct message *m)
{
	struct writing *w = arg;

	w->e = chat_file_message(w->out, m, w->is_first);
	w->is_first = false;
	w->last_id = m->id;
	w->count++;
	return w->e == OK;
}

static enum err
export_json(struct store *s, const struct chat *c, struct buf *out)
{
	struct writing w = { .out = out, .chat = c, .is_first = true };
	enum err e = chat_file_begin(out, c, clock_wall_ms());

	do {
		w.count = 0;
		if (e == OK)
			e = store_messages_each(s, c->no, w.last_id, EXPORT_PAGE, write_json, &w);
		if (e == OK)
			e = w.e;
	} while (e == OK && w.count == EXPORT_PAGE);
	return e == OK ? chat_file_end(out) : e;
}

static bool
write_markdown(void *arg, const struct message *m)
{
	struct writing *w = arg;

	w->e = chat_markdown_message(w->out, w->chat, m);
	w->last_id = m->id;
	w->count++;
	return w->e == OK;
}

static enum err
export_markdown(struct store *s, const struct chat *c, struct buf *out)
{
	struct writing w = { .out = out, .chat = c };
	enum err e = chat_markdown_begin(out, c);

	do {
		w.count = 0;
		if (e == OK && c->head_id != 0)
			e = store_branch_after(s, c, w.last_id, EXPORT_PAGE, write_markdown, &w);
		if (e == OK)
			e = w.e;
	} while (e == OK && w.count == EXPORT_PAGE);
	return e;
}

static enum err
export_chat(struct store *s, int64_t chat_no, bool as_markdown, struct http_response *r)
{
	char name[CHAT_FILE_NAME_SIZE], disposition[CHAT_FILE_NAME_SIZE + 40];
	auto_chat c = { 0 };
	enum err e = store_read_begin(s);

	if (e != OK)
		return e;
	if ((e = store_chat_get(s, chat_no, &c)) == OK)
		e = as_markdown ? export_markdown(s, &c, &r->body) : export_json(s, &c, &r->body);
	store_read_end(s);
	if (e != OK)
		return e;
	chat_file_name(c.title, name);
	(void)snprintf(disposition, sizeof disposition, "attachment; filename=\"%s.%s\"", name,
	    as_markdown ? "md" : "json");
	http_set_header(r, "Content-Disposition", disposition);
	r->content_type = as_markdown ? "text/markdown; charset=utf-8" : "application/json";
	return OK;
}

void
api_export(struct app *a, const struct http_request *q, struct http_response *r)
{
	char format[8] = "json";
	bool given = http_query_has(q->query, "format");
	enum err e;

	if (given && (!http_query(q->query, "format", format, sizeof format) ||
			 (strcmp(format, "json") != 0 && strcmp(format, "md") != 0))) {
		http_problem(r, 400, "bad_query", "format is json or md.", q->rid);
		return;
	}
	e = export_chat(a->reader, q->chat->no, strcmp(format, "md") == 0, r);
	if (e == ERR_LIMIT)
		http_problem(r, 413, "too_large",
		    "The chat is larger than 16 MiB: only the operator can export it.", q->rid);
	else if (e != OK)
		http_error(r, e, q->rid);
}

/* --- import --- */

struct task {
	struct import im;
	struct by by;
	const char *key; /* NULL: no Idempotency-Key */
	char stored_key[LIMIT_IDEMPOTENCY_KEY_LEN + PERSON_ID_SIZE + 8], hash[SIGN_HEX_SIZE];
	struct buf answer;
	bool more, is_replay, key_is_taken;
};

static enum err
begin(struct store *s, void *arg)
{
	struct task *t = arg;
	enum err e = ERR_NOT_FOUND;

	if (t->key != NULL) {
		e = store_idempotency_get(s, t->stored_key, t->hash, &t->answer);
		t->is_replay = e == OK;
		t->key_is_taken = e == ERR_CONFLICT;
	}
	return e == ERR_NOT_FOUND ? import_begin(s, &t->im, &t->by) : e;
}

static enum err
go_on(struct store *s, void *arg)
{
	struct task *t = arg;

	return import_some(s, &t->im, &t->by, &t->more);
}

static enum err
end(struct store *s, void *arg)
{
	struct task *t = arg;
	json_auto_t *answer = json_pack("{s:s, s:s, s:I}", "chatId", t->im.chat_id, "title",
	    t->im.file->title != NULL ? t->im.file->title : "", "messages",
	    (json_int_t)t->im.file->count);
	enum err e = import_end(s, &t->im, &t->by);

	if (e == OK)
		e = json_write(&t->answer, answer);
	if (e == OK && t->key != NULL)
		e = store_idempotency_put(s, t->stored_key, t->hash, t->answer.data, t->by.now_ms);
	return e;
}

static enum err
run(struct app *a, struct task *t)
{
	enum err e = writer_submit(a->writer, STORE_FAST, begin, t);

	t->more = true;
	while (e == OK && !t->is_replay && t->more)
		e = writer_submit(a->writer, STORE_FAST, go_on, t);
	if (e == OK && !t->is_replay)
		e = writer_submit(a->writer, STORE_DURABLE, end, t);
	return e;
}

static bool
read_key(const struct http_request *q, struct task *t, struct http_response *r)
{
	const char *key = q->header[HTTP_IDEMPOTENCY_KEY];

	if (key == NULL || *key == '\0')
		return true;
	if (strlen(key) > LIMIT_IDEMPOTENCY_KEY_LEN || strpbrk(key, "\r\n") != NULL) {
		http_problem(r, 400, "bad_idempotency_key",
		    "Idempotency-Key has at most 128 characters.", q->rid);
		return false;
	}
	t->key = key;
	(void)snprintf(t->stored_key, sizeof t->stored_key, "\n%s\n%s", key, q->caller->id);
	sign_sha256(q->body, q->body_len, t->hash);
	return true;
}

static void
answer(const struct http_request *q, struct task *t, enum err e, struct http_response *r)
{
	char path[LIMIT_CHAT_ID_LEN + 16];

	if (t->key_is_taken) {
		http_problem(r, 422, "idempotency_key_reused",
		    "This Idempotency-Key was used for another request.", q->rid);
		return;
	}
	if (e != OK || (e = buf_add(&r->body, t->answer.data, t->answer.len)) != OK) {
		http_error(r, e, q->rid);
		return;
	}
	r->status = 201;
	if (t->is_replay) {
		http_set_header(r, "Idempotent-Replayed", "true");
		return;
	}
	(void)snprintf(path, sizeof path, "/api/chats/%s", t->im.chat_id);
	http_set_header(r, "Location", path);
	log_info(
	    "chat imported chat=%s messages=%zu rid=%s", t->im.chat_id, t->im.file->count, q->rid);
}

static void
import_file(struct app *a, const struct http_request *q, struct http_response *r)
{
	struct field_error why = { .field = "file" };
	struct chat_file file = { 0 };
	struct task t = {
		.im = { .file = &file, .owner_id = q->caller->id },
		.by = { .caller = q->caller, .rid = q->rid, .now_ms = clock_wall_ms() },
		.answer = BUF_INIT(4096),
	};
	json_t *root = NULL;

	if (!gate_json_body(q, &root, r))
		return;
	if (chat_file_read(root, &file, &why) != OK) {
		http_invalid(r, &why, q->rid);
		return;
	}
	if (read_key(q, &t, r)) {
		enum err e = run(a, &t);

		if (e == OK)
			wake_send(
			    a->config->worker_socket, WAKE_ANY); /* the index wants its words */
		answer(q, &t, e, r);
	}
	buf_free(&t.answer);
	import_free(&t.im);
	chat_file_free(&file);
}

void
api_import(struct app *a, const struct http_request *q, struct http_response *r)
{
	/* A file of 16 MiB takes many times as much memory while it is read. */
	static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

	if (pthread_mutex_trylock(&one_at_a_time) != 0) {
		http_problem(r, 503, "busy",
		    "Another chat is being imported. Please try again in a moment.", q->rid);
		http_set_header(r, "Retry-After", "2");
		return;
	}
	import_file(a, q, r);
	(void)pthread_mutex_unlock(&one_at_a_time);
}
