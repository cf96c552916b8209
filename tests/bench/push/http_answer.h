/*
 * http_answer - how much of what came is one whole HTTP answer. Pure.
 *
 * Errors: none; what is not HTTP never becomes whole.
 */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include "buf.h"

/* Bytes of the first answer in in, 0: it is not all there. *out_status: 0 until its head is. */
size_t http_answer_len(const struct buf *in, int *out_status);

#endif
