/*
 * session - one Pusher connection as a state machine, with no socket in sight.
 *
 * Bytes and the time come in as arguments; answers go to the peer's transport. Every refusal is
 * said in-band: a pusher:error, and where the protocol wants it the end of the peer with a code.
 *
 * Owns:    its peer and its place on the wheel, until session_close.
 * Threads: the event-loop thread only. Times: monotonic milliseconds.
 * Limits:  limit.h and app->limits, each with a counter in metrics.
 * Source:  reference of the Pusher protocol, version 7.
 *
 * Rooms: session.c opening, silence, ending, the table of events. session_subscribe.c channels.
 * session_signin.c users. session_client.c client events.
 */
#ifndef SESSION_H
#define SESSION_H

#include "address_counts.h"
#include "hub.h"
#include "wheel.h"

#define SESSION_CLOSE_GRACE_MS 5000 /* for the last frames to leave; then the socket is cut */

/* What all sessions share; borrowed for their life. */
struct session_env {
	struct hub *hub;
	const struct apps *apps;
	struct wheel *wheel;
	struct metrics *metrics;
	long activity_seconds; /* told to clients, and after which silence is asked about */
	struct address_counts addresses;
	bool is_draining;
};

struct session {
	struct peer peer;
	struct session_env *env;
	struct wheel_node timer;
	int64_t seen_ms;          /* when the last frame came */
	int64_t client_events_ms; /* start of the second that is counted */
	int64_t asked_until_ms;   /* a pusher:ping is out; 0: none */
	int64_t authorise_by_ms;  /* when it must have shown a signature; 0: no need */
	uint32_t client_events;
	struct address_count *address; /* NULL: not counted */
};

/* What the upgrade request said; borrowed during the call. */
struct session_request {
	const char *key;
	size_t key_len;
	const char *protocol; /* the query parameter, or NULL */
	const char *origin;   /* the header, or NULL */
	const char *address;  /* whose connection it is, as limits count; or NULL */
};

/* What s was before is forgotten, but for s->peer.link. */
void session_open(struct session *s, struct session_env *env, const struct transport *t,
    const struct session_request *r, int64_t now_ms);
void session_receive(struct session *s, const char *text, size_t len, int64_t now_ms);
void session_seen(struct session *s, int64_t now_ms); /* any frame, control frames too */

/* Its time on the wheel has come. False: it ended long ago and is to be cut off. */
bool session_tick(struct session *s, int64_t now_ms);

/* Leaves everything and ends with a code; the transport closes. text NULL: nothing is said. */
void session_end(struct session *s, uint16_t code, const char *text, int64_t now_ms);

/* The other end closes: the same, and what waits for him is not sent any more. */
void session_end_quietly(struct session *s, int64_t now_ms);
void session_fell_behind(struct session *s); /* a frame beside the protocol found no room */
void session_close(struct session *s);       /* the socket is gone */

#endif
