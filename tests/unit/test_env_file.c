#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "buf.h"
#include "env_file.h"
#include "limit.h"

static void
on_problem(void *arg, size_t line, const char *what)
{
	assert_int_equal(buf_addf(arg, "!%zu: %s;", line, what), OK);
}

static const char *
lookup(void *arg, const char *name)
{
	(void)arg;
	return strcmp(name, "HOME") == 0 ? "/home/ana" : NULL;
}

/* Both as text: "NAME=value@line;" and "!line: problem;". */
static void
check_parse(const char *text, const char *entries, const char *problems)
{
	auto_buf said = BUF_INIT(4096), found = BUF_INIT(4096);
	struct env_file f = { 0 };

	assert_int_equal(buf_adds(&said, ""), OK);
	assert_int_equal(buf_adds(&found, ""), OK);
	assert_int_equal(env_file_parse(text, strlen(text), lookup, on_problem, &said, &f), OK);
	for (size_t i = 0; i < f.count; i++)
		assert_int_equal(buf_addf(&found, "%s=%s@%zu;", f.entries[i].name,
				     f.entries[i].value, f.entries[i].line),
		    OK);
	assert_string_equal(found.data, entries);
	assert_string_equal(said.data, problems);
	env_file_free(&f);
}

static void
lines_are_read_as_phpdotenv_reads_them(void **state)
{
	static const struct {
		const char *text, *entries, *problems;
	} cases[] = {
		{ "", "", "" },
		{ "A=1", "A=1@1;", "" },
		{ "A=1\nB=2\n", "A=1@1;B=2@2;", "" },
		{ "A=1\r\nB=2\r\n", "A=1@1;B=2@2;", "" },
		{ "\xef\xbb\xbf"
		  "A=1",
		    "A=1@1;", "" },
		{ "# note\n\n  # note\nA=1", "A=1@4;", "" },
		{ "export A=1", "A=1@1;", "" },
		{ "  A = 1  ", "A=1@1;", "" },
		{ "A=", "A=@1;", "" },
		{ "A=\"\"", "A=@1;", "" },
		{ "A=a b c", "A=a b c@1;", "" },
		{ "A=a # note", "A=a@1;", "" },
		{ "A=a#b", "A=a#b@1;", "" },
		{ "A=#note", "A=@1;", "" },
		{ "A=a=b", "A=a=b@1;", "" },
		{ "A='lit ${HOME} \\n'", "A=lit ${HOME} \\n@1;", "" },
		{ "A=\"x\\ny\\t\\\"z\\\"\"", "A=x\ny\t\"z\"@1;", "" },
		{ "A=\"one\ntwo\"\nB=1", "A=one\ntwo@1;B=1@3;", "" },
		{ "A=\"x\" # note", "A=x@1;", "" },
		{ "A=${HOME}/x", "A=/home/ana/x@1;", "" },
		{ "A=\"${HOME}/x\"", "A=/home/ana/x@1;", "" },
		{ "A=1\nB=${A}2", "A=1@1;B=12@2;", "" },
		{ "HOME=/srv\nB=${HOME}", "HOME=/srv@1;B=/srv@2;", "" },
		{ "A=${NONE}x", "A=x@1;", "" },
		{ "A=${}x$y${", "A=${}x$y${@1;", "" },
		{ "A=1\nA=2", "A=1@1;A=2@2;", "" },
		{ "nonsense", "", "!1: expected '=' after the name;" },
		{ "1A=2\nB=1", "B=1@2;", "!1: not a name: expected NAME=value;" },
		{ "=x", "", "!1: not a name: expected NAME=value;" },
		{ "A=\"x\" y\nB=1", "B=1@2;", "!1: text after the closing quote;" },
		{ "A=1\nB=\"x\n\nC=2", "A=1@1;", "!2: the quote is never closed;" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_parse(cases[i].text, cases[i].entries, cases[i].problems);
}

static void
the_last_of_equal_names_wins(void **state)
{
	static const char text[] = "A=1\nB=2\nA=3\n";
	struct env_file f = { 0 };

	(void)state;
	assert_int_equal(env_file_parse(text, sizeof text - 1, NULL, NULL, NULL, &f), OK);
	assert_string_equal(env_file_find(&f, "A")->value, "3");
	assert_null(env_file_find(&f, "C"));
	env_file_free(&f);
}

static void
a_nul_or_too_large_a_file_is_refused_whole(void **state)
{
	char *text = xcalloc(LIMIT_ENV_BYTES + 1, 1);
	struct env_file f = { 0 };

	(void)state;
	assert_int_equal(env_file_parse("A=1\0B=2", 7, NULL, NULL, NULL, &f), ERR_LIMIT);
	memset(text, '#', LIMIT_ENV_BYTES + 1);
	assert_int_equal(env_file_parse(text, LIMIT_ENV_BYTES, NULL, NULL, NULL, &f), OK);
	assert_int_equal(
	    env_file_parse(text, LIMIT_ENV_BYTES + 1, NULL, NULL, NULL, &f), ERR_LIMIT);
	assert_int_equal(f.count, 0);
	free(text);
}

/* Each line doubles the one before: without a cap this is 2^40 bytes. */
static void
variables_cannot_grow_a_value_beyond_its_limit(void **state)
{
	auto_buf text = BUF_INIT(65536), said = BUF_INIT(65536);
	struct env_file f = { 0 };

	(void)state;
	assert_int_equal(buf_adds(&text, "A0=0123456789\n"), OK);
	for (int i = 1; i <= 40; i++)
		assert_int_equal(buf_addf(&text, "A%d=${A%d}${A%d}\n", i, i - 1, i - 1), OK);
	assert_int_equal(env_file_parse(text.data, text.len, NULL, on_problem, &said, &f), OK);
	for (size_t i = 0; i < f.count; i++)
		assert_true(strlen(f.entries[i].value) <= LIMIT_ENV_LINE);
	assert_non_null(strstr(said.data, "the value is too long"));
	env_file_free(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read_as_phpdotenv_reads_them),
		cmocka_unit_test(the_last_of_equal_names_wins),
		cmocka_unit_test(a_nul_or_too_large_a_file_is_refused_whole),
		cmocka_unit_test(variables_cannot_grow_a_value_beyond_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
