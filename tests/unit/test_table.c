#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "keyed_hash.h"
#include "table.h"
#include "util.h"

static void
one_process_hashes_alike_and_each_byte_counts(void **state)
{
	unsigned char text[40] = { 0 };
	uint64_t whole[sizeof text + 1];

	(void)state;
	keyed_hash_init();
	keyed_hash_init(); /* does not change the key */
	for (size_t n = 0; n <= sizeof text; n++) {
		whole[n] = keyed_hash(text, n);
		assert_true(whole[n] == keyed_hash(text, n));
		for (size_t other = 0; other < n; other++)
			assert_true(whole[other] != whole[n]);
		for (size_t at = 0; at < n; at++) {
			text[at] ^= 0x40;
			assert_true(keyed_hash(text, n) != whole[n]);
			text[at] ^= 0x40;
		}
	}
}

/* What a stranger can see are buckets: they must be even, whatever his names look like. */
static void
names_of_a_kind_spread_evenly(void **state)
{
	enum { NAMES = 64 * 1024, BUCKETS = 256 };
	static unsigned count[BUCKETS];

	(void)state;
	keyed_hash_init();
	for (unsigned i = 0; i < NAMES; i++)
		count[keyed_hash(&i, sizeof i) % BUCKETS]++;
	for (size_t i = 0; i < BUCKETS; i++)
		assert_in_range(count[i], NAMES / BUCKETS / 2, NAMES / BUCKETS * 2);
}

struct thing {
	struct table_entry entry;
	char name[24];
};

static void
a_table_finds_forgets_and_keeps_order(void **state)
{
	enum { THINGS = 1000 };
	static struct thing things[THINGS];
	struct table_entry *t = NULL;
	size_t i = 1;

	(void)state;
	assert_null(table_find(t, "x", 1));
	assert_int_equal(table_count(t), 0);
	for (int k = 0; k < THINGS; k++) {
		(void)snprintf(things[k].name, sizeof things[k].name, "name-%d", k);
		table_add(&t, &things[k].entry, things[k].name, strlen(things[k].name));
	}
	assert_int_equal(table_count(t), THINGS);
	assert_ptr_equal(table_find(t, "name-7", 6), &things[7].entry);
	assert_ptr_equal(table_find(t, "name-77", 6), &things[7].entry);
	assert_null(table_find(t, "name-", 5));
	for (int k = 0; k < THINGS; k += 2)
		table_remove(&t, &things[k].entry);
	for (const struct table_entry *e = t; e != NULL; e = table_next(e), i += 2)
		assert_ptr_equal(e, &things[i].entry);
	assert_int_equal(i, THINGS + 1);
	for (int k = 1; k < THINGS; k += 2)
		table_remove(&t, &things[k].entry);
	assert_null(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_process_hashes_alike_and_each_byte_counts),
		cmocka_unit_test(names_of_a_kind_spread_evenly),
		cmocka_unit_test(a_table_finds_forgets_and_keeps_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
