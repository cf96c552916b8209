#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client_address.h"
#include "util.h"

static void
the_client_is_the_last_that_no_trusted_proxy_is(void **state)
{
	static const struct {
		const char *peer, *forwarded, *trusted, *client;
	} cases[] = {
		{ "203.0.113.7", NULL, "", "203.0.113.7" },
		/* a header of a peer that is not trusted is anybody's invention */
		{ "203.0.113.7", "198.51.100.1", "", "203.0.113.7" },
		{ "203.0.113.7", "198.51.100.1", "10.0.0.0/8", "203.0.113.7" },
		{ "10.1.2.3", "198.51.100.1", "10.0.0.0/8", "198.51.100.1" },
		{ "10.1.2.3", "1.1.1.1, 198.51.100.1", "10.0.0.0/8", "198.51.100.1" },
		{ "10.1.2.3", "1.1.1.1, 198.51.100.1, 10.9.9.9", "10.0.0.0/8", "198.51.100.1" },
		{ "10.1.2.3", "1.1.1.1,198.51.100.1 ,  10.9.9.9", "192.0.2.1, 10.0.0.0/8",
		    "198.51.100.1" },
		{ "10.1.2.3", "10.4.4.4, 10.5.5.5", "10.0.0.0/8", "10.4.4.4" },
		{ "10.1.2.3", "", "10.0.0.0/8", "10.1.2.3" },
		{ "10.1.2.3", "unknown", "10.0.0.0/8", "10.1.2.3" },
		{ "10.1.2.3", "198.51.100.1, unknown", "10.0.0.0/8", "10.1.2.3" },
		{ "10.1.2.3", "198.51.100.1,", "10.0.0.0/8", "10.1.2.3" },
		{ "10.1.2.3", "198.51.100.1:4711", "10.1.2.3", "198.51.100.1" },
		{ "127.0.0.1", "[2001:db8:1:2:3:4:5:6]:4711", "127.0.0.1", "2001:db8:1:2::/64" },
		{ "2001:db8:1:2:3:4:5:6", NULL, "", "2001:db8:1:2::/64" },
		{ "2001:db8:1:2:ffff:ffff:ffff:ffff", NULL, "", "2001:db8:1:2::/64" },
		{ "2001:db8::9", "198.51.100.1", "2001:db8::/32", "198.51.100.1" },
		{ "2001:db8::9", "198.51.100.1", "2001:db8::8/125", "198.51.100.1" },
		{ "2001:db8::10", "198.51.100.1", "2001:db8::8/125", "2001:db8::/64" },
		{ "::ffff:203.0.113.7", NULL, "", "203.0.113.7" },
		{ "::ffff:10.1.2.3", "198.51.100.1", "10.0.0.0/8", "198.51.100.1" },
		{ "10.1.2.3", "198.51.100.1", "10.1.2.0/23", "198.51.100.1" },
		{ "10.1.4.3", "198.51.100.1", "10.1.2.0/23", "10.1.4.3" },
		{ "10.1.2.3", "198.51.100.1", "0.0.0.0/0", "198.51.100.1" },
		{ "", NULL, "", "unknown" },
		{ "/run/x.sock", "198.51.100.1", "0.0.0.0/0", "unknown" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char out[CLIENT_ADDRESS_SIZE] = "";

		client_address(cases[i].peer, cases[i].forwarded, cases[i].trusted, out);
		assert_string_equal(out, cases[i].client);
	}
}

static void
entries_of_the_list_that_are_none_hold_nobody(void **state)
{
	static const char *const lists[] = { "", ",", " , ", "10.0.0.0/33", "10.0.0.0/-1",
		"10.0.0.0/", "10.0.0.0/8x", "10.0.0/8", "x", "::/129", "10.1.2.3.4",
		"2001:db8::/8" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		assert_false(client_address_in("10.1.2.3", lists[i]));
	assert_true(client_address_in("10.1.2.3", "x, 10.0.0.0/33,10.1.2.3"));
	assert_false(client_address_in("no address", "0.0.0.0/0"));
}

static void
loopback_is_this_machine(void **state)
{
	(void)state;
	assert_true(client_address_is_loopback("127.0.0.1"));
	assert_true(client_address_is_loopback("127.9.9.9"));
	assert_true(client_address_is_loopback("::1"));
	assert_true(client_address_is_loopback("::ffff:127.0.0.1"));
	assert_false(client_address_is_loopback("128.0.0.1"));
	assert_false(client_address_is_loopback("::2"));
	assert_false(client_address_is_loopback(""));
	assert_false(client_address_is_loopback("localhost"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_client_is_the_last_that_no_trusted_proxy_is),
		cmocka_unit_test(entries_of_the_list_that_are_none_hold_nobody),
		cmocka_unit_test(loopback_is_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
