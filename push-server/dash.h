/*
 * dash - the operators' dashboard by HTTP, under /dashboard and /laravel-websockets. Pure.
 *
 * The page's files are for everybody, they hold nothing. All else is behind operator_gate: the
 * password's cookie, or the loopback rule. What changes something is a POST of JSON, and its
 * Origin is our Host. No answer has a secret or the data of an event in it.
 *
 *   GET  ""                             the page (its status says whether one is in)
 *   POST, DELETE session                {"password"} -> the cookie; forgets it
 *   GET  api/state                      apps, the feed's key, bounds of the histogram
 *   POST auth                           {"socket_id","channel_name"}, JSON or form -> {"auth"}
 *   GET  api/ID/channels?prefix=        the fullest first
 *   GET  api/ID/channel?name=           users and connections of one
 *   GET  api/ID/history?span=&from=     rows of the statistics
 *   GET  api/ID/statistics              the same as laravel-websockets has them
 *   POST api/ID/event                   {"channel","name","data"} -> {"delivered"}
 *   POST api/ID/terminate               {"user_id"} or {"socket_id"} -> {"terminated"}
 *
 * Threads: the event-loop thread only.
 * Limits:  DASH_CHANNELS, DASH_SOCKETS, DASH_ROWS an answer, which says how many there are.
 */
#ifndef DASH_H
#define DASH_H

#include "feed.h"
#include "http_message.h"
#include "stats.h"

#define DASH_CHANNELS 100
#define DASH_SOCKETS 200
#define DASH_ROWS 1500
#define DASH_OLD_ROWS 120 /* as laravel-websockets */

struct http_api;

struct dash { /* borrowed for the life of the server */
	struct feed *feed;
	struct stats *stats;
	int port, tls_port; /* our own; 0: none */
};

/* Is that a path of the dashboard? Then *out_rest is behind its first segment ("", "/x"). */
bool dash_matches(const char *path, const char **out_rest);

void dash_handle(const struct http_api *api, const struct http_request *r, const char *rest,
    int64_t now_s, struct http_response *out);

#endif
