#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "outage.h"
#include "util.h"

#define BEGAN 1000000
#define WALL 1795493168000

static void
clients_are_back_at_the_next_try_of_pusher_js(void **state)
{
	static const struct {
		int64_t lasted_ms, back_ms; /* since the beginning */
	} cases[] = {
		{ 0, 1000 },
		{ 1000, 1000 },
		{ 1001, 16000 },
		{ 10000, 16000 },
		{ 16000, 16000 },
		{ 16001, 46000 },
		{ 46001, 106000 },
		{ 106001, 166000 },
		{ 166001, 226000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct outage o = { 0 };

		outage_begins(&o, BEGAN);
		outage_ends(&o, BEGAN + cases[i].lasted_ms, WALL);
		assert_true(o.until_ms > BEGAN + cases[i].back_ms);
		assert_true(o.until_ms <= BEGAN + cases[i].back_ms + 2000);
	}
}

static void
what_was_asked_before_the_return_waits_and_nothing_else(void **state)
{
	struct outage o = { 0 };

	(void)state;
	assert_false(outage_holds(&o, WALL, BEGAN));
	outage_begins(&o, BEGAN);
	outage_begins(&o, BEGAN + 5000); /* still the same */
	assert_int_equal(o.began_ms, BEGAN);
	assert_true(outage_holds(&o, WALL, BEGAN + 1));
	outage_ends(&o, BEGAN + 5000, WALL);
	assert_true(outage_holds(&o, WALL - 1, BEGAN + 5001));
	assert_false(outage_holds(&o, WALL, BEGAN + 5001));
	assert_false(outage_holds(&o, WALL - 1, o.until_ms));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_are_back_at_the_next_try_of_pusher_js),
		cmocka_unit_test(what_was_asked_before_the_return_waits_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
