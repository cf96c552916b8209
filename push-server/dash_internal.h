/* dash_internal - what the rooms of the dashboard share; nobody else includes it. */
#ifndef DASH_INTERNAL_H
#define DASH_INTERNAL_H

#include <jansson.h>

#include "dash.h"
#include "http_call.h"

/* JSON of at most 16 levels, an object, with a content type that no form has. NULL: answered. */
json_t *dash_read_body(const struct http_call *c, struct http_response *out);

/* dash_api.c: c->app is set where the path names one, and may not be NULL then. */
void dash_get_state(const struct http_call *c, struct http_response *out);
void dash_get_channels(const struct http_call *c, struct http_response *out);
void dash_get_channel(const struct http_call *c, struct http_response *out);
void dash_get_history(const struct http_call *c, struct http_response *out);
void dash_get_statistics(const struct http_call *c, struct http_response *out);
void dash_post_event(const struct http_call *c, struct http_response *out);
void dash_post_terminate(const struct http_call *c, struct http_response *out);

#endif
