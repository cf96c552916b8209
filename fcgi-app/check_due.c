#include "check_due.h"

#include <string.h>

#include "limit.h"

#define DAY_MS (24LL * 3600 * 1000)

bool
check_is_due(const struct check_record *last, const struct check_now *now)
{
	int64_t age_ms = now->now_ms - last->checked_ms;
	bool is_another_file = last->device != now->device || last->inode != now->inode;
	bool went_down = now->log_bytes > 0 && strcmp(last->boot, now->boot) != 0;

	/* a clock that was set back says nothing of the age */
	return last->checked_ms <= 0 || is_another_file || went_down || age_ms < -DAY_MS ||
	       age_ms > LIMIT_CHECK_DAYS * DAY_MS;
}
