#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "metrics.h"

#define TOLD_BY_APP 7 /* counters without a row here: app_metrics.c has them */

/* Every counter once, and every family with its help and type before its first row. */
static void
the_text_is_what_prometheus_reads(void **state)
{
	struct metrics m = { .count = { 0 } };
	auto_buf b = BUF_INIT(1 << 20);
	size_t rows = 0;
	char family[128] = "";

	(void)state;
	m.count[METRIC_REFUSED_KEY] = 7;
	m.count[METRIC_COUNT - 1] = UINT64_MAX;
	assert_int_equal(metrics_write(&b, &m), OK);
	assert_non_null(strstr(b.data, "\ncharla_push_refused_total{reason=\"unknown_key\"} 7\n"));
	assert_non_null(strstr(b.data, " 18446744073709551615\n"));
	for (char *rest = b.data, *line; (line = strsep(&rest, "\n")) != NULL;) {
		size_t n = strcspn(line, "{ ");

		if (*line == '\0')
			continue;
		if (strncmp(line, "# TYPE ", 7) == 0) {
			n = strcspn(line + 7, " ");
			assert_true(n < sizeof family);
			/* a family that is opened twice is no valid text */
			assert_false(strncmp(family, line + 7, n) == 0 && family[n] == '\0');
			memcpy(family, line + 7, n);
			family[n] = '\0';
		} else if (*line != '#') {
			assert_int_equal(strlen(family), n);
			assert_memory_equal(family, line, n);
			rows++;
		}
	}
	assert_int_equal(rows, METRIC_COUNT - TOLD_BY_APP);
}

static void
a_buffer_that_is_too_small_is_said(void **state)
{
	struct metrics m = { .count = { 0 } };
	auto_buf b = BUF_INIT(300);

	(void)state;
	assert_int_equal(metrics_write(&b, &m), ERR_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_is_what_prometheus_reads),
		cmocka_unit_test(a_buffer_that_is_too_small_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
