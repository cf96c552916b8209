/* The text format of Prometheus. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "prometheus.h"

static void
a_family_is_announced_before_its_samples(void **state)
{
	auto_buf b = BUF_INIT(4096);

	(void)state;
	assert_int_equal(prometheus_family(&b, "x_total", "counter", "Things."), OK);
	assert_int_equal(prometheus_sample(&b, "x_total", NULL, NULL, 7), OK);
	assert_int_equal(prometheus_sample(&b, "x_total", "kind", "a", -7), OK);
	assert_string_equal(b.data,
	    "# HELP x_total Things.\n# TYPE x_total counter\nx_total 7\nx_total{kind=\"a\"} -7\n");
}

static void
numbers_have_64_bits(void **state)
{
	auto_buf b = BUF_INIT(4096);

	(void)state;
	assert_int_equal(prometheus_sample(&b, "x", NULL, NULL, INT64_MAX), OK);
	assert_int_equal(prometheus_sample(&b, "x", NULL, NULL, INT64_MIN), OK);
	assert_string_equal(b.data, "x 9223372036854775807\nx -9223372036854775808\n");
}

static void
a_value_cannot_end_its_label(void **state)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
		{ "", "" },
		{ "a b,c={}", "a b,c={}" },
		{ "\xc3\xb1", "\xc3\xb1" },
		{ "a\"} 1\nx{b=\"", "a\\\"} 1\\nx{b=\\\"" },
		{ "\\", "\\\\" },
		{ "\\n", "\\\\n" },
		{ "\n\n", "\\n\\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_buf b = BUF_INIT(4096), sample = BUF_INIT(4096), want = BUF_INIT(4096);

		assert_int_equal(prometheus_label(&b, cases[i].value), OK);
		assert_string_equal(b.data != NULL ? b.data : "", cases[i].want);
		assert_int_equal(prometheus_sample(&sample, "x", "l", cases[i].value, 1), OK);
		assert_int_equal(buf_addf(&want, "x{l=\"%s\"} 1\n", cases[i].want), OK);
		assert_string_equal(sample.data, want.data);
	}
}

static void
a_buffer_that_is_full_is_said(void **state)
{
	static const char sample[] = "x{l=\"a\\\\b\"} 1\n";

	(void)state;
	for (size_t max = 0; max < sizeof sample; max++) {
		auto_buf b = BUF_INIT(max);

		assert_int_equal(prometheus_sample(&b, "x", "l", "a\\b", 1),
		    max < sizeof sample - 1 ? ERR_LIMIT : OK);
	}
	for (size_t max = 0; max <= 4; max++) { /* "a\\\\b": what would still fit is not added */
		auto_buf b = BUF_INIT(max);

		assert_int_equal(prometheus_label(&b, "a\\b"), max < 4 ? ERR_LIMIT : OK);
	}
	for (size_t max = 0; max <= 30; max++) { /* "# HELP x h\n# TYPE x counter\n" */
		auto_buf b = BUF_INIT(max);

		assert_int_equal(
		    prometheus_family(&b, "x", "counter", "h"), max < 28 ? ERR_LIMIT : OK);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_family_is_announced_before_its_samples),
		cmocka_unit_test(numbers_have_64_bits),
		cmocka_unit_test(a_value_cannot_end_its_label),
		cmocka_unit_test(a_buffer_that_is_full_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
