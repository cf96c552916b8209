/* APP_KEY when nobody set it: made once, the same for all processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "app_key.h"
#include "log.h"
#include "token.h"

#define PROCESSES 8

struct place {
	char dir[64], path[96];
	struct config c;
};

static int
set_up(void **state)
{
	struct place *p = xcalloc(1, sizeof *p);

	log_init("test_app_key", LOG_ERROR);
	(void)snprintf(p->dir, sizeof p->dir, "/tmp/charla-unit-XXXXXX");
	if (mkdtemp(p->dir) == NULL)
		abort();
	(void)snprintf(p->path, sizeof p->path, "%s/app.key", p->dir);
	p->c.var_dir = p->dir;
	p->c.app_key = xstrdup("");
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *p = *state;

	free(p->c.app_key);
	(void)unlink(p->path);
	assert_int_equal(rmdir(p->dir), 0); /* nothing else is left behind */
	free(p);
	return 0;
}

static void
forget(struct place *p)
{
	free(p->c.app_key);
	p->c.app_key = xstrdup("");
}

static void
write_file(const struct place *p, const char *text)
{
	FILE *f = fopen(p->path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
a_key_is_made_once_and_kept(void **state)
{
	struct place *p = *state;
	char first[TOKEN_SIZE];
	struct stat st;

	assert_int_equal(app_key_ensure(&p->c), OK);
	assert_true(token_is_one(p->c.app_key, strlen(p->c.app_key)));
	(void)snprintf(first, sizeof first, "%s", p->c.app_key);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 0137, 0); /* not for others, nor written by the group */
	assert_int_equal(st.st_size, TOKEN_LEN);
	forget(p);
	assert_int_equal(app_key_ensure(&p->c), OK);
	assert_string_equal(p->c.app_key, first);
}

static void
a_key_of_the_settings_is_the_key(void **state)
{
	struct place *p = *state;

	free(p->c.app_key);
	p->c.app_key = xstrdup("mine");
	assert_int_equal(app_key_ensure(&p->c), OK);
	assert_string_equal(p->c.app_key, "mine");
	assert_int_not_equal(access(p->path, F_OK), 0);
}

/* Half a key, as a full disk leaves it, would be another one tomorrow. */
static void
a_file_without_a_whole_key_is_an_error_and_stays(void **state)
{
	struct place *p = *state;
	struct stat st;

	write_file(p, "AAAA");
	assert_int_equal(app_key_ensure(&p->c), ERR_IO);
	assert_string_equal(p->c.app_key, "");
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_size, 4);
	write_file(p, "");
	assert_int_equal(app_key_ensure(&p->c), ERR_IO);
}

static void
a_line_end_behind_it_is_no_part_of_it(void **state)
{
	static const char key[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	struct place *p = *state;
	char text[TOKEN_SIZE + 1];

	assert_int_equal(sizeof key, TOKEN_SIZE);
	(void)snprintf(text, sizeof text, "%s\n", key);
	write_file(p, text);
	assert_int_equal(app_key_ensure(&p->c), OK);
	assert_string_equal(p->c.app_key, key);
}

static void
where_nothing_can_be_kept_it_is_said(void **state)
{
	struct place *p = *state;
	char none[96];

	(void)snprintf(none, sizeof none, "%s/none", p->dir);
	p->c.var_dir = none;
	assert_int_equal(app_key_ensure(&p->c), ERR_IO);
	assert_string_equal(p->c.app_key, "");
}

/* Killed on the first day, and in a container the next one has the same number. */
static void
what_a_killed_process_left_is_in_nobodys_way(void **state)
{
	struct place *p = *state;
	char left[128];
	FILE *f;

	(void)snprintf(left, sizeof left, "%s.%ld", p->path, (long)getpid());
	f = fopen(left, "w");
	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(app_key_ensure(&p->c), OK);
	(void)unlink(left);
}

/* Web servers start several processes at once, on the first day as well. */
static void
all_who_start_at_once_have_the_same(void **state)
{
	struct place *p = *state;
	char keys[PROCESSES][TOKEN_SIZE];
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	for (int i = 0; i < PROCESSES; i++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0) {
			bool is_well = app_key_ensure(&p->c) == OK &&
				       write(ends[1], p->c.app_key, TOKEN_LEN) == TOKEN_LEN;

			_exit(is_well ? 0 : 1);
		}
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status = -1;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
		assert_int_equal(read(ends[0], keys[i], TOKEN_LEN), TOKEN_LEN);
		keys[i][TOKEN_LEN] = '\0';
		assert_string_equal(keys[i], keys[0]);
	}
	(void)close(ends[0]);
	(void)close(ends[1]);
}

#define KEY_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		KEY_TEST(a_key_is_made_once_and_kept),
		KEY_TEST(a_key_of_the_settings_is_the_key),
		KEY_TEST(a_file_without_a_whole_key_is_an_error_and_stays),
		KEY_TEST(a_line_end_behind_it_is_no_part_of_it),
		KEY_TEST(where_nothing_can_be_kept_it_is_said),
		KEY_TEST(what_a_killed_process_left_is_in_nobodys_way),
		KEY_TEST(all_who_start_at_once_have_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
