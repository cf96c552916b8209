/*
 * reply_text - what the stand-in answers, always the same for the same question.
 *
 * Pure. Errors: ERR_LIMIT when b is full.
 */
#ifndef REPLY_TEXT_H
#define REPLY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

bool reply_text_is_spanish(const char *p, size_t n);

/*
 * The demonstration: Markdown with a quotation of the question, a list and a code block, in the
 * question's language. turn counts the questions of the conversation from 1.
 */
enum err reply_text_demo(struct buf *b, const char *question, size_t n, int64_t turn) MUST_CHECK;

/*
 * Exactly n bytes of valid UTF-8 with everything that breaks careless code: quotes, backslashes,
 * line ends, accents, 4-byte characters, "data:" at a line's beginning. It begins with a letter,
 * and ends with a full stop if n > 1. Another seed gives another text.
 */
enum err reply_text_synthetic(struct buf *b, size_t n, uint64_t seed) MUST_CHECK;

#endif
