/* gemini_priv - what the parts of the Gemini provider share. Contracts: ai_provider.h. */
#ifndef GEMINI_PRIV_H
#define GEMINI_PRIV_H

#include <jansson.h>

#include "gemini.h"

enum err gemini_on_event(
    const char *p, size_t n, struct buf *text, struct ai_answer *answer) MUST_CHECK;
enum err gemini_on_unary(
    const char *p, size_t n, struct buf *text, struct ai_answer *answer) MUST_CHECK;
void gemini_classify_error(int http_status, const char *p, size_t n, struct ai_failure *out);
enum err gemini_on_models(
    const char *p, size_t n, char best[AI_MODEL_SIZE], struct buf *next) MUST_CHECK;

/* error: the value of the "error" member, any type; http_status 200: its own code counts. */
void gemini_read_error(int http_status, const json_t *error, struct ai_failure *out);

bool gemini_is_name(const char *name); /* a model's name that can stand in a URL and in a log */

#endif
