/* How many WebSockets an address may have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "address_counts.h"
#include "keyed_hash.h"

static void
an_address_has_so_many_and_no_more(void **state)
{
	struct address_counts c = { .max = 2 };
	struct address_count *a[3], *b;

	(void)state;
	assert_int_equal(address_counts_add(&c, "1.2.3.4", &a[0]), OK);
	assert_int_equal(address_counts_add(&c, "1.2.3.4", &a[1]), OK);
	assert_non_null(a[0]);
	assert_int_equal(address_counts_add(&c, "1.2.3.4", &a[2]), ERR_LIMIT);
	assert_null(a[2]);
	assert_int_equal(address_counts_add(&c, "1.2.3.40", &b), OK); /* somebody else */
	address_counts_remove(&c, a[2]);
	assert_int_equal(address_counts_add(&c, "1.2.3.4", &a[2]), ERR_LIMIT);
	address_counts_remove(&c, a[1]);
	assert_int_equal(address_counts_add(&c, "1.2.3.4", &a[1]), OK);
	address_counts_remove(&c, a[0]);
	address_counts_remove(&c, a[1]);
	address_counts_remove(&c, b);
}

/* An address that has left takes no memory, however many come and go. */
static void
who_has_none_is_forgotten(void **state)
{
	struct address_counts c = { .max = 1 };
	struct address_count *a, *b;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(address_counts_add(&c, "2001:db8::/64", &a), OK);
		assert_int_equal(address_counts_add(&c, "1.2.3.4", &b), OK);
		assert_int_equal(table_count(c.table), 2);
		address_counts_remove(&c, a);
		address_counts_remove(&c, b);
		assert_null(c.table);
	}
}

static void
this_machine_and_who_has_no_address_are_not_counted(void **state)
{
	static const char *const addresses[] = { "127.0.0.1", "127.255.255.254", "::1", "::/64", "",
		NULL };
	struct address_counts c = { .max = 1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
		for (int k = 0; k < 3; k++) {
			struct address_count *a = (struct address_count *)(void *)&c;

			assert_int_equal(address_counts_add(&c, addresses[i], &a), OK);
			assert_null(a);
			address_counts_remove(&c, a);
		}
	assert_null(c.table);
}

static void
without_a_limit_nothing_is_counted(void **state)
{
	struct address_counts c = { .max = 0 };

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct address_count *a;

		assert_int_equal(address_counts_add(&c, "1.2.3.4", &a), OK);
		assert_null(a);
	}
	assert_null(c.table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_has_so_many_and_no_more),
		cmocka_unit_test(who_has_none_is_forgotten),
		cmocka_unit_test(this_machine_and_who_has_no_address_are_not_counted),
		cmocka_unit_test(without_a_limit_nothing_is_counted),
	};

	keyed_hash_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
