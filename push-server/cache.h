/*
 * cache - the last event of each cache channel of an app. Pure.
 *
 * Owns:    names, and a reference to each frame. All zero is an empty cache.
 * Threads: the event-loop thread only. Times: monotonic milliseconds.
 * Limits:  LIMIT_CACHE_BYTES together; beyond that the oldest events are dropped.
 */
#ifndef CACHE_H
#define CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "frame.h"

struct table_entry;

struct cache {
	struct table_entry *entries; /* oldest first */
	size_t bytes;
};

/* Replaces what was remembered under name. Returns how many others had to be dropped for it. */
size_t cache_put(
    struct cache *c, const char *name, size_t n, struct frame *f, int64_t now_ms, int64_t ttl_ms);

/* Borrowed; NULL: nothing, or too old. out_ttl_ms may be NULL. */
struct frame *cache_get(
    const struct cache *c, const char *name, size_t n, int64_t now_ms, int64_t *out_ttl_ms);

void cache_expire(struct cache *c, int64_t now_ms); /* frees what is too old */
void cache_clear(struct cache *c);

#endif
