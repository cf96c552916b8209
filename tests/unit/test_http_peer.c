/* Does a connection come from this machine? */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "http_peer.h"
#include "util.h"

static void
a_host_is_this_machine_by_name_or_number(void **state)
{
	static const struct {
		const char *host;
		bool want;
	} cases[] = {
		{ "localhost", true },
		{ "LocalHost", true },
		{ "localhost:8080", true },
		{ "localhost:", true },
		{ "127.0.0.1", true },
		{ "127.0.0.1:80", true },
		{ "127.255.255.254", true },
		{ "[::1]", true },
		{ "[::1]:80", true },
		/* whom a page of somebody else's may have as its name */
		{ "localhost.evil.example", false },
		{ "localhost.", false },
		{ "xlocalhost", false },
		{ "127.0.0.1.evil.example", false },
		{ "127.1", false },
		{ "0x7f.0.0.1", false },
		{ "2130706433", false },
		{ "128.0.0.1", false },
		{ "0.0.0.0", false },
		{ "10.0.0.1", false },
		{ "[::1", false },
		{ "::1", false },
		{ "[::1]x", false },
		{ "[::1].evil.example", false },
		{ "[::2]", false },
		{ "[0:0:0:0:0:0:0:1]", false },
		{ " localhost", false },
		{ "localhost ", false },
		{ ":80", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t n = strlen(cases[i].host);
		/* not NUL-terminated: a sanitizer sees who reads on */
		char *exact = malloc(n > 0 ? n : 1);

		if (exact == NULL)
			abort();
		memcpy(exact, cases[i].host, n);
		assert_int_equal(http_host_is_loopback(exact, n), cases[i].want);
		free(exact);
	}
	/* what is behind its end does not count */
	assert_true(http_host_is_loopback("localhost.evil", 9));
	assert_false(http_host_is_loopback("localhost\0.evil", 15));
}

static void
a_host_of_any_length_is_looked_at_safely(void **state)
{
	char text[300];

	(void)state;
	memset(text, '1', sizeof text);
	for (size_t n = 0; n < sizeof text; n++)
		assert_false(http_host_is_loopback(text, n));
}

/* One end of a connection over a socket of our own. */
static int
connected(const struct sockaddr *at, socklen_t len)
{
	struct sockaddr_storage bound;
	socklen_t size = sizeof bound;
	auto_fd listening = socket(at->sa_family, SOCK_STREAM, 0);
	auto_fd from = socket(at->sa_family, SOCK_STREAM, 0);

	if (listening < 0 || from < 0 || bind(listening, at, len) != 0 ||
	    listen(listening, 1) != 0 ||
	    getsockname(listening, (struct sockaddr *)&bound, &size) != 0 ||
	    connect(from, (struct sockaddr *)&bound, size) != 0)
		return -1;
	return accept(listening, NULL, NULL);
}

static void
a_peer_over_loopback_is_this_machine(void **state)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	char text[48] = "before";
	auto_fd one = -1, two = -1;

	(void)state;
	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	one = connected((const struct sockaddr *)&v4, sizeof v4);
	assert_true(one >= 0);
	assert_true(http_peer_is_loopback(one));
	http_peer_address(one, text, sizeof text);
	assert_string_equal(text, "127.0.0.1");
	two = connected((const struct sockaddr *)&v6, sizeof v6);
	if (two < 0)
		return; /* a machine without IPv6 */
	assert_true(http_peer_is_loopback(two));
	http_peer_address(two, text, sizeof text);
	assert_string_equal(text, "::1");
}

static void
what_is_no_connection_is_nobody(void **state)
{
	char text[48] = "before";
	auto_fd alone = socket(AF_INET, SOCK_STREAM, 0);
	int pair[2];

	(void)state;
	assert_false(http_peer_is_loopback(alone));
	http_peer_address(alone, text, sizeof text);
	assert_string_equal(text, "");
	assert_false(http_peer_is_loopback(-1));
	http_peer_address(-1, text, sizeof text);
	assert_string_equal(text, "");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_false(http_peer_is_loopback(pair[0])); /* no TCP */
	(void)close(pair[0]);
	(void)close(pair[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_is_this_machine_by_name_or_number),
		cmocka_unit_test(a_host_of_any_length_is_looked_at_safely),
		cmocka_unit_test(a_peer_over_loopback_is_this_machine),
		cmocka_unit_test(what_is_no_connection_is_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
