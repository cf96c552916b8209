/*
 * http_upgrade - a request that wants to become a WebSocket. Pure.
 *
 * Threads: the event-loop thread only.
 * Errors:  ERR_INVALID: an upgrade that is not one (method, version, key, Host, body).
 * Source:  RFC 6455 4.1 and 4.2.
 */
#ifndef HTTP_UPGRADE_H
#define HTTP_UPGRADE_H

#include "buf.h"
#include "http_head.h"

bool http_is_upgrade(const struct http_head *h); /* Upgrade: websocket; of h2c nothing is known */

/* Appends the 101. No extension and no subprotocol is ever agreed to. */
enum err http_upgrade_write(struct buf *b, const struct http_head *h) MUST_CHECK;

#endif
