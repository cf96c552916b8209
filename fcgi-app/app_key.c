#include "app_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "ids.h"
#include "log.h"
#include "token.h"

/* A whole key, or "" if the file is not there. */
static enum err
read_key(const char *path, char out[TOKEN_SIZE])
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	out[0] = '\0';
	if (fd < 0 && errno == ENOENT)
		return OK;
	n = fd < 0 ? -1 : read(fd, out, TOKEN_LEN);
	if (n < 0)
		log_errno("APP_KEY cannot be read path=%s", path);
	else if (n < (ssize_t)TOKEN_LEN)
		log_error("APP_KEY is not whole path=%s bytes=%zd", path, n);
	else
		out[n] = '\0';
	return n == (ssize_t)TOKEN_LEN ? OK : ERR_IO;
}

/*
 * Complete before it has its name: two who start at once agree on one (link fails for the second).
 * Until then its name is random: in containers many processes have the same number.
 */
static enum err
make_key(const char *path)
{
	char key[TOKEN_SIZE], temporary[4200], id[ID_SIZE];
	auto_fd fd = -1;
	bool done;

	id_random(id);
	(void)snprintf(temporary, sizeof temporary, "%s.%s", path, id);
	token_random(key);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	done = fd >= 0 && write(fd, key, TOKEN_LEN) == (ssize_t)TOKEN_LEN && fsync(fd) == 0 &&
	       (link(temporary, path) == 0 || errno == EEXIST);
	if (!done)
		log_errno("APP_KEY cannot be kept path=%s", path);
	if (fd >= 0)
		(void)unlink(temporary);
	return done ? OK : ERR_IO;
}

enum err
app_key_ensure(struct config *c)
{
	char path[4160], key[TOKEN_SIZE];
	enum err e;

	if (*c->app_key != '\0')
		return OK;
	(void)snprintf(path, sizeof path, "%s/app.key", c->var_dir);
	if ((e = read_key(path, key)) == OK && key[0] == '\0' && (e = make_key(path)) == OK)
		e = read_key(path, key);
	if (e != OK)
		return e;
	free(c->app_key);
	c->app_key = xstrdup(key);
	return OK;
}
