#include "listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>

#include "log.h"

#define BACKLOG 4096

static bool
bind_one(int fd, const struct addrinfo *ai)
{
	static const int on = 1, off = 0;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (ai->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	return bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
}

static int
port_of(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} addr = { .v6 = { 0 } };
	socklen_t len = sizeof addr;

	if (getsockname(fd, &addr.any, &len) != 0)
		return 0;
	return ntohs(addr.any.sa_family == AF_INET6 ? addr.v6.sin6_port : addr.v4.sin_port);
}

static bool
open_one(const struct addrinfo *ai, int *out_fd)
{
	auto_fd fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || !bind_one(fd, ai))
		return false;
	*out_fd = take_fd(&fd);
	return true;
}

/* "localhost" may be ::1 and 127.0.0.1, and proxies are told the latter. */
static enum err
open_first(const struct addrinfo *list, int *out_fd)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int why = EADDRNOTAVAIL;

	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		for (const struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next) {
			if (ai->ai_family != families[i])
				continue;
			if (open_one(ai, out_fd))
				return OK;
			why = errno;
		}
	errno = why;
	return why == EADDRINUSE ? ERR_BUSY : ERR_IO;
}

enum err
listener_open(const char *host, int port, int *out_fd, int *out_port)
{
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	char service[16];
	enum err e;
	int rc;

	(void)snprintf(service, sizeof service, "%d", port);
	if ((rc = getaddrinfo(host, service, &hints, &list)) != 0) {
		log_error("cannot resolve host=%s reason=\"%s\"", host, gai_strerror(rc));
		return ERR_IO;
	}
	e = open_first(list, out_fd);
	freeaddrinfo(list);
	if (e == ERR_BUSY)
		log_error("the port is taken by another program host=%s port=%d", host, port);
	else if (e != OK)
		log_errno("cannot listen host=%s port=%d", host, port);
	else
		*out_port = port_of(*out_fd);
	return e;
}

int
listener_accept(int fd)
{
	static const int on = 1;
	int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (client >= 0)
		(void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return client;
}
