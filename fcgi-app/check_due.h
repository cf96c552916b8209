/*
 * check_due - is the whole database to be read for damage? A gigabyte takes 6 s, and as long as the
 * disk needs on top, so not at every start of everything.
 *
 * A small database (LIMIT_CHECK_AT_START_BYTES) is checked whenever a service starts, before it
 * answers: 0.1 s. A larger one beside the running service, and only when there is a reason: it
 * never was, it is another file, the machine went down while it was open, or LIMIT_CHECK_DAYS have
 * passed.
 *
 * Pure. Times: wall clock, milliseconds.
 */
#ifndef CHECK_DUE_H
#define CHECK_DUE_H

#include <stdbool.h>
#include <stdint.h>

#define CHECK_BOOT_SIZE 40 /* the kernel's boot id, a UUID */

/* The last check that found nothing. */
struct check_record {
	int64_t checked_ms; /* 0: there was none */
	int64_t device, inode;
	char boot[CHECK_BOOT_SIZE];
};

struct check_now {
	int64_t now_ms, device, inode;
	int64_t log_bytes; /* what was not put into the database by who closed it last */
	char boot[CHECK_BOOT_SIZE];
};

bool check_is_due(const struct check_record *last, const struct check_now *now);

#endif
