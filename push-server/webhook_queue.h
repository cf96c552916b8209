/*
 * webhook_queue - the receivers of webhooks and the posts that wait for them. Pure.
 *
 * Only webhooks.c includes it. Ownership, times and limits as there.
 */
#ifndef WEBHOOK_QUEUE_H
#define WEBHOOK_QUEUE_H

#include "webhooks.h"

#define WEBHOOK_LANES 8

struct post {
	struct webhook_post out; /* first */
	struct post *prev, *next;
	struct webhook_target *target;
	unsigned lane, attempts;
	bool is_started;
	int64_t first_ms; /* of the first attempt; 0: none yet */
	int64_t due_ms;
	char *body; /* owned */
};

struct webhook_target {
	struct webhook_target *prev, *next; /* of all */
	char *app_id, *key, *secret;
	struct app_webhook hook;
	bool is_batch, is_found; /* is_found: while reconfiguring */
	json_t *batch;           /* events that gather; NULL: none */
	int64_t batch_due_ms;
	struct post *lanes[WEBHOOK_LANES];
	size_t posts, bytes;
};

struct webhook_queue {
	const struct webhook_transport *transport; /* borrowed */
	struct metrics *metrics;                   /* borrowed */
	struct webhook_target *targets;
	size_t posts, bytes;
};

/* The target of that app and url, its settings taken from hook and app; made when missing. */
struct webhook_target *webhook_target_get(
    struct webhook_queue *q, const struct app *app, const struct app_webhook *hook);
void webhook_target_drop(struct webhook_queue *q, struct webhook_target *t); /* with its posts */

/* One event, for this target's next post. Takes its own reference. */
void webhook_queue_add(struct webhook_queue *q, struct webhook_target *t, const char *channel,
    json_t *event, int64_t now_ms);

/* Starts what is due. Returns when the next is due, or INT64_MAX. */
int64_t webhook_queue_run(struct webhook_queue *q, int64_t now_ms);
void webhook_queue_done(
    struct webhook_queue *q, struct webhook_post *out, bool is_taken, int64_t now_ms);

#endif
