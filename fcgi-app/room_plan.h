/*
 * room_plan - how much of a disk must stay free, and what is done when it does not.
 *
 * Three lines, from above: under min_free nothing new is accepted; under critical the ballast is
 * released, so that checkpoints, deletions and the replies that run still get through; and SQLite's
 * own "full". What the ballast lacks is no room: it is to be taken back first, so releasing it
 * opens nothing. On the way up there is a margin, so that an outage ends once.
 *
 * A small file system gets shares of its size instead of what is set: LIMIT_DISK_*.
 *
 * Pure. Units: bytes.
 */
#ifndef ROOM_PLAN_H
#define ROOM_PLAN_H

#include <stdbool.h>
#include <stdint.h>

struct room_view {
	int64_t free, total;               /* of the file system; total 0: it does not say */
	int64_t set_min_free, set_ballast; /* 0: off */
	int64_t ballast;                   /* what it is now */
	bool was_low;
	bool is_unmakeable; /* it was tried a while ago: what it lacks does not count */
};

struct room_plan {
	int64_t min_free, ballast, critical; /* as they are for this file system; 0: off */
	bool is_low;
	bool release, make; /* the ballast; make only when the disk was not full just now */
};

struct room_plan room_plan(const struct room_view *v);

#endif
