/*
 * http_peer - does a connection come from this machine?
 *
 * Threads: any.
 */
#ifndef HTTP_PEER_H
#define HTTP_PEER_H

#include <stdbool.h>
#include <stddef.h>

/* The value of a Host header: localhost, 127.x.x.x or [::1], with or without a port. Pure. */
bool http_host_is_loopback(const char *host, size_t n);

/* Its address as text, "" if it has none. */
void http_peer_address(int fd, char *out, size_t size);

/* The other end of a connected TCP socket. */
bool http_peer_is_loopback(int fd);

#endif
