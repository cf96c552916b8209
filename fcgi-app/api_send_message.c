#include "api_write.h"

#include <stdio.h>

#include "clock.h"
#include "conversation.h"
#include "events.h"
#include "gate.h"
#include "json.h"
#include "killpoint.h"
#include "log.h"
#include "message_json.h"
#include "sign.h"
#include "validate.h"
#include "wake.h"

/* What travels into the writer's thread and back. */
struct work {
	struct post post;
	const char *idempotency_key; /* NULL: none */
	char body_hash[SIGN_HEX_SIZE];
	struct buf answer;
	bool is_replay, key_is_taken, queue_is_full;
	struct accepted accepted;
};

static enum err
write_answer(const struct accepted *a, struct buf *out)
{
	json_auto_t *root = api_accepted_json(a);

	return root != NULL ? json_write(out, root) : ERR_IO;
}

/* In the writer's thread: the whole post is one part of one transaction, and refused before it
 * writes. */
static enum err
store_post(struct store *s, void *arg)
{
	struct work *w = arg;
	char key[LIMIT_CHAT_ID_LEN + LIMIT_IDEMPOTENCY_KEY_LEN + PERSON_ID_SIZE + 3];
	enum err e;

	if (w->idempotency_key != NULL) {
		e = access_check_id(s, w->post.config, w->post.by.caller, w->post.chat_id);
		if (e != OK)
			return e;
		(void)snprintf(key, sizeof key, "%s\n%s\n%s", w->post.chat_id, w->idempotency_key,
		    w->post.by.caller->id);
		e = store_idempotency_get(s, key, w->body_hash, &w->answer);
		w->is_replay = e == OK;
		w->key_is_taken = e == ERR_CONFLICT;
		if (e != ERR_NOT_FOUND)
			return e;
	}
	e = conversation_post(s, &w->post, &w->accepted);
	w->queue_is_full = e == ERR_LIMIT;
	if (e != OK || w->idempotency_key == NULL)
		return e;
	if ((e = write_answer(&w->accepted, &w->answer)) != OK)
		return e;
	return store_idempotency_put(s, key, w->body_hash, w->answer.data, w->post.by.now_ms);
}

static bool
parse(const struct http_request *q, struct send_message *out, struct http_response *r)
{
	struct field_error field = { .field = "messages" };
	json_t *root = NULL;

	if (!gate_json_body(q, &root, r))
		return false;
	if (validate_send_message(root, out, &field) != OK) {
		http_invalid(r, &field, q->rid);
		return false;
	}
	return true;
}

static bool
read_headers(const struct http_request *q, struct work *w, struct http_response *r)
{
	const char *key = q->header[HTTP_IDEMPOTENCY_KEY];
	const char *socket_id = q->header[HTTP_X_SOCKET_ID];

	if (key != NULL && *key != '\0') {
		if (strlen(key) > LIMIT_IDEMPOTENCY_KEY_LEN || strpbrk(key, "\r\n") != NULL) {
			http_problem(r, 400, "bad_idempotency_key",
			    "Idempotency-Key has at most 128 characters.", q->rid);
			return false;
		}
		w->idempotency_key = key;
	}
	/* Echo sends "undefined" before it is connected: that excludes nobody. */
	if (socket_id != NULL && id_is_socket_id(socket_id, strlen(socket_id)))
		w->post.by.socket_id = socket_id;
	return true;
}

static void
answer(struct app *a, const struct http_request *q, struct work *w, enum err e,
    struct http_response *r)
{
	if (w->key_is_taken) {
		http_problem(r, 422, "idempotency_key_reused",
		    "This Idempotency-Key was used for another message.", q->rid);
	} else if (w->queue_is_full) {
		http_problem(r, 409, "queue_full",
		    "Too many messages wait in this chat. Please wait for an answer.", q->rid);
		http_set_header(r, "Retry-After", "5");
	} else if (e == ERR_NOT_FOUND) {
		gate_refuse_chat(a, q, r);
	} else if (e == ERR_QUOTA) {
		gate_refuse_quota(a, q, r);
	} else if (e != OK) {
		http_error(r, e, q->rid);
	} else {
		r->status = 202;
		r->content_type = "application/json";
		e = w->answer.len > 0 ? buf_add(&r->body, w->answer.data, w->answer.len)
				      : write_answer(&w->accepted, &r->body);
		if (e != OK)
			http_error(r, ERR_IO, q->rid);
		if (w->is_replay)
			http_set_header(r, "Idempotent-Replayed", "true");
	}
}

void
api_send_message(struct app *a, const struct http_request *q, struct http_response *r)
{
	auto_buf canonical = BUF_INIT(2 * LIMIT_BODY_BYTES);
	struct send_message m = { 0 };
	struct work w = { .answer = BUF_INIT(4096) };
	enum err e;

	if (!parse(q, &m, r))
		return;
	w.post = (struct post){
		.config = a->config,
		.chat_id = m.chat_id,
		.id_is_number = m.id_is_number,
		.turns = m.turns,
		.count = m.count,
		.system = m.system,
		.lang = http_language(q),
		.by = { .caller = q->caller, .rid = q->rid, .now_ms = clock_wall_ms() },
	};
	if (read_headers(q, &w, r) && send_message_canonical(&m, &canonical) == OK) {
		sign_sha256(canonical.data, canonical.len, w.post.hash);
		sign_sha256(q->body, q->body_len, w.body_hash);
		e = writer_submit_sure(a->writer, STORE_DURABLE, store_post, &w);
		if (e == OK)
			wake_send(a->config->worker_socket, WAKE_JOB);
		answer(a, q, &w, e, r);
		log_info("message accepted=%d chat=%s status=%d rid=%s", e == OK, m.chat_id,
		    r->status, q->rid);
	}
	buf_free(&w.answer);
	send_message_free(&m);
}
