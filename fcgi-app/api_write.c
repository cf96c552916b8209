#include "api_write.h"

#include <stdio.h>

#include "clock.h"
#include "events.h"
#include "gate.h"
#include "json.h"
#include "message_json.h"
#include "sign.h"
#include "wake.h"

#define KEY_SIZE (LIMIT_CHAT_ID_LEN + LIMIT_IDEMPOTENCY_KEY_LEN + PERSON_ID_SIZE + 3)

const struct api_words api_words_queue_full = { ERR_LIMIT, 409, "queue_full",
	"Too many messages wait in this chat. Please wait for an answer." };

/* What travels into the writer's thread and back. */
struct task {
	struct api_write *w;
	char chat_id[LIMIT_CHAT_ID_LEN + 1];
	const char *key; /* NULL: none */
	char hash[SIGN_HEX_SIZE];
	struct buf answer;
	bool is_replay, key_is_taken, is_refused;
};

static enum err
find_chat(struct store *s, struct task *t)
{
	struct api_write *w = t->w;
	enum err e = access_find(s, w->config, w->by.caller, t->chat_id, &w->chat, &w->access);

	if (e == OK && !access_suffices(w->access, w->need, &w->chat))
		e = ERR_NOT_FOUND; /* it was taken away since the gate looked */
	t->is_refused = e == ERR_NOT_FOUND;
	return e;
}

static enum err
run_and_keep(struct store *s, struct task *t, const char *key)
{
	json_auto_t *answer = NULL;
	enum err e = t->w->run(s, t->w, &answer);

	if (e != OK)
		return e;
	if (answer == NULL || json_write(&t->answer, answer) != OK)
		return ERR_IO;
	if (t->key == NULL)
		return OK;
	return store_idempotency_put(s, key, t->hash, t->answer.data, t->w->by.now_ms);
}

static enum err
run_task(struct store *s, void *arg)
{
	struct task *t = arg;
	char key[KEY_SIZE];
	enum err e = t->w->need == NEED_NOTHING ? OK : find_chat(s, t);

	if (e != OK)
		return e;
	if (t->key != NULL) {
		(void)snprintf(
		    key, sizeof key, "%s\n%s\n%s", t->chat_id, t->key, t->w->by.caller->id);
		e = store_idempotency_get(s, key, t->hash, &t->answer);
		t->is_replay = e == OK;
		t->key_is_taken = e == ERR_CONFLICT;
		if (e != ERR_NOT_FOUND)
			return e;
	}
	return run_and_keep(s, t, key);
}

static bool
read_key(const struct http_request *q, struct task *t, struct http_response *r)
{
	auto_buf all = BUF_INIT(2 * LIMIT_EXPORT_BYTES);
	const char *key = q->header[HTTP_IDEMPOTENCY_KEY];

	if (!t->w->takes_key || key == NULL || *key == '\0')
		return true;
	if (strlen(key) > LIMIT_IDEMPOTENCY_KEY_LEN || strpbrk(key, "\r\n") != NULL) {
		http_problem(r, 400, "bad_idempotency_key",
		    "Idempotency-Key has at most 128 characters.", q->rid);
		return false;
	}
	/* The same key on another route is another request. */
	if (buf_addf(&all, "%d %s\n", (int)q->method, q->path) != OK ||
	    buf_add(&all, q->body, q->body_len) != OK) {
		http_error(r, ERR_LIMIT, q->rid);
		return false;
	}
	sign_sha256(all.data, all.len, t->hash);
	t->key = key;
	return true;
}

static void
answer_error(struct app *a, const struct http_request *q, const struct task *t, enum err e,
    struct http_response *r)
{
	if (t->is_refused) {
		gate_refuse_chat(a, q, r);
		return;
	}
	if (e == ERR_QUOTA) {
		gate_refuse_quota(a, q, r);
		return;
	}
	if (t->key_is_taken) {
		http_problem(r, 422, "idempotency_key_reused",
		    "This Idempotency-Key was used for another request.", q->rid);
		return;
	}
	if (e == ERR_QUOTA) {
		gate_refuse_quota(a, q, r);
		return;
	}
	for (const struct api_words *words = t->w->words; words != NULL && words->e != OK; words++)
		if (words->e == e) {
			http_problem(r, words->status, words->code, words->detail, q->rid);
			if (words->status == 409 && e == ERR_LIMIT)
				http_set_header(r, "Retry-After", "5");
			return;
		}
	http_error(r, e, q->rid);
}

void
api_write(struct app *a, const struct http_request *q, struct http_response *r, struct api_write *w)
{
	struct task t = { .w = w, .answer = BUF_INIT(LIMIT_BODY_BYTES) };
	const char *socket_id = q->header[HTTP_X_SOCKET_ID];
	enum err e;

	w->config = a->config;
	w->by = (struct by){ .caller = q->caller, .rid = q->rid, .now_ms = clock_wall_ms() };
	if (socket_id != NULL && id_is_socket_id(socket_id, strlen(socket_id)))
		w->by.socket_id = socket_id;
	if (q->chat != NULL)
		(void)snprintf(t.chat_id, sizeof t.chat_id, "%s", q->chat->id);
	if (q->param2 != NULL && q->param2_len < sizeof w->message_uid)
		memcpy(w->message_uid, q->param2, q->param2_len);
	if (!read_key(q, &t, r))
		return;
	e = writer_submit(a->writer, w->is_durable ? STORE_DURABLE : STORE_FAST, run_task, &t);
	if (e != OK) {
		answer_error(a, q, &t, e, r);
	} else {
		if (w->wakes)
			wake_send(a->config->worker_socket, WAKE_ANY);
		r->status = w->status;
		r->content_type = "application/json";
		if (buf_add(&r->body, t.answer.data, t.answer.len) != OK)
			http_error(r, ERR_IO, q->rid);
		if (t.is_replay)
			http_set_header(r, "Idempotent-Replayed", "true");
	}
	buf_free(&t.answer);
	chat_free(&w->chat);
}

json_t *
api_accepted_json(const struct accepted *a)
{
	struct event_channels channels;

	event_channels(a->chat_id, a->is_private, &channels);
	return json_pack("{s:s, s:o, s:s, s:s, s:s, s:I, s:s}", "status", "queued", "chatId",
	    chat_id_json(a->chat_id, a->id_is_number), "messageId", a->message_uid, "replyId",
	    a->reply_uid, "jobId", a->job_uid, "seq", (json_int_t)a->seq, "channel",
	    channels.names[0]);
}

bool
api_optional_body(const struct http_request *q, json_t **out_root, struct http_response *r)
{
	if (q->body_error == OK && q->body_len == 0) {
		*out_root = json_object();
		return true;
	}
	return gate_json_body(q, out_root, r);
}
