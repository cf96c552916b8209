/*
 * http_call - a signed request on its way to the function that answers it, and the forms of
 * answer. Only http_api and the http_* files behind its table include it.
 *
 * Owns:    nothing; all is borrowed during the call.
 * Threads: the event-loop thread only.
 */
#ifndef HTTP_CALL_H
#define HTTP_CALL_H

#include <jansson.h>

#include "http_api.h"

struct http_call {
	const struct http_api *api;
	const struct http_request *request;
	struct app *app;
	const char *path; /* of the request, without the app's prefix */
	const char *arg;  /* the second variable segment of the path, decoded; or NULL */
	int64_t now_s;
};

void http_answer_json(struct http_response *out, int status, json_t *body); /* steals body */

/* {"error":text,"code":status}, counted. */
void http_answer_error(
    const struct http_api *api, struct http_response *out, int status, const char *text);

/*
 * What a verdict of the operators' gate says: its status and headers are set, its sentence is
 * returned. scheme: of the challenge.
 */
const char *http_gate_refusal(enum gate_verdict v, const char *scheme, struct http_response *out);

/* For operators: false: refused already. In each case no other site may read the answer. */
bool http_api_lets_in(const struct http_api *api, const struct http_request *r, int64_t now_s,
    struct http_response *out);

/* --- http_events.c --- */
void http_post_events(const struct http_call *c, struct http_response *out);
void http_post_channel_events(const struct http_call *c, struct http_response *out);
void http_post_batch_events(const struct http_call *c, struct http_response *out);

/* --- http_channels.c --- */
void http_get_channels(const struct http_call *c, struct http_response *out);
void http_get_channel(const struct http_call *c, struct http_response *out);
void http_get_channel_stats(const struct http_call *c, struct http_response *out);
void http_get_users(const struct http_call *c, struct http_response *out);
void http_post_terminate(const struct http_call *c, struct http_response *out);
void http_get_connections(const struct http_call *c, struct http_response *out);

#endif
