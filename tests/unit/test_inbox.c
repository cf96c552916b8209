#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "inbox.h"
#include "limit.h"
#include "log.h"

static char dir[64], path[96];
static struct metrics metrics;
static struct refusals refusals;

static int
make_dir(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/charla-inbox-XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof path, "%s/run/s", dir);
	metrics = (struct metrics){ .count = { 0 } };
	refusals = (struct refusals){ .count = 0 };
	return 0;
}

static int
remove_dir(void **state)
{
	char lock[128], run[96];

	(void)state;
	(void)snprintf(lock, sizeof lock, "%s.lock", path);
	(void)snprintf(run, sizeof run, "%s/run", dir);
	(void)unlink(lock);
	(void)unlink(path);
	(void)rmdir(run);
	return rmdir(dir);
}

static void
send_to(const char *bytes, size_t n)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	auto_fd fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	(void)snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	assert_int_equal(
	    sendto(fd, bytes, n, MSG_DONTWAIT, (const struct sockaddr *)&a, sizeof a), n);
}

static char got[256];

static void
take(void *ctx, const char *p, size_t n)
{
	(void)ctx;
	assert_true(strlen(got) + n < sizeof got);
	(void)strncat(got, p, n);
}

static void
datagrams_come_out_as_they_went_in(void **state)
{
	struct inbox *in = NULL;
	struct stat st;

	(void)state;
	got[0] = '\0';
	assert_int_equal(inbox_open(path, "", &metrics, &refusals, &in), OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	send_to("one;", 4);
	send_to("two;", 4);
	inbox_read(in, 1000, take, NULL);
	assert_string_equal(got, "one;two;");
	inbox_read(in, 1000, take, NULL); /* nothing waits: it does not block */
	assert_int_equal(metrics.count[METRIC_DATAGRAMS], 2);
	inbox_close(in);
	assert_int_not_equal(stat(path, &st), 0);
}

static void
a_datagram_longer_than_the_limit_is_dropped(void **state)
{
	char *text = xcalloc(1, LIMIT_DATAGRAM_BYTES + 1);
	struct inbox *in = NULL;

	(void)state;
	got[0] = '\0';
	assert_int_equal(inbox_open(path, "", &metrics, &refusals, &in), OK);
	send_to(text, LIMIT_DATAGRAM_BYTES + 1);
	inbox_read(in, 1000, take, NULL);
	assert_string_equal(got, "");
	assert_int_equal(metrics.count[METRIC_DATAGRAM_TOO_LONG], 1);
	inbox_close(in);
	free(text);
}

static void
who_is_not_named_is_refused(void **state)
{
	struct inbox *in = NULL;

	(void)state;
	got[0] = '\0';
	assert_int_equal(inbox_open(path, "4294967294", &metrics, &refusals, &in), OK);
	send_to("x", 1);
	inbox_read(in, 1000, take, NULL);
	assert_string_equal(got, "");
	assert_int_equal(metrics.count[METRIC_DATAGRAM_REFUSED_UID], 1);
	assert_int_equal(refusals.list[0].uid, geteuid());
	inbox_close(in);
}

static void
a_second_one_is_told_that_it_is_busy(void **state)
{
	struct inbox *in = NULL, *second = NULL;

	(void)state;
	assert_int_equal(inbox_open(path, "", &metrics, &refusals, &in), OK);
	assert_int_equal(inbox_open(path, "", &metrics, &refusals, &second), ERR_BUSY);
	assert_null(second);
	inbox_close(in);
	assert_int_equal(inbox_open(path, "", &metrics, &refusals, &in), OK);
	inbox_close(in);
}

static void
settings_that_cannot_be_are_refused(void **state)
{
	char longer[200];
	struct inbox *in = NULL;

	(void)state;
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	assert_int_equal(inbox_open(longer, "", &metrics, &refusals, &in), ERR_INVALID);
	assert_int_equal(
	    inbox_open(path, "no-such-user-at-all", &metrics, &refusals, &in), ERR_INVALID);
	assert_int_equal(inbox_open("/none/of/this/s", "", &metrics, &refusals, &in), ERR_IO);
	assert_null(in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)
		TEST(datagrams_come_out_as_they_went_in),
		TEST(a_datagram_longer_than_the_limit_is_dropped),
		TEST(who_is_not_named_is_refused),
		TEST(a_second_one_is_told_that_it_is_busy),
		TEST(settings_that_cannot_be_are_refused),
	};

	log_init("test_inbox", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
