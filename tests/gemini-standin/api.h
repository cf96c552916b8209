/*
 * api - Gemini's routes under /v1 and /v1beta: who may, what is asked, is it well formed.
 *
 *   POST models/{id}:generateContent, :streamGenerateContent, :countTokens
 *   GET  models, models/{id}
 *
 * Threads: the event loop.
 */
#ifndef API_H
#define API_H

#include "server.h"

/* path: decoded. False if it is none of ours; nothing was answered then. */
bool api_handle(struct standin *s, struct evhttp_request *req, const char *path);

#endif
