/*
 * ai_client_priv - what the parts of ai_client share.
 *
 *   ai_client.c        the public calls, and the walk from one attempt to the next
 *   ai_client_read.c   the bytes of one attempt: text to the sink, the rest to the verdict
 *   ai_client_list.c   the provider's list of models, asked once for all who wait
 */
#ifndef AI_CLIENT_PRIV_H
#define AI_CLIENT_PRIV_H

#include <sys/queue.h>

#include "ai_client.h"
#include "ai_http.h"
#include "ai_known.h"
#include "sse.h"

#define AI_NOTE_SIZE 320

TAILQ_HEAD(reply_queue, ai_reply);

struct model_list {
	struct ai_http_transfer *transfer; /* NULL: nobody is asking */
	struct buf path, body, next;
	int pages;
	char best[AI_MODEL_SIZE];
	int64_t again_ms; /* not before; a list that did not help is not asked for at every reply */
};

struct ai_client {
	const struct ai_provider *provider;
	struct ai_http *http;
	char *version, *key; /* key: only to keep it out of messages; may be NULL */
	char model[AI_MODEL_SIZE], fallback_model[AI_MODEL_SIZE];
	struct ai_known known;
	char found[AI_MODEL_SIZE]; /* by the list; "" none */
	bool is_unary;             /* the peer has no stream route */
	struct model_list list;
	struct reply_queue running; /* with a transfer */
	struct reply_queue waiting; /* for the list */
	struct reply_queue doomed;  /* failed without a transfer; told by the next poll */
	size_t active;
	char note[AI_NOTE_SIZE];
};

enum { ATTEMPT_CONFIGURED, ATTEMPT_FALLBACK, ATTEMPT_FOUND, ATTEMPT_MODELS };

struct ai_reply {
	struct ai_client *client;
	const struct ai_sink *sink;
	void *arg;
	struct reply_queue *queue;
	TAILQ_ENTRY(ai_reply) link;
	struct ai_http_transfer *transfer; /* NULL: none */
	struct buf path, body;             /* of the request; the transfer borrows them */
	char models[ATTEMPT_MODELS][AI_MODEL_SIZE];
	unsigned model; /* index of the one that is asked */
	int hops;       /* attempts so far: the walk ends */
	bool is_unary;  /* this attempt uses the unary route */
	bool has_listed;
	/* the attempt that runs */
	struct sse sse;
	struct buf raw;  /* an error's body, or a unary one */
	struct buf text; /* of one event */
	struct ai_answer answer;
	bool had_text;
	bool is_busy, is_cancelled; /* cancelled while its own callback runs */
};

extern const struct ai_http_handler ai_reply_handler, ai_list_handler;

/* --- ai_client.c --- */
void ai_reply_attempt(struct ai_reply *reply); /* asks the next model, or ends the reply */
void ai_reply_walk(struct ai_reply *reply);    /* after a failed attempt without text */
void ai_reply_note_model(const struct ai_reply *reply);
void ai_reply_enter(struct ai_reply *reply, struct reply_queue *queue);
void ai_reply_end(struct ai_reply *reply); /* on_end, then it is gone */
void ai_reply_free(struct ai_reply *reply);

/* --- ai_client_read.c --- */
void ai_reply_reset(struct ai_reply *reply); /* before each attempt */
void ai_reply_release(struct ai_reply *reply);
void ai_reply_fail(struct ai_reply *reply, enum ai_fail kind, int http_status, const char *text);

/* --- ai_client_list.c --- */
void ai_list_want(struct ai_client *client); /* asks, if nobody does */
void ai_list_free(struct ai_client *client);

#endif
