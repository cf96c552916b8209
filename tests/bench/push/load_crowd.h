/*
 * load_crowd - the subscribers: connect, upgrade, subscribe, then check what comes.
 *
 * Owns:    their sockets and buffers. What it is given is borrowed.
 * Threads: one. Errors: a refusal, a lost connection or a broken frame ends the program.
 * Source:  Pusher Channels protocol 7, RFC 6455.
 */
#ifndef LOAD_CROWD_H
#define LOAD_CROWD_H

#include "buf.h"
#include "load_options.h"
#include "load_payload.h"
#include "load_tally.h"
#include "poller.h"

#define CROWD_CHANNEL_SIZE 32

struct subscriber;

struct crowd {
	const struct load_options *options;
	const struct poller *poller;
	struct payload_format *format;
	struct tally *tally;
	struct subscriber *all;
	size_t opened, ready;
	uint64_t progress_ns; /* when something came last */
	char *rx;             /* what one read brings, for all */
};

void crowd_init(struct crowd *c, const struct load_options *o, const struct poller *p,
    struct payload_format *f, struct tally *t);
void crowd_open_next(struct crowd *c); /* starts one more connection */
void crowd_close(struct crowd *c);     /* by reset: no socket lingers */

/* Name of a channel, and how many are in it. */
const char *crowd_channel(uint64_t channel, char out[CROWD_CHANNEL_SIZE]);
size_t crowd_members(const struct crowd *c, uint64_t channel);

uint64_t load_now_ns(void); /* monotonic */

#endif
