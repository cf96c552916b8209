/*
 * channel_name - which names are allowed, and what their prefix makes of a channel.
 *
 * Threads: any; pure. Source: reference of the Pusher protocol 7, "Channels".
 */
#ifndef CHANNEL_NAME_H
#define CHANNEL_NAME_H

#include <stdbool.h>
#include <stddef.h>

enum channel_kind { /* bits */
	CHANNEL_PUBLIC = 0,
	CHANNEL_PRIVATE = 1,   /* needs a signature; presence channels have this bit too */
	CHANNEL_PRESENCE = 2,  /* has members */
	CHANNEL_CACHE = 4,     /* remembers its last event */
	CHANNEL_ENCRYPTED = 8, /* data is opaque */
	CHANNEL_USER = 16,     /* #server-to-user-ID: of the signed-in user only */
};

#define CHANNEL_USER_PREFIX "#server-to-user-"

bool channel_name_is_valid(const char *name, size_t n, size_t max_len);
unsigned channel_kind(const char *name, size_t n); /* of enum channel_kind */

#endif
