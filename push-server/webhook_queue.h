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
	bool is_started, is_probe; /* is_probe: started while its target was not proven */
	int64_t first_ms;          /* of the first attempt; 0: none yet */
	int64_t due_ms;
	char *body; /* owned */
};

/*
 * Connections are few, and a receiver that hangs holds each for LIMIT_WEBHOOK_TOTAL_MS. So who did
 * not take his last post, or has not taken any yet, gets one at a time, all such receivers
 * together half of the connections; and more than one to anybody only while half are free.
 */
struct webhook_target {
	struct webhook_target *prev, *next;           /* of all */
	struct webhook_target *prev_busy, *next_busy; /* of those for whom something waits */
	char *app_id, *key, *secret;
	struct app_webhook hook;
	bool is_batch, is_found; /* is_found: while reconfiguring */
	bool is_busy, is_proven; /* is_proven: he took his last post */
	unsigned started;
	json_t *batch; /* events that gather; NULL: none */
	int64_t batch_due_ms;
	struct post *lanes[WEBHOOK_LANES];
	size_t posts, bytes;
};

struct webhook_queue {
	const struct webhook_transport *transport; /* borrowed */
	struct metrics *metrics;                   /* borrowed */
	struct webhook_target *targets;
	struct webhook_target *busy; /* whose turn is next stands first */
	size_t posts, bytes;
	unsigned started, probes;
};

/* Of old, the app's targets until now (NULL: none), the one with that url; or a new one. */
struct webhook_target *webhook_target_get(struct webhook_queue *q, const struct app *app,
    const struct app_webhook *hook, struct webhook_target *const *old, size_t old_count);
void webhook_target_drop(struct webhook_queue *q, struct webhook_target *t); /* with its posts */

/* One event, for this target's next post. Takes its own reference. */
void webhook_queue_add(struct webhook_queue *q, struct webhook_target *t, const char *channel,
    json_t *event, int64_t now_ms);

/* Starts what is due. Returns when the next is due, or INT64_MAX. */
int64_t webhook_queue_run(struct webhook_queue *q, int64_t now_ms);
void webhook_queue_done(
    struct webhook_queue *q, struct webhook_post *out, bool is_taken, int64_t now_ms);

#endif
