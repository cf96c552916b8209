#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sign.h"
#include "util.h"

#define SECRET "7ad3773142a6692b25b8"
#define KEY "auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0"

/* The vectors of the protocol; all computed with another implementation. */
static void
hmacs_are_those_of_pushers_libraries(void **state)
{
	static const struct {
		const char *text, *hex;
	} cases[] = {
		{ "POST\n/apps/3/events\n" KEY "&body_md5=ec365a775a4cd0599faeb73354201b6f",
		    "da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c" },
		{ "GET\n/apps/3/channels\n" KEY
		  "&filter_by_prefix=presence-&info=user_count,subscription_count",
		    "ff97d40ab3fbbd15394386a29c12998c33635305357b2e2abd18dc67efe3f87d" },
		{ "POST\n/apps/3/users/12345/terminate_connections\n" KEY
		  "&body_md5=99914b932bd37a50b983c5e7c90ae93b",
		    "01fa634edeb0cae84115307cad5c23f65a46cd286461b1c89637a3b5871a8f0e" },
		{ "1234.1234:private-foobar",
		    "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4" },
		{ "1234.1234:presence-foobar:{\"user_id\":10,\"user_info\":{\"name\":\"Mr. "
		  "Channels\"}}",
		    "31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80" },
		{ "1234.1234::user::{\"id\":\"12345\"}",
		    "4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba" },
		{ "1234.1234:private-encrypted-foo",
		    "e85caab4331194145d44feae15aea9539ea50631afacbc593a9555ceadc42357" },
	};
	char hex[SIGN_HEX_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		sign_hmac_sha256(SECRET, cases[i].text, strlen(cases[i].text), hex);
		assert_string_equal(hex, cases[i].hex);
	}
}

static void
an_empty_secret_and_an_empty_text_have_an_hmac(void **state)
{
	char hex[SIGN_HEX_SIZE];

	(void)state;
	sign_hmac_sha256("", "", 0, hex);
	assert_string_equal(
	    hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void
digests_are_lower_case_hex(void **state)
{
	static const char body[] = "{\"name\":\"foo\",\"channels\":[\"project-3\"],\"data\":\"{"
				   "\\\"some\\\":\\\"data\\\"}\"}";
	char hex[SIGN_HEX_SIZE], md5[MD5_HEX_SIZE];

	(void)state;
	sign_md5(body, sizeof body - 1, md5);
	assert_string_equal(md5, "ec365a775a4cd0599faeb73354201b6f");
	sign_md5("{}", 2, md5);
	assert_string_equal(md5, "99914b932bd37a50b983c5e7c90ae93b");
	sign_sha256("", 0, hex);
	assert_string_equal(
	    hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sign_sha256("a\0b", 3, hex);
	assert_string_equal(
	    hex, "59b271ae1bbcb1d31d41929817f4b16fb439eb4f31520b5ad1d5ce98920a7138");
}

static void
only_the_same_bytes_are_equal(void **state)
{
	(void)state;
	assert_true(sign_equal("abc", 3, "abc", 3));
	assert_true(sign_equal("", 0, "", 0));
	assert_false(sign_equal("abc", 3, "abd", 3));
	assert_false(sign_equal("abc", 3, "abcd", 4));
	assert_false(sign_equal("abcd", 4, "abc", 3));
	assert_false(sign_equal("a\0b", 3, "a\0c", 3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hmacs_are_those_of_pushers_libraries),
		cmocka_unit_test(an_empty_secret_and_an_empty_text_have_an_hmac),
		cmocka_unit_test(digests_are_lower_case_hex),
		cmocka_unit_test(only_the_same_bytes_are_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
