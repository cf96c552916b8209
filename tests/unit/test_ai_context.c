#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ai_context.h"

static void
tokens_are_estimated_from_bytes(void **state)
{
	static const struct {
		const char *text;
		size_t tokens;
	} cases[] = {
		{ "", 0 },
		{ "a", 1 },
		{ "abcd", 1 },
		{ "abcde", 2 },
		{ "\xC3\xB1", 1 },
		{ "\xF0\x9F\x8C\x8D", 2 },
		{ "ab\xC3\xB1", 2 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(
		    ai_context_tokens(cases[i].text, strlen(cases[i].text)), cases[i].tokens);
}

/* A history as letters: role, then its size in tokens; "U3" is a user turn of 12 bytes. */
static size_t
parse_history(const char *spec, struct ai_turn *turns)
{
	static const char text[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
	size_t count = 0;

	for (; *spec != '\0'; spec += 2)
		turns[count++] = (struct ai_turn){
			.role = *spec == 'S'   ? AI_ROLE_SYSTEM
				: *spec == 'U' ? AI_ROLE_USER
					       : AI_ROLE_MODEL,
			.text = text,
			.len = 4 * (size_t)(spec[1] - '0'),
		};
	return count;
}

static void
write_history(const struct ai_turn *turns, size_t count, char *out)
{
	for (size_t i = 0; i < count; i++) {
		*out++ = "SUM"[turns[i].role];
		*out++ = (char)('0' + turns[i].len / 4);
	}
	*out = '\0';
}

static void
newest_whole_turns_that_fit_stay(void **state)
{
	static const struct {
		const char *history;
		size_t budget;
		const char *kept;
	} cases[] = {
		{ "", 10, "" },
		{ "U1M1U1", 10, "U1M1U1" },
		{ "U1M1U1", 3, "U1M1U1" },
		{ "U1M1U1", 2, "U1" }, /* would start with the model's */
		{ "U5M1U1M1U1", 4, "U1M1U1" },
		{ "U9", 1, "U9" }, /* the last user turn always stays */
		{ "U1M1U9", 0, "U9" },
		{ "U1M9", 5, "U1M9" }, /* also with what came after it */
		{ "U1M1U1U1", 2, "U1U1" },
		{ "M1M1", 9, "" }, /* nobody asked anything */
		{ "S2U1M1U1", 5, "S2U1M1U1" },
		{ "S2U5M1U1", 5, "S2U1" },   /* system turns outlive old ones */
		{ "S3U1M1U1", 5, "U1M1U1" }, /* but take at most half */
		{ "S1U1S1M1U1S1", 6, "S1U1S1M1U1S1" },
		{ "S1S1U1", 2, "S1U1" },
		{ "U1M1S1U1", 3, "S1U1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ai_turn turns[16];
		size_t count = parse_history(cases[i].history, turns);
		char kept[40];

		count = ai_context_fit(turns, count, cases[i].budget);
		write_history(turns, count, kept);
		print_message("%s in %zu\n", cases[i].history, cases[i].budget);
		assert_string_equal(kept, cases[i].kept);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_are_estimated_from_bytes),
		cmocka_unit_test(newest_whole_turns_that_fit_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
