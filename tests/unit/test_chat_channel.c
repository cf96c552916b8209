#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "chat_channel.h"
#include "util.h"

static void
a_channel_names_its_chat(void **state)
{
	static const struct {
		const char *name, *chat_id; /* NULL: no channel to authorise; "": no chat's */
		bool is_presence, is_encrypted;
	} cases[] = {
		{ "private-chat.42", "42", false, false },
		{ "presence-chat.42", "42", true, false },
		{ "private-encrypted-chat.42", "42", false, true },
		{ "private-cache-chat.42", "42", false, false },
		{ "presence-cache-chat.42", "42", true, false },
		{ "private-encrypted-cache-chat.42", "42", false, true },
		{ "private-chat.a.b=c@d,e;f_-", "a.b=c@d,e;f_-", false, false },
		{ "private-chat.chat.1", "chat.1", false, false },
		{ "private-chat.", "", false, false },
		{ "private-chat...", "", false, false }, /* ".." is no id */
		{ "private-chats.1", "", false, false },
		{ "private-orders.1", "", false, false },
		{ "private-", "", false, false },
		{ "private-private-chat.1", "", false, false },
		{ "chat.42", NULL, false, false },
		{ "cache-chat.42", NULL, false, false },
		{ "Private-chat.42", NULL, false, false },
		{ "privatechat.42", NULL, false, false },
		{ "private-chat.4:2", NULL, false, false },
		{ "private-chat.4 2", NULL, false, false },
		{ "private-chat.4/2", NULL, false, false },
		{ "private-chat.4\n2", NULL, false, false },
		{ "#server-to-user-1", NULL, false, false },
		{ "", NULL, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct chat_channel c;

		if (cases[i].chat_id == NULL) {
			assert_false(chat_channel_parse(cases[i].name, &c));
			continue;
		}
		assert_true(chat_channel_parse(cases[i].name, &c));
		assert_string_equal(c.chat_id, cases[i].chat_id);
		assert_int_equal(c.is_presence, cases[i].is_presence);
		assert_int_equal(c.is_encrypted, cases[i].is_encrypted);
	}
}

static void
the_longest_id_fits_and_one_more_does_not(void **state)
{
	char name[200];
	struct chat_channel c;

	(void)state;
	(void)snprintf(name, sizeof name, "presence-chat.%0*d", LIMIT_CHAT_ID_LEN, 1);
	assert_true(chat_channel_parse(name, &c));
	assert_int_equal(strlen(c.chat_id), LIMIT_CHAT_ID_LEN);
	(void)snprintf(name, sizeof name, "presence-chat.%0*d", LIMIT_CHAT_ID_LEN + 1, 1);
	assert_true(chat_channel_parse(name, &c));
	assert_string_equal(c.chat_id, "");
	(void)snprintf(name, sizeof name, "private-%0*d", LIMIT_CHANNEL_NAME_LEN, 1);
	assert_false(chat_channel_parse(name, &c));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_channel_names_its_chat),
		cmocka_unit_test(the_longest_id_fits_and_one_more_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
