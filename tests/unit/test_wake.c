/* One byte to a socket: a hint that something is to be done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cmocka.h>

#include "log.h"
#include "wake.h"

struct place {
	char dir[64], path[96];
	int fd;
};

static int
set_up(void **state)
{
	struct place *p = xcalloc(1, sizeof *p);

	(void)snprintf(p->dir, sizeof p->dir, "/tmp/charla-unit-XXXXXX");
	if (mkdtemp(p->dir) == NULL)
		abort();
	(void)snprintf(p->path, sizeof p->path, "%s/worker.sock", p->dir);
	assert_int_equal(wake_listen(p->path, &p->fd), OK);
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *p = *state;

	(void)close(p->fd);
	(void)unlink(p->path);
	(void)rmdir(p->dir);
	free(p);
	return 0;
}

/* What no sender of ours says. */
static void
send_raw(const struct place *p, const void *bytes, size_t n)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	auto_fd fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	(void)snprintf(to.sun_path, sizeof to.sun_path, "%s", p->path);
	assert_int_equal(
	    sendto(fd, bytes, n, MSG_DONTWAIT, (const struct sockaddr *)&to, sizeof to),
	    (ssize_t)n);
}

static bool
is_empty(const struct place *p)
{
	char byte;

	return recv(p->fd, &byte, 1, MSG_PEEK) < 0;
}

static void
what_was_said_is_read_and_all_of_it(void **state)
{
	static const struct {
		const char *said;
		enum wake heard;
	} cases[] = {
		{ "j", WAKE_JOB },
		{ "w", WAKE_ANY },
		{ "jjj", WAKE_JOB },
		{ "jw", WAKE_ANY },
		{ "wj", WAKE_ANY },
		{ "jwj", WAKE_ANY },
	};
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (const char *c = cases[i].said; *c != '\0'; c++)
			wake_send(p->path, *c == 'j' ? WAKE_JOB : WAKE_ANY);
		assert_int_equal(wake_read(p->fd), cases[i].heard);
		assert_true(is_empty(p));
	}
}

static void
what_no_sender_of_ours_says_may_be_anything(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} cases[] = { { "x", 1 }, { "\0", 1 }, { "\xff", 1 }, { "J", 1 }, { "", 0 }, { "jx", 2 },
		{ "jjjjjjjj", 8 } };
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		send_raw(p, cases[i].bytes, cases[i].n);
		assert_int_equal(wake_read(p->fd), WAKE_ANY);
		/* nor does what one of ours said before or behind it hide it */
		wake_send(p->path, WAKE_JOB);
		send_raw(p, cases[i].bytes, cases[i].n);
		wake_send(p->path, WAKE_JOB);
		assert_int_equal(wake_read(p->fd), WAKE_ANY);
		assert_true(is_empty(p));
	}
}

/* The worker is awake then, or will look. Neither waits nor fails. */
static void
a_queue_that_is_full_takes_no_more_and_nobody_waits(void **state)
{
	struct place *p = *state;

	for (int i = 0; i < 5000; i++)
		wake_send(p->path, WAKE_JOB);
	assert_int_equal(wake_read(p->fd), WAKE_JOB);
	assert_true(is_empty(p));
	wake_send(p->path, WAKE_ANY);
	assert_int_equal(wake_read(p->fd), WAKE_ANY);
}

static void
nobody_at_the_other_end_is_no_error(void **state)
{
	struct place *p = *state;
	char none[128];

	(void)snprintf(none, sizeof none, "%s/none", p->dir);
	wake_send(none, WAKE_JOB);
	(void)close(p->fd); /* its file is still there */
	wake_send(p->path, WAKE_JOB);
	assert_int_equal(wake_listen(p->path, &p->fd), OK);
	assert_true(is_empty(p));
	wake_send(p->path, WAKE_JOB);
	assert_false(is_empty(p));
}

static void
who_listens_replaces_what_is_there(void **state)
{
	struct place *p = *state;
	auto_fd older = p->fd;
	struct stat st;

	assert_int_equal(wake_listen(p->path, &p->fd), OK);
	wake_send(p->path, WAKE_JOB);
	assert_false(is_empty(p));
	assert_int_equal(wake_read(p->fd), WAKE_JOB);
	/* the group may wake it (web server and worker are two users), others may not */
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_true(older != p->fd);
}

static void
where_nobody_can_listen_it_is_said(void **state)
{
	struct place *p = *state;
	char none[128];
	FILE *file;
	int fd = -7;

	(void)snprintf(none, sizeof none, "%s/none/worker.sock", p->dir);
	log_init("test_wake", LOG_ERROR);
	assert_int_equal(wake_listen(none, &fd), ERR_IO);
	/* a file that is no socket stays */
	(void)snprintf(none, sizeof none, "%s/charla.db", p->dir);
	file = fopen(none, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(wake_listen(none, &fd), ERR_IO);
	assert_int_equal(unlink(none), 0);
	assert_int_equal(fd, -7);
}

#define WAKE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WAKE_TEST(what_was_said_is_read_and_all_of_it),
		WAKE_TEST(what_no_sender_of_ours_says_may_be_anything),
		WAKE_TEST(a_queue_that_is_full_takes_no_more_and_nobody_waits),
		WAKE_TEST(nobody_at_the_other_end_is_no_error),
		WAKE_TEST(who_listens_replaces_what_is_there),
		WAKE_TEST(where_nobody_can_listen_it_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
