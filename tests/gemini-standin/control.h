/*
 * control - the tests' door: /control, /control/requests, /control/text.
 *
 *   GET    /control                   counters
 *   POST   /control                   {"next":[{"status":503},{}], "default":{"delay":20}}
 *   DELETE /control                   forgets everything but the replies that run
 *   GET    /control/requests          {"requests":[...]}, the last 1,000, oldest first
 *   GET    /control/text?bytes=&seed= the text that bytes and seed give
 *
 * Threads: the event loop.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include "server.h"

void control_handle(struct standin *s, struct evhttp_request *req, const char *path);

#endif
