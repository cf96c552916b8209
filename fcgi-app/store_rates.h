/*
 * store_rates - how often somebody came in the last minute, and what became of requests since the
 * file was made, counted for all processes of a host.
 *
 * A file of its own beside the database (rates.db): counting waits for no commit of messages, a
 * reader for no writer, and nothing is synced to the disk, because after a power cut the counts are
 * worth nothing. Windows of a minute from the first request on, as Laravel counts.
 *
 * Exact: a request is counted and judged in one transaction, so that any number of processes
 * together let through limit requests a window and not one more.
 *
 * Owns:    struct rates by rates_close. Threads: any; they take turns inside.
 * Times:   milliseconds of the monotonic clock, which all processes of a host share.
 * Errors:  ERR_BUSY, ERR_FULL, ERR_IO: nothing was counted; the caller lets the request pass.
 */
#ifndef STORE_RATES_H
#define STORE_RATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util.h"

#define RATE_WINDOW_MS 60000
#define RATE_KEY_SIZE 192

struct rates;

/* A file that is no database is made anew. */
enum err rates_open(struct rates **out, const char *path) MUST_CHECK;
void rates_close(struct rates *r); /* NULL is allowed */

struct rate {
	char key[RATE_KEY_SIZE];
	long limit; /* requests a window; > 0 */
};
struct rate_result {
	bool is_allowed;
	long limit, remaining; /* of the key that has least left */
	int64_t wait_ms;       /* refused: until its window is over */
};

/* Counts one request against all keys, or, if one of them is used up, against none. */
enum err rates_take(struct rates *r, const struct rate *keys, size_t count, int64_t now_ms,
    struct rate_result *out) MUST_CHECK;

/* The same without counting: is there room for one more? */
enum err rates_look(struct rates *r, const struct rate *keys, size_t count, int64_t now_ms,
    struct rate_result *out) MUST_CHECK;

/*
 * One more of what (an answer's status, a problem's code; static storage). Kept in memory and
 * written once a second, by rates_totals and at close: a crash may lose a second's, and what does
 * not fit (RATE_TOTALS names) is not counted.
 */
#define RATE_TOTALS 64
void rates_total_add(struct rates *r, const char *what, int64_t now_ms);

/* All totals, by name. */
typedef void (*rates_total_fn)(void *arg, const char *what, int64_t n);
enum err rates_totals(struct rates *r, rates_total_fn fn, void *arg) MUST_CHECK;

#endif
