/*
 * worker_ending - how an attempt at a reply ends, as its tick writes it: for good, with another
 * attempt to come, or because the worker leaves.
 *
 * Owns:    nothing. Threads: the writer's, inside the transaction of the tick.
 * Errors:  the store's. A reply is not changed but for what a failed transaction makes void.
 */
#ifndef WORKER_ENDING_H
#define WORKER_ENDING_H

#include <jansson.h>

#include "ai_retry.h"
#include "worker_tick.h"

/* How it ended: row of messages, row of jobs, and what stream_end says. */
struct ending {
	enum message_status status;
	enum job_end job;
	const char *reason, *finish_reason;
	enum ai_fail failure; /* AI_FAIL_NONE: no error event */
};
struct ending ending_of(const struct reply *r);

/* How many sequence numbers it takes: the error's (if any), stream_end's, MessageSent's. */
int64_t ending_events(const struct ending *end);

/* seq is the last of those. */
enum err ending_write(struct store *s, struct reply *r, const struct tick *t,
    const struct ending *end, int64_t seq) MUST_CHECK;

/* Is there to be another attempt, and when. */
struct ai_retry ending_decide(const struct reply *r, const struct tick *t);
enum err ending_retry(struct store *s, const struct reply *r, const struct tick *t,
    const struct ai_retry *retry, int64_t seq) MUST_CHECK;

/* Back to the queue as it came; the text that was shown goes when it is claimed again. */
enum err ending_requeue(
    struct store *s, const struct reply *r, const struct tick *t, int64_t seq) MUST_CHECK;

/*
 * An attempt is over, also one that somebody stopped or took over: what it has cost, and what it
 * took of its owner's share. Where the provider did not say, about as much as the text.
 */
enum err ending_account(struct store *s, const struct reply *r, const struct tick *t) MUST_CHECK;

/* An event of the reply for the outbox. data is taken over; NULL: the message row has it all. */
enum err ending_event(struct store *s, const struct reply *r, const struct tick *t, int64_t seq,
    const char *name, json_t *data) MUST_CHECK;

#endif
