/*
 * chat_channel - the name of a channel that must be authorised -> which chat it belongs to, and
 * how.
 *
 *   private-chat.<id>  presence-chat.<id>  private-encrypted-chat.<id>, and their -cache- kinds
 *
 * Pure; fuzzed. Source: reference page pusher 1.6.
 */
#ifndef CHAT_CHANNEL_H
#define CHAT_CHANNEL_H

#include <stdbool.h>

#include "limit.h"

struct chat_channel {
	char chat_id[LIMIT_CHAT_ID_LEN + 1]; /* "": a channel that is no chat's */
	bool is_presence, is_encrypted;
};

/* False: no name of a channel, or of one that everybody may subscribe. */
bool chat_channel_parse(const char *name, struct chat_channel *out);

#endif
