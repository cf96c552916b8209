/* Signed-in users: events to them, watchlists, terminating and evicting by user. */
#include "fake_push.h"

#define WATCH(events)                                                                              \
	"{\"event\":\"pusher_internal:watchlist_events\",\"data\":\"{\\\"events\\\":[" events      \
	"]}\"}\n"
#define IS(name, ids) "{\\\"name\\\":\\\"" name "\\\",\\\"user_ids\\\":[" ids "]}"
#define ID(id) "\\\"" id "\\\""

static void
sign_in(struct fake *c, const char *id)
{
	assert_int_equal(hub_sign_in(c->world->hub, &c->session.peer, id, NULL), OK);
}

static void
watch(struct fake *c, const char *const *ids, size_t count)
{
	hub_watch(c->world->hub, &c->session.peer, ids, count);
}

static void
an_event_for_a_user_reaches_all_of_his_connections(void **state)
{
	struct world *w = *state;
	struct fake a1, a2, b;

	fake_open(w, &a1);
	fake_open(w, &a2);
	fake_open(w, &b);
	sign_in(&a1, "A");
	sign_in(&a2, "A");
	sign_in(&b, "B");
	world_say(w, "#server-to-user-A", "e");
	assert_said(&a1, "{\"event\":\"e\",\"channel\":\"#server-to-user-A\",\"data\":\"x\"}\n");
	assert_true(a2.said.len > 0);
	assert_said_nothing(&b);
	fake_close(&a1);
	fake_close(&a2);
	fake_close(&b);
}

static void
a_user_channel_cannot_be_left_and_is_not_counted(void **state)
{
	struct world *w = *state;
	struct fake a;

	fake_open(w, &a);
	sign_in(&a, "A");
	hub_unsubscribe(w->hub, &a.session.peer, "#server-to-user-A", 17);
	assert_int_equal(hub_occupancy(w->app, "#server-to-user-A", 17), 1);
	assert_int_equal(hub_channel_count(w->hub), 0);
	assert_int_equal(hub_subscription_count(w->hub), 0);
	fake_close(&a);
	assert_int_equal(hub_occupancy(w->app, "#server-to-user-A", 17), 0);
}

static void
signing_in_again_is_fine_as_the_same_user_only(void **state)
{
	struct world *w = *state;
	struct fake a;
	char longest[LIMIT_USER_ID_LEN + 2];

	fake_open(w, &a);
	assert_null(hub_user_id(&a.session.peer));
	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(hub_sign_in(w->hub, &a.session.peer, longest, NULL), ERR_INVALID);
	sign_in(&a, "A");
	sign_in(&a, "A");
	assert_int_equal(hub_sign_in(w->hub, &a.session.peer, "B", NULL), ERR_CONFLICT);
	assert_string_equal(hub_user_id(&a.session.peer), "A");
	assert_int_equal(hub_occupancy(w->app, "#server-to-user-A", 17), 1);
	fake_close(&a);
	fake_open(w, &a);
	longest[LIMIT_USER_ID_LEN] = '\0';
	sign_in(&a, longest);
	assert_string_equal(hub_user_id(&a.session.peer), longest);
	fake_close(&a);
}

static void
who_watches_is_told_who_is_online_and_of_each_change(void **state)
{
	static const char *const ids[] = { "A", "B", "A" };
	struct world *w = *state;
	struct fake a1, a2, watcher;

	fake_open(w, &a1);
	fake_open(w, &a2);
	fake_open(w, &watcher);
	sign_in(&a1, "A");
	sign_in(&watcher, "W");
	watch(&watcher, ids, 3);
	assert_said(&watcher, WATCH(IS("online", ID("A")) "," IS("offline", ID("B"))));
	sign_in(&a2, "A"); /* a second connection is no news */
	assert_said_nothing(&watcher);
	fake_close(&a1);
	assert_said_nothing(&watcher);
	fake_close(&a2);
	assert_said(&watcher, WATCH(IS("offline", ID("A"))));
	fake_open(w, &a1);
	sign_in(&a1, "B");
	assert_said(&watcher, WATCH(IS("online", ID("B"))));
	fake_close(&watcher);
	fake_close(&a1);
}

static void
an_empty_watchlist_is_not_mentioned(void **state)
{
	struct world *w = *state;
	struct fake a;

	fake_open(w, &a);
	sign_in(&a, "A");
	watch(&a, NULL, 0);
	assert_said_nothing(&a);
	fake_close(&a);
}

static void
nobody_watches_more_than_the_limit_by_asking_again(void **state)
{
	struct world *w = *state;
	struct fake a, b;
	char names[2 * LIMIT_WATCHLIST][16];
	const char *ids[2 * LIMIT_WATCHLIST];

	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		(void)snprintf(names[i], sizeof names[i], "u%zu", i);
		ids[i] = names[i];
	}
	fake_open(w, &a);
	fake_open(w, &b);
	sign_in(&a, "A");
	watch(&a, ids, LIMIT_WATCHLIST - 1);
	watch(&a, ids + LIMIT_WATCHLIST - 1, LIMIT_WATCHLIST);
	buf_clear(&a.said);
	sign_in(&b, ids[LIMIT_WATCHLIST]);
	assert_said_nothing(&a);
	fake_close(&b);
	fake_open(w, &b);
	sign_in(&b, ids[LIMIT_WATCHLIST - 1]);
	assert_true(a.said.len > 0);
	fake_close(&a);
	fake_close(&b);
}

/* Each watcher hears of exactly those whom he watches, whatever the order of coming and going. */
static void
churn_keeps_watchers_and_watched_in_step(void **state)
{
	enum { PEERS = 8, STEPS = 4000 };
	static const char *const ids[] = { "u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7" };
	struct world *w = *state;
	static struct fake peers[PEERS];
	unsigned watching[PEERS] = { 0 };
	bool is_open[PEERS] = { false };
	uint32_t random = 3;

	for (int step = 0; step < STEPS; step++) {
		const char *mine[PEERS];
		size_t count = 0;
		unsigned mask;
		int p;

		random = random * 1664525 + 1013904223;
		p = (int)((random >> 8) % PEERS);
		mask = random >> 24;
		for (int i = 0; i < PEERS; i++)
			if (is_open[i])
				buf_clear(&peers[i].said);
		if (is_open[p]) {
			fake_close(&peers[p]);
			is_open[p] = false;
		} else {
			fake_open(w, &peers[p]);
			sign_in(&peers[p], ids[p]);
			for (int i = 0; i < PEERS; i++)
				if ((mask >> i & 1) != 0)
					mine[count++] = ids[i];
			watch(&peers[p], mine, count);
			is_open[p] = true;
			watching[p] = mask;
		}
		for (int i = 0; i < PEERS; i++)
			if (i != p && is_open[i])
				assert_int_equal(
				    peers[i].said.len > 0, (watching[i] >> p & 1) != 0);
	}
	for (int i = 0; i < PEERS; i++)
		if (is_open[i])
			fake_close(&peers[i]);
}

static void
terminating_a_user_ends_all_of_his_connections(void **state)
{
	struct world *w = *state;
	struct fake a1, a2, b;

	fake_open(w, &a1);
	fake_open(w, &a2);
	fake_open(w, &b);
	sign_in(&a1, "A");
	sign_in(&a2, "A");
	sign_in(&b, "B");
	assert_int_equal(hub_terminate_user(w->hub, w->app, "nobody"), 0);
	assert_int_equal(hub_terminate_user(w->hub, w->app, "A"), 2);
	assert_int_equal(a1.session.peer.close_code, 4009);
	assert_int_equal(a2.session.peer.close_code, 4009);
	assert_false(peer_has_ended(&b.session.peer));
	assert_int_equal(w->metrics.count[METRIC_TERMINATED], 2);
	fake_close(&a1);
	fake_close(&a2);
	fake_close(&b);
}

static void
evicting_by_user_spares_those_known_to_be_others(void **state)
{
	struct world *w = *state;
	struct fake a, b, unknown;

	fake_open(w, &a);
	fake_open(w, &b);
	fake_open(w, &unknown);
	sign_in(&a, "A");
	sign_in(&b, "B");
	fake_subscribe(&a, "private-x", NULL);
	fake_subscribe(&b, "private-x", NULL);
	fake_subscribe(&unknown, "private-x", NULL);
	assert_int_equal(hub_evict(w->hub, w->app, "private-x", 9, "A"), 2);
	assert_int_equal(a.session.peer.close_code, 4200);
	assert_int_equal(unknown.session.peer.close_code, 4200); /* it may be him */
	assert_false(peer_has_ended(&b.session.peer));
	fake_close(&a);
	fake_close(&b);
	fake_close(&unknown);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(an_event_for_a_user_reaches_all_of_his_connections),
		world_test(a_user_channel_cannot_be_left_and_is_not_counted),
		world_test(signing_in_again_is_fine_as_the_same_user_only),
		world_test(who_watches_is_told_who_is_online_and_of_each_change),
		world_test(an_empty_watchlist_is_not_mentioned),
		world_test(nobody_watches_more_than_the_limit_by_asking_again),
		world_test(churn_keeps_watchers_and_watched_in_step),
		world_test(terminating_a_user_ends_all_of_his_connections),
		world_test(evicting_by_user_spares_those_known_to_be_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
