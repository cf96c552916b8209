/*
 * presence - the users of one presence channel. Pure.
 *
 * A user may be there by several connections. Connections are known by their place in the
 * channel's array of members: a new one takes the next place, and when one leaves the last
 * takes its place.
 *
 * Owns:    ids, and a reference to each user_info (of the user's first connection).
 * Threads: the event-loop thread only.
 */
#ifndef PRESENCE_H
#define PRESENCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct presence;

struct presence *presence_new(void);
void presence_free(struct presence *p); /* may be NULL */

/* info may be NULL: {}. True: it is the user's first connection. */
bool presence_add(struct presence *p, const char *user_id, json_t *info);

/* The id, the caller's, if that was the user's last connection; else NULL. */
char *presence_remove(struct presence *p, uint32_t place);

size_t presence_users(const struct presence *p);
bool presence_has(const struct presence *p, const char *user_id);
const char *presence_user_at(const struct presence *p, uint32_t place); /* borrowed */
void presence_each(const struct presence *p, void (*fn)(void *ctx, const char *user_id), void *ctx);

/* {"presence":{"ids":[..],"hash":{id:info,..},"count":n}}, the caller's. */
json_t *presence_json(const struct presence *p);

#endif
