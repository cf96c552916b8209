/*
 * apps - who may use this server: the app of the environment, later those of a file too.
 *
 * Owns:    every app and its strings. An app lives as long as the table.
 * Threads: the event-loop thread only.
 * Errors:  ERR_INVALID: an app without id, key or secret.
 */
#ifndef APPS_H
#define APPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

struct hub_app;

struct app_limits {
	size_t event_bytes, event_name_len, channel_name_len;
	size_t channels_per_event, batch_events, channels_per_socket;
	size_t presence_members; /* users of one presence channel */
	size_t user_info_bytes;  /* of one of them, as compact JSON */
	long client_events_per_second;
	long cache_seconds;               /* how long a cache channel remembers */
	long user_authentication_seconds; /* with has_user_authentication */
};

struct app {
	char *id, *key, *secret, *name;
	char *path;    /* prefix under which /app/{key} is served as well, or "" */
	long capacity; /* connections; 0: no maximum */
	bool is_enabled, has_client_messages, has_statistics;
	bool has_user_authentication; /* who neither signs in nor joins a private channel is closed
				       */
	bool has_subscription_count;  /* members of a channel are told how many they are */
	bool has_watchlist;     /* signed-in users are told who of their watchlist is online */
	char **allowed_origins; /* host names, NULL-terminated; NULL: all */
	struct app_limits limits;
	/* state */
	struct hub_app *hub_app; /* the hub's: channels, cached events, watchlists */
	uint64_t connections;
};

struct apps;

enum err apps_from_config(const struct config *c, struct apps **out_apps) MUST_CHECK;
void apps_free(struct apps *a); /* may be NULL; no channel may be left */

/* Borrowed, or NULL. */
struct app *apps_by_key(const struct apps *a, const char *key, size_t n);
struct app *apps_by_id(const struct apps *a, const char *id, size_t n);
struct app *apps_at(const struct apps *a, size_t i); /* NULL behind the last */

/*
 * Is path "/app/{key}", or that behind the path prefix of the key's app? The key may be unknown:
 * that is said inside the WebSocket. *out_key is borrowed from path.
 */
bool apps_match_path(const struct apps *a, const char *path, const char **out_key, size_t *out_len);

/* origin: the header, or NULL. Host names are compared, as laravel-websockets does. */
bool app_allows_origin(const struct app *app, const char *origin);

#endif
