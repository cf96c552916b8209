/* What one caller may use of what costs, on a real store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "identity.h"
#include "quota.h"
#include "temp_store.h"

#define DAY_MS 86400000LL
#define NOW (19000 * DAY_MS + 5)

struct world {
	struct temp_store t;
	struct store *s;
	struct identity ana, bea, stranger;
	int64_t last_job;
};

static struct identity
who(enum identity_kind kind, const char *id, const char *address)
{
	struct identity i = { .kind = kind };

	(void)snprintf(i.id, sizeof i.id, "%s", id);
	(void)snprintf(i.address, sizeof i.address, "%s", address);
	return i;
}

static int
set_up(void **state)
{
	struct world *w = xcalloc(1, sizeof *w);

	temp_store_open(&w->t);
	w->s = w->t.s;
	w->ana = who(IDENTITY_SESSION, "s:ana", "1.2.3.4");
	w->bea = who(IDENTITY_SESSION, "s:bea", "1.2.3.4");
	w->stranger = who(IDENTITY_NONE, "", "1.2.3.4");
	assert_int_equal(store_begin(w->s, STORE_FAST), OK);
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	store_rollback(w->s);
	temp_store_close(&w->t);
	free(w);
	return 0;
}

/* A chat in which a reply of theirs waits. */
static int64_t
ask(struct world *w, const struct identity *of, const char *chat)
{
	struct chat_new c = { .id = chat, .title = "t", .lang = "en", .now_ms = NOW };
	char uid[ID_SIZE], job_uid[ID_SIZE];
	struct message_new m = { .uid = uid,
		.role = ROLE_ASSISTANT,
		.status = MESSAGE_QUEUED,
		.content = "",
		.seq = 1,
		.now_ms = NOW };
	struct job_new j = { .uid = job_uid,
		.person_id = identity_is_known(of) ? of->id : NULL,
		.address = of->address,
		.now_ms = NOW };

	id_random(uid);
	id_random(job_uid);
	assert_int_equal(store_chat_add(w->s, &c, &m.chat_no), OK);
	assert_int_equal(store_message_add(w->s, &m, &j.message_id), OK);
	j.chat_no = m.chat_no;
	assert_int_equal(store_job_add(w->s, &j), OK);
	w->last_job++; /* ids rise from 1 */
	return m.chat_no;
}

static enum err
check(struct world *w, const struct identity *of, int64_t chat_no)
{
	return quota_check(w->s, of, chat_no, NOW);
}

static void
limits_are_those_of_the_settings_and_at_home_only_those(void **state)
{
	struct config c = { .rate_limit = -1,
		.rate_limit_reads = -1,
		.replies_at_once = -1,
		.replies_at_once_address = -1,
		.tokens_per_day = -1,
		.tokens_per_day_address = -1,
		.tokens_per_day_site = -1 };
	struct quotas out, home;

	(void)state;
	quotas_of(&c, false, &out);
	quotas_of(&c, true, &home);
	assert_true(out.requests > 0 && out.reads > 0 && out.replies > 0 && out.tokens > 0);
	assert_true(out.replies_address > out.replies && out.tokens_address > out.tokens);
	assert_true(out.tokens_site > out.tokens_address);
	assert_int_equal(home.requests + home.reads + home.replies + home.replies_address +
			     home.tokens + home.tokens_address + home.tokens_site,
	    0);
	c.rate_limit = 7;
	c.tokens_per_day = 0; /* no limit */
	quotas_of(&c, false, &out);
	quotas_of(&c, true, &home);
	assert_int_equal(out.requests, 7);
	assert_int_equal(home.requests, 7);
	assert_int_equal(out.tokens, 0);
}

static void
replies_at_once_are_counted_by_chats_and_this_one_is_free(void **state)
{
	struct world *w = *state;
	int64_t first = ask(w, &w->ana, "1");

	w->ana.quotas.replies = 2;
	w->bea.quotas.replies = 2;
	assert_int_equal(check(w, &w->ana, 0), OK);
	(void)ask(w, &w->ana, "2");
	assert_int_equal(check(w, &w->ana, 0), ERR_QUOTA);
	assert_int_equal(check(w, &w->ana, first), OK); /* where one of theirs waits already */
	assert_int_equal(check(w, &w->bea, 0), OK);
	w->ana.quotas.replies = 0;
	assert_int_equal(check(w, &w->ana, 0), OK);
}

static void
an_address_counts_for_all_who_come_from_it(void **state)
{
	struct world *w = *state;
	struct identity elsewhere = who(IDENTITY_NONE, "", "1.2.3.5");

	w->ana.quotas.replies_address = w->stranger.quotas.replies_address =
	    elsewhere.quotas.replies_address = 2;
	(void)ask(w, &w->bea, "1");
	assert_int_equal(check(w, &w->stranger, 0), OK);
	(void)ask(w, &w->stranger, "2");
	assert_int_equal(check(w, &w->stranger, 0), ERR_QUOTA);
	assert_int_equal(check(w, &w->ana, 0), ERR_QUOTA);
	assert_int_equal(check(w, &elsewhere, 0), OK);
}

static void
tokens_count_for_who_asked_their_address_and_the_site(void **state)
{
	static const struct {
		long person, address, site;
		enum err ana, bea, stranger;
	} cases[] = {
		{ 0, 0, 0, OK, OK, OK },
		{ 100, 0, 0, ERR_QUOTA, OK, OK },
		{ 101, 0, 0, OK, OK, OK },
		{ 0, 100, 0, ERR_QUOTA, ERR_QUOTA, ERR_QUOTA },
		{ 0, 101, 0, OK, OK, OK },
		{ 0, 0, 100, ERR_QUOTA, ERR_QUOTA, ERR_QUOTA },
		{ 0, 0, 101, OK, OK, OK },
	};
	struct world *w = *state;

	(void)ask(w, &w->ana, "1");
	assert_int_equal(quota_spent(w->s, w->last_job, 60, NOW), OK);
	assert_int_equal(quota_spent(w->s, w->last_job, 40, NOW), OK);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		w->ana.quotas = w->bea.quotas = w->stranger.quotas =
		    (struct quotas){ .tokens = cases[i].person,
			    .tokens_address = cases[i].address,
			    .tokens_site = cases[i].site };
		assert_int_equal(check(w, &w->ana, 0), cases[i].ana);
		assert_int_equal(check(w, &w->bea, 0), cases[i].bea);
		assert_int_equal(check(w, &w->stranger, 0), cases[i].stranger);
	}
}

static void
what_is_left_is_the_least_of_all_that_counts(void **state)
{
	static const struct {
		long person, address, site;
		int64_t ana_limit, ana_left, stranger_limit, stranger_left;
	} cases[] = {
		{ 0, 0, 0, -1, -1, -1, -1 },
		{ 150, 0, 0, 150, 50, -1, -1 },
		{ 150, 120, 0, 120, 0, 120, 0 },
		{ 150, 200, 300, 150, 50, 200, 60 },
		{ 100, 200, 300, 100, 0, 200, 60 },
		{ 99, 0, 0, 99, 0, -1, -1 },
		{ 500, 600, 145, 145, 5, 145, 5 },
	};
	struct world *w = *state;

	(void)ask(w, &w->ana, "1");
	assert_int_equal(quota_spent(w->s, w->last_job, 100, NOW), OK);
	(void)ask(w, &w->bea, "2");
	assert_int_equal(quota_spent(w->s, w->last_job, 40, NOW), OK);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t limit = 77, left = 77;

		w->ana.quotas = w->stranger.quotas = (struct quotas){ .tokens = cases[i].person,
			.tokens_address = cases[i].address,
			.tokens_site = cases[i].site };
		assert_int_equal(quota_tokens_left(w->s, &w->ana, NOW, &limit, &left), OK);
		assert_int_equal(limit, cases[i].ana_limit);
		assert_int_equal(left, cases[i].ana_left);
		assert_int_equal(quota_tokens_left(w->s, &w->stranger, NOW, &limit, &left), OK);
		assert_int_equal(limit, cases[i].stranger_limit);
		assert_int_equal(left, cases[i].stranger_left);
	}
}

static void
a_share_starts_again_at_midnight_utc(void **state)
{
	struct world *w = *state;
	int64_t midnight = (NOW / DAY_MS + 1) * DAY_MS;

	w->ana.quotas.tokens = 100;
	(void)ask(w, &w->ana, "1");
	assert_int_equal(quota_spent(w->s, w->last_job, 100, NOW), OK);
	assert_int_equal(quota_check(w->s, &w->ana, 0, midnight - 1), ERR_QUOTA);
	assert_int_equal(quota_check(w->s, &w->ana, 0, midnight), OK);
}

/* A stranger has no share of their own that another stranger could use up. */
static void
strangers_count_by_address_alone(void **state)
{
	struct world *w = *state;

	w->stranger.quotas = (struct quotas){ .replies = 1, .tokens = 1 };
	(void)ask(w, &w->stranger, "1");
	(void)ask(w, &w->stranger, "2");
	assert_int_equal(quota_spent(w->s, w->last_job, 100, NOW), OK);
	assert_int_equal(check(w, &w->stranger, 0), OK);
}

static void
who_is_nobody_has_no_limits_and_nothing_spent_is_nothing_written(void **state)
{
	struct world *w = *state;
	int64_t changes;

	(void)ask(w, &w->ana, "1");
	changes = store_changes(w->s);
	assert_int_equal(quota_spent(w->s, w->last_job, 0, NOW), OK);
	assert_int_equal(quota_spent(w->s, w->last_job, -5, NOW), OK);
	assert_int_equal(store_changes(w->s), changes);
	assert_int_equal(check(w, NULL, 0), OK); /* our own doing */
}

#define QUOTA_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_those_of_the_settings_and_at_home_only_those),
		QUOTA_TEST(replies_at_once_are_counted_by_chats_and_this_one_is_free),
		QUOTA_TEST(an_address_counts_for_all_who_come_from_it),
		QUOTA_TEST(tokens_count_for_who_asked_their_address_and_the_site),
		QUOTA_TEST(what_is_left_is_the_least_of_all_that_counts),
		QUOTA_TEST(a_share_starts_again_at_midnight_utc),
		QUOTA_TEST(strangers_count_by_address_alone),
		QUOTA_TEST(who_is_nobody_has_no_limits_and_nothing_spent_is_nothing_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
