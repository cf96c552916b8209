/*
 * large - bounds the memory of imports and exports: LIMIT_LARGE_AT_ONCE of a process have a body or
 * an answer of up to LIMIT_EXPORT_BYTES at the same time, however many threads there are.
 *
 * Threads: any.
 */
#ifndef LARGE_H
#define LARGE_H

#include <stdbool.h>

/* False after LIMIT_LARGE_WAIT_MS: there was no place. True: large_leave gives it back. */
bool large_enter(void);
void large_leave(void);

#endif
