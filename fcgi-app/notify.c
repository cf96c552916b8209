#include "notify.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "limit.h"
#include "log.h"
#include "notify_wire.h"

struct notify {
	int fd;
	struct sockaddr_un to;
};

enum err
notify_open(struct notify **out, const char *path)
{
	struct notify *n = xcalloc(1, sizeof *n);
	sa_family_t any = AF_UNIX; /* a bind of nothing but the family: an abstract name */
	int bytes = 2 * (int)LIMIT_DATAGRAM_BYTES;

	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	n->to.sun_family = AF_UNIX;
	(void)snprintf(n->to.sun_path, sizeof n->to.sun_path, "%s", path);
	if (n->fd < 0 ||
	    bind(n->fd, (const struct sockaddr *)(const void *)&any, sizeof any) != 0) {
		log_errno("notify socket failed");
		notify_close(n);
		return ERR_IO;
	}
	/* The stock buffer takes one full datagram, not two; the kernel may grant less than this.
	 */
	(void)setsockopt(n->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	*out = n;
	return OK;
}

void
notify_close(struct notify *n)
{
	if (n == NULL)
		return;
	if (n->fd >= 0)
		(void)close(n->fd);
	free(n);
}

enum err
notify_send(struct notify *n, const char *p, size_t len)
{
	ssize_t sent;

	do
		sent = sendto(n->fd, p, len, 0, (const struct sockaddr *)&n->to, sizeof n->to);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return OK;
	switch (errno) {
	case EAGAIN:
	case ENOBUFS: return ERR_BUSY;
	case ENOENT:
	case ENOTDIR:
	case ECONNREFUSED: return ERR_NOT_FOUND;
	case EACCES:
	case EPERM: return ERR_CONFLICT;
	case EMSGSIZE: return ERR_LIMIT;
	default: log_errno("notify failed"); return ERR_IO;
	}
}

enum err
notify_look(const struct notify *n, struct notify_identity *out)
{
	struct stat st;

	if (stat(n->to.sun_path, &st) != 0)
		return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_CONFLICT;
	*out = (struct notify_identity){
		.device = st.st_dev,
		.inode = st.st_ino,
		.made_ns = st.st_ctim.tv_sec * INT64_C(1000000000) + st.st_ctim.tv_nsec,
	};
	return OK;
}

bool
notify_is_served(const struct notify *n)
{
	auto_fd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd >= 0 && (connect(fd, (const struct sockaddr *)&n->to, sizeof n->to) == 0 ||
			      (errno != ENOENT && errno != ECONNREFUSED));
}

int
notify_fd(const struct notify *n)
{
	return n->fd;
}

int
notify_read(struct notify *n, long long *out_uid)
{
	char text[512];
	ssize_t got;
	int refused = 0;

	while ((got = recv(n->fd, text, sizeof text, 0)) > 0) {
		struct notify_line line;

		if (text[got - 1] == '\n')
			got--;
		if (notify_line_parse(text, (size_t)got, &line) != OK)
			continue;
		if (line.op == NOTIFY_REFUSED) {
			*out_uid = line.uid;
			refused = 1;
		}
		notify_line_clear(&line);
	}
	return refused;
}
