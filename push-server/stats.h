/*
 * stats - every interval, what each app did goes into stats_db, written by a thread of its own.
 *
 * Apps without has_statistics and apps where nothing happened have no row. A row belongs to the
 * interval in which it began, by the wall clock, so that a restart continues it; a killed process
 * loses what was counted since the last row, at most one interval.
 *
 * Without its file (it cannot be opened) nothing is kept, and that is logged once.
 *
 * Owns:    the thread and both handles of the file. apps is borrowed.
 * Threads: the event-loop thread only; the writing thread sees nothing but its batches.
 * Limits:  STATS_BATCHES wait for the thread; more are merged into the next interval.
 */
#ifndef STATS_H
#define STATS_H

#include "apps.h"
#include "stats_db.h"

#define STATS_BATCHES 4

struct stats;

struct stats_options {
	const char *path;
	long interval_seconds, retention_days;
	const struct apps *apps;
	void *ctx;
	void (*on_row)(void *ctx, const struct stats_row *row); /* each, on the loop; may be NULL */
};

struct stats *stats_new(const struct stats_options *o, int64_t now_ms); /* wall clock */
void stats_free(struct stats *s);                 /* keeps what was counted; NULL is allowed */
void stats_tick(struct stats *s, int64_t now_ms); /* saves when it is time */

/* As stats_db_each; ERR_NOT_FOUND: there is no file. A short read on the loop's thread. */
enum err stats_each(struct stats *s, const char *app, enum stats_span span, int64_t from_s,
    int limit, stats_row_fn fn, void *ctx) MUST_CHECK;
long stats_interval(const struct stats *s);

#endif
