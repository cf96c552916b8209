/*
 * http_info - the attributes of a channel that the HTTP API tells: info=user_count,... Pure.
 *
 * Threads: the event-loop thread only. Source: reference of the Pusher HTTP API, "info".
 */
#ifndef HTTP_INFO_H
#define HTTP_INFO_H

#include <jansson.h>

#include "hub.h"

enum http_info { /* bits */
	INFO_USER_COUNT = 1,
	INFO_SUBSCRIPTION_COUNT = 2,
	INFO_CACHE = 4,
	INFO_UNKNOWN = 8, /* something else was asked for */
};

unsigned http_info_parse(const char *list); /* comma-separated; NULL: nothing */

/* Those of the asked attributes that a channel of this kind (channel_name.h) can have. */
unsigned http_info_of_kind(unsigned info, unsigned kind);

/* Adds the attributes to object; those that do not apply are left out. */
void http_info_add(
    json_t *object, const struct hub *h, const struct app *app, const char *channel, unsigned info);

#endif
