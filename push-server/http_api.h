/*
 * http_api - requests that are no upgrade: the signed Pusher HTTP API, health and metrics. Pure.
 *
 * Threads: the event-loop thread only. Errors: none; every request gets a response.
 * Source:  reference of the Pusher HTTP API; bodies are exactly {} where it says so.
 */
#ifndef HTTP_API_H
#define HTTP_API_H

#include <stdint.h>

#include "apps.h"
#include "dash.h"
#include "http_message.h"
#include "hub.h"
#include "operator_gate.h"
#include "refusals.h"

/* Borrowed for the life of the server. */
struct http_api {
	struct hub *hub;
	const struct apps *apps;
	struct metrics *metrics;
	const struct refusals *refusals;
	struct operator_gate *gate;
	const char *trusted_proxies; /* whose X-Forwarded-For counts; may be NULL */
	const struct dash *dash;     /* NULL: none */
	bool is_draining;
};

/* *out is filled; now_s: wall clock in seconds, for signatures. */
void http_api_handle(const struct http_api *api, const struct http_request *r, int64_t now_s,
    struct http_response *out);

/* For what cannot become a request: the same form of answer, with a sentence of the status. */
void http_api_refuse(const struct http_api *api, int status, struct http_response *out);

/* path: decoded. False: *out is the refusal. */
bool http_api_may_upgrade(
    const struct http_api *api, const char *path, bool is_version_13, struct http_response *out);

#endif
