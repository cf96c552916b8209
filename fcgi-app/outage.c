#include "outage.h"

#define FIRST_TRY_MS 1000
#define FIRST_WAIT_MS 15000
#define LONGEST_WAIT_MS 60000
#define SLACK_MS 2000 /* a proxy's memory of a dead back end, the handshake, the subscription */

void
outage_begins(struct outage *o, int64_t now_ms)
{
	if (o->is_on)
		return;
	o->is_on = true;
	o->began_ms = now_ms;
}

void
outage_ends(struct outage *o, int64_t now_ms, int64_t wall_ms)
{
	int64_t try_ms = o->began_ms + FIRST_TRY_MS;

	for (int64_t wait_ms = FIRST_WAIT_MS; try_ms < now_ms;) {
		try_ms += wait_ms;
		wait_ms = 2 * wait_ms < LONGEST_WAIT_MS ? 2 * wait_ms : LONGEST_WAIT_MS;
	}
	o->is_on = false;
	o->until_ms = try_ms + SLACK_MS;
	o->over_wall_ms = wall_ms;
}

bool
outage_holds(const struct outage *o, int64_t asked_ms, int64_t now_ms)
{
	return o->is_on || (now_ms < o->until_ms && asked_ms < o->over_wall_ms);
}
