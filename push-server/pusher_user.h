/*
 * pusher_user - the people in signed JSON: channel_data of presence channels, user_data of sign-in.
 *
 * Pure; fuzzed. Owns: the parsed text, freed by pusher_user_clear (or the auto_ local).
 * Errors: ERR_INVALID: no JSON object, no usable id, a member of the wrong kind.
 * Limits: ids of 1 to LIMIT_USER_ID_LEN bytes. Source: reference of the Pusher protocol, 1.6, 1.8.
 */
#ifndef PUSHER_USER_H
#define PUSHER_USER_H

#include <jansson.h>
#include <stdbool.h>

#include "limit.h"
#include "util.h"

#define PUSHER_USER_INFO_FORM (JSON_COMPACT | JSON_ENCODE_ANY)

struct pusher_user {
	char id[LIMIT_USER_ID_LEN + 1];
	json_t *info;                     /* borrowed from root; NULL: none */
	char *watchlist[LIMIT_WATCHLIST]; /* ids; user_data only */
	size_t watch_count;
	bool is_watchlist_cut; /* there were more */
	json_t *root;
};

/* user_id: a string, or an integer as Laravel sends it. */
enum err pusher_user_from_channel_data(const char *text, struct pusher_user *out) MUST_CHECK;

/* id: a string of Pusher's alphabet, for it becomes part of a channel's name. */
enum err pusher_user_from_user_data(const char *text, struct pusher_user *out) MUST_CHECK;

void pusher_user_set(struct pusher_user *u, const char *id, json_t *info); /* as known already */
void pusher_user_clear(struct pusher_user *u);

#define auto_pusher_user __attribute__((cleanup(pusher_user_clear))) struct pusher_user

#endif
