/* The receivers of webhooks and what waits for them, below what test_webhooks.c sees of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "json.h"
#include "keyed_hash.h"
#include "limit.h"
#include "webhook_queue.h"

#define NOW 1000

/* --- a transport that keeps what it is given --- */

static struct webhook_post *started[64], *cancelled[64];
static size_t start_count, cancel_count;

static void
start(void *ctx, struct webhook_post *p)
{
	(void)ctx;
	assert_true(start_count < ARRAY_LEN(started));
	started[start_count++] = p;
}

static void
cancel(void *ctx, struct webhook_post *p)
{
	(void)ctx;
	cancelled[cancel_count++] = p;
}

static int64_t
mono(void)
{
	return NOW;
}

static int64_t
wall(void)
{
	return 1327078148132;
}

static const struct webhook_transport transport = {
	.start = start, .cancel = cancel, .mono_ms = mono, .wall_ms = wall
};

/* --- */

struct scene {
	struct metrics metrics;
	struct webhook_queue q;
};

static char id[] = "3", key[] = "278d425bdf160c739803", secret[] = "7ad3773142a6692b25b8",
	    url[] = "http://1/", header[] = "X-A: 1";
static char *headers[] = { header, NULL };

static int
set_up(void **state)
{
	struct scene *s = xcalloc(1, sizeof *s);

	keyed_hash_init();
	start_count = cancel_count = 0;
	s->q = (struct webhook_queue){ .transport = &transport, .metrics = &s->metrics };
	*state = s;
	return 0;
}

static int
tear_down(void **state)
{
	struct scene *s = *state;

	while (s->q.targets != NULL)
		webhook_target_drop(&s->q, s->q.targets);
	assert_int_equal(s->q.posts, 0);
	assert_int_equal(s->q.bytes, 0);
	assert_int_equal(s->q.started, 0);
	assert_int_equal(s->q.probes, 0);
	assert_null(s->q.busy);
	free(s);
	return 0;
}

static struct webhook_target *
target(struct scene *s, bool is_batch)
{
	const struct app app = {
		.id = id, .key = key, .secret = secret, .has_webhook_batch = is_batch
	};
	const struct app_webhook hook = { .url = url, .headers = headers };

	return webhook_target_get(&s->q, &app, &hook, NULL, 0);
}

/* With so many bytes instead of the channel's name, unless that is 0. */
static void
add(struct scene *s, struct webhook_target *t, const char *channel, size_t bytes)
{
	static char text[LIMIT_WEBHOOK_BYTES];
	json_auto_t *event = NULL;

	assert_true(bytes < sizeof text);
	memset(text, 'x', bytes);
	event = json_pack("{s:s, s:s#}", "name", "channel_occupied", "channel",
	    bytes > 0 ? text : channel, bytes > 0 ? (int)bytes : (int)strlen(channel));
	webhook_queue_add(&s->q, t, channel, event, NOW);
}

static uint64_t
dropped(const struct scene *s, enum metric why)
{
	return s->metrics.count[why];
}

/* --- what goes out --- */

static void
a_post_has_all_that_the_transport_needs(void **state)
{
	struct scene *s = *state;
	struct webhook_target *t = target(s, false);
	char signature[SIGN_HEX_SIZE];

	add(s, t, "c", 0);
	assert_int_equal(start_count, 0); /* not before it is run */
	assert_true(webhook_queue_run(&s->q, NOW) == INT64_MAX);
	assert_int_equal(start_count, 1);
	assert_string_equal(started[0]->url, "http://1/");
	assert_string_equal(started[0]->key, key);
	assert_string_equal(started[0]->headers[0], "X-A: 1");
	assert_null(started[0]->headers[1]);
	assert_string_equal(started[0]->body,
	    "{\"time_ms\":1327078148132,\"events\":[{\"name\":\"channel_occupied\","
	    "\"channel\":\"c\"}]}");
	assert_int_equal(started[0]->body_len, strlen(started[0]->body));
	sign_hmac_sha256(secret, started[0]->body, started[0]->body_len, signature);
	assert_string_equal(started[0]->signature, signature);
	assert_int_equal(s->metrics.count[METRIC_WEBHOOK_EVENTS], 1);
	webhook_queue_done(&s->q, started[0], true, NOW);
	assert_int_equal(s->metrics.count[METRIC_WEBHOOK_TAKEN], 1);
	assert_int_equal(s->q.posts, 0);
}

static void
what_was_started_is_not_started_again(void **state)
{
	struct scene *s = *state;
	struct webhook_target *t = target(s, false);

	add(s, t, "c", 0);
	for (int i = 0; i < 3; i++)
		(void)webhook_queue_run(&s->q, NOW + i);
	assert_int_equal(start_count, 1);
	webhook_queue_done(&s->q, started[0], true, NOW);
	/* nor when he may have several at once */
	add(s, t, "c", 0);
	add(s, t, "c", 0);
	for (int i = 0; i < 3; i++)
		(void)webhook_queue_run(&s->q, NOW + i);
	assert_int_equal(start_count, 2);
	webhook_queue_done(&s->q, started[1], true, NOW);
	(void)webhook_queue_run(&s->q, NOW);
	assert_int_equal(start_count, 3);
}

static void
a_run_says_when_the_next_is_due(void **state)
{
	struct scene *s = *state;
	struct webhook_target *one = target(s, false), *batch = target(s, true);

	assert_true(webhook_queue_run(&s->q, NOW) == INT64_MAX);
	add(s, one, "c", 0);
	add(s, batch, "c", 0);
	assert_true(webhook_queue_run(&s->q, NOW) == NOW + LIMIT_WEBHOOK_BATCH_MS);
	webhook_queue_done(&s->q, started[0], false, NOW);
	assert_true(webhook_queue_run(&s->q, NOW) == NOW + LIMIT_WEBHOOK_BATCH_MS);
	assert_true(webhook_queue_run(&s->q, NOW + LIMIT_WEBHOOK_BATCH_MS) == NOW + 1000);
	assert_int_equal(start_count, 2); /* the batch */
	assert_true(webhook_queue_run(&s->q, NOW + 999) == NOW + 1000);
	assert_int_equal(start_count, 2);
	assert_true(webhook_queue_run(&s->q, NOW + 1000) == INT64_MAX);
	assert_int_equal(start_count, 3);
	/* the earlier of what gathers and what is tried again */
	webhook_queue_done(&s->q, started[1], false, NOW);
	add(s, batch, "c", 0);
	assert_true(webhook_queue_run(&s->q, NOW) == NOW + LIMIT_WEBHOOK_BATCH_MS);
}

/* An event of a batch goes out once, in the order in which it came. */
static void
a_batch_is_one_post_of_all_that_gathered(void **state)
{
	struct scene *s = *state;
	struct webhook_target *t = target(s, true);

	add(s, t, "a", 0);
	add(s, t, "b", 0);
	assert_int_equal(s->q.posts, 0);
	(void)webhook_queue_run(&s->q, NOW + LIMIT_WEBHOOK_BATCH_MS - 1);
	assert_int_equal(start_count, 0);
	(void)webhook_queue_run(&s->q, NOW + LIMIT_WEBHOOK_BATCH_MS);
	assert_int_equal(start_count, 1);
	assert_non_null(
	    strstr(started[0]->body, "[{\"name\":\"channel_occupied\",\"channel\":\"a\"},"
				     "{\"name\":\"channel_occupied\",\"channel\":\"b\"}]"));
}

/* --- limits --- */

static void
a_receiver_has_so_many_bytes(void **state)
{
	struct scene *s = *state;
	struct webhook_target *t = target(s, false);
	size_t around;

	add(s, t, "c", 1);
	around = t->bytes - 1;
	add(s, t, "c", LIMIT_WEBHOOK_BYTES - t->bytes - around);
	assert_int_equal(t->bytes, LIMIT_WEBHOOK_BYTES);
	assert_int_equal(dropped(s, METRIC_WEBHOOK_DROPPED_QUEUE), 0);
	add(s, t, "c", 1);
	assert_int_equal(t->posts, 2);
	assert_int_equal(dropped(s, METRIC_WEBHOOK_DROPPED_QUEUE), 1);
	/* one byte more than fits does not */
	(void)webhook_queue_run(&s->q, NOW);
	webhook_queue_done(&s->q, started[0], true, NOW);
	add(s, t, "c", 2);
	assert_int_equal(t->posts, 1);
	add(s, t, "c", 1);
	assert_int_equal(t->posts, 2);
	assert_int_equal(t->bytes, LIMIT_WEBHOOK_BYTES);
}

static void
all_receivers_together_have_so_many_bytes(void **state)
{
	enum { FULL = LIMIT_WEBHOOK_ALL_BYTES / LIMIT_WEBHOOK_BYTES };
	struct scene *s = *state;
	struct webhook_target *t[FULL + 1];
	size_t around;

	for (size_t i = 0; i <= FULL; i++)
		t[i] = target(s, false);
	add(s, t[FULL], "c", 1);
	around = t[FULL]->bytes - 1;
	for (size_t i = 0; i + 1 < FULL; i++)
		add(s, t[i], "c", LIMIT_WEBHOOK_BYTES - around);
	add(s, t[FULL - 1], "c", LIMIT_WEBHOOK_ALL_BYTES - s->q.bytes - around);
	assert_int_equal(s->q.bytes, LIMIT_WEBHOOK_ALL_BYTES);
	assert_int_equal(dropped(s, METRIC_WEBHOOK_DROPPED_QUEUE), 0);
	add(s, t[FULL], "c", 1);
	assert_int_equal(t[FULL]->posts, 1);
	assert_int_equal(dropped(s, METRIC_WEBHOOK_DROPPED_QUEUE), 1);
}

static void
a_batch_that_does_not_fit_counts_each_of_its_events(void **state)
{
	struct scene *s = *state;
	struct webhook_target *t = target(s, true);

	for (int i = 0; i < 9; i++)
		add(s, t, "c", LIMIT_WEBHOOK_BYTES / 8);
	assert_true(webhook_queue_run(&s->q, NOW + LIMIT_WEBHOOK_BATCH_MS) == INT64_MAX);
	assert_int_equal(start_count, 0);
	assert_int_equal(dropped(s, METRIC_WEBHOOK_DROPPED_QUEUE), 9);
	assert_null(s->q.busy); /* nothing waits for him any more */
	add(s, t, "c", 0);
	(void)webhook_queue_run(&s->q, NOW + LIMIT_WEBHOOK_BATCH_MS);
	assert_int_equal(start_count, 1);
}

/* --- new settings, and receivers that go --- */

static void
a_receiver_is_known_by_its_url_and_each_url_counts_once(void **state)
{
	struct scene *s = *state;
	struct webhook_target *old[] = { target(s, false), target(s, false) };
	struct webhook_target *first, *second, *third;
	const struct app app = { .id = id, .key = key, .secret = secret };
	const struct app_webhook hook = { .url = url };

	old[0]->is_found = old[1]->is_found = false;
	first = webhook_target_get(&s->q, &app, &hook, old, 2);
	second = webhook_target_get(&s->q, &app, &hook, old, 2);
	third = webhook_target_get(&s->q, &app, &hook, old, 2);
	assert_ptr_equal(first, old[0]);
	assert_ptr_equal(second, old[1]);
	assert_ptr_not_equal(third, old[0]);
	assert_ptr_not_equal(third, old[1]);
	assert_null(first->hook.headers);
}

static void
what_is_under_way_begins_anew_under_a_new_secret(void **state)
{
	static char other[] = "another secret";
	struct scene *s = *state;
	struct webhook_target *t = target(s, false), *again;
	const struct app app = { .id = id, .key = key, .secret = other };
	const struct app_webhook hook = { .url = url };
	char signature[SIGN_HEX_SIZE];

	add(s, t, "c", 0);
	(void)webhook_queue_run(&s->q, NOW);
	t->is_found = false;
	again = webhook_target_get(&s->q, &app, &hook, &t, 1);
	assert_ptr_equal(again, t);
	assert_int_equal(cancel_count, 1);
	assert_ptr_equal(cancelled[0], started[0]);
	assert_int_equal(s->q.started, 0);
	(void)webhook_queue_run(&s->q, NOW);
	assert_int_equal(start_count, 2);
	sign_hmac_sha256(other, started[1]->body, started[1]->body_len, signature);
	assert_string_equal(started[1]->signature, signature);
}

static void
what_waits_for_a_receiver_that_goes_is_given_up_and_counted(void **state)
{
	struct scene *s = *state;
	struct webhook_target *one = target(s, false), *batch = target(s, true);

	add(s, one, "c", 0);
	add(s, one, "c", 0);
	add(s, batch, "a", 0);
	add(s, batch, "b", 0);
	add(s, batch, "c", 0);
	(void)webhook_queue_run(&s->q, NOW);
	webhook_target_drop(&s->q, one);
	assert_int_equal(cancel_count, 1);
	assert_int_equal(dropped(s, METRIC_WEBHOOK_DROPPED_REMOVED), 2);
	webhook_target_drop(&s->q, batch); /* it still gathered */
	assert_int_equal(dropped(s, METRIC_WEBHOOK_DROPPED_REMOVED), 5);
	assert_true(webhook_queue_run(&s->q, NOW + 1000) == INT64_MAX);
}

#define QUEUE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		QUEUE_TEST(a_post_has_all_that_the_transport_needs),
		QUEUE_TEST(what_was_started_is_not_started_again),
		QUEUE_TEST(a_run_says_when_the_next_is_due),
		QUEUE_TEST(a_batch_is_one_post_of_all_that_gathered),
		QUEUE_TEST(a_receiver_has_so_many_bytes),
		QUEUE_TEST(all_receivers_together_have_so_many_bytes),
		QUEUE_TEST(a_batch_that_does_not_fit_counts_each_of_its_events),
		QUEUE_TEST(a_receiver_is_known_by_its_url_and_each_url_counts_once),
		QUEUE_TEST(what_is_under_way_begins_anew_under_a_new_secret),
		QUEUE_TEST(what_waits_for_a_receiver_that_goes_is_given_up_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
