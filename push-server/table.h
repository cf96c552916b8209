/*
 * table - things by name: an intrusive hash table that remembers the order of insertion. Pure.
 *
 * A thing has a table_entry as its first member and outlives its place in the table. Strangers
 * choose the names, so the hash is keyed. Only table.c uses uthash's functions.
 *
 * Owns:    its buckets, freed with the last entry. NULL is an empty table.
 * Threads: the event-loop thread only.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stddef.h>

#include <uthash.h>

struct table_entry {
	UT_hash_handle hh;
};

/* name: n bytes, borrowed until the entry is removed; not in the table yet. */
void table_add(struct table_entry **t, struct table_entry *e, const char *name, size_t n);
struct table_entry *table_find(const struct table_entry *t, const char *name, size_t n);
void table_remove(struct table_entry **t, struct table_entry *e);
size_t table_count(const struct table_entry *t);

/* The oldest is the table itself; NULL after the newest. */
static inline struct table_entry *
table_next(const struct table_entry *e)
{
	return e->hh.next;
}

#endif
