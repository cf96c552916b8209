/*
 * hub - channels, who is in them, and how an event reaches them.
 *
 * Events of one round of the loop gather in their channel; hub_flush joins what a channel got and
 * hands it to each member once. Whoever publishes need not flush: the loop does, once a round.
 * A channel exists while somebody is in it.
 *
 * Owns:    channels, subscriptions, the table of socket ids. Peers and apps are borrowed: a peer
 *          must be detached before it goes.
 * Threads: the event-loop thread only.
 * Limits:  subscriptions a peer and name lengths are the session's to check; what gathers in a
 *          channel is flushed beyond HUB_JOIN_BYTES.
 */
#ifndef HUB_H
#define HUB_H

#include <stddef.h>

#include "metrics.h"
#include "peer.h"

#define HUB_JOIN_BYTES (64 * 1024)
#define HUB_JOIN_FRAMES 64

struct hub;

struct hub *hub_new(struct metrics *m); /* m is borrowed */
void hub_free(struct hub *h);           /* no peer may be attached */

/* Gives p its socket id and counts it in app. ERR_LIMIT: the app is at its capacity. */
enum err hub_attach(struct hub *h, struct app *app, struct peer *p) MUST_CHECK;
void hub_detach(struct hub *h, struct peer *p); /* leaves all channels; not attached: nothing */
void hub_leave_all(struct hub *h, struct peer *p);
const char *hub_socket_id(const struct peer *p, char out[SOCKET_ID_SIZE]);
struct peer *hub_find(const struct hub *h, const struct app *app, const char *socket_id);
struct peer *hub_peer_at(const struct hub *h, size_t slot); /* for walking all; may be NULL */
size_t hub_slots(const struct hub *h);                      /* slots < this are worth a look */

/* Both are idempotent. */
void hub_subscribe(struct hub *h, struct peer *p, const char *name, size_t n);
void hub_unsubscribe(struct hub *h, struct peer *p, const char *name, size_t n);
bool hub_is_member(const struct peer *p, const char *name, size_t n);

/* Takes its own reference to f. except may be NULL. */
void hub_publish(struct hub *h, struct app *app, const char *name, size_t n, struct frame *f,
    const struct peer *except);
void hub_flush(struct hub *h);

/*
 * Ends everybody in the channel with 4200, so that they come back and are asked for a signature
 * again. user_id narrows it to that user where the channel knows its users. Returns how many.
 */
size_t hub_evict(struct hub *h, struct app *app, const char *name, size_t n, const char *user_id);

size_t hub_channel_count(const struct hub *h);
size_t hub_subscription_count(const struct hub *h);
size_t hub_peer_count(const struct hub *h);

/* Subscribers of one channel; 0 if there is no such channel. */
size_t hub_occupancy(struct app *app, const char *name, size_t n);

#endif
