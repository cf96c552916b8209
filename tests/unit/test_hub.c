/* The hub's channels, events and endings. Presence, users, caches and counts: files of their own.
 */
#include "fake_push.h"

#include "limit.h"

#define EVENT(channel, name) "{\"event\":\"" name "\",\"channel\":\"" channel "\",\"data\":\"x\"}\n"

static void
join(struct fake *c, const char *name)
{
	assert_int_equal(
	    hub_subscribe(c->world->hub, &c->session.peer, name, strlen(name), NULL), OK);
}

static void
leave(struct fake *c, const char *name)
{
	hub_unsubscribe(c->world->hub, &c->session.peer, name, strlen(name));
}

static void
an_event_reaches_the_members_and_nobody_else(void **state)
{
	struct world *w = *state;
	struct fake a, b, c;

	fake_open(w, &a);
	fake_open(w, &b);
	fake_open(w, &c);
	join(&a, "x");
	join(&b, "x");
	join(&c, "y");
	world_say(w, "x", "e");
	assert_said(&a, EVENT("x", "e"));
	assert_said(&b, EVENT("x", "e"));
	assert_said_nothing(&c);
	world_say(w, "nobody", "e");
	assert_said_nothing(&a);
	fake_close(&a);
	fake_close(&b);
	fake_close(&c);
}

static void
what_came_in_one_round_goes_out_as_one_write_in_order(void **state)
{
	struct world *w = *state;
	struct fake a;

	fake_open(w, &a);
	join(&a, "x");
	a.writes = 0;
	world_publish(w, "x", "1", "x", NULL);
	world_publish(w, "x", "2", "x", NULL);
	world_publish(w, "x", "3", "x", NULL);
	assert_said_nothing(&a);
	hub_flush(w->hub);
	assert_said(&a, EVENT("x", "1") EVENT("x", "2") EVENT("x", "3"));
	assert_int_equal(a.writes, 1);
	fake_close(&a);
}

static void
a_channel_gathers_no_more_than_its_limits(void **state)
{
	struct world *w = *state;
	struct fake a;
	char *large = xcalloc(1, HUB_JOIN_BYTES + 1);

	memset(large, 'x', HUB_JOIN_BYTES);
	fake_open(w, &a);
	join(&a, "x");
	for (int i = 0; i < HUB_JOIN_FRAMES - 1; i++)
		world_publish(w, "x", "e", "x", NULL);
	assert_said_nothing(&a);
	world_publish(w, "x", "e", "x", NULL);
	assert_int_equal(a.said.len, HUB_JOIN_FRAMES * strlen(EVENT("x", "e")));
	buf_clear(&a.said);
	world_publish(w, "x", "e", large, NULL);
	assert_true(a.said.len > HUB_JOIN_BYTES);
	free(large);
	fake_close(&a);
}

static void
the_excluded_socket_gets_nothing_and_order_is_kept(void **state)
{
	struct world *w = *state;
	struct fake a, b;

	fake_open(w, &a);
	fake_open(w, &b);
	join(&a, "x");
	join(&b, "x");
	world_publish(w, "x", "1", "x", NULL);
	world_publish(w, "x", "2", "x", &a);
	world_publish(w, "x", "3", "x", NULL);
	hub_flush(w->hub);
	assert_said(&a, EVENT("x", "1") EVENT("x", "3"));
	assert_said(&b, EVENT("x", "1") EVENT("x", "2") EVENT("x", "3"));
	fake_close(&a);
	fake_close(&b);
}

static void
who_joins_hears_nothing_from_before(void **state)
{
	struct world *w = *state;
	struct fake a, b;

	fake_open(w, &a);
	fake_open(w, &b);
	join(&a, "x");
	world_publish(w, "x", "before", "x", NULL);
	join(&b, "x");
	world_publish(w, "x", "after", "x", NULL);
	hub_flush(w->hub);
	assert_said(&a, EVENT("x", "before") EVENT("x", "after"));
	assert_said(&b, EVENT("x", "after"));
	fake_close(&a);
	fake_close(&b);
}

static void
joining_and_leaving_twice_is_harmless(void **state)
{
	struct world *w = *state;
	struct fake a;

	fake_open(w, &a);
	join(&a, "x");
	join(&a, "x");
	assert_int_equal(hub_occupancy(w->app, "x", 1), 1);
	world_say(w, "x", "e");
	assert_said(&a, EVENT("x", "e"));
	leave(&a, "x");
	leave(&a, "x");
	leave(&a, "never");
	assert_int_equal(hub_occupancy(w->app, "x", 1), 0);
	assert_int_equal(hub_channel_count(w->hub), 0);
	fake_close(&a);
}

static void
who_does_not_read_is_ended_and_delays_nobody(void **state)
{
	struct world *w = *state;
	struct fake slow, quick;

	fake_open(w, &slow);
	fake_open(w, &quick);
	join(&slow, "x");
	join(&quick, "x");
	slow.is_stuck = true;
	for (int i = 0; i < LIMIT_OUTBOX_FRAMES; i++)
		world_say(w, "x", "e");
	assert_false(peer_has_ended(&slow.session.peer));
	world_say(w, "x", "e");
	assert_int_equal(slow.session.peer.close_code, 4100);
	assert_int_equal(w->metrics.count[METRIC_CLOSED_SLOW], 1);
	assert_int_equal(hub_occupancy(w->app, "x", 1), 1);
	assert_int_equal(quick.said.len, (LIMIT_OUTBOX_FRAMES + 1) * strlen(EVENT("x", "e")));
	/* the reason is there for him who reads at last */
	slow.is_stuck = false;
	fake_drain(&slow);
	assert_said(&slow, "{\"event\":\"pusher:error\",\"data\":{\"message\":\"You read too "
			   "slowly\",\"code\":4100}}\n");
	fake_close(&slow);
	fake_close(&quick);
}

static void
capacity_counts_connections_and_is_never_wrong(void **state)
{
	struct world *w = *state;
	struct fake c[3];

	w->app->capacity = 2;
	for (int round = 0; round < 100; round++) {
		fake_open(w, &c[0]);
		fake_open(w, &c[1]);
		fake_open_as(w, &c[2],
		    &(struct session_request){
			.key = FAKE_KEY, .key_len = strlen(FAKE_KEY), .protocol = "7" });
		assert_int_equal(c[2].session.peer.close_code, 4100);
		assert_int_equal(w->app->connections, 2);
		fake_close(&c[round % 3]);
		fake_close(&c[(round + 1) % 3]);
		fake_close(&c[(round + 2) % 3]);
		assert_int_equal(w->app->connections, 0);
	}
}

static void
socket_ids_are_found_and_only_by_their_whole_name(void **state)
{
	struct world *w = *state;
	struct fake a, b;
	char id[SOCKET_ID_SIZE], other[SOCKET_ID_SIZE + 8];

	fake_open(w, &a);
	fake_open(w, &b);
	(void)hub_socket_id(&a.session.peer, id);
	assert_ptr_equal(hub_find(w->hub, w->app, id), &a.session.peer);
	(void)snprintf(other, sizeof other, "%s0", id);
	assert_null(hub_find(w->hub, w->app, other));
	(void)snprintf(
	    other, sizeof other, "%u.%u", a.session.peer.nonce + 1, a.session.peer.slot + 1);
	assert_null(hub_find(w->hub, w->app, other));
	assert_null(hub_find(w->hub, w->app, ""));
	assert_null(hub_find(w->hub, w->app, "1"));
	assert_null(hub_find(w->hub, w->app, "1."));
	assert_null(hub_find(w->hub, w->app, "1.0"));
	assert_null(hub_find(w->hub, w->app, "1.99999999999999999999"));
	fake_close(&a);
	assert_null(hub_find(w->hub, w->app, id));
	fake_close(&b);
}

/* Any sequence of joining and leaving leaves the hub as a plain matrix says. */
static void
churn_keeps_both_sides_of_every_subscription(void **state)
{
	enum { PEERS = 13, CHANNELS = 7, STEPS = 20000 };
	struct world *w = *state;
	static struct fake peers[PEERS];
	bool in[PEERS][CHANNELS] = { { false } };
	uint32_t random = 1;

	for (int i = 0; i < PEERS; i++)
		fake_open(w, &peers[i]);
	for (int step = 0; step < STEPS; step++) {
		random = random * 1664525 + 1013904223;
		int p = (int)((random >> 8) % PEERS), c = (int)((random >> 16) % CHANNELS);
		char name[2] = { (char)('a' + c), '\0' };
		size_t count = 0;

		if ((random >> 28) == 0) {
			hub_leave_all(w->hub, &peers[p].session.peer);
			memset(in[p], 0, sizeof in[p]);
		} else if ((random >> 28) < 9) {
			join(&peers[p], name);
			in[p][c] = true;
		} else {
			leave(&peers[p], name);
			in[p][c] = false;
		}
		for (int i = 0; i < PEERS; i++)
			count += in[i][c];
		assert_int_equal(hub_occupancy(w->app, name, 1), count);
		assert_int_equal(hub_is_member(&peers[p].session.peer, name, 1), in[p][c]);
		if (step % 100 == 0) {
			world_say(w, name, "e");
			for (int i = 0; i < PEERS; i++) {
				assert_int_equal(peers[i].said.len > 0, in[i][c]);
				buf_clear(&peers[i].said);
			}
		}
	}
	for (int i = 0; i < PEERS; i++)
		fake_close(&peers[i]);
}

static void
evicting_ends_the_members_of_one_channel(void **state)
{
	struct world *w = *state;
	struct fake c[5];

	for (int i = 0; i < 5; i++) {
		fake_open(w, &c[i]);
		join(&c[i], i < 3 ? "private-x" : "private-y");
		join(&c[i], "z");
	}
	assert_int_equal(hub_evict(w->hub, w->app, "private-x", 9, NULL), 3);
	for (int i = 0; i < 5; i++)
		assert_int_equal(c[i].session.peer.close_code, i < 3 ? 4200 : 0);
	assert_int_equal(hub_occupancy(w->app, "z", 1), 2);
	assert_int_equal(hub_evict(w->hub, w->app, "private-x", 9, NULL), 0);
	for (int i = 0; i < 5; i++)
		fake_close(&c[i]);
}

static void
an_app_that_goes_ends_its_connections(void **state)
{
	struct world *w = *state;
	struct fake a, b;

	fake_open(w, &a);
	fake_open(w, &b);
	join(&a, "x");
	world_say(w, "cache-x", "e"); /* something to forget */
	hub_end_app(w->hub, w->app, 4001, "gone");
	assert_int_equal(a.session.peer.close_code, 4001);
	assert_int_equal(b.session.peer.close_code, 4001);
	fake_close(&a);
	fake_close(&b);
	hub_forget_app(w->hub, w->app);
	assert_null(w->app->hub_app);
	hub_forget_app(w->hub, w->app);
}

/* --- questions --- */

static void
note_name(void *ctx, const struct hub_channel *c)
{
	struct buf *b = ctx;

	assert_int_equal(strlen(c->name), c->name_len);
	assert_int_equal(buf_addf(b, "%s:%zu:%zu ", c->name, c->subscriptions, c->users), OK);
}

static void
channels_are_listed_by_prefix(void **state)
{
	struct world *w = *state;
	struct fake a, b;
	auto_buf names = BUF_INIT(1024);
	struct hub_channel c;

	hub_each_channel(w->app, "", note_name, &names);
	assert_int_equal(names.len, 0);
	fake_open(w, &a);
	fake_open(w, &b);
	join(&a, "chat.1");
	join(&b, "chat.1");
	join(&a, "chat.2");
	join(&a, "other");
	hub_each_channel(w->app, "chat.", note_name, &names);
	assert_string_equal(names.data, "chat.1:2:0 chat.2:1:0 ");
	assert_true(hub_channel(w->app, "other", 5, &c));
	assert_int_equal(c.subscriptions, 1);
	assert_false(hub_channel(w->app, "othe", 4, &c));
	fake_close(&a);
	fake_close(&b);
}

static void
note_channel(void *ctx, struct app *app, const char *channel)
{
	(void)app;
	assert_int_equal(buf_addf(ctx, "%s ", channel), OK);
}

static void
an_observer_hears_of_the_first_and_the_last_member(void **state)
{
	struct world *w = *state;
	struct fake a, b;
	auto_buf came = BUF_INIT(1024), went = BUF_INIT(1024);

	hub_observe(
	    w->hub, &(struct hub_observer){ .ctx = &came, .channel_occupied = note_channel });
	fake_open(w, &a);
	fake_open(w, &b);
	join(&a, "x");
	join(&b, "x");
	join(&b, "y");
	assert_string_equal(came.data, "x y ");
	hub_observe(
	    w->hub, &(struct hub_observer){ .ctx = &went, .channel_vacated = note_channel });
	leave(&a, "x");
	assert_int_equal(went.len, 0);
	fake_close(&b);
	assert_string_equal(went.data, "y x ");
	hub_observe(w->hub, NULL);
	join(&a, "x");
	fake_close(&a);
	assert_string_equal(went.data, "y x ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(an_event_reaches_the_members_and_nobody_else),
		world_test(what_came_in_one_round_goes_out_as_one_write_in_order),
		world_test(a_channel_gathers_no_more_than_its_limits),
		world_test(the_excluded_socket_gets_nothing_and_order_is_kept),
		world_test(who_joins_hears_nothing_from_before),
		world_test(joining_and_leaving_twice_is_harmless),
		world_test(who_does_not_read_is_ended_and_delays_nobody),
		world_test(capacity_counts_connections_and_is_never_wrong),
		world_test(socket_ids_are_found_and_only_by_their_whole_name),
		world_test(churn_keeps_both_sides_of_every_subscription),
		world_test(evicting_ends_the_members_of_one_channel),
		world_test(an_app_that_goes_ends_its_connections),
		world_test(channels_are_listed_by_prefix),
		world_test(an_observer_hears_of_the_first_and_the_last_member),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
