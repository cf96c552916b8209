/* The way of a frame to one peer: straight, or through the outbox, or not at all. */
#include "fake_push.h"

static struct frame *
text_frame(const char *text)
{
	return frame_new(text, strlen(text));
}

static void
say(struct fake *c, const char *text)
{
	assert_int_equal(peer_give(&c->session.peer, text_frame(text)), OK);
}

static void
what_the_socket_refuses_waits_and_nothing_overtakes_it(void **state)
{
	struct world *w = *state;
	struct fake c;

	fake_open(w, &c);
	say(&c, "1");
	assert_said(&c, "1\n");
	c.is_stuck = true;
	say(&c, "2");
	assert_int_equal(c.wakes, 1);
	c.is_stuck = false; /* it could, but 2 waits */
	say(&c, "3");
	assert_int_equal(c.wakes, 1);
	assert_said_nothing(&c);
	fake_drain(&c);
	assert_said(&c, "2\n3\n");
	say(&c, "4");
	assert_said(&c, "4\n");
	fake_close(&c);
}

static void
an_ended_peer_takes_nothing_more(void **state)
{
	struct world *w = *state;
	struct fake c;

	fake_open(w, &c);
	c.is_stuck = true;
	say(&c, "1");
	peer_end(&c.session.peer, 4200, "bye");
	peer_end(&c.session.peer, 4001, "again"); /* once only */
	say(&c, "2");
	assert_int_equal(c.session.peer.close_code, 4200);
	c.is_stuck = false;
	fake_drain(&c);
	assert_said(
	    &c, "1\n{\"event\":\"pusher:error\",\"data\":{\"message\":\"bye\",\"code\":4200}}\n");
	fake_close(&c);
}

static void
the_reason_fits_into_a_full_outbox(void **state)
{
	struct world *w = *state;
	struct fake c;

	fake_open(w, &c);
	c.is_stuck = true;
	for (int i = 0; i < LIMIT_OUTBOX_FRAMES; i++)
		say(&c, "x");
	peer_end(&c.session.peer, 4200, "bye");
	assert_int_equal(c.session.peer.outbox.count, 1);
	c.is_stuck = false;
	fake_drain(&c);
	assert_said(
	    &c, "{\"event\":\"pusher:error\",\"data\":{\"message\":\"bye\",\"code\":4200}}\n");
	fake_close(&c);
}

static void
one_message_too_many_is_told_to_the_caller_once(void **state)
{
	struct world *w = *state;
	struct fake c;
	struct frame *f = text_frame("x");

	fake_open(w, &c);
	c.is_stuck = true;
	for (int i = 0; i < LIMIT_OUTBOX_FRAMES; i++)
		assert_int_equal(peer_send(&c.session.peer, f), OK);
	assert_int_equal(peer_send(&c.session.peer, f), ERR_LIMIT);
	assert_int_equal(peer_send(&c.session.peer, f), OK);
	assert_int_equal(c.session.peer.close_code, 4100);
	frame_unref(f);
	fake_close(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(what_the_socket_refuses_waits_and_nothing_overtakes_it),
		world_test(an_ended_peer_takes_nothing_more),
		world_test(the_reason_fits_into_a_full_outbox),
		world_test(one_message_too_many_is_told_to_the_caller_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
