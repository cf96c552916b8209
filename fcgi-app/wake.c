#include "wake.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "log.h"
#include "stale_socket.h"

static struct sockaddr_un
address(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void)snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	return at;
}

static int
open_socket(void)
{
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* One for the process: it is not bound, nobody reads from it, and sendto is for any thread. */
static int sender = -1;

static void
open_sender(void)
{
	sender = open_socket();
}

void
wake_send(const char *path, enum wake what)
{
	char byte = (char)what;
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct sockaddr_un to = address(path);

	(void)pthread_once(&once, open_sender);
	if (sender >= 0)
		(void)sendto(sender, &byte, 1, 0, (const struct sockaddr *)&to, sizeof to);
}

enum err
wake_listen(const char *path, int *out_fd)
{
	struct sockaddr_un at = address(path);
	auto_fd fd = open_socket();

	stale_socket_remove(path);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 ||
	    chmod(path, 0660) != 0) {
		log_errno("wake-up socket failed path=%s", path);
		return ERR_IO;
	}
	*out_fd = take_fd(&fd);
	return OK;
}

enum wake
wake_read(int fd)
{
	enum wake what = WAKE_JOB;
	char bytes[2]; /* one more than is ever sent */
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof bytes, 0)) >= 0)
		if (n != 1 || bytes[0] != (char)WAKE_JOB)
			what = WAKE_ANY;
	return what;
}
