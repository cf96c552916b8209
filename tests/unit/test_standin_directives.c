/* gemini-standin: what tests may ask for, in its three spellings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../gemini-standin/directives.h"

static void
a_list_sets_what_it_names_and_leaves_the_rest(void **state)
{
	struct directives d;
	char why[DIRECTIVES_WHY];
	const char *list = "bytes=5000, seed=7 ,delay=20,thoughts,slice,retry_delay=0.2s";

	(void)state;
	directives_init(&d);
	assert_int_equal(d.bytes, DIRECTIVE_UNSET);
	assert_int_equal(directives_parse(&d, list, strlen(list), why), OK);
	assert_int_equal(d.bytes, 5000);
	assert_int_equal(d.seed, 7);
	assert_int_equal(d.delay, 20);
	assert_int_equal(d.slice, 7); /* its value when it has none */
	assert_true(d.thoughts);
	assert_string_equal(d.retry_delay, "0.2s");
	assert_int_equal(d.first, DIRECTIVE_UNSET);
	assert_int_equal(directives_parse(&d, "seed=8", 6, why), OK);
	assert_int_equal(d.bytes, 5000);
	assert_int_equal(d.seed, 8);
}

static void
a_bad_list_changes_nothing_and_says_why(void **state)
{
	static const char *const lists[] = { "delay=1,nonsense=1", "delay=1,bytes",
		"delay=1,bytes=x", "delay=1,bytes=-1", "delay=1,bytes=16777217",
		"delay=1,status=399", "delay=1,status=600", "delay=1,finish=", "delay=1,frames=0",
		"delay=1,seed=99999999999999999999999",
		"delay=1,finish=a-word-that-is-longer-than-the-room-there-is-for-words" };
	char why[DIRECTIVES_WHY];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		struct directives d;

		directives_init(&d);
		*why = '\0';
		assert_int_equal(
		    directives_parse(&d, lists[i], strlen(lists[i]), why), ERR_INVALID);
		assert_int_equal(d.delay, DIRECTIVE_UNSET);
		assert_true(strlen(why) > 10);
	}
}

static void
groups_leave_the_text_and_others_stay(void **state)
{
	static const struct {
		const char *text, *rest;
		int64_t bytes;
	} cases[] = {
		{ "hola [[bytes=5]]", "hola", 5 },
		{ "[[bytes=5]] hola", "hola", 5 },
		{ "a [[bytes=5]] b [[delay=1]]", "a  b", 5 },
		{ "a [[0,1],[2]] b", "a [[0,1],[2]] b", DIRECTIVE_UNSET },
		{ "[[link]] [[bytes=6]]", "[[link]]", 6 },
		{ "[[bytes=5", "[[bytes=5", DIRECTIVE_UNSET },
		{ "", "", DIRECTIVE_UNSET },
	};
	char why[DIRECTIVES_WHY];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct directives d;
		auto_buf rest = BUF_INIT(256);

		directives_init(&d);
		assert_int_equal(
		    directives_take(&d, cases[i].text, strlen(cases[i].text), &rest, why), OK);
		assert_string_equal(rest.data != NULL ? rest.data : "", cases[i].rest);
		assert_int_equal(d.bytes, cases[i].bytes);
	}
}

static void
a_group_of_ours_with_a_mistake_is_refused(void **state)
{
	struct directives d;
	auto_buf rest = BUF_INIT(256);
	char why[DIRECTIVES_WHY];

	(void)state;
	directives_init(&d);
	assert_int_equal(directives_take(&d, "x [[bytes=5,nope]]", 18, &rest, why), ERR_INVALID);
	assert_non_null(strstr(why, "nope"));
}

static void
json_takes_numbers_flags_and_words(void **state)
{
	static const struct {
		const char *text;
		enum err e;
	} cases[] = {
		{ "{\"status\":429,\"retry_delay\":\"0.2s\",\"times\":1}", OK },
		{ "{\"thoughts\":true,\"bytes\":\"12\"}", OK },
		{ "{\"nonsense\":1}", ERR_INVALID },
		{ "{\"status\":null}", ERR_INVALID },
		{ "{\"bytes\":true}", ERR_INVALID },
		{ "{\"finish\":1}", ERR_INVALID },
		{ "[]", ERR_INVALID },
	};
	char why[DIRECTIVES_WHY];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_auto_t *root = json_loads(cases[i].text, 0, NULL);
		struct directives d;

		directives_init(&d);
		assert_int_equal(directives_parse_json(&d, root, why), cases[i].e);
	}
}

static void
faults_can_be_dropped_and_the_shape_stays(void **state)
{
	struct directives d;
	char why[DIRECTIVES_WHY];
	const char *list = "bytes=9,delay=3,status=503,reset_after=0,finish=SAFETY,hang";

	(void)state;
	directives_init(&d);
	assert_int_equal(directives_parse(&d, list, strlen(list), why), OK);
	assert_int_equal(d.reset_after, 0);
	directives_drop_faults(&d);
	assert_int_equal(d.bytes, 9);
	assert_int_equal(d.delay, 3);
	assert_int_equal(d.status, DIRECTIVE_UNSET);
	assert_int_equal(d.reset_after, DIRECTIVE_UNSET);
	assert_string_equal(d.finish, "");
	assert_false(d.hang);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_sets_what_it_names_and_leaves_the_rest),
		cmocka_unit_test(a_bad_list_changes_nothing_and_says_why),
		cmocka_unit_test(groups_leave_the_text_and_others_stay),
		cmocka_unit_test(a_group_of_ours_with_a_mistake_is_refused),
		cmocka_unit_test(json_takes_numbers_flags_and_words),
		cmocka_unit_test(faults_can_be_dropped_and_the_shape_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
