/* Which lines go into the next request, and what it looks like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "relay_batch.h"
#include "util.h"

static void
add(struct relay_queue *q, const char *chat, bool is_open, bool alone)
{
	char text[400];
	struct relay_line *l = xcalloc(1, sizeof *l);

	(void)snprintf(text, sizeof text,
	    "{\"v\":1,\"app\":\"a\",\"channels\":[%s%s%s\"private-chat.%s\",\"presence-chat.%s\"],"
	    "\"name\":\"text_delta\",\"data\":\"{}\",\"socket_id\":\"1.2\"}",
	    is_open ? "\"chat." : "", is_open ? chat : "", is_open ? "\"," : "", chat, chat);
	assert_int_equal(notify_line_parse(text, strlen(text), &l->line), OK);
	l->goes_alone = alone;
	TAILQ_INSERT_TAIL(q, l, link);
}

static size_t
count(const struct relay_queue *q)
{
	const struct relay_line *l;
	size_t n = 0;

	TAILQ_FOREACH(l, q, link)
	n++;
	return n;
}

static void
empty(struct relay_queue *q)
{
	struct relay_line *l;

	while ((l = TAILQ_FIRST(q)) != NULL) {
		TAILQ_REMOVE(q, l, link);
		relay_line_free(l);
	}
}

static bool
nobody(const void *arg, const struct relay_line *l)
{
	(void)arg;
	(void)l;
	return false;
}

static bool
same_as(const void *arg, const struct relay_line *l)
{
	return relay_same_chat(arg, l);
}

static void
a_request_holds_ten_entries_and_keeps_the_order_of_a_chat(void **state)
{
	struct relay_queue waiting = TAILQ_HEAD_INITIALIZER(waiting);
	struct relay_queue batch = TAILQ_HEAD_INITIALIZER(batch);

	(void)state;
	for (int i = 0; i < 3; i++)
		add(&waiting, "1", true, false); /* 3 entries each */
	add(&waiting, "1", true, false);         /* would be 12 */
	add(&waiting, "1", false, false);        /* 2 entries: must not overtake */
	assert_true(relay_take(&waiting, &batch, nobody, NULL));
	assert_int_equal(count(&batch), 3);
	assert_int_equal(count(&waiting), 2);
	empty(&batch);
	assert_true(relay_take(&waiting, &batch, nobody, NULL));
	assert_int_equal(count(&batch), 2);
	assert_false(relay_take(&waiting, &batch, nobody, NULL));
	empty(&batch);
}

static void
a_chat_with_something_under_way_waits_and_others_pass(void **state)
{
	struct relay_queue waiting = TAILQ_HEAD_INITIALIZER(waiting);
	struct relay_queue batch = TAILQ_HEAD_INITIALIZER(batch);
	struct relay_queue other = TAILQ_HEAD_INITIALIZER(other);

	(void)state;
	add(&other, "1", false, false);
	add(&waiting, "1", true, false);
	add(&waiting, "2", true, false);
	assert_true(relay_take(&waiting, &batch, same_as, TAILQ_FIRST(&other)));
	assert_int_equal(count(&batch), 1);
	assert_string_equal(TAILQ_FIRST(&batch)->line.channels[0], "chat.2");
	empty(&batch);
	assert_false(relay_take(&waiting, &batch, same_as, TAILQ_FIRST(&other)));
	empty(&waiting);
	empty(&other);
}

static void
what_was_refused_together_goes_alone(void **state)
{
	struct relay_queue waiting = TAILQ_HEAD_INITIALIZER(waiting);
	struct relay_queue batch = TAILQ_HEAD_INITIALIZER(batch);

	(void)state;
	add(&waiting, "1", false, true);
	add(&waiting, "2", false, true);
	for (int i = 0; i < 2; i++) {
		assert_true(relay_take(&waiting, &batch, nobody, NULL));
		assert_int_equal(count(&batch), 1);
		empty(&batch);
	}
}

static void
the_request_is_what_the_api_asks_for(void **state)
{
	static const struct relay_app app = { "3", "278d425bdf160c739803", "7ad3773142a6692b25b8" };
	struct relay_queue batch = TAILQ_HEAD_INITIALIZER(batch);
	auto_buf body = BUF_INIT(4096), path = BUF_INIT(4096);

	(void)state;
	add(&batch, "1", false, false);
	assert_int_equal(relay_body(&batch, &body), OK);
	assert_string_equal(body.data,
	    "{\"batch\":[{\"name\":\"text_delta\",\"channel\":\"private-chat.1\",\"data\":\"{}\","
	    "\"socket_id\":\"1.2\"},{\"name\":\"text_delta\",\"channel\":\"presence-chat.1\","
	    "\"data\":\"{}\",\"socket_id\":\"1.2\"}]}");
	assert_int_equal(relay_path(&app, &body, 1353088179, &path), OK);
	assert_non_null(strstr(path.data,
	    "/apps/3/batch_events?auth_key=278d425bdf160c739803&auth_timestamp=1353088179&"
	    "auth_version=1.0&body_md5="));
	assert_int_equal(strlen(strstr(path.data, "&auth_signature=")), 16 + 64);
	empty(&batch);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_holds_ten_entries_and_keeps_the_order_of_a_chat),
		cmocka_unit_test(a_chat_with_something_under_way_waits_and_others_pass),
		cmocka_unit_test(what_was_refused_together_goes_alone),
		cmocka_unit_test(the_request_is_what_the_api_asks_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
