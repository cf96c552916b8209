/*
 * stale_socket - the Unix socket that a predecessor left where ours is to be.
 *
 * A path in the settings may be a typing error: what is no socket stays, and bind says so.
 */
#ifndef STALE_SOCKET_H
#define STALE_SOCKET_H

void stale_socket_remove(const char *path);

#endif
