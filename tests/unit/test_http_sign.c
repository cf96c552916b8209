#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "buf.h"
#include "http_sign.h"
#include "sign.h"

#define NOW 1353088179
#define BASE "auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0"

static char id[] = "3", key[] = "278d425bdf160c739803", secret[] = "7ad3773142a6692b25b8";
static const struct app app = { .id = id, .key = key, .secret = secret };

static struct http_slice
slice(const char *s)
{
	return (struct http_slice){ s, strlen(s) };
}

static const char *
problem(const char *method, const char *path, const char *query, const char *body, int64_t now)
{
	struct http_request r = { .body = body, .body_len = strlen(body) };
	const char *text;

	assert_int_equal(http_request_set_target(&r, slice(method), slice(path), slice(query)), OK);
	text = http_sign_problem(&app, &r, r.path, now);
	http_request_free(&r);
	return text;
}

/* signed_text: what the client has put under its HMAC; query: what it sends. */
static const char *
problem_of(const char *method, const char *path, const char *signed_text, const char *query)
{
	auto_buf all = BUF_INIT(8192);
	char hex[SIGN_HEX_SIZE];

	sign_hmac_sha256(secret, signed_text, strlen(signed_text), hex);
	assert_int_equal(buf_addf(&all, "%s&auth_signature=%s", query, hex), OK);
	return problem(method, path, all.data, "", NOW);
}

#define EVENT                                                                                      \
	"{\"name\":\"foo\",\"channels\":[\"project-3\"],\"data\":\"{\\\"some\\\":\\\"data\\\"}\"}"
#define EVENT_QUERY                                                                                \
	BASE "&body_md5=ec365a775a4cd0599faeb73354201b6f"                                          \
	     "&auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c"

static void
the_vectors_of_the_protocol_are_valid(void **state)
{
	(void)state;
	assert_null(problem("POST", "/apps/3/events", EVENT_QUERY, EVENT, NOW));
	assert_null(problem("GET", "/apps/3/channels",
	    "filter_by_prefix=presence-&info=user_count%2Csubscription_count&" BASE
	    "&auth_signature=ff97d40ab3fbbd15394386a29c12998c33635305357b2e2abd18dc67efe3f87d",
	    "", NOW));
	assert_null(problem("POST", "/apps/3/users/12345/terminate_connections",
	    BASE "&body_md5=99914b932bd37a50b983c5e7c90ae93b"
		 "&auth_signature="
		 "01fa634edeb0cae84115307cad5c23f65a46cd286461b1c89637a3b5871a8f0e",
	    "{}", NOW));
}

static void
anything_else_than_what_was_signed_is_refused(void **state)
{
	(void)state;
	assert_non_null(problem("PUT", "/apps/3/events", EVENT_QUERY, EVENT, NOW));
	assert_non_null(problem("POST", "/apps/4/events", EVENT_QUERY, EVENT, NOW));
	assert_non_null(problem("POST", "/apps/3/events", EVENT_QUERY "&x=y", EVENT, NOW));
	assert_non_null(problem("POST", "/apps/3/events", EVENT_QUERY, EVENT " ", NOW));
	assert_non_null(problem("POST", "/apps/3/events", EVENT_QUERY, "", NOW));
	assert_non_null(problem("POST", "/apps/3/events", "", EVENT, NOW));
	assert_non_null(problem("POST", "/apps/3/events", BASE, EVENT, NOW));
	assert_non_null(problem("GET", "/apps/3/channels", BASE "&auth_signature=", "", NOW));
}

static void
each_flipped_bit_of_the_signature_is_noticed(void **state)
{
	char query[] = EVENT_QUERY;
	char *signature = strstr(query, "auth_signature=") + 15;

	(void)state;
	for (size_t i = 0; i < 64; i++) {
		char was = signature[i];

		signature[i] = was == '0' ? '1' : '0';
		assert_non_null(problem("POST", "/apps/3/events", query, EVENT, NOW));
		signature[i] = was;
	}
	assert_null(problem("POST", "/apps/3/events", query, EVENT, NOW));
}

static void
the_timestamp_may_be_600_seconds_off(void **state)
{
	(void)state;
	assert_null(problem("POST", "/apps/3/events", EVENT_QUERY, EVENT, NOW + 600));
	assert_null(problem("POST", "/apps/3/events", EVENT_QUERY, EVENT, NOW - 600));
	assert_non_null(problem("POST", "/apps/3/events", EVENT_QUERY, EVENT, NOW + 601));
	assert_non_null(problem("POST", "/apps/3/events", EVENT_QUERY, EVENT, NOW - 601));
}

static void
key_version_and_timestamp_are_checked_though_signed(void **state)
{
	static const char *const queries[] = {
		"auth_key=other&auth_timestamp=1353088179&auth_version=1.0",
		"auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.1",
		"auth_key=278d425bdf160c739803&auth_timestamp=1353088179",
		"auth_key=278d425bdf160c739803&auth_timestamp=&auth_version=1.0",
		"auth_key=278d425bdf160c739803&auth_timestamp=-1&auth_version=1.0",
		"auth_key=278d425bdf160c739803&auth_timestamp=1353088179x&auth_version=1.0",
		"auth_key=278d425bdf160c739803&auth_version=1.0&auth_timestamp=9999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		auto_buf text = BUF_INIT(1024);

		assert_int_equal(buf_addf(&text, "GET\n/apps/3/channels\n%s", queries[i]), OK);
		assert_non_null(problem_of("GET", "/apps/3/channels", text.data, queries[i]));
	}
}

static void
names_sort_in_lower_case_and_twice_is_refused(void **state)
{
	(void)state;
	assert_null(problem_of(
	    "GET", "/apps/3/channels", "GET\n/apps/3/channels\n" BASE "&info=a", "INFO=a&" BASE));
	assert_non_null(problem_of("GET", "/apps/3/channels",
	    "GET\n/apps/3/channels\n" BASE "&info=a&info=b", BASE "&info=a&info=b"));
	assert_non_null(problem_of("GET", "/apps/3/channels",
	    "GET\n/apps/3/channels\n" BASE "&info=a&info=b", BASE "&info=a&INFO=b"));
}

static void
lists_are_signed_as_php_and_as_ruby_do(void **state)
{
	(void)state;
	assert_null(problem_of("POST", "/x", "POST\n/x\n" BASE "&channels=c,a,b",
	    BASE "&channels[0]=c&channels[1]=a&channels[2]=b"));
	assert_null(problem_of("POST", "/x", "POST\n/x\n" BASE "&channels=0,1,2,3,4,5,6,7,8,9,10",
	    BASE "&channels[0]=0&channels[1]=1&channels[2]=2&channels[3]=3&channels[4]=4&"
		 "channels[5]=5&channels[6]=6&channels[7]=7&channels[8]=8&channels[9]=9&"
		 "channels[10]=10"));
	assert_null(problem_of("POST", "/x", "POST\n/x\n" BASE "&channels[]=c&channels[]=a",
	    BASE "&channels%5B%5D=c&channels%5B%5D=a"));
	assert_non_null(problem_of(
	    "POST", "/x", "POST\n/x\n" BASE "&channels=a,c", BASE "&channels[]=c&channels[]=a"));
}

static void
a_path_may_be_signed_as_sent_or_decoded(void **state)
{
	(void)state;
	assert_null(
	    problem_of("POST", "/apps/3/users/a%20b", "POST\n/apps/3/users/a b\n" BASE, BASE));
	assert_null(
	    problem_of("POST", "/apps/3/users/a%20b", "POST\n/apps/3/users/a%20b\n" BASE, BASE));
	assert_non_null(
	    problem_of("POST", "/apps/3/users/a%20b", "POST\n/apps/3/users/a+b\n" BASE, BASE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_the_protocol_are_valid),
		cmocka_unit_test(anything_else_than_what_was_signed_is_refused),
		cmocka_unit_test(each_flipped_bit_of_the_signature_is_noticed),
		cmocka_unit_test(the_timestamp_may_be_600_seconds_off),
		cmocka_unit_test(key_version_and_timestamp_are_checked_though_signed),
		cmocka_unit_test(names_sort_in_lower_case_and_twice_is_refused),
		cmocka_unit_test(lists_are_signed_as_php_and_as_ruby_do),
		cmocka_unit_test(a_path_may_be_signed_as_sent_or_decoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
