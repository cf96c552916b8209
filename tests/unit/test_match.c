/* Each case: a stored branch and a posted list, written as "u:text a: u:text" -> the plan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "match.h"

#define TURNS_MAX 16
#define NOW_MS 1000000000
#define YOUNG 1000
#define OLD (MATCH_REPEAT_MS + 1)

struct turn {
	const char *text;
	size_t len;
	enum role role;
	bool is_running;
};

/* "uA" a user turn A, "a" an assistant turn, "a*" one that runs; separated by blanks. */
static size_t
parse(const char *s, struct turn *out)
{
	size_t n = 0;

	while (*s != '\0') {
		size_t len = strcspn(s, " ");

		out[n].role = *s == 'u' ? ROLE_USER : ROLE_ASSISTANT;
		out[n].text = s + 1;
		out[n].len = len - 1;
		out[n].is_running = *s == 'a' && len > 1 && s[1] == '*';
		n++;
		s += len + (s[len] == ' ');
	}
	return n;
}

static struct match_plan
plan(const char *stored_text, const char *posted_text, int64_t age_ms, bool is_whole)
{
	struct turn turns[TURNS_MAX];
	struct stored_turn stored[TURNS_MAX] = { 0 };
	struct posted_turn posted[TURNS_MAX];
	size_t stored_count = parse(stored_text, turns), posted_count;

	for (size_t i = 0; i < stored_count; i++)
		stored[i] = (struct stored_turn){ .role = turns[i].role,
			.text = turns[i].text,
			.len = turns[i].len,
			.is_running = turns[i].is_running,
			.created_ms = NOW_MS - age_ms };
	posted_count = parse(posted_text, turns);
	for (size_t i = 0; i < posted_count; i++)
		posted[i] = (struct posted_turn){ turns[i].role, turns[i].text, turns[i].len };
	return match_plan(posted, posted_count, stored, stored_count, is_whole, NOW_MS);
}

static const struct {
	const char *what, *stored, *posted;
	int64_t age_ms;
	bool is_part; /* stored is the end of a longer branch */
	enum match_action action;
	size_t first, parent;
} cases[] = {
	{ "an unknown chat takes the whole list", "", "uA a uB", OLD, false, MATCH_IMPORT, 0,
	    MATCH_ROOT },
	{ "a single turn opens a chat", "", "uA", OLD, false, MATCH_IMPORT, 0, MATCH_ROOT },
	{ "a single new turn is appended", "uA a", "uB", OLD, false, MATCH_APPEND, 0, 1 },
	{ "the same single turn later is a new turn", "uA a", "uA", OLD, false, MATCH_APPEND, 0,
	    1 },
	{ "a single turn while a reply runs is appended", "uA a*", "uB", YOUNG, false, MATCH_APPEND,
	    0, 1 },
	{ "the whole list with a new turn", "uA a", "uA a uB", OLD, false, MATCH_APPEND, 2, 1 },
	{ "the whole list of two rounds with a new turn", "uA a uB a", "uA a uB a uC", OLD, false,
	    MATCH_APPEND, 4, 3 },
	{ "a window of the last four", "uA a uB a", "a uB a uC", OLD, false, MATCH_APPEND, 3, 3 },
	{ "a window that starts with a user turn", "uA a uB a uC a", "uB a uC a uD", OLD, false,
	    MATCH_APPEND, 4, 5 },
	{ "a window of the last two", "uA a uB a", "a uC", OLD, false, MATCH_APPEND, 1, 3 },
	{ "the same text in every turn", "uA a uA a", "uA a uA a uA", OLD, false, MATCH_APPEND, 4,
	    3 },
	{ "a window on a long branch whose root is not loaded", "uB a uC a", "a uC a uD", OLD, true,
	    MATCH_APPEND, 3, 3 },
	{ "an imported assistant turn between", "uA a", "uA a uB a uC", OLD, false, MATCH_APPEND, 2,
	    1 },
	{ "the whole list again, late: regenerate", "uA a uB a", "uA a uB", OLD, false,
	    MATCH_REGENERATE, 3, 2 },
	{ "the whole list again, soon: the same post", "uA a uB a", "uA a uB", YOUNG, false,
	    MATCH_REPEAT, 3, 2 },
	{ "the whole list again while its reply runs", "uA a uB a*", "uA a uB", OLD, false,
	    MATCH_REPEAT, 3, 2 },
	{ "an edited earlier turn: a branch from there", "uA a uB a uC a", "uA a uX a uC", OLD,
	    false, MATCH_BRANCH, 2, 1 },
	{ "an edited earlier turn of a shorter list", "uA a uB a uC a", "uA a uX a uY", OLD, false,
	    MATCH_BRANCH, 2, 1 },
	{ "two people from one base: both are appended", "uA a uB a uC a", "uA a uB a uD", OLD,
	    false, MATCH_APPEND, 4, 5 },
	{ "two people, windows from one base", "uA a uB a uC a", "a uB a uD", OLD, false,
	    MATCH_APPEND, 3, 5 },
	{ "a list that lacks somebody else's turns branches nowhere", "uA a uB a uC a",
	    "uA a uC a uD", OLD, false, MATCH_APPEND, 4, 5 },
	{ "nothing matches: the last user turn", "uA a", "uX a uY", OLD, false, MATCH_APPEND, 2,
	    1 },
	{ "an edit of the last turn is a new turn", "uA a uB a", "uA a uX", OLD, false,
	    MATCH_APPEND, 2, 3 },
	{ "two user turns in a row, the reply not awaited", "uA a*", "uA uB", YOUNG, false,
	    MATCH_APPEND, 1, 1 },
	{ "no edit is seen where the root is unknown", "uB a uC a", "uB a uX a uY", OLD, true,
	    MATCH_APPEND, 4, 3 },
};

static void
each_posted_list_gets_its_plan(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct match_plan p =
		    plan(cases[i].stored, cases[i].posted, cases[i].age_ms, !cases[i].is_part);

		if (p.action != cases[i].action || p.first != cases[i].first ||
		    p.parent != cases[i].parent)
			fail_msg("%s: action %d first %zu parent %zu", cases[i].what, (int)p.action,
			    p.first, p.parent);
	}
}

static void
a_repeat_is_a_running_reply_or_a_young_list(void **state)
{
	(void)state;
	assert_true(match_is_repeat(1, true, OLD));
	assert_true(match_is_repeat(3, false, YOUNG));
	assert_false(match_is_repeat(1, false, YOUNG));
	assert_false(match_is_repeat(3, false, OLD));
	assert_true(match_is_repeat(3, false, -1)); /* the clock was set back since */
	assert_false(match_is_repeat(3, false, -OLD));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_posted_list_gets_its_plan),
		cmocka_unit_test(a_repeat_is_a_running_reply_or_a_young_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
