/*
 * gate - what every request passes before its handler runs: who it is, whether it is a cross-site
 * trick, how often it came, and whether the chat in its path is for it. Each refusal is answered
 * and logged (refusal.h), one line, without content.
 *
 * Owns:    struct gate holds what the request then borrows (caller, chat); gate_free.
 * Threads: one request, one thread.
 */
#ifndef GATE_H
#define GATE_H

#include "access.h"

enum gate_flag {
	GATE_OPEN = 1,   /* CORS: old clients call it from other origins (design 5) */
	GATE_FORM = 2,   /* takes forms as well as JSON */
	GATE_READ = 4,   /* counts as reading although it is a POST */
	GATE_ETAG = 8,   /* its answer has an ETag, and If-None-Match is honoured */
	GATE_GROWS = 16, /* what it stores needs room on the disk (disk_room.h) */
};

struct gate {
	struct identity caller;
	struct chat chat;
};
void gate_free(struct gate *g);

/* False: answered already. Fills caller, chat and access of q. */
bool gate_pass(struct app *a, struct http_request *q, enum access_need need, int flags,
    struct gate *g, struct http_response *r) MUST_CHECK;

/* "There is no such chat.", or 401 where a stranger should sign in first. */
void gate_refuse_chat(struct app *a, const struct http_request *q, struct http_response *r);

/* 429 with the reason in words and Retry-After, after ERR_QUOTA. */
void gate_refuse_quota(struct app *a, const struct http_request *q, struct http_response *r);

/* Sec-Fetch-Site and Origin for what must not come from another site at all. */
bool gate_is_same_site(const struct http_request *q, struct http_response *r) MUST_CHECK;

/* The body is a form; and it came whole. */
bool gate_is_form(const struct http_request *q);
bool gate_body_came(const struct http_request *q, struct http_response *r) MUST_CHECK;

/* The body of a JSON route: size, completeness, type, syntax, depth. False: answered already. */
bool gate_json_body(
    const struct http_request *q, json_t **out_root, struct http_response *r) MUST_CHECK;

#endif
