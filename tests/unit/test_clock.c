#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "util.h"

static void
times_are_rfc_3339_in_utc_with_milliseconds(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 1, "1970-01-01T00:00:00.001Z" },
		{ 951782399999, "2000-02-28T23:59:59.999Z" },
		{ 951868799999, "2000-02-29T23:59:59.999Z" }, /* a leap day */
		{ 1795493168123, "2026-11-24T04:06:08.123Z" },
		{ 4102444800000, "2100-01-01T00:00:00.000Z" },
	};
	char out[CLOCK_RFC3339_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(clock_rfc3339(cases[i].ms, out), cases[i].text);
}

static void
only_what_is_written_so_is_read(void **state)
{
	static const char *const bad[] = { "", "2026", "2026-11-24", "2026-11-24T04:06:08Z",
		"2026-11-24T04:06:08.123", "2026-11-24T04:06:08.123+01:00",
		"2026-11-24 04:06:08.123Z", "2026-02-30T00:00:00.000Z", "2026-13-01T00:00:00.000Z",
		"2026-11-24T24:00:00.000Z", " 2026-11-24T04:06:08.123Z",
		"2026-11-24T04:06:08.1234Z", "2026-11-24T04:06:08.-12Z", "26-11-24T04:06:08.123Z" };
	static const int64_t good[] = { 0, 1, 951868799999, 1795493168123, 4102444800000 };
	char text[CLOCK_RFC3339_SIZE];
	int64_t ms = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(clock_parse_rfc3339(clock_rfc3339(good[i], text), &ms));
		assert_int_equal(ms, good[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(clock_parse_rfc3339(bad[i], &ms));
}

static void
the_monotonic_clock_never_goes_back(void **state)
{
	int64_t last = clock_mono_ms();

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int64_t now = clock_mono_ms();

		assert_true(now >= last);
		last = now;
	}
}

static void
the_wall_clock_counts_milliseconds_since_1970(void **state)
{
	(void)state;
	assert_true(clock_wall_ms() > 1700000000000);
	assert_true(clock_wall_ms() < 9000000000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_rfc_3339_in_utc_with_milliseconds),
		cmocka_unit_test(only_what_is_written_so_is_read),
		cmocka_unit_test(the_monotonic_clock_never_goes_back),
		cmocka_unit_test(the_wall_clock_counts_milliseconds_since_1970),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
