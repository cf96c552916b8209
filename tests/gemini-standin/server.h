/*
 * server - listens; requests go to control.c or api.c.
 *
 * Owns:    struct standin owns its catalog, journal and evhttp. options are borrowed.
 * Threads: the event loop. With api.c, control.c, answer.c and reply.c the only users of libevent.
 * Errors:  ERR_IO when the address cannot be had, with the reason on stderr.
 */
#ifndef SERVER_H
#define SERVER_H

#include <event2/event.h>
#include <event2/http.h>

#include "catalog.h"
#include "journal.h"
#include "options.h"

struct standin {
	const struct options *options;
	struct event_base *base; /* borrowed */
	struct evhttp *http;
	struct catalog catalog;
	struct journal journal;
	uint16_t port;
};

enum err server_start(
    struct standin *s, struct event_base *base, const struct options *options) MUST_CHECK;

/* Closes every connection; replies that run count as aborted. Takes a half-started server. */
void server_stop(struct standin *s);

#endif
