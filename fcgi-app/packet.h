/*
 * packet - lines that go to the push server in one datagram, and where they came from: replies
 * whose delta is among them, rows of the outbox.
 *
 * Owns:    its lines and lists; link and replies are borrowed. Threads: the worker's.
 * Limits:  LIMIT_DATAGRAM_BYTES; LIMIT_OUTBOX_ROUND rows.
 */
#ifndef PACKET_H
#define PACKET_H

#include "limit.h"
#include "notify_wire.h"
#include "push_link.h"
#include "reply.h"

struct packet {
	struct push_link *link;
	struct buf lines;
	struct reply **replies;
	size_t reply_count, reply_cap;
	int64_t rows[LIMIT_OUTBOX_ROUND]; /* -id: one that is passed over */
	size_t row_count;
	int64_t *taken;    /* rows that were sent and are still in the outbox */
	int64_t *taken_in; /* in which datagram */
	size_t taken_count, taken_cap;
	int64_t last_row; /* rows up to this one were sent or passed over */
};

void packet_init(struct packet *p, struct push_link *link);
void packet_free(struct packet *p);

/* Adds a line; sends what is there first if it does not fit any more. ERR_LIMIT: it never will. */
enum err packet_add(struct packet *p, const struct notify_line *line, int64_t now_ms) MUST_CHECK;

/* The line that was added last came from here; or the row has none, or gets none now. */
void packet_note_reply(struct packet *p, struct reply *r);
void packet_note_row(struct packet *p, int64_t id);
void packet_pass_over(struct packet *p, int64_t id);

/*
 * Sends what there is; afterwards it is empty. On an error what was in it waits again: rows in the
 * outbox, deltas in their replies, except where nobody is there to take them.
 */
enum err packet_send(struct packet *p, int64_t now_ms) MUST_CHECK;
void packet_clear(struct packet *p);

/* So many of taken the push server has. */
size_t packet_arrived(const struct packet *p);

/* The first count of taken are no longer in the outbox. */
void packet_deleted(struct packet *p, size_t count);

#endif
