/* One answer in the making: what of its text waits to be pushed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reply.h"

static struct reply *
make(void)
{
	static char title[] = "t", none[] = "", persona[] = "be brief";
	const struct job job = { .id = 7, .uid = "j-1", .message_uid = "m-1" };
	const struct chat chat = { .id = "42",
		.id_is_number = true,
		.is_private = true,
		.title = title,
		.system_prompt = persona,
		.client_system = none,
		.lang = "es" };

	return reply_new(&job, &chat, "p-1");
}

/* A tick has written the text so far under seq; the one before was prev. */
static void
write_text(struct reply *r, const char *more, int64_t prev, int64_t seq)
{
	assert_int_equal(buf_adds(&r->text, more), OK);
	r->tick.prev = prev;
	r->tick.seq = seq;
	reply_text_written(r);
}

static void
assert_waits(const struct reply *r, const char *text, int64_t offset, int64_t prev, int64_t seq)
{
	assert_int_equal(r->push_to - r->push_from, strlen(text));
	assert_memory_equal(r->text.data + r->push_from, text, strlen(text));
	assert_int_equal(r->push_offset, offset);
	assert_int_equal(r->push_prev, prev);
	assert_int_equal(r->push_seq, seq);
}

static void
a_reply_knows_its_chat_and_has_no_text(void **state)
{
	struct reply *r = make();

	(void)state;
	assert_int_equal(r->job.id, 7);
	assert_string_equal(r->chat_id, "42");
	assert_true(r->chat_id_is_number && r->chat_is_private);
	assert_string_equal(r->lang, "es");
	assert_string_equal(r->parent_uid, "p-1");
	assert_string_equal(r->system_prompt, "be brief");
	assert_null(r->client_system); /* "" is none */
	assert_null(r->model);
	assert_int_equal(r->text.len, 0);
	assert_int_equal(r->text.max, LIMIT_REPLY_BYTES);
	assert_int_equal(reply_first_ms(r), -1);
	reply_free(r);
	reply_free(NULL);
}

static void
pieces_that_wait_become_one(void **state)
{
	struct reply *r = make();

	(void)state;
	write_text(r, "uno", 3, 4);
	assert_waits(r, "uno", 0, 3, 4);
	write_text(r, " dos", 4, 5);
	assert_waits(r, "uno dos", 0, 3, 5);
	r->push_seq = 0; /* it was pushed */
	write_text(r, " tres", 5, 6);
	assert_waits(r, " tres", 7, 5, 6);
	assert_int_equal(r->stored, r->text.len);
	assert_int_equal(r->stored_units, 12);
	reply_free(r);
}

/* Readers see the gap and fetch; a delta across it would stand in the wrong order. */
static void
another_event_between_two_pieces_gives_up_the_first(void **state)
{
	struct reply *r = make();

	(void)state;
	write_text(r, "uno", 3, 4);
	write_text(r, " dos", 5, 6); /* somebody took number 5 */
	assert_waits(r, " dos", 3, 5, 6);
	reply_free(r);
}

static void
offsets_count_as_javascript_does(void **state)
{
	struct reply *r = make();

	(void)state;
	write_text(r, "\xc3\xb1\xf0\x9f\x99\x82", 3, 4);
	r->push_seq = 0;
	write_text(r, "z", 4, 5);
	assert_waits(r, "z", 3, 4, 5);
	reply_free(r);
}

static void
an_attempt_counts_from_its_start_to_its_first_text(void **state)
{
	struct reply *r = make();

	(void)state;
	r->started_ms = 5000;
	assert_int_equal(reply_first_ms(r), -1);
	r->first_ms = 5000;
	assert_int_equal(reply_first_ms(r), 0);
	r->first_ms = 5250;
	assert_int_equal(reply_first_ms(r), 250);
	reply_free(r);
}

static void
an_event_says_which_text_it_brings(void **state)
{
	struct reply *r = make();
	struct event_context c;

	(void)state;
	write_text(r, "uno", 3, 4);
	c = reply_event_context(r, 99);
	assert_string_equal(c.chat_id, "42");
	assert_true(c.id_is_number);
	assert_string_equal(c.message_uid, "m-1");
	assert_string_equal(c.parent_uid, "p-1");
	assert_string_equal(c.job_uid, "j-1");
	assert_int_equal(c.seq, 4);
	assert_int_equal(c.prev, 3);
	assert_int_equal(c.now_ms, 99);
	assert_null(c.app_key);
	reply_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reply_knows_its_chat_and_has_no_text),
		cmocka_unit_test(pieces_that_wait_become_one),
		cmocka_unit_test(another_event_between_two_pieces_gives_up_the_first),
		cmocka_unit_test(offsets_count_as_javascript_does),
		cmocka_unit_test(an_attempt_counts_from_its_start_to_its_first_text),
		cmocka_unit_test(an_event_says_which_text_it_brings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
