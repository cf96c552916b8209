/* The name that somebody gives themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "limit.h"
#include "person_name.h"

static void
a_name_is_a_short_line_of_text(void **state)
{
	static const struct {
		const char *json, *name; /* name NULL: refused */
	} cases[] = {
		{ "\"Ana\"", "Ana" },
		{ "\" Ana Mar\xc3\xad"
		  "a \"",
		    " Ana Mar\xc3\xad"
		    "a " },
		{ "\"<b>\\\"Ana\\\"</b>\"", "<b>\"Ana\"</b>" }, /* is escaped where it is shown */
		/* nothing to see is no name */
		{ "\"\"", "" },
		{ "\"   \"", "" },
		{ "\"\xc2\xa0\"", "" },
		{ "\"a\\nb\"", NULL },
		{ "\"\\t\"", NULL },
		{ "\"a\\u001b[31m\"", NULL },
		{ "\"a\\u007f\"", NULL },
		{ "null", NULL },
		{ "7", NULL },
		{ "true", NULL },
		{ "[\"Ana\"]", NULL },
		{ "{}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_auto_t *value = json_loads(cases[i].json, JSON_DECODE_ANY, NULL);
		const char *name = "before";
		struct field_error why = { NULL, "" };

		assert_non_null(value);
		if (cases[i].name != NULL) {
			assert_int_equal(person_name_read(value, &name, &why), OK);
			assert_string_equal(name, cases[i].name);
			continue;
		}
		assert_int_equal(person_name_read(value, &name, &why), ERR_INVALID);
		assert_string_equal(name, "before");
		assert_string_equal(why.field, "name");
		assert_true(why.text[0] != '\0');
	}
}

static void
what_is_not_given_stays(void **state)
{
	const char *name = "before";
	struct field_error why;

	(void)state;
	assert_int_equal(person_name_read(NULL, &name, &why), OK);
	assert_string_equal(name, "before");
}

static void
a_name_has_a_longest(void **state)
{
	char text[LIMIT_NAME_BYTES + 1];
	struct field_error why;

	(void)state;
	memset(text, 'x', sizeof text);
	for (size_t over = 0; over <= 1; over++) {
		json_auto_t *value = json_stringn(text, LIMIT_NAME_BYTES + over);
		const char *name = NULL;

		assert_int_equal(person_name_read(value, &name, &why), over > 0 ? ERR_INVALID : OK);
	}
	assert_string_equal(why.text, "The name must be a string of at most 80 bytes.");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_a_short_line_of_text),
		cmocka_unit_test(what_is_not_given_stays),
		cmocka_unit_test(a_name_has_a_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
