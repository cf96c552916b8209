#include "store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

#define NAME_SIZE 4200

static bool
is_memory(const char *path)
{
	return *path == '\0' || strcmp(path, ":memory:") == 0;
}

static const char *
mark_name(const char *path, char name[NAME_SIZE])
{
	(void)snprintf(name, NAME_SIZE, "%s.made", path);
	return name;
}

enum err
store_file_may_open(const char *path, bool may_be_new)
{
	char name[NAME_SIZE];
	struct stat st;

	/* SQLite makes a new one of an empty file, and deletes the log beside it. */
	if (may_be_new || is_memory(path) || (stat(path, &st) == 0 && st.st_size > 0) ||
	    access(mark_name(path, name), F_OK) != 0)
		return OK;
	log_error("the database is gone: restore it, or make a new one with fcgi-app --migrate "
		  "path=%s",
	    path);
	return ERR_STORAGE;
}

static enum err
mark(const char *path)
{
	char name[NAME_SIZE];
	auto_fd fd = open(mark_name(path, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0660);

	/* A disk that is full or read-only now must not stop a database that is there. */
	if (fd < 0 && errno != EEXIST)
		log_errno("a mark cannot be made path=%s", name);
	return OK;
}

enum err
store_file_opened(struct store_file *f, const char *path)
{
	struct stat st;

	if (is_memory(path))
		return OK;
	if (stat(path, &st) != 0) {
		log_errno("the database is gone path=%s", path);
		return ERR_STORAGE;
	}
	f->path = xstrdup(path);
	f->device = st.st_dev;
	f->inode = st.st_ino;
	return mark(path);
}

void
store_file_free(struct store_file *f)
{
	free(f->path);
}

void
store_file_suspect(const struct store_file *f)
{
	char name[NAME_SIZE];

	if (f->path != NULL && truncate(mark_name(f->path, name), 0) != 0)
		log_errno("the mark cannot be emptied path=%s", name);
}

enum err
store_file_check(struct store_file *f)
{
	struct stat st;

	if (f->path == NULL)
		return OK;
	if (stat(f->path, &st) != 0) {
		if (!f->was_away)
			log_errno("the database was taken away path=%s", f->path);
		f->was_away = true;
		return ERR_STORAGE;
	}
	if (st.st_dev != f->device || st.st_ino != f->inode) {
		log_error("another file is in the database's place: leaving path=%s", f->path);
		_exit(EXIT_FAILURE);
	}
	if (f->was_away)
		log_info("the database is back path=%s", f->path);
	f->was_away = false;
	return OK;
}
