/* One line an event, whatever is in it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "log.h"

#define LINE_MAX_BYTES 2048

static int real_stderr = -1, ends[2];

static int
set_up(void **state)
{
	(void)state;
	log_init("test", LOG_DEBUG);
	real_stderr = dup(STDERR_FILENO);
	assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	return 0;
}

static void
give_back(void)
{
	if (real_stderr < 0)
		return;
	(void)dup2(real_stderr, STDERR_FILENO);
	close_fd(&real_stderr);
}

static int
tear_down(void **state)
{
	(void)state;
	give_back();
	(void)close(ends[0]);
	(void)close(ends[1]);
	return 0;
}

/* All that was written; from then on stderr is that of the test. Valid until the next call. */
static const char *
written(void)
{
	static char text[3 * LINE_MAX_BYTES];
	ssize_t n = read(ends[0], text, sizeof text - 1);

	give_back();
	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* What stands behind the time. */
static const char *
after_time(const char *line)
{
	assert_true(strlen(line) > sizeof "2026-11-24T04:06:08.123Z");
	assert_int_equal(line[10], 'T');
	assert_int_equal(line[23], 'Z');
	return line + sizeof "2026-11-24T04:06:08.123Z";
}

static void
a_line_has_time_level_program_and_text(void **state)
{
	(void)state;
	log_warn("dropped datagrams count=%d rid=%s", 12, "ab12");
	assert_string_equal(
	    after_time(written()), "warn test dropped datagrams count=12 rid=ab12\n");
}

static void
what_is_below_the_level_is_not_written(void **state)
{
	const char *text;

	(void)state;
	log_init("test", LOG_WARN);
	log_debug("a");
	log_info("b");
	text = written();
	assert_string_equal(text, "");
}

static void
what_is_at_the_level_is(void **state)
{
	(void)state;
	log_init("test", LOG_WARN);
	log_warn("c");
	assert_string_equal(after_time(written()), "warn test c\n");
}

static void
an_error_has_the_words_of_its_errno(void **state)
{
	(void)state;
	log_init("test", LOG_ERROR);
	errno = ENOENT;
	log_errno("open failed path=%s", "/x");
	assert_string_equal(after_time(written()),
	    "error test open failed path=/x error=\"No such file or directory\"\n");
}

/* A peer's name must neither end the line nor colour a terminal. */
static void
no_control_character_gets_out(void **state)
{
	(void)state;
	log_info("name=%s", "a\nb\rc\x1b[31md\x7f\te\x01");
	assert_string_equal(after_time(written()), "info test name=a?b?c?[31md??e?\n");
}

/* U+0080 to U+009F are control characters, too: U+009B begins what ESC [ begins. */
static void
nor_one_that_takes_two_bytes(void **state)
{
	(void)state;
	log_info("name=%s", "a\xc2\x9b"
			    "31mb\xc2\x80\xc2\x9f\xc2");
	assert_string_equal(after_time(written()), "info test name=a??31mb????\xc2\n");
}

static void
other_letters_stay_as_they_are(void **state)
{
	static const char letters[] = "\xc3\xb1\xc2\xa0\xc2\xbf\xe2\x82\xac\xd0\x9b\xc3\x9b";
	char want[64];

	(void)state;
	log_info("%s", letters);
	(void)snprintf(want, sizeof want, "info test %s\n", letters);
	assert_string_equal(after_time(written()), want);
}

static void
a_line_that_is_too_long_is_cut_and_still_one_line(void **state)
{
	static char long_text[2 * LINE_MAX_BYTES];
	const char *text;
	size_t n;

	(void)state;
	memset(long_text, 'x', sizeof long_text - 1);
	errno = EIO;
	log_errno("%s", long_text);
	log_info("next");
	text = written();
	n = strcspn(text, "\n");
	assert_int_equal(n, LINE_MAX_BYTES - 1);
	assert_string_equal(after_time(text + n + 1), "info test next\n");
}

static void
the_end_of_an_error_is_cut_as_well(void **state)
{
	static char long_text[LINE_MAX_BYTES];
	const char *text;

	(void)state;
	memset(long_text, 'x', LINE_MAX_BYTES - 60);
	errno = ENOENT;
	log_errno("%s", long_text);
	text = written();
	assert_int_equal(strlen(text), LINE_MAX_BYTES);
	assert_int_equal(text[LINE_MAX_BYTES - 1], '\n');
	assert_non_null(strstr(text, "x error=\"No such fil"));
}

/* Nobody reads the log, or its disk is full: the service goes on. */
static void
a_log_that_takes_nothing_stops_nobody(void **state)
{
	(void)state;
	for (int i = 0; i < 5000; i++)
		log_info("line %d", i);
	(void)close(STDERR_FILENO);
	log_info("nobody");
	give_back();
}

static void
what_repeats_is_let_through_once_a_second(void **state)
{
	struct log_limit l = { 0, 0 }, other = { 0, 0 };
	unsigned long suppressed = 77;

	(void)state;
	give_back();
	assert_true(log_allowed(&l, &suppressed));
	assert_int_equal(suppressed, 0);
	suppressed = 77;
	for (int i = 0; i < 5; i++)
		assert_false(log_allowed(&l, &suppressed));
	assert_int_equal(suppressed, 77);
	assert_true(log_allowed(&other, &suppressed));
	l.next_ms -= 500; /* half a second later */
	assert_false(log_allowed(&l, &suppressed));
	l.next_ms -= 500;
	assert_true(log_allowed(&l, &suppressed));
	assert_int_equal(suppressed, 6);
	assert_false(log_allowed(&l, &suppressed));
	assert_int_equal(l.suppressed, 1);
}

#define LOG_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LOG_TEST(a_line_has_time_level_program_and_text),
		LOG_TEST(what_is_below_the_level_is_not_written),
		LOG_TEST(what_is_at_the_level_is),
		LOG_TEST(an_error_has_the_words_of_its_errno),
		LOG_TEST(no_control_character_gets_out),
		LOG_TEST(nor_one_that_takes_two_bytes),
		LOG_TEST(other_letters_stay_as_they_are),
		LOG_TEST(a_line_that_is_too_long_is_cut_and_still_one_line),
		LOG_TEST(the_end_of_an_error_is_cut_as_well),
		LOG_TEST(a_log_that_takes_nothing_stops_nobody),
		LOG_TEST(what_repeats_is_let_through_once_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
