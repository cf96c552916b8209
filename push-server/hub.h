/*
 * hub - channels, who is in them, and how an event reaches them.
 *
 * Events of one round of the loop gather in their channel; hub_flush joins what a channel got and
 * hands it to each member once. Whoever publishes need not flush: the loop does, once a round.
 * A channel exists while somebody is in it; what a cache channel remembers outlives it.
 *
 * A signed-in user is a channel too, "#server-to-user-ID": all of his connections are in it from
 * the moment they sign in, and an event published to that name reaches them.
 *
 * What is published goes through the bus (bus.h), to this hub and, one day, to those of other
 * nodes.
 *
 * Rooms: hub_bus.c to and from there. hub.c life, peers, evicting. hub_channels.c joining and
 * leaving. hub_fanout.c events. hub_users.c sign-in and watchlists. hub_query.c answers.
 * presence.c, cache.c: what a channel knows beyond its members.
 *
 * Owns:    channels, subscriptions, users, cached events, the table of socket ids. Peers and apps
 *          are borrowed: a peer must be detached before it goes, an app forgotten.
 * Threads: the event-loop thread only. Times: monotonic milliseconds, as told by hub_tick.
 * Limits:  subscriptions a peer and name lengths are the session's to check; what gathers in a
 *          channel is flushed beyond HUB_JOIN_BYTES; cached events: LIMIT_CACHE_BYTES an app.
 */
#ifndef HUB_H
#define HUB_H

#include <jansson.h>
#include <stddef.h>

#include "metrics.h"
#include "peer.h"

#define HUB_JOIN_BYTES (64 * 1024)
#define HUB_JOIN_FRAMES 64

struct hub;

/*
 * What happens in the hub, for webhooks and the like. Any member may be NULL. All arguments are
 * borrowed during the call, which must not call the hub back. User channels are not reported.
 */
struct hub_client_event {
	const char *channel, *event, *socket_id;
	const char *user_id; /* presence channels only, else NULL */
	const json_t *data;  /* as the client sent it, or NULL */
};

struct hub_observer {
	void *ctx;
	void (*channel_occupied)(void *ctx, struct app *app, const char *channel);
	void (*channel_vacated)(void *ctx, struct app *app, const char *channel);
	/* a user's first connection in a presence channel, and his last one's end; not delayed */
	void (*member_added)(void *ctx, struct app *app, const char *channel, const char *user_id);
	void (*member_removed)(
	    void *ctx, struct app *app, const char *channel, const char *user_id);
	void (*client_event)(void *ctx, struct app *app, const struct hub_client_event *e);
	/* each subscriber that meets an empty cache channel; not de-duplicated */
	void (*cache_miss)(void *ctx, struct app *app, const char *channel);
	/* of apps that have it, never presence; above 100 subscribers at most every 5 s */
	void (*subscription_count)(void *ctx, struct app *app, const char *channel, size_t count);
};

/*
 * What happens, for the eyes of an operator. Told only of apps with a watch, but occupied and
 * vacated of all, so that watching itself is seen; a log is told all. Borrowed; the hub must not
 * be called back.
 */
enum hub_note_kind {
	HUB_NOTE_CONNECTED,
	HUB_NOTE_DISCONNECTED,
	HUB_NOTE_SUBSCRIBED,
	HUB_NOTE_UNSUBSCRIBED,
	HUB_NOTE_CLIENT_EVENT,
	HUB_NOTE_API_EVENT, /* of the HTTP API or a datagram */
	HUB_NOTE_SLOW,      /* closed because it did not read */
	HUB_NOTE_OCCUPIED,
	HUB_NOTE_VACATED,
	HUB_NOTE_KINDS
};

struct hub_note {
	enum hub_note_kind kind;
	struct app *app;
	const char *channel, *event; /* or NULL */
	const struct peer *peer;     /* or NULL */
};

typedef void hub_note_fn(void *ctx, const struct hub_note *n);

struct hub *hub_new(struct metrics *m); /* m is borrowed */
void hub_free(struct hub *h);           /* no peer may be attached; before apps_free */
void hub_observe(struct hub *h, const struct hub_observer *o);  /* borrowed; NULL: nobody */
void hub_take_notes(struct hub *h, hub_note_fn *fn, void *ctx); /* fn NULL: nobody */
void hub_log_notes(struct hub *h, hub_note_fn *fn);             /* its ctx is NULL */
/* Sets n's app. */
void hub_note(const struct hub *h, struct app *app, const struct hub_note *n);

void hub_count_slow(struct hub *h, const struct peer *p);

/* Tells the time, and does what has come due. The loop calls it every WHEEL_TICK_MS. */
void hub_tick(struct hub *h, int64_t now_ms);

/* For an app that goes: first end its connections, then, when app->connections is 0, forget it. */
void hub_end_app(struct hub *h, struct app *app, uint16_t code, const char *text);
void hub_forget_app(struct hub *h, struct app *app);

/* --- peers --- */

/* Gives p its socket id and counts it in app. ERR_LIMIT: the app is at its capacity. */
enum err hub_attach(struct hub *h, struct app *app, struct peer *p) MUST_CHECK;
void hub_detach(struct hub *h, struct peer *p);    /* leaves all; not attached: nothing */
void hub_leave_all(struct hub *h, struct peer *p); /* all channels, and signs out */
const char *hub_socket_id(const struct peer *p, char out[SOCKET_ID_SIZE]);
struct peer *hub_find(const struct hub *h, const struct app *app, const char *socket_id);
struct peer *hub_peer_at(const struct hub *h, size_t slot); /* for walking all; may be NULL */
size_t hub_slots(const struct hub *h);                      /* slots < this are worth a look */

/* --- subscriptions --- */

/* Who joins a presence channel; user_info may be NULL. Borrowed. */
struct hub_member {
	const char *user_id;
	json_t *user_info;
};

/*
 * Idempotent. who: for presence channels and only for these. The others are told of a new member
 * before this returns. ERR_LIMIT: the presence channel is full.
 */
enum err hub_subscribe(struct hub *h, struct peer *p, const char *name, size_t n,
    const struct hub_member *who) MUST_CHECK;
void hub_unsubscribe(struct hub *h, struct peer *p, const char *name, size_t n); /* idempotent */
bool hub_is_member(const struct peer *p, const char *name, size_t n);

/* Sends p the last event of a cache channel, or pusher:cache_miss. Other channels: nothing. */
void hub_replay(struct hub *h, struct peer *p, const char *name, size_t n);

/* {"presence":{"ids","hash","count"}}, the caller's reference; NULL: no such presence channel. */
json_t *hub_presence(const struct app *app, const char *name, size_t n);

/* --- users --- */

/*
 * From now on p is user id (at most LIMIT_USER_ID_LEN); those who watch him hear of it if he was
 * offline. user_info may be NULL. The same id again: OK. ERR_CONFLICT: p is signed in as another.
 */
enum err hub_sign_in(struct hub *h, struct peer *p, const char *id, json_t *user_info) MUST_CHECK;
const char *hub_user_id(const struct peer *p); /* NULL: not signed in */
json_t *hub_user_info(const struct peer *p);   /* borrowed, or NULL */

/*
 * p, signed in, is told who of ids is online and who is not, and of every change from now on. Of
 * LIMIT_WATCHLIST users at most, all calls together.
 */
void hub_watch(struct hub *h, struct peer *p, const char *const *ids, size_t count);

/* Ends the signed-in connections of a user with 4009. Returns how many. */
size_t hub_terminate_user(struct hub *h, struct app *app, const char *id);

/* --- events --- */

/* Would an event published there reach or be remembered for anybody? If not, spare the frame. */
bool hub_wants(const struct hub *h, const struct app *app, const char *name, size_t n);

/*
 * An event of the app itself: from the HTTP API or a datagram. A cache channel remembers it, also
 * while empty. Takes its own reference to f. except may be NULL.
 */
void hub_publish(struct hub *h, struct app *app, const char *name, size_t n, struct frame *f,
    const struct peer *except);

/* An event of a member of the channel, to all others: rebuilt, user_id added, never remembered. */
void hub_relay(
    struct hub *h, const struct peer *from, const char *channel, const char *event, json_t *data);
void hub_flush(struct hub *h);

/* Ends one connection with 4009. False: there is none of that socket id. */
bool hub_terminate_socket(struct hub *h, struct app *app, const char *socket_id);

/*
 * Ends everybody in the channel with 4200, so that they come back and are asked for a signature
 * again. user_id narrows it to that user and to those whom the channel does not know by name (not
 * a presence channel, not signed in). Returns how many.
 */
size_t hub_evict(struct hub *h, struct app *app, const char *name, size_t n, const char *user_id);

/* --- questions --- */

size_t hub_channel_count(const struct hub *h); /* user channels not counted */
size_t hub_subscription_count(const struct hub *h);
size_t hub_peer_count(const struct hub *h);

struct hub_channel {
	const char *name; /* NUL-terminated, borrowed until the hub changes */
	size_t name_len;
	unsigned kind;        /* of enum channel_kind */
	size_t subscriptions; /* connections */
	size_t users;         /* presence channels: distinct users, else 0 */
};

/* False: nobody is in it, *out is untouched. */
bool hub_channel(const struct app *app, const char *name, size_t n, struct hub_channel *out);

/* All occupied channels whose name begins with prefix ("": all), user channels left out. */
void hub_each_channel(const struct app *app, const char *prefix,
    void (*fn)(void *ctx, const struct hub_channel *c), void *ctx);

/* The users of a presence channel, one call each; of any other channel none. */
void hub_each_user(const struct app *app, const char *name, size_t n,
    void (*fn)(void *ctx, const char *user_id), void *ctx);

/* Its connections, one call each; user_id: as a member, else as signed in, or NULL. */
void hub_each_socket(const struct app *app, const char *name, size_t n,
    void (*fn)(void *ctx, const struct peer *p, const char *user_id), void *ctx);

/* What a cache channel remembers (frame_text is the event as sent), borrowed; NULL: nothing. */
struct frame *hub_cached(
    const struct hub *h, const struct app *app, const char *name, size_t n, int64_t *out_ttl_ms);

/* Subscribers of one channel; 0 if there is no such channel. */
size_t hub_occupancy(const struct app *app, const char *name, size_t n);

#endif
