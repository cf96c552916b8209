/*
 * load_publisher - hands messages to the server, by datagram or by its signed HTTP API.
 *
 * Owns:    one socket; what it is given is borrowed.
 * Threads: one. Errors: a refusal ends the program.
 * Source:  Pusher Channels HTTP API: POST /apps/{id}/events.
 */
#ifndef LOAD_PUBLISHER_H
#define LOAD_PUBLISHER_H

#include <stdbool.h>

#include "buf.h"
#include "load_options.h"
#include "load_payload.h"
#include "poller.h"

struct publisher {
	struct poller_entry entry; /* first */
	const struct load_options *options;
	const struct poller *poller;
	const struct payload_format *format;
	char *payload;
	bool is_busy;       /* a full datagram queue, or an HTTP answer that is awaited */
	struct buf text;    /* of the message that is composed */
	struct buf in, out; /* HTTP */
};

/* o->publish_by must not be PUBLISH_NOTHING. */
void publisher_open(struct publisher *p, const struct load_options *o, const struct poller *poller,
    const struct payload_format *f);

/* False: not now, it is busy. */
bool publisher_send(struct publisher *p, uint64_t channel, uint64_t seq);
void publisher_close(struct publisher *p);

#endif
