/*
 * refusal - what somebody is told who may not do something, and the line of the audit log.
 *
 * Threads: any. Owns: nothing. detail is for the caller, reason for the log; neither has content.
 */
#ifndef REFUSAL_H
#define REFUSAL_H

#include "http.h"

void refusal_answer(const struct http_request *q, struct http_response *r, int status,
    const char *code, const char *detail, const char *reason);

#endif
