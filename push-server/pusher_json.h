/*
 * pusher_json - the frames of the Pusher protocol, version 7: parsed and built.
 *
 * Pure; fuzzed. Built frames are the caller's reference, never NULL; the strings that go in are
 * UTF-8 (they come out of Jansson, or are ours).
 * Threads: the event-loop thread only.
 */
#ifndef PUSHER_JSON_H
#define PUSHER_JSON_H

#include <jansson.h>

#include "frame.h"

struct pusher_message {
	const char *event;   /* borrowed from root, as all below */
	const char *channel; /* top level (client events), or NULL */
	json_t *data;        /* as it came, or NULL */
	json_t *root;
};

/* ERR_INVALID: no JSON object with a string "event". *out is to be cleared after OK. */
enum err pusher_parse(const char *p, size_t n, struct pusher_message *out) MUST_CHECK;
void pusher_message_clear(struct pusher_message *m);

struct frame *pusher_established(const char *socket_id, long activity_seconds);
struct frame *pusher_subscribed(const char *channel, const char *data); /* data: JSON text */
struct frame *pusher_subscription_error(
    const char *channel, const char *type, const char *text, int status); /* type may be NULL */
struct frame *pusher_error(int code, const char *text); /* code 0: null, nothing is closed */
/* With the channel, so that pusher-js hands it to that channel's listeners too; may be NULL. */
struct frame *pusher_channel_error(const char *channel, int code, const char *text);
struct frame *pusher_ping(void);
struct frame *pusher_pong(void);

struct frame *pusher_member_added(const char *channel, const char *user_id, json_t *user_info);
struct frame *pusher_member_removed(const char *channel, const char *user_id);
struct frame *pusher_subscription_count(const char *channel, size_t count);
struct frame *pusher_cache_miss(const char *channel);
struct frame *pusher_signed_in(const char *user_data);           /* as the client sent it */
struct frame *pusher_watchlist(json_t *online, json_t *offline); /* arrays of ids; borrowed */

/* data is delivered as it is (a string stays a string); data and user_id may be NULL. */
struct frame *pusher_event(
    const char *name, const char *channel, json_t *data, const char *user_id);

#endif
