/*
 * A table keeps the order of insertion, and an entry that is set again goes to the end: the first
 * is the oldest. With one time to live an app it is also the first to expire.
 */
#include "cache.h"

#include "limit.h"
#include "table.h"

struct cached {
	struct table_entry entry;
	struct frame *frame;
	int64_t until_ms;
	size_t bytes;
	char name[];
};

static struct cached *
find(const struct cache *c, const char *name, size_t n)
{
	return (struct cached *)(void *)table_find(c->entries, name, n);
}

static struct cached *
oldest(const struct cache *c)
{
	return (struct cached *)(void *)c->entries;
}

static void
drop(struct cache *c, struct cached *e)
{
	table_remove(&c->entries, &e->entry);
	c->bytes -= e->bytes;
	frame_unref(e->frame);
	free(e);
}

static size_t
make_room(struct cache *c, size_t bytes)
{
	size_t dropped = 0;

	for (; c->entries != NULL && c->bytes + bytes > LIMIT_CACHE_BYTES; dropped++)
		drop(c, oldest(c));
	return dropped;
}

size_t
cache_put(
    struct cache *c, const char *name, size_t n, struct frame *f, int64_t now_ms, int64_t ttl_ms)
{
	struct cached *e = find(c, name, n);
	size_t bytes = sizeof *e + n + frame_len(f), dropped;

	if (e != NULL)
		drop(c, e);
	dropped = make_room(c, bytes);
	e = xcalloc(1, sizeof *e + n + 1);
	memcpy(e->name, name, n);
	e->frame = frame_ref(f);
	e->until_ms = now_ms + ttl_ms;
	e->bytes = bytes;
	c->bytes += bytes;
	table_add(&c->entries, &e->entry, e->name, n);
	return dropped; /* NOLINT(clang-analyzer-unix.Malloc): e is the table's now */
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
	while (c->entries != NULL && oldest(c)->until_ms <= now_ms)
		drop(c, oldest(c));
}

void
cache_clear(struct cache *c)
{
	while (c->entries != NULL)
		drop(c, oldest(c));
}
