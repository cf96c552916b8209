#include "room_plan.h"

#include "limit.h"

#define BLOCK 4096
#define MARGIN 8 /* an eighth above min_free an outage is over */

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

struct room_plan
room_plan(const struct room_view *v)
{
	struct room_plan p = { 0 };
	int64_t missing, room, least_room;

	if (v->total <= 0)
		return p;
	p.min_free = least(v->set_min_free, v->total / LIMIT_DISK_MIN_FREE_SHARE);
	p.ballast = least(v->set_ballast, v->total / LIMIT_DISK_BALLAST_SHARE) / BLOCK * BLOCK;
	if (p.ballast < LIMIT_DISK_BALLAST_LEAST)
		p.ballast = 0;
	p.critical = least(LIMIT_DISK_CRITICAL_BYTES, v->total / LIMIT_DISK_CRITICAL_SHARE);
	missing = p.ballast > v->ballast ? p.ballast - v->ballast : 0;
	room = v->free - (v->is_unmakeable ? 0 : missing);
	p.is_low = p.min_free > 0 && room < p.min_free + (v->was_low ? p.min_free / MARGIN : 0);
	p.release = v->ballast > 0 && (v->set_ballast == 0 || v->free < p.critical);
	least_room = p.min_free > 2 * p.critical ? p.min_free : 2 * p.critical;
	p.make = missing > 0 && !p.release && !p.is_low && v->free - missing >= least_room;
	return p;
}
