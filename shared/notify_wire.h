/*
 * notify_wire - the bytes of the notify datagram, both ways. Version 1.
 *
 * One JSON object a line, one or several lines a datagram, so that socat can send one and a
 * person can read one:
 *
 *   {"v":1,"app":"local","channels":["chat.1"],"name":"text_delta","data":"{...}",
 *    "socket_id":"1.2","rid":"..."}
 *   {"v":1,"op":"evict","app":"local","channel":"private-chat.1","user_id":"..."}
 *   {"v":1,"op":"refused","uid":33,"setting":"PUSH_SOCKET_USERS"}      (push server -> sender)
 *
 * data is a string, delivered as it is. socket_id, rid, user_id are optional.
 *
 * Pure; fuzzed. Owns: a parsed line owns its JSON root, notify_line_clear frees it; all its
 * strings are borrowed from that root.
 * Errors: ERR_INVALID (not our JSON, wrong type, unknown v or op), ERR_LIMIT (limit.h).
 */
#ifndef NOTIFY_WIRE_H
#define NOTIFY_WIRE_H

#include <jansson.h>
#include <stddef.h>

#include "buf.h"
#include "limit.h"

enum notify_op { NOTIFY_PUBLISH, NOTIFY_EVICT, NOTIFY_REFUSED };

struct notify_line {
	enum notify_op op;
	const char *app;
	const char *channels[LIMIT_CHANNELS_PER_EVENT]; /* evict: exactly one */
	size_t channel_count;
	const char *name, *data;
	size_t data_len;
	const char *socket_id; /* NULL: nobody is excluded */
	const char *rid;       /* NULL: none */
	const char *user_id;   /* evict; NULL: everybody in the channel */
	long long uid;         /* refused */
	const char *setting;   /* refused */
	json_t *root;
};

/* Appends the line and its '\n'. Reads everything but root. */
enum err notify_line_write(struct buf *b, const struct notify_line *line) MUST_CHECK;

/* One line without its '\n'. *out is to be cleared by the caller after OK. */
enum err notify_line_parse(const char *p, size_t n, struct notify_line *out) MUST_CHECK;
void notify_line_clear(struct notify_line *line);

/*
 * Walks the lines of a datagram: *p, *n are advanced behind the line that is returned in
 * out_line, out_len. Empty lines are skipped. False at the end.
 */
int notify_next_line(const char **p, size_t *n, const char **out_line, size_t *out_len);

#endif
