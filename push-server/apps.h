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

struct channel;

struct app_limits {
	size_t event_bytes, event_name_len, channel_name_len;
	size_t channels_per_event, batch_events, channels_per_socket;
	long client_events_per_second;
};

struct app {
	char *id, *key, *secret, *name;
	char *path;    /* prefix under which /app/{key} is served as well, or "" */
	long capacity; /* connections; 0: no maximum */
	bool is_enabled, has_client_messages, has_statistics;
	char **allowed_origins; /* host names, NULL-terminated; NULL: all */
	struct app_limits limits;
	/* state */
	struct channel *channels; /* the hub's table */
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
