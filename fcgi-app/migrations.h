/* migrations - the files of sql/, compiled in by sql/embed.sh, in order of their version. */
#ifndef MIGRATIONS_H
#define MIGRATIONS_H

#include <stddef.h>

struct migration {
	int version;
	const char *name, *sql;
};

extern const struct migration migrations[];
extern const size_t migrations_count;

#endif
