#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util.h"
#include "wheel.h"

#define TURN_MS ((int64_t)WHEEL_TICK_MS * WHEEL_SLOTS)

static void
deadlines_are_met_in_time_and_never_early(void **state)
{
	static const int64_t after_ms[] = { 0, 1, WHEEL_TICK_MS - 1, WHEEL_TICK_MS, 30000, 120000,
		TURN_MS - 1, TURN_MS, TURN_MS + 1, 3 * TURN_MS + 7 };
	static const int64_t starts_ms[] = { 0, 1, 12345, 1234567890123 };
	struct wheel w;

	(void)state;
	for (size_t s = 0; s < ARRAY_LEN(starts_ms); s++) {
		struct wheel_node n[ARRAY_LEN(after_ms)] = { { .next = NULL } };
		size_t met = 0;

		wheel_init(&w, starts_ms[s]);
		for (size_t i = 0; i < ARRAY_LEN(n); i++)
			wheel_set(&w, &n[i], starts_ms[s] + after_ms[i]);
		for (int64_t now = starts_ms[s]; now < starts_ms[s] + 4 * TURN_MS;
		     now += WHEEL_TICK_MS) {
			struct wheel_node *due;

			while ((due = wheel_expired(&w, now)) != NULL) {
				assert_true(due->at_ms <= now);
				assert_true(now - due->at_ms < 2 * WHEEL_TICK_MS);
				assert_null(due->next);
				met++;
			}
		}
		assert_int_equal(met, ARRAY_LEN(n));
	}
}

static void
a_long_sleep_loses_nothing(void **state)
{
	struct wheel w;
	struct wheel_node n[1000] = { { .next = NULL } };
	size_t met = 0;

	(void)state;
	wheel_init(&w, 0);
	for (size_t i = 0; i < ARRAY_LEN(n); i++)
		wheel_set(&w, &n[i], (int64_t)i * 997);
	while (wheel_expired(&w, 100 * TURN_MS) != NULL)
		met++;
	assert_int_equal(met, ARRAY_LEN(n));
}

static void
setting_moves_and_clearing_forgets(void **state)
{
	struct wheel w;
	struct wheel_node a = { .next = NULL }, b = { .next = NULL };

	(void)state;
	wheel_init(&w, 0);
	wheel_clear(&a); /* not set: nothing */
	wheel_set(&w, &a, 1000);
	wheel_set(&w, &b, 1000);
	wheel_set(&w, &a, 5000);
	assert_ptr_equal(wheel_expired(&w, 2000), &b);
	assert_null(wheel_expired(&w, 2000));
	wheel_clear(&a);
	assert_null(wheel_expired(&w, 10000));
	/* a deadline in the past is met with the next look */
	wheel_set(&w, &a, 1);
	assert_ptr_equal(wheel_expired(&w, 10500), &a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deadlines_are_met_in_time_and_never_early),
		cmocka_unit_test(a_long_sleep_loses_nothing),
		cmocka_unit_test(setting_moves_and_clearing_forgets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
