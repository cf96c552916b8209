/*
 * bare_channel - the bare broadcaster's channels: a name, who is in it, what waits to be sent.
 *
 * Owns:    the channels, for ever. Connections are borrowed until they leave.
 * Threads: one.
 */
#ifndef BARE_CHANNEL_H
#define BARE_CHANNEL_H

#include "buf.h"

#define BARE_FRAME_BYTES 65535 /* of text: the header has 16 bits for it */
#define BARE_HEAD_MAX 4

struct bare_conn;

struct bare_channel {
	struct bare_channel *next; /* in its bucket */
	struct bare_channel *next_dirty;
	struct bare_conn **members;
	size_t count, cap;
	struct buf out; /* frames */
	char name[];
};

/* Made if it is not there. */
struct bare_channel *bare_channel_get(const char *name, size_t n);
struct bare_channel *bare_channel_find(const char *name, size_t n); /* or NULL */

void bare_channel_join(struct bare_channel *c, struct bare_conn *k);
void bare_channel_leave(struct bare_channel *c, const struct bare_conn *k);

/* The header of a text frame of n <= BARE_FRAME_BYTES bytes. Returns its length. */
size_t bare_frame_head(char head[BARE_HEAD_MAX], size_t n);

/* The string value of "key" in the n bytes of p, by looking for it; escapes are not known here. */
const char *bare_json_string(const char *p, size_t n, const char *key, size_t *out_len);

#endif
