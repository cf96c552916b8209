/*
 * reply_stream - a reply and its transfer: the prompt that starts it, the text and the end that
 * come back.
 *
 *   job -> branch of the history -> turns that fit the budget -> ai_client -> reply.text, .outcome
 *
 * Owns:    nothing; the transfer is the client's until the reply has ended.
 * Threads: the worker's.
 * Errors:  none returned: what cannot start has ended, with its failure in reply.outcome.
 */
#ifndef REPLY_STREAM_H
#define REPLY_STREAM_H

#include "config.h"
#include "reply.h"

/* r must stay where it is until it has ended. */
void reply_stream_start(
    struct reply *r, const struct config *c, struct store *reader, struct ai_client *client);

/* Closes the transfer, if one runs. The reply has not ended by it. */
void reply_stream_cancel(struct reply *r, struct ai_client *client);

/* A text longer than we keep ends here, as the model's own limit would end it. */
void reply_stream_check(struct reply *r, struct ai_client *client);

#endif
