/*
 * push_link - what the publisher knows of the push server: how it took the last datagrams, when to
 * try again, and what health is told about it.
 *
 * The push server says once a second that it does not want our user, while datagrams to it go on
 * "succeeding": so a refusal holds for some seconds.
 *
 * Owns:    the notify socket. Threads: the worker's. Times: monotonic milliseconds.
 */
#ifndef PUSH_LINK_H
#define PUSH_LINK_H

#include "config.h"
#include "worker_status.h"

struct push_link;

enum err push_link_open(struct push_link **out, const struct config *c) MUST_CHECK;
void push_link_close(struct push_link *l); /* NULL is allowed */

/* False: BROADCAST_DRIVER says that nothing is pushed. */
bool push_link_is_on(const struct push_link *l);

/* Nothing says that it is away, does not want us, or does not read. */
bool push_link_is_well(const struct push_link *l);

/*
 * ERR_BUSY: its queue is full. ERR_NOT_FOUND, ERR_CONFLICT: nobody is there, or does not want us.
 * After an error push_link_retry_ms says when it has a point to try again.
 */
enum err push_link_send(struct push_link *l, const char *p, size_t n, int64_t now_ms) MUST_CHECK;
int64_t push_link_retry_ms(const struct push_link *l);

/* Datagrams that were sent; those of them, from the first one on, that the push server has. */
int64_t push_link_sent(const struct push_link *l);
int64_t push_link_taken(const struct push_link *l);

/* Waits until it has them all, at most a second, and not at all when it is away. */
void push_link_flush(const struct push_link *l);

/*
 * Before a round: notes whether it is there, and whether it has been started anew. False: it is
 * away, sending has no point; push_link_retry_ms says when to look again.
 */
bool push_link_look(struct push_link *l, int64_t now_ms);

/*
 * After an outage: the last event of a reply that was asked for at asked_ms (wall clock) waits
 * until push_link_held_until_ms, when the clients are back.
 */
bool push_link_holds(const struct push_link *l, int64_t asked_ms, int64_t now_ms);
int64_t push_link_held_until_ms(const struct push_link *l);

/* Until then it drops what we send; 0: it does not. */
int64_t push_link_refused_until_ms(const struct push_link *l, int64_t now_ms);

int push_link_fd(const struct push_link *l); /* for poll; -1: none */
void push_link_read(struct push_link *l);    /* when it is readable */

/* True once after each change. */
bool push_link_changed(struct push_link *l);
void push_link_status(const struct push_link *l, struct worker_status *out);

#endif
