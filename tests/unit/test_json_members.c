/* A JSON object, read by a table into a struct. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "json.h"
#include "json_members.h"

struct thing {
	char *text;
	bool flag;
	size_t size;
	long number;
	int seen; /* by read_other */
};

static enum err
read_other(void *object, json_t *value, const struct json_place *at)
{
	struct thing *t = object;

	t->seen++;
	if (!json_is_array(value))
		return json_place_wrong(at, "other", "must be a list");
	return OK;
}

static const struct json_member members[] = {
	{ "text", JSON_MEMBER_TEXT, offsetof(struct thing, text), 0, 5, NULL },
	{ "flag", JSON_MEMBER_BOOL, offsetof(struct thing, flag), 0, 0, NULL },
	{ "size", JSON_MEMBER_SIZE, offsetof(struct thing, size), 1, 100, NULL },
	{ "number", JSON_MEMBER_LONG, offsetof(struct thing, number), -3, LONG_MAX, NULL },
	{ "other", JSON_MEMBER_OTHER, 0, 0, 0, read_other },
	{ "_comment", JSON_MEMBER_IGNORED, 0, 0, 0, NULL },
};

static enum err
parse(const char *text, struct thing *t, struct buf *why)
{
	const struct json_place at = { "apps[2] (id 7)", "limits.", why };
	json_auto_t *root = NULL;

	assert_int_equal(json_parse(text, strlen(text), 16, true, &root, NULL, 0), OK);
	return json_members_read(t, root, members, ARRAY_LEN(members), &at);
}

static void
each_member_goes_where_the_table_says(void **state)
{
	struct thing t = { 0 };
	auto_buf why = BUF_INIT(1024);

	(void)state;
	assert_int_equal(
	    parse("{\"number\":-3,\"size\":100,\"flag\":true,\"text\":\"h\xc3\xa9llo\","
		  "\"_comment\":{\"any\":[1]},\"other\":[]}",
		&t, &why),
	    ERR_INVALID); /* six bytes */
	assert_string_equal(why.data, "apps[2] (id 7): limits.text: is too long");
	assert_int_equal(parse("{\"number\":-3,\"size\":100,\"flag\":true,\"text\":\"h\xc3\xa9lo\","
			       "\"_comment\":{\"any\":[1]},\"other\":[]}",
			     &t, &why),
	    OK);
	assert_string_equal(t.text, "h\xc3\xa9lo");
	assert_true(t.flag);
	assert_int_equal(t.size, 100);
	assert_int_equal(t.number, -3);
	assert_int_equal(t.seen, 1);
	free(t.text);
}

static void
what_is_not_given_or_null_stays(void **state)
{
	struct thing t = { xstrdup("old"), true, 7, 8, 0 };
	auto_buf why = BUF_INIT(1024);

	(void)state;
	assert_int_equal(parse("{}", &t, &why), OK);
	assert_int_equal(parse("{\"text\":null,\"size\":null,\"number\":null}", &t, &why), OK);
	assert_string_equal(t.text, "old");
	assert_true(t.flag);
	assert_int_equal(t.size, 7);
	assert_int_equal(t.number, 8);
	assert_int_equal(parse("{\"text\":\"\"}", &t, &why), OK); /* the old one is freed */
	assert_string_equal(t.text, "");
	free(t.text);
}

static void
a_mistake_is_one_line_that_says_where(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "{\"texts\":1}", "limits.texts: is unknown" },
		{ "{\"Text\":\"a\"}", "limits.Text: is unknown" },
		{ "{\"\":1}", "limits.: is unknown" },
		{ "{\"text\":1}", "limits.text: must be a string" },
		{ "{\"text\":\"a\\nb\"}", "limits.text: must not have control characters" },
		{ "{\"text\":\"\\u007f\"}", "limits.text: must not have control characters" },
		{ "{\"flag\":1}", "limits.flag: must be true or false" },
		{ "{\"flag\":null}", "limits.flag: must be true or false" },
		{ "{\"flag\":\"true\"}", "limits.flag: must be true or false" },
		{ "{\"size\":0}", "limits.size: must be null or a number from 1 to 100" },
		{ "{\"size\":101}", "limits.size: must be null or a number from 1 to 100" },
		{ "{\"size\":-1}", "limits.size: must be null or a number from 1 to 100" },
		{ "{\"size\":1.0}", "limits.size: must be null or a number from 1 to 100" },
		{ "{\"size\":\"5\"}", "limits.size: must be null or a number from 1 to 100" },
		{ "{\"number\":-4}",
		    "limits.number: must be null or a number from -3 to 9223372036854775807" },
		{ "{\"other\":1}", "limits.other: must be a list" },
		/* a name of the file's own makes no second line of it */
		{ "{\"a\\nb\\u001b[31m\\u007f\":1}", "limits.a?b?[31m?: is unknown" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct thing t = { 0 };
		auto_buf why = BUF_INIT(1024);

		assert_int_equal(parse(cases[i].text, &t, &why), ERR_INVALID);
		assert_memory_equal(why.data, "apps[2] (id 7): ", 16);
		assert_string_equal(why.data + 16, cases[i].why);
		assert_null(t.text);
		assert_int_equal(t.size, 0);
	}
}

static void
a_long_name_is_cut_and_a_new_mistake_replaces_the_old_one(void **state)
{
	char text[300] = "{\"";
	struct thing t = { 0 };
	auto_buf why = BUF_INIT(1024);

	(void)state;
	memset(text + 2, 'x', 200);
	memcpy(text + 202, "\":1}", 5);
	assert_int_equal(parse(text, &t, &why), ERR_INVALID);
	assert_int_equal(why.len, 16 + strlen("limits.") + 80 + strlen(": is unknown"));
	assert_int_equal(parse("{\"flag\":1}", &t, &why), ERR_INVALID);
	assert_string_equal(why.data, "apps[2] (id 7): limits.flag: must be true or false");
}

static void
the_first_and_the_last_of_a_range_are_in_it(void **state)
{
	struct thing t = { 0 };
	auto_buf why = BUF_INIT(1024);

	(void)state;
	assert_int_equal(parse("{\"size\":1}", &t, &why), OK);
	assert_int_equal(t.size, 1);
	assert_int_equal(parse("{\"number\":9223372036854775807}", &t, &why), OK);
	assert_true(t.number == LONG_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_member_goes_where_the_table_says),
		cmocka_unit_test(what_is_not_given_or_null_stays),
		cmocka_unit_test(a_mistake_is_one_line_that_says_where),
		cmocka_unit_test(a_long_name_is_cut_and_a_new_mistake_replaces_the_old_one),
		cmocka_unit_test(the_first_and_the_last_of_a_range_are_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
