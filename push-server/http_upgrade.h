/*
 * http_upgrade - the request by which a connection becomes a WebSocket. Pure.
 *
 * Threads: any. Source: RFC 6455 4.1 and 4.2.1.
 */
#ifndef HTTP_UPGRADE_H
#define HTTP_UPGRADE_H

#include "buf.h"
#include "http_head.h"

/* Does the client ask for a WebSocket, soundly or not? */
bool http_is_upgrade(const struct http_head *h);

/*
 * Writes the head that libwebsockets is to read: only what it needs, and only from a sound one.
 * ERR_INVALID: it is not. The version is the caller's to look at (426).
 */
enum err http_upgrade_write(struct buf *b, const struct http_head *h) MUST_CHECK;

#endif
