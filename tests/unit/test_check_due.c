#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "check_due.h"
#include "limit.h"
#include "util.h"

#define NOW 1795493168000
#define DAY (24LL * 3600 * 1000)
#define WEEK (LIMIT_CHECK_DAYS * DAY)

static void
a_check_is_due_when_there_is_a_reason(void **state)
{
	static const struct {
		struct check_record last;
		struct check_now now;
		bool is_due;
	} cases[] = {
		/* nothing has happened */
		{ { NOW - DAY, 1, 2, "a" }, { NOW, 1, 2, 0, "a" }, false },
		/* never */
		{ { 0, 1, 2, "a" }, { NOW, 1, 2, 0, "a" }, true },
		/* another file: on another disk, or a restored one */
		{ { NOW - DAY, 9, 2, "a" }, { NOW, 1, 2, 0, "a" }, true },
		{ { NOW - DAY, 1, 9, "a" }, { NOW, 1, 2, 0, "a" }, true },
		/* killed, the machine lived on; started anew, but the database was closed */
		{ { NOW - DAY, 1, 2, "a" }, { NOW, 1, 2, 4096, "a" }, false },
		{ { NOW - DAY, 1, 2, "a" }, { NOW, 1, 2, 0, "b" }, false },
		/* the machine went down with it open */
		{ { NOW - DAY, 1, 2, "a" }, { NOW, 1, 2, 4096, "b" }, true },
		/* long ago */
		{ { NOW - WEEK, 1, 2, "a" }, { NOW, 1, 2, 0, "a" }, false },
		{ { NOW - WEEK - 1, 1, 2, "a" }, { NOW, 1, 2, 0, "a" }, true },
		/* the clock was set back: a little, and by more than can be believed */
		{ { NOW + DAY, 1, 2, "a" }, { NOW, 1, 2, 0, "a" }, false },
		{ { NOW + DAY + 1, 1, 2, "a" }, { NOW, 1, 2, 0, "a" }, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (check_is_due(&cases[i].last, &cases[i].now) != cases[i].is_due)
			fail_msg("case %zu", i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_check_is_due_when_there_is_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
