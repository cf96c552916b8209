/* Presence channels: who is told what when members come and go. */
#include "fake_push.h"

#define ADDED(id)                                                                                  \
	"{\"event\":\"pusher_internal:member_added\",\"channel\":\"presence-x\",\"data\":\"{"      \
	"\\\"user_id\\\":\\\"" id "\\\",\\\"user_info\\\":{}}\"}\n"
#define REMOVED(id)                                                                                \
	"{\"event\":\"pusher_internal:member_removed\",\"channel\":\"presence-x\",\"data\":\"{"    \
	"\\\"user_id\\\":\\\"" id "\\\"}\"}\n"
#define X "presence-x", 10

static enum err
join(struct fake *c, const char *user_id)
{
	return hub_subscribe(
	    c->world->hub, &c->session.peer, X, &(struct hub_member){ .user_id = user_id });
}

static void
leave(struct fake *c)
{
	hub_unsubscribe(c->world->hub, &c->session.peer, X);
	hub_flush(c->world->hub);
}

static void
others_hear_of_a_user_once_whatever_his_connections(void **state)
{
	struct world *w = *state;
	struct fake a, b1, b2;

	fake_open(w, &a);
	fake_open(w, &b1);
	fake_open(w, &b2);
	assert_int_equal(join(&a, "A"), OK);
	assert_said_nothing(&a);
	assert_int_equal(join(&b1, "B"), OK);
	assert_said(&a, ADDED("B"));
	assert_int_equal(join(&b2, "B"), OK);
	assert_said_nothing(&a);
	assert_said_nothing(&b1);
	leave(&b1);
	assert_said_nothing(&a);
	assert_said_nothing(&b1);
	fake_close(&b2);
	hub_flush(w->hub);
	assert_said(&a, REMOVED("B"));
	fake_close(&b1);
	fake_close(&a);
}

static void
joining_again_on_one_connection_changes_nothing(void **state)
{
	struct world *w = *state;
	struct fake a, b;
	struct hub_channel c;

	fake_open(w, &a);
	fake_open(w, &b);
	assert_int_equal(join(&a, "A"), OK);
	assert_int_equal(join(&b, "B"), OK);
	assert_said(&a, ADDED("B"));
	assert_int_equal(join(&b, "C"), OK);
	assert_said_nothing(&a);
	assert_true(hub_channel(w->app, X, &c));
	assert_int_equal(c.users, 2);
	assert_int_equal(c.subscriptions, 2);
	leave(&b);
	assert_said(&a, REMOVED("B"));
	fake_close(&a);
	fake_close(&b);
}

static void
the_list_of_members_holds_each_user_once(void **state)
{
	struct world *w = *state;
	struct fake a, b, b2;
	json_auto_t *info = json_pack("{s:s}", "name", "Ana");
	json_t *list;
	char *text;

	fake_open(w, &a);
	fake_open(w, &b);
	fake_open(w, &b2);
	assert_null(hub_presence(w->app, X));
	assert_int_equal(hub_subscribe(w->hub, &a.session.peer, X,
			     &(struct hub_member){ .user_id = "A", .user_info = info }),
	    OK);
	assert_int_equal(join(&b, "B"), OK);
	assert_int_equal(join(&b2, "B"), OK);
	list = hub_presence(w->app, X);
	text = json_text(list);
	assert_string_equal(text,
	    "{\"presence\":{\"ids\":[\"A\",\"B\"],\"hash\":{\"A\":{\"name\":\"Ana\"},\"B\":{}},"
	    "\"count\":2}}");
	free(text);
	json_decref(list);
	fake_close(&a);
	fake_close(&b);
	fake_close(&b2);
}

static void
the_limit_counts_users_not_connections(void **state)
{
	struct world *w = *state;
	struct fake a, b, b2, c;

	w->app->limits.presence_members = 2;
	fake_open(w, &a);
	fake_open(w, &b);
	fake_open(w, &b2);
	fake_open(w, &c);
	assert_int_equal(join(&a, "A"), OK);
	assert_int_equal(join(&b, "B"), OK);
	assert_int_equal(join(&c, "C"), ERR_LIMIT);
	assert_false(hub_is_member(&c.session.peer, X));
	assert_int_equal(join(&b2, "B"), OK);
	fake_close(&a);
	assert_int_equal(join(&c, "C"), OK);
	fake_close(&b);
	fake_close(&b2);
	fake_close(&c);
}

static void
client_events_carry_the_user_of_the_channel(void **state)
{
	struct world *w = *state;
	struct fake a, b;
	json_auto_t *data = json_pack("{s:i}", "n", 1);

	fake_open(w, &a);
	fake_open(w, &b);
	assert_int_equal(join(&a, "A"), OK);
	assert_int_equal(join(&b, "B"), OK);
	buf_clear(&a.said);
	hub_relay(w->hub, &b.session.peer, "presence-x", "client-e", data);
	assert_said(&a,
	    "{\"event\":\"client-e\",\"channel\":\"presence-x\",\"data\":{\"n\":1},\"user_"
	    "id\":\"B\"}\n");
	assert_said_nothing(&b);
	fake_close(&a);
	fake_close(&b);
}

static void
evicting_a_user_ends_all_of_his_connections_and_no_others(void **state)
{
	struct world *w = *state;
	struct fake a, b, b2;

	fake_open(w, &a);
	fake_open(w, &b);
	fake_open(w, &b2);
	assert_int_equal(join(&b, "B"), OK);
	assert_int_equal(join(&a, "A"), OK);
	assert_int_equal(join(&b2, "B"), OK);
	assert_int_equal(hub_evict(w->hub, w->app, X, "nobody"), 0);
	assert_int_equal(hub_evict(w->hub, w->app, X, "B"), 2);
	hub_flush(w->hub);
	assert_int_equal(b.session.peer.close_code, 4200);
	assert_int_equal(b2.session.peer.close_code, 4200);
	assert_said(&a, REMOVED("B"));
	fake_close(&a);
	fake_close(&b);
	fake_close(&b2);
}

/* Places in the presence are those of the members: any order of leaving keeps them in step. */
static void
churn_keeps_users_in_step_with_members(void **state)
{
	enum { PEERS = 9, STEPS = 5000 };
	static const char *const ids[] = { "A", "B", "C", "D" };
	struct world *w = *state;
	static struct fake peers[PEERS];
	int as[PEERS];
	uint32_t random = 7;
	struct hub_channel c;

	for (int i = 0; i < PEERS; i++) {
		fake_open(w, &peers[i]);
		as[i] = -1;
	}
	for (int step = 0; step < STEPS; step++) {
		bool is_there[4] = { false };
		size_t users = 0, connections = 0;
		int p, id;

		random = random * 1664525 + 1013904223;
		p = (int)((random >> 8) % PEERS);
		id = (int)((random >> 20) % 4);
		if (as[p] < 0) {
			assert_int_equal(join(&peers[p], ids[id]), OK);
			as[p] = id;
		} else {
			leave(&peers[p]);
			as[p] = -1;
		}
		for (int i = 0; i < PEERS; i++) {
			connections += as[i] >= 0;
			if (as[i] >= 0)
				is_there[as[i]] = true;
		}
		for (int i = 0; i < 4; i++)
			users += is_there[i];
		assert_int_equal(hub_channel(w->app, X, &c), connections > 0);
		if (connections > 0) {
			assert_int_equal(c.users, users);
			assert_int_equal(c.subscriptions, connections);
		}
		for (int i = 0; i < PEERS; i++)
			buf_clear(&peers[i].said);
	}
	for (int i = 0; i < PEERS; i++)
		fake_close(&peers[i]);
}

/* One who overflows by a member_added leaves, and the rest hear of that. */
static void
a_slow_member_leaves_for_the_others_too(void **state)
{
	struct world *w = *state;
	struct fake slow, a;

	fake_open(w, &slow);
	fake_open(w, &a);
	assert_int_equal(join(&slow, "S"), OK);
	assert_int_equal(join(&a, "A"), OK);
	buf_clear(&a.said);
	slow.is_stuck = true;
	for (int i = 0; i < 5000 && !peer_has_ended(&slow.session.peer); i++) {
		struct fake b;

		fake_open(w, &b);
		assert_int_equal(join(&b, "B"), OK);
		fake_close(&b);
		hub_flush(w->hub);
		if (!peer_has_ended(&slow.session.peer))
			buf_clear(&a.said);
	}
	assert_int_equal(slow.session.peer.close_code, 4100);
	assert_non_null(strstr(a.said.data, REMOVED("S")));
	fake_close(&slow);
	fake_close(&a);
}

/* By an event that is flushed: the one flush tells the others, too; the loop sleeps behind it. */
static void
a_member_who_overflows_in_a_flush_is_told_of_in_the_same(void **state)
{
	struct world *w = *state;
	struct fake slow, a;

	fake_open(w, &slow);
	fake_open(w, &a);
	assert_int_equal(join(&slow, "S"), OK);
	assert_int_equal(join(&a, "A"), OK);
	slow.is_stuck = true;
	while (!peer_has_ended(&slow.session.peer)) {
		buf_clear(&a.said);
		world_say(w, "presence-x", "e");
	}
	assert_non_null(strstr(a.said.data, REMOVED("S")));
	fake_close(&slow);
	fake_close(&a);
}

static void
note(void *ctx, struct app *app, const char *channel, const char *user_id)
{
	(void)app;
	assert_int_equal(buf_addf(ctx, "%s:%s ", channel, user_id), OK);
}

static void
note_user(void *ctx, const char *user_id)
{
	assert_int_equal(buf_addf(ctx, "%s ", user_id), OK);
}

static void
an_observer_hears_of_users_not_of_connections(void **state)
{
	struct world *w = *state;
	struct fake a, b, b2;
	auto_buf heard = BUF_INIT(1024), users = BUF_INIT(1024);

	hub_observe(w->hub,
	    &(struct hub_observer){ .ctx = &heard, .member_added = note, .member_removed = note });
	fake_open(w, &a);
	fake_open(w, &b);
	fake_open(w, &b2);
	assert_int_equal(join(&a, "A"), OK);
	assert_int_equal(join(&b, "B"), OK);
	assert_int_equal(join(&b2, "B"), OK);
	hub_each_user(w->app, X, note_user, &users);
	assert_string_equal(users.data, "A B ");
	fake_close(&b);
	fake_close(&b2);
	fake_close(&a);
	assert_string_equal(heard.data, "presence-x:A presence-x:B presence-x:B presence-x:A ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(others_hear_of_a_user_once_whatever_his_connections),
		world_test(joining_again_on_one_connection_changes_nothing),
		world_test(the_list_of_members_holds_each_user_once),
		world_test(the_limit_counts_users_not_connections),
		world_test(client_events_carry_the_user_of_the_channel),
		world_test(evicting_a_user_ends_all_of_his_connections_and_no_others),
		world_test(churn_keeps_users_in_step_with_members),
		world_test(a_slow_member_leaves_for_the_others_too),
		world_test(a_member_who_overflows_in_a_flush_is_told_of_in_the_same),
		world_test(an_observer_hears_of_users_not_of_connections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
