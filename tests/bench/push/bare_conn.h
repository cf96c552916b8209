/*
 * bare_conn - one connection of the bare broadcaster: upgrade, subscribe, bytes out.
 *
 * Owns:    its socket and buffers; frees itself when the other end closes.
 * Threads: one.
 */
#ifndef BARE_CONN_H
#define BARE_CONN_H

#include <stddef.h>

#include "poller.h"

struct bare_conn;

void bare_conn_accept(const struct poller *p, int fd); /* takes fd */

/* Whole frames. What the socket does not take waits, without a limit. */
void bare_conn_send(struct bare_conn *k, const char *p, size_t n);

#endif
