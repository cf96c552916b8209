#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "limit.h"
#include "room_plan.h"
#include "util.h"

#define MIB (1024LL * 1024)
#define GIB (1024 * MIB)
#define MIN_FREE (64 * MIB)
#define BALLAST (16 * MIB)

static struct room_view
disk(int64_t free, int64_t ballast)
{
	return (struct room_view){
		.free = free,
		.total = 100 * GIB,
		.set_min_free = MIN_FREE,
		.set_ballast = BALLAST,
		.ballast = ballast,
	};
}

static void
what_is_done_depends_on_what_is_free(void **state)
{
	static const struct {
		int64_t free, ballast;
		bool was_low, is_low, release, make;
	} cases[] = {
		/* all is well */
		{ 50 * GIB, BALLAST, false, false, false, false },
		{ 50 * GIB, 0, false, false, false, true },
		/* a byte over and under the minimum */
		{ MIN_FREE, BALLAST, false, false, false, false },
		{ MIN_FREE - 1, BALLAST, false, true, false, false },
		/* what the ballast lacks is no room */
		{ MIN_FREE + BALLAST, 0, false, false, false, true },
		{ MIN_FREE + BALLAST - 1, 0, false, true, false, false },
		{ MIN_FREE + BALLAST / 2, BALLAST / 2, false, false, false, true },
		/* an outage ends with a margin, and with the ballast taken back */
		{ MIN_FREE + MIN_FREE / 8 - 1, BALLAST, true, true, false, false },
		{ MIN_FREE + MIN_FREE / 8, BALLAST, true, false, false, false },
		{ MIN_FREE + MIN_FREE / 8 + BALLAST - 1, 0, true, true, false, false },
		{ MIN_FREE + MIN_FREE / 8 + BALLAST, 0, true, false, false, true },
		/* the last room */
		{ LIMIT_DISK_CRITICAL_BYTES, BALLAST, true, true, false, false },
		{ LIMIT_DISK_CRITICAL_BYTES - 1, BALLAST, true, true, true, false },
		{ LIMIT_DISK_CRITICAL_BYTES - 1, 0, true, true, false, false },
		{ 0, BALLAST, true, true, true, false },
		/* released: its room opens nothing */
		{ LIMIT_DISK_CRITICAL_BYTES - 1 + BALLAST, 0, true, true, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct room_view v = disk(cases[i].free, cases[i].ballast);
		struct room_plan p;

		v.was_low = cases[i].was_low;
		p = room_plan(&v);
		if (p.is_low != cases[i].is_low || p.release != cases[i].release ||
		    p.make != cases[i].make)
			fail_msg(
			    "case %zu: low %d release %d make %d", i, p.is_low, p.release, p.make);
	}
}

static void
a_small_disk_gets_its_share(void **state)
{
	struct room_view v = disk(8 * MIB, 0);
	struct room_plan p;

	(void)state;
	v.total = 10 * MIB;
	p = room_plan(&v);
	assert_int_equal(p.min_free, v.total / LIMIT_DISK_MIN_FREE_SHARE);
	assert_true(p.ballast <= v.total / LIMIT_DISK_BALLAST_SHARE);
	assert_true(p.ballast >= LIMIT_DISK_BALLAST_LEAST);
	assert_int_equal(p.ballast % 4096, 0);
	assert_false(p.is_low);
	assert_true(p.make);
	assert_true(p.critical < p.min_free);
	/* too small for one that helps */
	v.total = LIMIT_DISK_BALLAST_LEAST * LIMIT_DISK_BALLAST_SHARE - 4096;
	assert_int_equal(room_plan(&v).ballast, 0);
}

static void
each_can_be_switched_off(void **state)
{
	struct room_view v = disk(0, 0);

	(void)state;
	v.set_min_free = 0;
	assert_false(room_plan(&v).is_low);
	v = disk(0, BALLAST);
	v.set_min_free = 0;
	assert_true(room_plan(&v).release);
	/* one that is there from before goes */
	v = disk(50 * GIB, BALLAST);
	v.set_ballast = 0;
	assert_true(room_plan(&v).release);
	assert_false(room_plan(&v).make);
	v.free = MIN_FREE;
	v.ballast = 0;
	assert_false(room_plan(&v).is_low);
	assert_false(room_plan(&v).make);
}

static void
where_no_ballast_can_be_made_its_lack_counts_for_nothing(void **state)
{
	struct room_view v = disk(MIN_FREE, 0);

	(void)state;
	v.is_unmakeable = true;
	assert_false(room_plan(&v).is_low);
	assert_false(room_plan(&v).make);
	v.free = MIN_FREE + BALLAST;
	assert_true(room_plan(&v).make); /* perhaps now */
}

static void
a_file_system_that_says_nothing_is_not_watched(void **state)
{
	struct room_view v = disk(0, BALLAST);
	struct room_plan p;

	(void)state;
	v.total = 0;
	p = room_plan(&v);
	assert_false(p.is_low || p.release || p.make);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_done_depends_on_what_is_free),
		cmocka_unit_test(a_small_disk_gets_its_share),
		cmocka_unit_test(each_can_be_switched_off),
		cmocka_unit_test(where_no_ballast_can_be_made_its_lack_counts_for_nothing),
		cmocka_unit_test(a_file_system_that_says_nothing_is_not_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
