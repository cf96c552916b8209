/*
 * prometheus - the text format of Prometheus, 0.0.4: families and samples, into a buf of the
 * caller's.
 *
 * Pure. Errors: ERR_LIMIT when the buf is full.
 */
#ifndef PROMETHEUS_H
#define PROMETHEUS_H

#include <stdint.h>

#include "buf.h"

#define PROMETHEUS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* HELP and TYPE; the samples of the family follow. type: counter, gauge, histogram. */
enum err prometheus_family(
    struct buf *b, const char *name, const char *type, const char *help) MUST_CHECK;

/* One sample with one label, or none: label NULL. value is escaped. */
enum err prometheus_sample(
    struct buf *b, const char *name, const char *label, const char *value, int64_t n) MUST_CHECK;

/* The text with the escapes of a label's value. */
enum err prometheus_label(struct buf *b, const char *text) MUST_CHECK;

#endif
