/*
 * events - the JSON of what is pushed, by name (event_names.h; keys: reference chat-backend 3.5, a
 * superset of those of Laravel's AI packages), and the channels that a chat has.
 *
 * Every event carries seq and prev, the last seq covered before it: a reader who has less than prev
 * missed something and asks history. offset and length are UTF-16 units.
 *
 * Pure. Texts are appended to a buf of the caller's. Errors: ERR_LIMIT.
 */
#ifndef EVENTS_H
#define EVENTS_H

#include "store.h"

struct event_context { /* what the events of a reply have in common */
	const char *chat_id;
	bool id_is_number;
	const char *message_uid, *parent_uid,
	    *job_uid; /* NULL: of the chat itself; parent_uid: root */
	int64_t seq, prev, now_ms;
	const char *app_key; /* see message_json.h; only for events that carry a message */
};

enum err event_delta(struct buf *out, const struct event_context *c, const char *text, size_t n,
    int64_t offset) MUST_CHECK;

/*
 * Any event of the outbox; data is its stored JSON object or NULL, its members are added.
 * m is the message it is about; NULL only if the event names none.
 * max: of the text, for events that carry a message: a longer one is cut and says so.
 */
enum err event_of_outbox(struct buf *out, const struct event_context *c,
    const struct outbox_event *e, const struct message *m, size_t max) MUST_CHECK;

#define EVENT_CHANNELS_MAX 3
struct event_channels {
	char names[EVENT_CHANNELS_MAX][LIMIT_CHAT_ID_LEN + sizeof "presence-chat."];
	size_t count;
};
/* Open: chat.<id>, private-chat.<id>, presence-chat.<id>; private: the last two (design 5). */
void event_channels(const char *chat_id, bool is_private, struct event_channels *out);

#endif
