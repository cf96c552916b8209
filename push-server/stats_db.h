/*
 * stats_db - the file of PUSH_DB_PATH: what each app did, by interval, hour and day.
 *
 * Each row is added to all three spans at once: counts add up, peaks take the greatest. So nothing
 * has to be rolled up later, and each span is simply forgotten at its own age: intervals after two
 * days, hours after 31, days after the retention. A year of an app is some 4,000 rows.
 *
 * Owns:    struct stats_db by stats_db_close. Strings given to a callback are not kept.
 * Threads: one a handle. WAL: who reads never waits for who writes.
 * Errors:  ERR_IO, ERR_BUSY, ERR_FULL; logged here.
 */
#ifndef STATS_DB_H
#define STATS_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "util.h"

struct stats_db;

enum stats_span { STATS_INTERVAL, STATS_HOUR, STATS_DAY, STATS_SPANS };

struct stats_row {
	char *app;    /* its id; owned by whoever made the row */
	int64_t at_s; /* start of the interval, since 1970 */
	int64_t peak, websocket, api, sent, received_bytes, sent_bytes, slow;
};

/* Creates the file if need be. */
enum err stats_db_open(const char *path, struct stats_db **out) MUST_CHECK;
void stats_db_close(struct stats_db *db); /* NULL is allowed */

/* All or none. */
enum err stats_db_add(struct stats_db *db, const struct stats_row *rows, size_t n) MUST_CHECK;

/* Forgets what is too old, seen from now_s. */
enum err stats_db_prune(struct stats_db *db, int64_t now_s, long retention_days) MUST_CHECK;

/* Deletes everything older, of one app or (NULL) of all. */
enum err stats_db_clean(
    struct stats_db *db, const char *app, int64_t before_s, int64_t *out_rows) MUST_CHECK;

/* The newest limit rows not before from_s, oldest first. */
typedef void (*stats_row_fn)(void *ctx, const struct stats_row *row);
enum err stats_db_each(struct stats_db *db, const char *app, enum stats_span span, int64_t from_s,
    int limit, stats_row_fn fn, void *ctx) MUST_CHECK;

#endif
