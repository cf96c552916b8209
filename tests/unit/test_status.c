/* status: the figures of an app and of the server, under the names that the dashboard reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "status.h"

static void
an_app_has_all_its_figures(void **state)
{
	struct app app = {
		.connections = 3,
		.counts = {
			.peak_ever = 5,
			.channels = 2,
			.subscriptions = 7,
			.delivery = { [0] = 11, [DELIVERY_BUCKETS] = 13 },
			.now = { .opened = 1,
			    .closed = 2,
			    .received = 3,
			    .received_bytes = 4,
			    .sent = 5,
			    .sent_bytes = 6,
			    .events_http = 7,
			    .events_datagram = 8,
			    .events_client = 9,
			    .api_requests = 10,
			    .slow = 11 },
		},
	};
	json_auto_t *root = status_app(&app);
	auto_char *totals = json_dumps(json_object_get(root, "totals"), JSON_COMPACT);
	const json_t *delivery = json_object_get(root, "delivery");

	(void)state;
	assert_string_equal(totals,
	    "{\"opened\":1,\"closed\":2,\"received\":3,\"received_bytes\":4,\"sent\":5,"
	    "\"sent_bytes\":6,\"events_http\":7,\"events_datagram\":8,\"events_client\":9,"
	    "\"api_requests\":10,\"slow\":11}");
	assert_int_equal(json_integer_value(json_object_get(root, "connections")), 3);
	assert_int_equal(json_integer_value(json_object_get(root, "peak")), 5);
	assert_int_equal(json_integer_value(json_object_get(root, "channels")), 2);
	assert_int_equal(json_integer_value(json_object_get(root, "subscriptions")), 7);
	assert_int_equal(json_array_size(delivery), DELIVERY_BUCKETS + 1);
	assert_int_equal(json_integer_value(json_array_get(delivery, 0)), 11);
	assert_int_equal(json_integer_value(json_array_get(delivery, DELIVERY_BUCKETS)), 13);
}

static void
bounds_rise_and_are_one_less_than_the_numbers(void **state)
{
	json_auto_t *bounds = status_delivery_bounds();

	(void)state;
	assert_int_equal(json_array_size(bounds), DELIVERY_BUCKETS);
	for (size_t i = 1; i < DELIVERY_BUCKETS; i++)
		assert_true(json_real_value(json_array_get(bounds, i)) >
			    json_real_value(json_array_get(bounds, i - 1)));
}

static void
the_server_sums_every_refusal_and_every_close(void **state)
{
	struct metrics m = { .count = { 0 } };
	const struct status_server server = { .metrics = &m, .started_ms = 42 };
	json_auto_t *root = NULL;
	const json_t *webhooks;

	(void)state;
	for (unsigned i = METRIC_REFUSED_KEY; i <= METRIC_CLOSED_SIGNIN; i++)
		m.count[i] = 1;
	m.count[METRIC_WEBHOOK_TAKEN] = 2;
	m.count[METRIC_WEBHOOK_RETRIED] = 3;
	m.count[METRIC_WEBHOOK_DROPPED_QUEUE] = 4;
	m.count[METRIC_WEBHOOK_DROPPED_RETRIES] = 5;
	m.count[METRIC_WEBHOOK_DROPPED_REMOVED] = 6;
	root = status_server(&server);
	webhooks = json_object_get(root, "webhooks");
	assert_int_equal(json_integer_value(json_object_get(root, "started_ms")), 42);
	assert_int_equal(json_integer_value(json_object_get(root, "refused")),
	    METRIC_REFUSED_UPGRADE - METRIC_REFUSED_KEY + 1);
	assert_int_equal(json_integer_value(json_object_get(root, "closed")),
	    METRIC_CLOSED_SIGNIN - METRIC_CLOSED_SLOW + 1);
	assert_int_equal(json_integer_value(json_object_get(webhooks, "waiting")), 0);
	assert_int_equal(json_integer_value(json_object_get(webhooks, "taken")), 2);
	assert_int_equal(json_integer_value(json_object_get(webhooks, "retried")), 3);
	assert_int_equal(json_integer_value(json_object_get(webhooks, "dropped")), 15);
	assert_true(json_integer_value(json_object_get(root, "memory")) > 0);
	assert_true(json_integer_value(json_object_get(root, "cpu_ms")) >= 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_app_has_all_its_figures),
		cmocka_unit_test(bounds_rise_and_are_one_less_than_the_numbers),
		cmocka_unit_test(the_server_sums_every_refusal_and_every_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
