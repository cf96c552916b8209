#include "http_peer.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

static bool
is_v4_loopback(struct in_addr a)
{
	return ntohl(a.s_addr) >> 24 == 127;
}

bool
http_host_is_loopback(const char *host, size_t n)
{
	char name[64];
	struct in_addr v4;
	const char *colon = memchr(host, ':', n);

	if (n >= 5 && memcmp(host, "[::1]", 5) == 0)
		return n == 5 || host[5] == ':';
	n = colon != NULL ? (size_t)(colon - host) : n;
	if (n == 0 || n >= sizeof name || memchr(host, '\0', n) != NULL)
		return false;
	memcpy(name, host, n);
	name[n] = '\0';
	return strcasecmp(name, "localhost") == 0 ||
	       (inet_pton(AF_INET, name, &v4) == 1 && is_v4_loopback(v4));
}

static bool
is_v6_loopback(const struct in6_addr *a)
{
	struct in_addr mapped;

	memcpy(&mapped, a->s6_addr + 12, sizeof mapped);
	return IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && is_v4_loopback(mapped));
}

void
http_peer_address(int fd, char *out, size_t size)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof a;

	out[0] = '\0';
	if (getpeername(fd, (struct sockaddr *)&a, &len) == 0)
		(void)getnameinfo(
		    (struct sockaddr *)&a, len, out, (socklen_t)size, NULL, 0, NI_NUMERICHOST);
}

bool
http_peer_is_loopback(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} a = { .v6 = { 0 } };
	socklen_t len = sizeof a;

	if (getpeername(fd, &a.any, &len) != 0)
		return false;
	if (a.any.sa_family == AF_INET)
		return is_v4_loopback(a.v4.sin_addr);
	return a.any.sa_family == AF_INET6 && is_v6_loopback(&a.v6.sin6_addr);
}
