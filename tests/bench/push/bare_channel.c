#include "bare_channel.h"

#include <stdint.h>

#define BUCKETS 65536
#define OUT_BYTES ((size_t)64 * 1024 * 1024)

static struct bare_channel *table[BUCKETS];

static struct bare_channel **
bucket_of(const char *name, size_t n)
{
	uint32_t h = 2166136261U; /* FNV-1a */

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)name[i]) * 16777619U;
	return &table[(h ^ h >> 16) % BUCKETS];
}

static struct bare_channel *
find_in(struct bare_channel *c, const char *name, size_t n)
{
	while (c != NULL && (strncmp(c->name, name, n) != 0 || c->name[n] != '\0'))
		c = c->next;
	return c;
}

struct bare_channel *
bare_channel_find(const char *name, size_t n)
{
	return find_in(*bucket_of(name, n), name, n);
}

struct bare_channel *
bare_channel_get(const char *name, size_t n)
{
	struct bare_channel **bucket = bucket_of(name, n);
	struct bare_channel *c = find_in(*bucket, name, n);

	if (c != NULL)
		return c;
	c = xcalloc(1, sizeof *c + n + 1);
	memcpy(c->name, name, n);
	c->out = BUF_INIT(OUT_BYTES);
	c->next = *bucket;
	*bucket = c;
	return c;
}

void
bare_channel_join(struct bare_channel *c, struct bare_conn *k)
{
	if (c->count == c->cap) {
		c->cap = c->cap * 2 + 4;
		c->members = xrealloc(c->members, c->cap, sizeof(struct bare_conn *));
	}
	c->members[c->count++] = k;
}

void
bare_channel_leave(struct bare_channel *c, const struct bare_conn *k)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->members[i] == k) {
			c->members[i] = c->members[--c->count];
			return;
		}
}

size_t
bare_frame_head(char head[BARE_HEAD_MAX], size_t n)
{
	head[0] = (char)0x81;
	if (n < 126) {
		head[1] = (char)n;
		return 2;
	}
	head[1] = 126;
	head[2] = (char)(n >> 8);
	head[3] = (char)n;
	return 4;
}

const char *
bare_json_string(const char *p, size_t n, const char *key, size_t *out_len)
{
	const char *found = memmem(p, n, key, strlen(key)), *value, *end;

	if (found == NULL)
		return NULL;
	value = found + strlen(key);
	end = memchr(value, '"', (size_t)(p + n - value));
	if (end == NULL)
		return NULL;
	*out_len = (size_t)(end - value);
	return value;
}
