/* Command lines of both programs: what fits, what does not, and what a stranger's query may not
 * say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <getopt.h>
#include <stdio.h>

#include "app_options.h"
#include "push_options.h"
#include "util.h"

#define WORDS 8

/* NOLINTBEGIN(concurrency-mt-unsafe) */

/* "a b c" as argv[1] and on. */
struct line {
	char text[160];
	char *argv[WORDS + 2];
	int argc;
};

static void
split(struct line *l, const char *text)
{
	static char self[] = "self";
	char *rest = l->text, *word;

	(void)snprintf(l->text, sizeof l->text, "%s", text);
	l->argv[0] = self;
	l->argc = 1;
	while ((word = strsep(&rest, " ")) != NULL && l->argc <= WORDS)
		if (*word != '\0')
			l->argv[l->argc++] = word;
	l->argv[l->argc] = NULL;
}

static bool
app_fits(const char *text)
{
	struct app_options o;
	struct line l;

	split(&l, text);
	optind = 0; /* glibc: from the beginning */
	opterr = 0;
	return app_options_parse(l.argc, l.argv, &o);
}

static void
one_thing_at_a_time(void **state)
{
	static const char *const good[] = { "", "--listen /run/x", "--worker", "--worker --drain",
		"--drain --env=/x", "--import f --owner t:n", "--token-create n --days 3",
		"--worker --help", "--version --listen x", "--print-routes" };
	static const char *const bad[] = { "--listen x --worker", "--migrate --stats", "--days 3",
		"--owner x", "--backup", "--no-such", "word", "--listen", "--stats word",
		"--token-list --token-revoke x", "--check-config --is-demo" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!app_fits(good[i]))
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (app_fits(bad[i]))
			fail_msg("taken: %s", bad[i]);
}

static void
a_strangers_query_is_no_command_line(void **state)
{
	static const struct {
		const char *method, *query, *words;
		int own;
	} cases[] = {
		{ NULL, NULL, "--backup /x", 3 }, /* a person at a terminal */
		{ "GET", NULL, "--env /x", 3 },
		{ "GET", "", "--env /x", 3 },
		{ "GET", "a=b", "--env /x", 3 }, /* a query with '=' does not become arguments */
		{ "GET", "--backup+/x", "--backup /x", 1 },
		{ "GET", "word", "word", 1 },
		{ "GET", "word", "--env /x word", 3 },
		{ "GET", "word", "--env=/x word", 2 },
		{ "GET", "--env+/etc/passwd", "--env /etc/passwd", -1 },
		{ "GET", "%2d%2denv+/x", "--env /x", -1 },
		{ "POST", "--env+/x", "--env /x --env /x", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct line l;

		split(&l, cases[i].words);
		(void)unsetenv("REQUEST_METHOD");
		(void)unsetenv("QUERY_STRING");
		if (cases[i].method != NULL)
			assert_int_equal(setenv("REQUEST_METHOD", cases[i].method, 1), 0);
		if (cases[i].query != NULL)
			assert_int_equal(setenv("QUERY_STRING", cases[i].query, 1), 0);
		if (app_options_own(l.argc, l.argv) != cases[i].own)
			fail_msg("%s: %d", cases[i].query, app_options_own(l.argc, l.argv));
	}
	(void)unsetenv("REQUEST_METHOD");
	(void)unsetenv("QUERY_STRING");
}

static bool
push_fits(const char *text, struct push_options *o)
{
	struct line l;

	split(&l, text);
	optind = 0;
	opterr = 0;
	return push_options_parse(l.argc, l.argv, o);
}

static void
the_push_server_takes_what_websockets_serve_took(void **state)
{
	static const char *const good[] = { "", "serve", "--host=::1 --port 0 serve",
		"serve --port=65535 --debug", "clean", "clean app", "clean --days=0", "--help x" };
	static const char *const bad[] = { "--port=65536", "--port=-1", "--port=", "--port=6001x",
		"--days=3", "serve clean", "clean a b", "start", "--host", "--days=36601 clean" };
	struct push_options o;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!push_fits(good[i], &o))
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (push_fits(bad[i], &o))
			fail_msg("taken: %s", bad[i]);
	assert_true(push_fits("clean", &o));
	assert_int_equal(o.days, -1);
	assert_null(o.clean_app);
	assert_true(push_fits("--port 7 serve --host h", &o));
	assert_int_equal(o.port, 7);
	assert_false(o.clean);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_thing_at_a_time),
		cmocka_unit_test(a_strangers_query_is_no_command_line),
		cmocka_unit_test(the_push_server_takes_what_websockets_serve_took),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
/* NOLINTEND(concurrency-mt-unsafe) */
