/* The families of /metrics that have the label app. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app_metrics.h"

static char id[] = "3", key[] = "k3", secret[] = "s3", name[] = "n", path[] = "";
static const struct config config = { .pusher_app_id = id,
	.pusher_app_key = key,
	.pusher_app_secret = secret,
	.pusher_app_name = name,
	.pusher_app_path = path };

static struct apps *
two_apps(void)
{
	static const char text[] = "{\"apps\":[{\"id\":\"3\",\"key\":\"k3\",\"secret\":\"s3\"},"
				   "{\"id\":\"a\\\"b\\\\c\",\"key\":\"k4\",\"secret\":\"s4\"}]}";
	auto_buf why = BUF_INIT(1024);
	struct apps *apps = NULL;

	assert_int_equal(apps_from_config(&config, &apps), OK);
	assert_int_equal(apps_set_file(apps, text, sizeof text - 1, false, &why, NULL, NULL), OK);
	return apps;
}

static size_t
count_of(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

static void
each_figure_stands_under_its_name_and_app(void **state)
{
	struct apps *apps = two_apps();
	struct app *app = apps_at(apps, 0);
	auto_buf b = BUF_INIT(1 << 20);
	static const struct {
		const char *line;
	} lines[] = {
		{ "\ncharla_push_connections{app=\"3\"} 1\n" },
		{ "\ncharla_push_channels{app=\"3\"} 2\n" },
		{ "\ncharla_push_subscriptions{app=\"3\"} 3\n" },
		{ "\ncharla_push_connections_opened_total{app=\"3\"} 4\n" },
		{ "\ncharla_push_connections_closed_total{app=\"3\"} 5\n" },
		{ "\ncharla_push_messages_received_total{app=\"3\"} 6\n" },
		{ "\ncharla_push_received_bytes_total{app=\"3\"} 7\n" },
		{ "\ncharla_push_messages_sent_total{app=\"3\"} 8\n" },
		{ "\ncharla_push_sent_bytes_total{app=\"3\"} 18446744073709551615\n" },
		{ "\ncharla_push_events_total{app=\"3\",source=\"http\"} 10\n" },
		{ "\ncharla_push_events_total{app=\"3\",source=\"datagram\"} 11\n" },
		{ "\ncharla_push_events_total{app=\"3\",source=\"client\"} 12\n" },
		{ "\ncharla_push_api_requests_total{app=\"3\"} 13\n" },
		{ "\ncharla_push_slow_readers_total{app=\"3\"} 14\n" },
	};

	(void)state;
	app->connections = 1;
	app->counts.channels = 2;
	app->counts.subscriptions = 3;
	app->counts.now = (struct app_totals){ .opened = 4,
		.closed = 5,
		.received = 6,
		.received_bytes = 7,
		.sent = 8,
		.sent_bytes = UINT64_MAX,
		.events_http = 10,
		.events_datagram = 11,
		.events_client = 12,
		.api_requests = 13,
		.slow = 14 };
	assert_int_equal(app_metrics_write(&b, apps), OK);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		assert_non_null(strstr(b.data, lines[i].line));
	/* a family is announced once, whatever it has of apps and labels */
	assert_int_equal(count_of(b.data, "# TYPE charla_push_events_total counter\n"), 1);
	assert_int_equal(count_of(b.data, "# TYPE charla_push_connections gauge\n"), 1);
	assert_int_equal(count_of(b.data, "# TYPE charla_push_delivery_seconds histogram\n"), 1);
	assert_int_equal(count_of(b.data, "(null)"), 0);
	apps_free(apps);
}

/* Whoever names an app may not write lines of his own. */
static void
an_id_is_escaped(void **state)
{
	struct apps *apps = two_apps();
	auto_buf b = BUF_INIT(1 << 20);

	(void)state;
	assert_int_equal(app_metrics_write(&b, apps), OK);
	assert_non_null(strstr(b.data, "\ncharla_push_connections{app=\"a\\\"b\\\\c\"} 0\n"));
	assert_non_null(strstr(
	    b.data, "\ncharla_push_delivery_seconds_bucket{app=\"a\\\"b\\\\c\",le=\"+Inf\"} 0\n"));
	apps_free(apps);
}

static void
buckets_of_the_histogram_hold_all_that_was_faster(void **state)
{
	static const int64_t took_ns[] = { 0, 50000, 50001, 1000000000, 1000000001, 5000000000 };
	static const char *const lines[] = {
		"_bucket{app=\"3\",le=\"5e-05\"} 2\n",
		"_bucket{app=\"3\",le=\"0.0001\"} 3\n",
		"_bucket{app=\"3\",le=\"0.25\"} 3\n",
		"_bucket{app=\"3\",le=\"1\"} 4\n",
		"_bucket{app=\"3\",le=\"+Inf\"} 6\n",
		"_sum{app=\"3\"} 7.000100002\n",
		"_count{app=\"3\"} 6\n",
	};
	struct apps *apps = two_apps();
	auto_buf b = BUF_INIT(1 << 20);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(took_ns); i++)
		app_counts_delivered(&apps_at(apps, 0)->counts, took_ns[i]);
	assert_int_equal(app_metrics_write(&b, apps), OK);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		assert_non_null(strstr(b.data, lines[i]));
	assert_int_equal(
	    count_of(b.data, "delivery_seconds_bucket{app=\"3\""), DELIVERY_BUCKETS + 1);
	apps_free(apps);
}

static void
a_buffer_that_is_too_small_is_said(void **state)
{
	struct apps *apps = two_apps();
	auto_buf whole = BUF_INIT(1 << 20);

	(void)state;
	assert_int_equal(app_metrics_write(&whole, apps), OK);
	for (size_t max = 0; max <= whole.len; max++) {
		auto_buf b = BUF_INIT(max);

		assert_int_equal(app_metrics_write(&b, apps), max < whole.len ? ERR_LIMIT : OK);
	}
	apps_free(apps);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_figure_stands_under_its_name_and_app),
		cmocka_unit_test(an_id_is_escaped),
		cmocka_unit_test(buckets_of_the_histogram_hold_all_that_was_faster),
		cmocka_unit_test(a_buffer_that_is_too_small_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
