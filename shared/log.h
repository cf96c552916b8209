/*
 * log - one line an event to stderr, in logfmt.
 *
 *   2026-11-24T04:06:08.123Z warn push-server dropped datagrams count=12 rid=ab12
 *
 * Threads: any; a line is one write(2).
 * Rule:    message text, keys and tokens never go in. Control bytes are escaped here, so that a
 *          name cannot forge a line. Pure modules and shared/ do not log: they return errors.
 */
#ifndef LOG_H
#define LOG_H

#include "util.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_init(const char *program, enum log_level max_level); /* program is borrowed for ever */
void log_line(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/* Adds error="..." for errno as it was at the call. */
void log_errno(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* For what can repeat without end: true at most once a second for each limiter. */
struct log_limit {
	long long next_ms;
	unsigned long suppressed; /* since the last line; the caller may print it */
};
int log_allowed(struct log_limit *l, unsigned long *out_suppressed);

#endif
