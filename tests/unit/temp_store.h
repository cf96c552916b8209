/* temp_store - a store in a new directory of its own, gone at the end. */
#ifndef TEMP_STORE_H
#define TEMP_STORE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store.h"

struct temp_store {
	char dir[64], path[96];
	struct store *s;
};

static inline void
temp_store_open(struct temp_store *t)
{
	(void)snprintf(t->dir, sizeof t->dir, "/tmp/charla-unit-XXXXXX");
	if (mkdtemp(t->dir) == NULL)
		abort();
	(void)snprintf(t->path, sizeof t->path, "%s/test.db", t->dir);
	if (store_open(&t->s, t->path, STORE_WRITE) != OK)
		abort();
}

static inline void
temp_store_close(struct temp_store *t)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", ".made" };

	store_close(t->s);
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		char path[112];

		(void)snprintf(path, sizeof path, "%s%s", t->path, suffixes[i]);
		(void)unlink(path);
	}
	(void)rmdir(t->dir);
}

#endif
