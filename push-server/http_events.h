/*
 * http_events - POST /apps/{id}/events: the body is checked and goes to the hub. Pure.
 *
 * Threads: the event-loop thread only. Source: reference of the Pusher HTTP API, "Events".
 */
#ifndef HTTP_EVENTS_H
#define HTTP_EVENTS_H

#include <jansson.h>

#include "http_message.h"
#include "hub.h"

/*
 * Returns the status. 200: *out_body is the caller's. Else *out_problem is a literal sentence,
 * and nothing was published.
 */
int http_events_publish(struct hub *h, struct metrics *m, struct app *app,
    const struct http_request *r, json_t **out_body, const char **out_problem);

#endif
