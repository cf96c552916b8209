/*
 * apps - who may use this server: the app of the environment, and those of PUSH_APPS_FILE.
 *
 * The environment's app always exists. The file may name it again, with the same key and secret:
 * then all its other settings are the file's. When the file is read again, apps that stay keep
 * their place in memory and their connections; one that goes is retired until its last connection
 * is gone.
 *
 * Owns:    every app and its strings. An app lives as long as the table, a retired one until
 *          apps_sweep has told that it is forgotten.
 * Threads: the event-loop thread only.
 * Errors:  ERR_INVALID: an app without id, key or secret, or a file with a mistake (said in why).
 * Limits:  LIMIT_APPS, LIMIT_APPS_FILE_BYTES, LIMIT_APP_FIELD_LEN, LIMIT_WEBHOOKS.
 */
#ifndef APPS_H
#define APPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app_counts.h"
#include "buf.h"
#include "config.h"

struct hub_app;
struct watch;

struct app_limits {
	size_t event_bytes, event_name_len, channel_name_len;
	size_t channels_per_event, batch_events, channels_per_socket;
	size_t presence_members; /* users of one presence channel */
	size_t user_info_bytes;  /* of one of them, as compact JSON */
	long client_events_per_second;
	long api_events_per_second;       /* 0: no limit */
	long cache_seconds;               /* how long a cache channel remembers */
	long user_authentication_seconds; /* with has_user_authentication */
};

enum webhook_event {
	WEBHOOK_CHANNEL_OCCUPIED,
	WEBHOOK_CHANNEL_VACATED,
	WEBHOOK_MEMBER_ADDED,
	WEBHOOK_MEMBER_REMOVED,
	WEBHOOK_CLIENT_EVENT,
	WEBHOOK_CACHE_MISS,
	WEBHOOK_SUBSCRIPTION_COUNT,
	WEBHOOK_EVENT_COUNT,
};

/* Where an app's events are posted. */
struct app_webhook {
	char *url;
	unsigned events;               /* 1 << enum webhook_event */
	char *starts_with, *ends_with; /* of the channel's name; NULL: any */
	char **headers;                /* "Name: value", NULL-terminated; NULL: none */
};

struct app {
	char *id, *key, *secret, *name;
	char *path;    /* prefix under which /app/{key} is served as well, or "" */
	long capacity; /* connections; 0: no maximum */
	bool is_enabled, has_client_messages, has_statistics;
	bool has_user_authentication; /* who neither signs in nor joins a private channel is closed
				       */
	bool has_subscription_count;  /* members of a channel are told how many they are */
	bool has_any_channel_name;    /* names with ':', spaces and the like: Reverb takes them */
	bool has_watchlist; /* signed-in users are told who of their watchlist is online */
	bool
	    is_capacity_final; /* over capacity: 4004, clients give up; else 4100, they come back */
	bool has_webhook_batch; /* several events in one post */
	char **allowed_origins; /* host names, NULL-terminated; NULL: all */
	struct app_limits limits;
	struct app_webhook *webhooks;
	size_t webhook_count;
	/* state */
	struct hub_app *hub_app; /* the hub's: channels, cached events, watchlists */
	uint64_t connections;
	struct app_counts counts;
	struct watch *watch; /* the feed's; NULL: nobody watches this app */
	int64_t api_second;  /* the second in which api_events are counted */
	size_t api_events;
};

struct apps;

/* c is borrowed for the life of the table. */
enum err apps_from_config(const struct config *c, struct apps **out_apps) MUST_CHECK;
void apps_free(struct apps *a); /* may be NULL; no channel may be left */

/* What happened to an app whose connections are to be ended. */
typedef void apps_ended_fn(void *ctx, struct app *app, uint16_t code, const char *text);

/*
 * The file's apps, instead of those of the last time. On ERR_INVALID nothing has changed, and why
 * has one line: "line 3 column 7: ..." or "apps[2] (id 7): limits.event_bytes: ...". ended may be
 * NULL when there are no connections yet.
 */
enum err apps_set_file(struct apps *a, const char *text, size_t n, bool is_production,
    struct buf *why, apps_ended_fn *ended, void *ctx) MUST_CHECK;

/* Frees retired apps without connections; forget is told before. */
void apps_sweep(struct apps *a, void (*forget)(void *ctx, struct app *app), void *ctx);

/* The same, with the file read. path "": none. ERR_IO: cannot be read (said in why). */
enum err apps_read_file(const char *path, struct buf *out, struct buf *why) MUST_CHECK;

/* Borrowed, or NULL. */
struct app *apps_by_key(const struct apps *a, const char *key, size_t n);
struct app *apps_by_id(const struct apps *a, const char *id, size_t n);
struct app *apps_at(const struct apps *a, size_t i); /* NULL behind the last */

/* One more, found by its key alone: the dashboard's own. Freed with the table. */
struct app *apps_add_internal(struct apps *a, const char *id, const char *key, const char *secret);

/*
 * Is path "/app/{key}", or that behind the path prefix of the key's app? The key may be unknown:
 * that is said inside the WebSocket. *out_key is borrowed from path.
 */
bool apps_match_path(const struct apps *a, const char *path, const char **out_key, size_t *out_len);

/*
 * "/prefix/apps/{id}/x" -> "/apps/{id}/x", where the prefix is that of the app: Reverb has its HTTP
 * API there, too. Any other path comes back as it is. Borrowed from path.
 */
const char *apps_strip_prefix(const struct apps *a, const char *path);

/* Is it a name that a channel of this app may have? */
bool app_allows_channel(const struct app *app, const char *name, size_t n);

/* origin: the header, or NULL. Host names are compared, as laravel-websockets does. */
bool app_allows_origin(const struct app *app, const char *origin);

#endif
