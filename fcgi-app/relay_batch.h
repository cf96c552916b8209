/*
 * relay_batch - lines of the notify datagram -> one signed request of Pusher's HTTP API. Pure.
 *
 * Source: reference pusher.md 2.1-2.2.
 */
#ifndef RELAY_BATCH_H
#define RELAY_BATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "notify_wire.h"

/* One line that waits, or is under way. Owns the line. */
struct relay_line {
	struct notify_line line;
	bool goes_alone;  /* it was in a batch that was refused */
	int64_t datagram; /* which one it came in: 1, 2, ... */
	TAILQ_ENTRY(relay_line) link;
};
TAILQ_HEAD(relay_queue, relay_line);

void relay_line_free(struct relay_line *l);

/* Every line is of the chat that its last channel names, open chats and private ones alike. */
bool relay_same_chat(const struct relay_line *a, const struct relay_line *b);

/*
 * Moves from waiting to batch, in order, what goes into the next request: nothing of a chat that
 * is_busy says has something under way, and nothing that would overtake. False: nothing can go.
 */
bool relay_take(struct relay_queue *waiting, struct relay_queue *batch,
    bool (*is_busy)(const void *arg, const struct relay_line *l), const void *arg);

/* {"batch":[...]}: one entry for each channel of each line. */
enum err relay_body(const struct relay_queue *batch, struct buf *out) MUST_CHECK;

/* "/apps/{id}/batch_events?auth_key=...": signed. */
struct relay_app {
	const char *id, *key, *secret;
};
enum err relay_path(
    const struct relay_app *app, const struct buf *body, int64_t now_s, struct buf *out) MUST_CHECK;

#endif
