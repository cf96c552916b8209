/* The people in signed JSON: what is taken for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "json.h"
#include "pusher_user.h"

/* {"NAME": "xxx..."} of so many bytes. Valid until the next call. */
static const char *
with_id(const char *name, size_t n)
{
	static char text[1024];
	size_t at = (size_t)snprintf(text, 100, "{\"%s\":\"", name);

	memset(text + at, 'x', n);
	memcpy(text + at + n, "\"}", 3);
	return text;
}

static void
a_member_is_named_by_a_string_or_an_integer(void **state)
{
	static const struct {
		const char *text, *id, *info; /* id NULL: refused; info NULL: none */
	} cases[] = {
		{ "{\"user_id\":\"u1\"}", "u1", NULL },
		{ "{\"user_id\":7}", "7", NULL },
		{ "{\"user_id\":-7}", "-7", NULL },
		{ "{\"user_id\":9223372036854775807}", "9223372036854775807", NULL },
		{ "{\"user_id\":\"\xc3\xb1 /:\"}", "\xc3\xb1 /:", NULL },
		{ "{\"user_id\":\"u\",\"user_info\":{\"name\":\"Ana\"}}", "u",
		    "{\"name\":\"Ana\"}" },
		{ "{\"user_id\":\"u\",\"user_info\":\"Ana\"}", "u", "\"Ana\"" },
		{ "{\"user_id\":\"u\",\"user_info\":[]}", "u", "[]" },
		{ "{\"user_id\":\"u\",\"user_info\":false}", "u", "false" },
		{ "{\"user_id\":\"u\",\"user_info\":null}", "u", NULL },
		/* peers that we do not own: the last one counts, others are not looked at */
		{ "{\"user_id\":\"u\",\"user_id\":\"v\",\"x\":[]}", "v", NULL },
		{ "{\"user_id\":\"\"}", NULL, NULL },
		{ "{\"user_id\":1.5}", NULL, NULL },
		{ "{\"user_id\":1.0}", NULL, NULL },
		{ "{\"user_id\":9223372036854775808}", NULL, NULL },
		{ "{\"user_id\":null}", NULL, NULL },
		{ "{\"user_id\":true}", NULL, NULL },
		{ "{\"user_id\":[\"u\"]}", NULL, NULL },
		{ "{\"user_id\":{\"user_id\":\"u\"}}", NULL, NULL },
		{ "{\"user_id\":\"a\\u0000b\"}", NULL, NULL },
		{ "{\"user_id\":\"\xff\"}", NULL, NULL },
		{ "{\"id\":\"u\"}", NULL, NULL },
		{ "{}", NULL, NULL },
		{ "[]", NULL, NULL },
		{ "\"u\"", NULL, NULL },
		{ "7", NULL, NULL },
		{ "", NULL, NULL },
		{ "{\"user_id\":\"u\"", NULL, NULL },
		{ "{\"user_id\":\"u\"}x", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_pusher_user u = { .id = "before" };
		enum err e = pusher_user_from_channel_data(cases[i].text, &u);

		assert_int_equal(e, cases[i].id != NULL ? OK : ERR_INVALID);
		assert_string_equal(u.id, cases[i].id != NULL ? cases[i].id : "");
		assert_int_equal(u.info != NULL, cases[i].info != NULL);
		if (cases[i].info != NULL) {
			auto_char *info = json_dumps(u.info, PUSHER_USER_INFO_FORM);

			assert_string_equal(info, cases[i].info);
		}
		if (e != OK)
			assert_null(u.root);
	}
}

static void
an_id_has_a_longest(void **state)
{
	(void)state;
	for (size_t over = 0; over <= 1; over++) {
		auto_pusher_user member = { .root = NULL }, user = { .root = NULL };
		enum err want = over > 0 ? ERR_INVALID : OK;

		assert_int_equal(pusher_user_from_channel_data(
				     with_id("user_id", LIMIT_USER_ID_LEN + over), &member),
		    want);
		assert_int_equal(
		    pusher_user_from_user_data(with_id("id", LIMIT_USER_ID_LEN + over), &user),
		    want);
		assert_int_equal(strlen(user.id), over > 0 ? 0 : LIMIT_USER_ID_LEN);
	}
}

static void
json_has_a_depth(void **state)
{
	(void)state;
	for (size_t over = 0; over <= 1; over++) {
		char text[1024] = "{\"user_id\":\"u\",\"user_info\":";
		size_t at = strlen(text), n = LIMIT_PUSHER_DEPTH - 1 + over;
		auto_pusher_user u = { .root = NULL };

		memset(text + at, '[', n);
		memset(text + at + n, ']', n);
		memcpy(text + at + 2 * n, "}", 2);
		assert_int_equal(
		    pusher_user_from_channel_data(text, &u), over > 0 ? ERR_INVALID : OK);
	}
}

/* It becomes part of a channel's name. */
static void
who_signs_in_has_an_id_of_pushers_alphabet(void **state)
{
	static const struct {
		const char *text;
		enum err e;
	} cases[] = {
		{ "{\"id\":\"u-1_2=@,.;Z\"}", OK },
		{ "{\"id\":\"u\",\"user_info\":{\"a\":1},\"other\":2}", OK },
		{ "{\"id\":\"\"}", ERR_INVALID },
		{ "{\"id\":\"a b\"}", ERR_INVALID },
		{ "{\"id\":\"a:b\"}", ERR_INVALID },
		{ "{\"id\":\"\xc3\xb1\"}", ERR_INVALID },
		{ "{\"id\":7}", ERR_INVALID },
		{ "{\"id\":null}", ERR_INVALID },
		{ "{\"user_id\":\"u\"}", ERR_INVALID },
		{ "[\"id\"]", ERR_INVALID },
		{ "", ERR_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_pusher_user u = { .root = NULL };

		assert_int_equal(pusher_user_from_user_data(cases[i].text, &u), cases[i].e);
		assert_int_equal(u.watch_count, 0);
		assert_false(u.is_watchlist_cut);
	}
}

static void
a_watchlist_is_a_list_of_ids(void **state)
{
	static const struct {
		const char *list, *first;
		size_t count;
		enum err e;
	} cases[] = {
		{ "null", NULL, 0, OK },
		{ "[]", NULL, 0, OK },
		{ "[\"a\",\"b\",7]", "a", 3, OK },
		{ "[7]", "7", 1, OK },
		{ "[\"\"]", NULL, 0, ERR_INVALID },
		{ "[\"a\",null]", NULL, 0, ERR_INVALID },
		{ "[[\"a\"]]", NULL, 0, ERR_INVALID },
		{ "\"a\"", NULL, 0, ERR_INVALID },
		{ "{\"0\":\"a\"}", NULL, 0, ERR_INVALID },
		{ "false", NULL, 0, ERR_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_pusher_user u = { .root = NULL };
		char text[200];

		(void)snprintf(text, sizeof text, "{\"id\":\"u\",\"watchlist\":%s}", cases[i].list);
		assert_int_equal(pusher_user_from_user_data(text, &u), cases[i].e);
		assert_int_equal(u.watch_count, cases[i].count);
		if (cases[i].first != NULL)
			assert_string_equal(u.watchlist[0], cases[i].first);
	}
}

static void
a_watchlist_that_is_too_long_is_cut_and_says_so(void **state)
{
	(void)state;
	for (int over = 0; over <= 1; over++) {
		auto_buf text = BUF_INIT(65536);
		auto_pusher_user u = { .root = NULL };

		assert_int_equal(buf_adds(&text, "{\"id\":\"u\",\"watchlist\":[\"u0\""), OK);
		for (int i = 1; i < LIMIT_WATCHLIST + over; i++)
			assert_int_equal(buf_addf(&text, ",\"u%d\"", i), OK);
		assert_int_equal(buf_adds(&text, "]}"), OK);
		assert_int_equal(pusher_user_from_user_data(text.data, &u), OK);
		assert_int_equal(u.watch_count, LIMIT_WATCHLIST);
		assert_int_equal(u.is_watchlist_cut, over > 0);
		assert_string_equal(u.watchlist[LIMIT_WATCHLIST - 1], "u99");
	}
}

static void
a_watchlist_is_for_who_signs_in(void **state)
{
	auto_pusher_user u = { .root = NULL };

	(void)state;
	assert_int_equal(
	    pusher_user_from_channel_data("{\"user_id\":\"u\",\"watchlist\":[\"a\"]}", &u), OK);
	assert_int_equal(u.watch_count, 0);
}

static void
whom_we_know_already_keeps_what_they_brought(void **state)
{
	json_t *info = json_pack("{s:s}", "name", "Ana");
	struct pusher_user u;

	(void)state;
	pusher_user_set(&u, "u-1", info);
	json_decref(info); /* the caller's own reference */
	assert_string_equal(u.id, "u-1");
	assert_string_equal(json_member_string(u.info, "name"), "Ana");
	pusher_user_clear(&u);
	assert_null(u.info);
	pusher_user_clear(&u); /* is harmless */
	pusher_user_set(&u, "u-2", NULL);
	assert_null(u.info);
	pusher_user_clear(&u);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_member_is_named_by_a_string_or_an_integer),
		cmocka_unit_test(an_id_has_a_longest),
		cmocka_unit_test(json_has_a_depth),
		cmocka_unit_test(who_signs_in_has_an_id_of_pushers_alphabet),
		cmocka_unit_test(a_watchlist_is_a_list_of_ids),
		cmocka_unit_test(a_watchlist_that_is_too_long_is_cut_and_says_so),
		cmocka_unit_test(a_watchlist_is_for_who_signs_in),
		cmocka_unit_test(whom_we_know_already_keeps_what_they_brought),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
