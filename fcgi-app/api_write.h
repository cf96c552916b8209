/*
 * api_write - the frame of every route that changes something: the chat is looked up again in the
 * writer's transaction, an Idempotency-Key is honoured, and what went wrong gets its words.
 *
 * Threads: api_write from an accept thread; run in the writer's. Owns: nothing after the call.
 */
#ifndef API_WRITE_H
#define API_WRITE_H

#include <jansson.h>

#include "access.h"
#include "conversation_queue.h"

/* What a route says for an error that has a meaning of its own there; the last one has e OK. */
struct api_words {
	enum err e;
	int status;
	const char *code, *detail;
};
extern const struct api_words api_words_queue_full; /* of ERR_LIMIT */

struct api_write {
	/* The work. Its answer goes to *out_answer, the caller's. */
	enum err (*run)(struct store *s, struct api_write *w, json_t **out_answer);
	void *arg;
	const struct api_words *words; /* NULL: none */
	enum access_need need;         /* of the chat; NEED_NOTHING: the route has none */
	int status;                    /* of success */
	bool takes_key;                /* an Idempotency-Key counts: the route creates something */
	bool wakes;                    /* the worker has something to do then */
	bool is_durable;
	/* for run */
	const struct config *config;
	struct by by;
	struct chat chat; /* as it is in the transaction; of NEED_NOTHING: empty */
	enum access access;
	char message_uid[ID_SIZE]; /* of {mid} in the path, or "" */
};

void api_write(
    struct app *a, const struct http_request *q, struct http_response *r, struct api_write *w);

/* "status":"queued" with the ids of what is to come. The caller's; NULL when memory ends. */
json_t *api_accepted_json(const struct accepted *a);

/* A body that may be missing; then an empty object. False: answered already. */
bool api_optional_body(
    const struct http_request *q, json_t **out_root, struct http_response *r) MUST_CHECK;

#endif
