/*
 * uthash keeps the order of insertion, and an entry that is set again goes to the end: the first
 * is the oldest. With one time to live an app it is also the first to expire.
 */
#include "cache.h"

#include "hash.h"
#include "limit.h"

struct cached {
	UT_hash_handle hh;
	struct frame *frame;
	int64_t until_ms;
	size_t bytes;
	char name[];
};

static struct cached *
find(const struct cache *c, const char *name, size_t n)
{
	struct cached *e;

	HASH_FIND(hh, c->entries, name, n, e);
	return e;
}

static void
drop(struct cache *c, struct cached *e)
{
	HASH_DEL(c->entries, e);
	c->bytes -= e->bytes;
	frame_unref(e->frame);
	free(e);
}

size_t
cache_put(
    struct cache *c, const char *name, size_t n, struct frame *f, int64_t now_ms, int64_t ttl_ms)
{
	struct cached *e = find(c, name, n);
	size_t dropped = 0;

	if (e != NULL)
		drop(c, e);
	e = xcalloc(1, sizeof *e + n + 1);
	memcpy(e->name, name, n);
	e->frame = frame_ref(f);
	e->until_ms = now_ms + ttl_ms;
	e->bytes = sizeof *e + n + frame_len(f);
	HASH_ADD_KEYPTR(hh, c->entries, e->name, n, e);
	c->bytes += e->bytes;
	for (; c->bytes > LIMIT_CACHE_BYTES && c->entries != e; dropped++)
		drop(c, c->entries);
	return dropped;
}

struct frame *
cache_get(const struct cache *c, const char *name, size_t n, int64_t now_ms, int64_t *out_ttl_ms)
{
	const struct cached *e = find(c, name, n);

	if (e == NULL || e->until_ms <= now_ms)
		return NULL;
	if (out_ttl_ms != NULL)
		*out_ttl_ms = e->until_ms - now_ms;
	return e->frame;
}

void
cache_expire(struct cache *c, int64_t now_ms)
{
	while (c->entries != NULL && c->entries->until_ms <= now_ms)
		drop(c, c->entries);
}

void
cache_clear(struct cache *c)
{
	while (c->entries != NULL)
		drop(c, c->entries);
}
