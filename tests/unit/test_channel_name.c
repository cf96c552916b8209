#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "channel_name.h"
#include "limit.h"
#include "util.h"

static void
the_prefix_makes_the_kind(void **state)
{
	static const struct {
		const char *name;
		unsigned kind;
	} cases[] = {
		{ "", CHANNEL_PUBLIC },
		{ "chat.1", CHANNEL_PUBLIC },
		{ "private", CHANNEL_PUBLIC },
		{ "privatex", CHANNEL_PUBLIC },
		{ "Private-x", CHANNEL_PUBLIC },
		{ "my-private-x", CHANNEL_PUBLIC },
		{ "my-cache-x", CHANNEL_PUBLIC },
		{ "cache", CHANNEL_PUBLIC },
		{ "private-", CHANNEL_PRIVATE },
		{ "private-x", CHANNEL_PRIVATE },
		{ "private-cache", CHANNEL_PRIVATE },
		{ "private-my-cache-x", CHANNEL_PRIVATE },
		{ "presence-x", CHANNEL_PRIVATE | CHANNEL_PRESENCE },
		{ "presence-encrypted-x", CHANNEL_PRIVATE | CHANNEL_PRESENCE },
		{ "private-encrypted-x", CHANNEL_PRIVATE | CHANNEL_ENCRYPTED },
		{ "cache-x", CHANNEL_CACHE },
		{ "private-cache-x", CHANNEL_PRIVATE | CHANNEL_CACHE },
		{ "presence-cache-x", CHANNEL_PRIVATE | CHANNEL_PRESENCE | CHANNEL_CACHE },
		{ "private-encrypted-cache-x",
		    CHANNEL_PRIVATE | CHANNEL_ENCRYPTED | CHANNEL_CACHE },
		{ "#server-to-user-1", CHANNEL_USER },
		{ "#other", CHANNEL_PUBLIC },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(channel_kind(cases[i].name, strlen(cases[i].name)), cases[i].kind);
	assert_int_equal(channel_kind("private-x", 7), CHANNEL_PUBLIC); /* n counts, not the NUL */
}

static void
names_have_an_alphabet_and_a_length(void **state)
{
	static const char good[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-=@,.;";
	char name[LIMIT_CHANNEL_NAME_LEN + 2];

	(void)state;
	assert_true(channel_name_is_valid(good, sizeof good - 1, LIMIT_CHANNEL_NAME_LEN));
	for (int c = 0; c < 256; c++) {
		char one[3] = { 'x', (char)c, 'x' };

		assert_int_equal(channel_name_is_valid(one, 3, LIMIT_CHANNEL_NAME_LEN),
		    c != 0 && strchr(good, c) != NULL);
	}
	memset(name, 'x', sizeof name);
	assert_true(channel_name_is_valid(name, LIMIT_CHANNEL_NAME_LEN, LIMIT_CHANNEL_NAME_LEN));
	assert_false(
	    channel_name_is_valid(name, LIMIT_CHANNEL_NAME_LEN + 1, LIMIT_CHANNEL_NAME_LEN));
	/* the alphabet is all there is: a name of dots is one, too */
	for (const char *p = good; *p != '\0'; p++)
		assert_true(channel_name_is_valid(p, 1, LIMIT_CHANNEL_NAME_LEN));
	assert_true(channel_name_is_valid("..", 2, LIMIT_CHANNEL_NAME_LEN));
	assert_true(channel_name_is_valid("#server-to-user-.", 17, LIMIT_CHANNEL_NAME_LEN));
	assert_false(channel_name_is_valid("", 0, LIMIT_CHANNEL_NAME_LEN));
	assert_true(channel_name_is_valid("#server-to-user-1", 17, LIMIT_CHANNEL_NAME_LEN));
	assert_false(channel_name_is_valid("#server-to-user-", 16, LIMIT_CHANNEL_NAME_LEN));
	assert_false(channel_name_is_valid("#server-to-user-a b", 19, LIMIT_CHANNEL_NAME_LEN));
	assert_false(channel_name_is_valid("#x", 2, LIMIT_CHANNEL_NAME_LEN));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_prefix_makes_the_kind),
		cmocka_unit_test(names_have_an_alphabet_and_a_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
