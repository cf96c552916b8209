/*
 * fail - a bench program that cannot go on says why and leaves with 1.
 *
 * Threads: the only one.
 */
#ifndef FAIL_H
#define FAIL_H

#include "log.h"

#define fail(...) (log_error(__VA_ARGS__), fail_exit())
#define fail_errno(...) (log_errno(__VA_ARGS__), fail_exit())

_Noreturn static inline void
fail_exit(void)
{
	exit(EXIT_FAILURE); /* NOLINT(concurrency-mt-unsafe): no other thread */
}

/* For buffers whose maximum only a broken peer reaches. */
static inline void
must(enum err e)
{
	if (e != OK)
		fail("a buffer is full");
}

#endif
