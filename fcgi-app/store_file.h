/*
 * store_file - is the file at the database's path still the one that is open, and may a new one be
 * made there? Only store*.c include it.
 *
 * A database that was moved or deleted stays open and takes writes that nobody will ever see
 * (reference: reliability F13). And whoever opens the path next would make an empty one: so a file
 * beside it, "<path>.made", says that there was one.
 */
#ifndef STORE_FILE_H
#define STORE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "err.h"
#include "util.h"

struct store_file {
	char *path; /* owned; NULL: in memory, always there */
	dev_t device;
	ino_t inode;
	bool was_away; /* it has been logged */
};

/* Before it is opened. ERR_STORAGE: there was a database here, and is none (logged). */
enum err store_file_may_open(const char *path, bool may_be_new) MUST_CHECK;

/* It is open and has its schema. */
enum err store_file_opened(struct store_file *f, const char *path) MUST_CHECK;
void store_file_free(struct store_file *f);

/* What was read from it made no sense: the next start is to check all of it (store_damage.h). */
void store_file_suspect(const struct store_file *f);

/*
 * ERR_STORAGE: there is no file at the path now. Another one there ends the process, at once and
 * without closing: SQLite would delete the other's log by name.
 */
enum err store_file_check(struct store_file *f) MUST_CHECK;

#endif
