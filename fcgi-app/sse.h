/*
 * sse - event-stream bytes to events, at any split.
 *
 * Lines end in \r\n, \n or \r; a split may fall anywhere, also inside \r\n or a character.
 * Only `data` matters: several lines of one event are joined by \n, comments and the other
 * known fields are skipped. Lines that are no field at all are kept as "stray", because a
 * server in trouble writes bare JSON into its stream. Each byte is looked at once.
 *
 * Owns:    its buffers; sse_free.
 * Threads: one at a time; pure.
 * Errors:  ERR_LIMIT: a line or an event beyond max_event; whatever the callback returns stops
 *          the feed and is passed on. After an error only sse_free is of use.
 * Source:  HTML Living Standard 9.2 (server-sent events).
 */
#ifndef SSE_H
#define SSE_H

#include <stdbool.h>

#include "buf.h"

/* data is NUL-terminated and lives until the callback returns. */
typedef enum err (*sse_event_fn)(void *arg, const char *data, size_t n);

struct sse {
	struct buf line;  /* the line that has not ended yet */
	struct buf data;  /* of the event that has not ended yet */
	struct buf stray; /* at most its max is kept, then is_stray_cut */
	size_t event_count;
	bool has_data;   /* an empty `data:` line is an event, too */
	bool skip_lf;    /* the last byte was a \r that ended a line */
	bool is_started; /* the first line may start with a byte order mark */
	bool is_stray_cut;
};

void sse_init(struct sse *s, size_t max_event, size_t max_stray);
enum err sse_feed(struct sse *s, const char *p, size_t n, sse_event_fn fn, void *arg) MUST_CHECK;

/* The stream has ended: what is left counts as a line and as an event. */
enum err sse_finish(struct sse *s, sse_event_fn fn, void *arg) MUST_CHECK;
void sse_free(struct sse *s);

#endif
