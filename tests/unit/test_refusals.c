/* Who was turned away, how often, and who is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "refusals.h"
#include "util.h"

static void
the_log_hears_of_each_user_once(void **state)
{
	struct refusals r = { .count = 0 };

	(void)state;
	assert_true(refusals_note(&r, 1000, 0).is_first);
	assert_false(refusals_note(&r, 1000, 5000).is_first);
	assert_true(refusals_note(&r, 0, 5000).is_first);
	assert_false(refusals_note(&r, 1000, 90000).is_first);
	assert_int_equal(r.count, 2);
	assert_int_equal(r.list[0].uid, 1000);
	assert_int_equal(r.list[0].count, 3);
	assert_int_equal(r.list[1].uid, 0);
	assert_int_equal(r.list[1].count, 1);
}

static void
a_sender_is_told_once_a_second(void **state)
{
	static const struct {
		int64_t uid, now_ms;
		bool is_answer;
	} steps[] = {
		{ 1, 0, true }, /* also in the first second of the machine */
		{ 1, 0, false },
		{ 2, 1, true },
		{ 1, 999, false },
		{ 1, 1000, true },
		{ 1, 1999, false },
		{ 2, 2000, true },
		{ 1, 2000, true },
	};
	struct refusals r = { .count = 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		assert_int_equal(
		    refusals_note(&r, steps[i].uid, steps[i].now_ms).is_answer, steps[i].is_answer);
}

static void
of_further_users_only_the_sum_is_kept(void **state)
{
	struct {
		struct refusals r;
		unsigned char behind[4096];
	} place = { .r = { .count = 0 } };
	struct refusals *r = &place.r;

	(void)state;
	for (int64_t uid = 0; uid < REFUSALS_MAX; uid++)
		assert_true(refusals_note(r, uid, 0).is_first);
	assert_true(refusals_note(r, 5000, 0).is_first);
	for (int64_t uid = 1; uid < 100; uid++)
		assert_false(refusals_note(r, 5000 + uid, 0).is_first);
	assert_int_equal(r->count, REFUSALS_MAX + 1);
	assert_int_equal(r->list[REFUSALS_MAX].uid, -1);
	assert_int_equal(r->list[REFUSALS_MAX].count, 100);
	for (size_t i = 0; i < sizeof place.behind; i++)
		assert_int_equal(place.behind[i], 0);
	/* those who are known still count for themselves */
	assert_false(refusals_note(r, 3, 0).is_first);
	assert_int_equal(r->list[3].count, 2);
}

/* A sender whose user the kernel does not name is counted under the same number. */
static void
the_nameless_one_may_have_come_first(void **state)
{
	struct refusals r = { .count = 0 };

	(void)state;
	assert_true(refusals_note(&r, -1, 0).is_first);
	for (int64_t uid = 0; uid < REFUSALS_MAX + 5; uid++)
		(void)refusals_note(&r, uid, 0);
	assert_int_equal(r.count, REFUSALS_MAX);
	assert_int_equal(r.list[0].count, 1 + 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_log_hears_of_each_user_once),
		cmocka_unit_test(a_sender_is_told_once_a_second),
		cmocka_unit_test(of_further_users_only_the_sum_is_kept),
		cmocka_unit_test(the_nameless_one_may_have_come_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
