/*
 * message_json - stored things as clients see them, in answers and in events alike.
 *
 * Pure. The returned value is the caller's, or NULL when memory ends.
 */
#ifndef MESSAGE_JSON_H
#define MESSAGE_JSON_H

#include <jansson.h>

#include "store.h"

/*
 * text may differ from m->content: a cut one in an event that must fit into a datagram.
 * app_key: makes the author's public id, the one of /api/me and of presence; NULL: none is told.
 */
json_t *message_json(
    const struct message *m, const char *text, size_t text_len, const char *app_key);
json_t *chat_id_json(const char *id, bool is_number);
json_t *chat_json(const struct chat *c);

/* "2026-11-24", of a day as store_usage.h counts them. */
json_t *usage_day_json(int64_t day);

#endif
