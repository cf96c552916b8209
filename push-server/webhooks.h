/*
 * webhooks - what happens in the hub, told to the receivers of an app. Pure.
 *
 * channel_vacated and member_removed are held for LIMIT_WEBHOOK_HOLD_MS: whoever comes back
 * meanwhile has never left, and neither event is sent. cache_miss is told once in that time. An
 * event becomes a post for each receiver that wants it, or with batching part of the next one. A
 * receiver's posts go out in lanes: events of one channel stay in order, a post that fails holds
 * up only its lane. What is not answered with 2xx is tried again with growing pauses for
 * LIMIT_WEBHOOK_RETRY_MS.
 *
 * Owns:    events, posts, its copies of the receivers. The transport is borrowed.
 * Threads: the event-loop thread only. Times: monotonic milliseconds; wall clock in time_ms.
 * Limits:  LIMIT_WEBHOOK_POSTS and LIMIT_WEBHOOK_BYTES a receiver, LIMIT_WEBHOOK_ALL_BYTES of all,
 *          LIMIT_WEBHOOK_HOLDS; what does not fit is dropped and counted.
 * Source:  reference of the Pusher protocol, "Webhooks".
 */
#ifndef WEBHOOKS_H
#define WEBHOOKS_H

#include "apps.h"
#include "hub.h"
#include "sign.h"

struct webhooks;
struct webhook_target;

struct webhook_post { /* borrowed by the transport from start to webhooks_done or cancel */
	const char *url, *key;
	char *const *headers; /* "Name: value", NULL-terminated; may be NULL */
	char signature[SIGN_HEX_SIZE];
	const char *body;
	size_t body_len;
	void *transfer; /* the transport's */
};

struct webhook_transport {
	void *ctx;
	/* Posts, and calls webhooks_done later, never from within. */
	void (*start)(void *ctx, struct webhook_post *p);
	void (*cancel)(void *ctx, struct webhook_post *p);
	/* Call webhooks_run after so many milliseconds; a later call replaces this one. */
	void (*wake)(void *ctx, int64_t in_ms);
	int64_t (*mono_ms)(void);
	int64_t (*wall_ms)(void);
};

struct webhooks *webhooks_new(const struct webhook_transport *t, struct metrics *m);
void webhooks_free(struct webhooks *w); /* cancels what is under way; may be NULL */

/* Takes the receivers of all apps; queued posts of receivers that stay are kept. */
void webhooks_configure(struct webhooks *w, const struct apps *apps);

/* For hub_observe. */
struct hub_observer webhooks_observer(struct webhooks *w);

void webhooks_run(struct webhooks *w); /* does what is due, and asks to be woken again */

/* The end of a post that was started: was it a 2xx? p is gone afterwards. */
void webhooks_done(struct webhooks *w, struct webhook_post *p, bool is_taken);

size_t webhooks_waiting(const struct webhooks *w); /* posts that are not yet taken */

#endif
