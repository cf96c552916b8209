#include "address_counts.h"

#include "client_address.h"

struct address_count {
	struct table_entry entry; /* first */
	size_t count;
	char address[];
};

/* ::1, too, as client_address writes it. */
static bool
is_own(const char *address)
{
	return client_address_is_loopback(address) || strcmp(address, "::/64") == 0;
}

enum err
address_counts_add(struct address_counts *c, const char *address, struct address_count **out_entry)
{
	size_t n = address != NULL ? strlen(address) : 0;
	struct address_count *a;

	*out_entry = NULL;
	if (c->max == 0 || n == 0 || is_own(address))
		return OK;
	a = (struct address_count *)(void *)table_find(c->table, address, n);
	if (a != NULL && a->count >= c->max)
		return ERR_LIMIT;
	if (a == NULL) {
		a = xcalloc(1, sizeof *a + n + 1);
		memcpy(a->address, address, n);
		table_add(&c->table, &a->entry, a->address, n);
	}
	a->count++;
	*out_entry = a;
	return OK;
}

void
address_counts_remove(struct address_counts *c, struct address_count *entry)
{
	if (entry == NULL || --entry->count > 0)
		return;
	table_remove(&c->table, &entry->entry);
	free(entry);
}
