#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "titles.h"

static const struct {
	const char *said, *title; /* NULL: nothing usable */
} cases[] = {
	{ "Viaje a la luna", "Viaje a la luna" },
	{ "  \"Viaje a la luna.\"  ", "Viaje a la luna" },
	{ "## **Viaje a la luna**\n\nand more", "Viaje a la luna" },
	{ "\xc2\xabViaje\xc2\xbb", "Viaje" },
	{ "\xe2\x80\x9cViaje\xe2\x80\x9d.", "Viaje" },
	{ "\n\nViaje", "Viaje" },
	{ "", NULL },
	{ " \n ", NULL },
	{ "\"\"", NULL },
	{ "...", NULL },
	{ "\xc2\xab\xc2\xbb", NULL },
	{ "C# y F#: \xc2\xbf"
	  "cu\xc3\xa1l?",
	    "C# y F#: \xc2\xbf"
	    "cu\xc3\xa1l?" },
};

static void
what_a_model_says_becomes_one_plain_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_char *text = xstrdup(cases[i].said);
		bool usable = title_clean(text);

		assert_int_equal(usable, cases[i].title != NULL);
		if (usable)
			assert_string_equal(text, cases[i].title);
	}
}

static void
a_long_one_is_cut_between_characters(void **state)
{
	auto_buf text = BUF_INIT(4096);

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(buf_adds(&text, "\xc3\xb1"), OK);
	assert_true(title_clean(text.data));
	assert_int_equal(strlen(text.data), TITLE_MAX_BYTES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_model_says_becomes_one_plain_line),
		cmocka_unit_test(a_long_one_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
