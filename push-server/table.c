/* uthash's function is ours; what it does when memory ends, too. Before its header, hence here. */
#include <stdlib.h>

#include "keyed_hash.h"

#define HASH_FUNCTION(key, len, hashv) ((hashv) = (unsigned)keyed_hash((key), (len)))
#define uthash_fatal(msg) abort()

#include "table.h"

void
table_add(struct table_entry **t, struct table_entry *e, const char *name, size_t n)
{
	HASH_ADD_KEYPTR(hh, *t, name, n, e);
}

struct table_entry *
table_find(const struct table_entry *t, const char *name, size_t n)
{
	struct table_entry *e;

	HASH_FIND(hh, t, name, n, e);
	return e;
}

void
table_remove(struct table_entry **t, struct table_entry *e)
{
	HASH_DEL(*t, e);
}

size_t
table_count(const struct table_entry *t)
{
	return HASH_COUNT(t);
}
