/* What was learnt about models. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ai_known.h"

#define NOW 5000

static void
a_missing_model_is_asked_for_again_after_a_while(void **state)
{
	struct ai_known k = { .next = 0 };

	(void)state;
	assert_false(ai_known_is_missing(&k, "m", NOW));
	ai_known_set_missing(&k, "m", NOW);
	assert_true(ai_known_is_missing(&k, "m", NOW));
	assert_true(ai_known_is_missing(&k, "m", NOW + AI_KNOWN_MISSING_MS - 1));
	assert_false(ai_known_is_missing(&k, "m", NOW + AI_KNOWN_MISSING_MS));
	assert_false(ai_known_is_missing(&k, "m2", NOW));
	ai_known_set_missing(&k, "m", NOW + AI_KNOWN_MISSING_MS); /* still */
	assert_true(ai_known_is_missing(&k, "m", NOW + AI_KNOWN_MISSING_MS));
}

static void
what_a_model_refuses_is_kept_beside_its_being_missing(void **state)
{
	struct ai_known k = { .next = 0 };

	(void)state;
	ai_known_set_refuses_thinking(&k, "m");
	assert_true(ai_known_refuses_thinking(&k, "m"));
	assert_false(ai_known_is_missing(&k, "m", 0));
	ai_known_set_missing(&k, "m", NOW);
	assert_true(ai_known_refuses_thinking(&k, "m"));
	assert_true(ai_known_is_missing(&k, "m", NOW));
	assert_false(ai_known_refuses_thinking(&k, "M"));
}

static void
so_many_models_are_known_and_the_oldest_is_forgotten(void **state)
{
	struct ai_known k = { .next = 0 };
	char name[16];

	(void)state;
	for (int i = 0; i < AI_KNOWN_MAX; i++) {
		(void)snprintf(name, sizeof name, "m%d", i);
		ai_known_set_missing(&k, name, NOW);
		ai_known_set_refuses_thinking(&k, name); /* takes no place of its own */
	}
	assert_true(ai_known_is_missing(&k, "m0", NOW));
	ai_known_set_refuses_thinking(&k, "new");
	assert_false(ai_known_is_missing(&k, "m0", NOW));
	assert_false(ai_known_refuses_thinking(&k, "m0"));
	assert_true(ai_known_is_missing(&k, "m1", NOW));
	assert_true(ai_known_is_missing(&k, "m7", NOW));
	assert_false(ai_known_is_missing(&k, "new", NOW)); /* nothing of the old one is left */
}

static void
a_name_that_cannot_be_kept_is_not_kept_in_part(void **state)
{
	struct ai_known k = { .next = 0 };
	char longest[AI_MODEL_SIZE + 1];

	(void)state;
	memset(longest, 'x', sizeof longest);
	longest[AI_MODEL_SIZE] = '\0';
	ai_known_set_missing(&k, longest, NOW);
	ai_known_set_missing(&k, "", NOW);
	ai_known_set_refuses_thinking(&k, "");
	assert_int_equal(k.next, 0);
	assert_false(ai_known_is_missing(&k, longest, NOW));
	assert_false(ai_known_is_missing(&k, "", NOW));
	assert_false(ai_known_refuses_thinking(&k, ""));
	longest[AI_MODEL_SIZE - 1] = '\0';
	assert_false(ai_known_is_missing(&k, longest, NOW));
	ai_known_set_missing(&k, longest, NOW);
	assert_true(ai_known_is_missing(&k, longest, NOW));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_missing_model_is_asked_for_again_after_a_while),
		cmocka_unit_test(what_a_model_refuses_is_kept_beside_its_being_missing),
		cmocka_unit_test(so_many_models_are_known_and_the_oldest_is_forgotten),
		cmocka_unit_test(a_name_that_cannot_be_kept_is_not_kept_in_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
