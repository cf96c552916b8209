/*
 * clock - the two clocks, and times as JSON shows them.
 *
 * Threads: any. Units: milliseconds.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_RFC3339_SIZE 25 /* "2026-11-24T04:06:08.123Z" and the NUL */

int64_t clock_wall_ms(void); /* since 1970; may jump: only for people and for what outlives us */
int64_t clock_mono_ms(void); /* never jumps: timers and deadlines */

/* RFC 3339 in UTC with milliseconds. Returns out. */
const char *clock_rfc3339(int64_t wall_ms, char out[CLOCK_RFC3339_SIZE]);

/* What clock_rfc3339 writes, and nothing else ("2026-11-24T04:06:08.123Z"). */
bool clock_parse_rfc3339(const char *text, int64_t *out_wall_ms);

#endif
