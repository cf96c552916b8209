/*
 * address_counts - how many WebSockets each address has. Pure.
 *
 * Owns:    an entry an address, while it has any. All zero but max: nobody is there.
 * Threads: the event-loop thread only.
 * Limits:  max an address (PUSH_MAX_CONNECTIONS_PER_ADDRESS); 0: none. Loopback is not counted:
 * that is this machine, or a proxy on it that TRUSTED_PROXIES does not name.
 */
#ifndef ADDRESS_COUNTS_H
#define ADDRESS_COUNTS_H

#include "table.h"
#include "util.h"

struct address_count;

struct address_counts {
	struct table_entry *table;
	size_t max;
};

/* ERR_LIMIT: it has as many as it may. *out_entry is for the removal; NULL: not counted. */
enum err address_counts_add(
    struct address_counts *c, const char *address, struct address_count **out_entry) MUST_CHECK;
void address_counts_remove(struct address_counts *c, struct address_count *entry); /* may be NULL */

#endif
