#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>

#include "store_rates.h"

#define NOW 1000000

struct place {
	char dir[64], path[96];
	struct rates *rates;
};

static int
set_up(void **state)
{
	struct place *p = xcalloc(1, sizeof *p);

	(void)snprintf(p->dir, sizeof p->dir, "/tmp/charla-rates-XXXXXX");
	if (mkdtemp(p->dir) == NULL)
		return -1;
	(void)snprintf(p->path, sizeof p->path, "%s/rates.db", p->dir);
	*state = p;
	return rates_open(&p->rates, p->path) == OK ? 0 : -1;
}

static int
tear_down(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	struct place *p = *state;

	rates_close(p->rates);
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		char path[112];

		(void)snprintf(path, sizeof path, "%s%s", p->path, suffixes[i]);
		(void)unlink(path);
	}
	(void)rmdir(p->dir);
	free(p);
	return 0;
}

/* One request of key; what is left, or -1 when it was refused. */
static long
one(struct place *p, const char *key, long limit, int64_t now_ms)
{
	struct rate k = { .limit = limit };
	struct rate_result result;

	(void)snprintf(k.key, sizeof k.key, "%s", key);
	assert_int_equal(rates_take(p->rates, &k, 1, now_ms, &result), OK);
	assert_int_equal(result.limit, limit);
	if (!result.is_allowed)
		assert_int_equal(result.remaining, 0);
	return result.is_allowed ? result.remaining : -1;
}

static void
a_window_lets_through_what_it_may_and_not_one_more(void **state)
{
	struct place *p = *state;

	assert_int_equal(one(p, "a", 3, NOW), 2);
	assert_int_equal(one(p, "a", 3, NOW + 10000), 1);
	assert_int_equal(one(p, "a", 3, NOW + 20000), 0);
	assert_int_equal(one(p, "a", 3, NOW + 59999), -1);
	assert_int_equal(one(p, "b", 3, NOW + 59999), 2); /* somebody else */
	assert_int_equal(one(p, "a", 3, NOW + 60000), 2); /* the next window */
}

static void
who_is_refused_is_told_how_long_to_wait(void **state)
{
	struct place *p = *state;
	struct rate k = { .key = "a", .limit = 1 };
	struct rate_result result;

	assert_int_equal(one(p, "a", 1, NOW), 0);
	assert_int_equal(rates_take(p->rates, &k, 1, NOW + 45000, &result), OK);
	assert_false(result.is_allowed);
	assert_int_equal(result.wait_ms, 15000);
}

static void
all_keys_are_counted_or_none(void **state)
{
	struct place *p = *state;
	struct rate keys[] = { { "address", 10 }, { "person", 2 } };
	struct rate_result result;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(rates_take(p->rates, keys, 2, NOW, &result), OK);
		assert_true(result.is_allowed);
		assert_int_equal(result.limit, 2);
		assert_int_equal(result.remaining, 1 - i);
	}
	for (int i = 0; i < 5; i++) {
		assert_int_equal(rates_take(p->rates, keys, 2, NOW, &result), OK);
		assert_false(result.is_allowed);
		assert_int_equal(result.limit, 2);
	}
	assert_int_equal(one(p, "address", 10, NOW), 7); /* the refused five left no trace */
}

static void
a_clock_of_another_start_begins_anew(void **state)
{
	struct place *p = *state;

	assert_int_equal(one(p, "a", 1, NOW), 0);
	assert_int_equal(one(p, "a", 1, NOW - 1), 0);
}

static void
old_windows_go(void **state)
{
	struct place *p = *state;

	for (int i = 0; i < 1500; i++) {
		char key[16];

		(void)snprintf(key, sizeof key, "k%d", i);
		assert_int_equal(one(p, key, 9, NOW + i * 200LL), 8);
	}
	assert_int_equal(one(p, "k1499", 9, NOW + 1500 * 200LL), 7);
}

/* Each process opens the file for itself and takes what it can get. */
static int
hammer(const char *path)
{
	struct rates *r = NULL;
	struct rate k = { .key = "one", .limit = 50 };
	int got = 0;

	if (rates_open(&r, path) != OK)
		return 255;
	for (int i = 0; i < 100; i++) {
		struct rate_result result;

		while (rates_take(r, &k, 1, NOW + i, &result) == ERR_BUSY)
			continue;
		got += result.is_allowed;
	}
	rates_close(r);
	return got;
}

static void
four_processes_together_pass_exactly_the_limit(void **state)
{
	struct place *p = *state;
	pid_t pids[4];
	int sum = 0;

	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(hammer(p->path));
	}
	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		int status = 0;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		sum += WEXITSTATUS(status);
	}
	assert_int_equal(sum, 50);
}

static void
a_damaged_file_is_made_anew(void **state)
{
	struct place *p = *state;
	auto_fd fd = -1;

	rates_close(p->rates);
	p->rates = NULL;
	fd = open(p->path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "this is no database, not at all, whoever reads it", 49), 49);
	assert_int_equal(rates_open(&p->rates, p->path), OK);
	assert_int_equal(one(p, "a", 2, NOW), 1);
}

static void
add(void *arg, const char *what, int64_t n)
{
	int64_t *sums = arg; /* of "b", of all, how many names */

	if (strcmp(what, "b") == 0)
		sums[0] += n;
	sums[1] += n;
	sums[2]++;
}

static void
totals_are_kept_for_all_processes_and_after_a_restart(void **state)
{
	struct place *p = *state;
	struct rates *other = NULL;
	int64_t sums[3] = { 0 };

	assert_int_equal(rates_open(&other, p->path), OK);
	for (int i = 0; i < 10; i++) {
		rates_total_add(p->rates, i % 2 == 0 ? "a" : "b", NOW + i);
		rates_total_add(other, "b", NOW + i);
	}
	rates_close(other);
	rates_close(p->rates);
	assert_int_equal(rates_open(&p->rates, p->path), OK);
	rates_total_add(p->rates, "b", NOW + 11);
	assert_int_equal(rates_totals(p->rates, add, sums), OK);
	assert_int_equal(sums[0], 5 + 10 + 1);
	assert_int_equal(sums[1], 21);
	assert_int_equal(sums[2], 2);
}

static void
more_names_than_there_is_room_for_are_not_counted(void **state)
{
	struct place *p = *state;
	static char names[RATE_TOTALS + 1][8];
	int64_t sums[3] = { 0 };

	rates_total_add(p->rates, "x", NOW); /* written at once; the next in a second */
	for (size_t i = 0; i <= RATE_TOTALS; i++) {
		(void)snprintf(names[i], sizeof names[i], "n%zu", i);
		rates_total_add(p->rates, names[i], NOW + 1);
	}
	assert_int_equal(rates_totals(p->rates, add, sums), OK);
	assert_int_equal(sums[2], RATE_TOTALS + 1); /* x, and those that had room */
}

static void
looking_counts_nothing(void **state)
{
	struct place *p = *state;
	struct rate k = { .key = "k", .limit = 1 };
	struct rate_result result;

	assert_int_equal(rates_look(p->rates, &k, 1, NOW, &result), OK);
	assert_true(result.is_allowed);
	assert_int_equal(one(p, "k", 1, NOW), 0);
	assert_int_equal(rates_look(p->rates, &k, 1, NOW, &result), OK);
	assert_false(result.is_allowed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_window_lets_through_what_it_may_and_not_one_more, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    who_is_refused_is_told_how_long_to_wait, set_up, tear_down),
		cmocka_unit_test_setup_teardown(all_keys_are_counted_or_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_clock_of_another_start_begins_anew, set_up, tear_down),
		cmocka_unit_test_setup_teardown(old_windows_go, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    four_processes_together_pass_exactly_the_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    totals_are_kept_for_all_processes_and_after_a_restart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    more_names_than_there_is_room_for_are_not_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(looking_counts_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_damaged_file_is_made_anew, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
