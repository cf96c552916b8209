#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base64url.h"
#include "ids.h"

/* RFC 4648 10, without padding, and the two characters that are its own. */
static const struct {
	const char *bytes, *text;
} vectors[] = {
	{ "", "" },
	{ "f", "Zg" },
	{ "fo", "Zm8" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg" },
	{ "fooba", "Zm9vYmE" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xfb\xff\xbf", "-_-_" },
};

static void
both_ways_are_those_of_the_rfc(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		char text[16], bytes[16];
		size_t n = strlen(vectors[i].bytes), len = 99;

		base64url_encode(vectors[i].bytes, n, text);
		assert_string_equal(text, vectors[i].text);
		assert_int_equal(strlen(text), BASE64URL_LEN(n));
		assert_int_equal(
		    base64url_decode(text, strlen(text), bytes, sizeof bytes, &len), OK);
		assert_int_equal(len, n);
		assert_memory_equal(bytes, vectors[i].bytes, n);
	}
}

static void
what_no_encoder_makes_is_refused(void **state)
{
	static const char *const bad[] = { "Z", "Zg=", "Zg==", "Z g", "Zm9v+A", "Zm9v/A", "Zh",
		"Zm9", "Zm9vY", "Zm8\n" };
	char bytes[16];
	size_t len = 99;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(
		    base64url_decode(bad[i], strlen(bad[i]), bytes, sizeof bytes, &len),
		    ERR_INVALID);
	assert_int_equal(base64url_decode("Zg\0Zg", 5, bytes, sizeof bytes, &len), ERR_INVALID);
	assert_int_equal(base64url_decode("Zm9v", 4, bytes, 2, &len), ERR_LIMIT);
	assert_int_equal(len, 99);
}

static void
random_bytes_come_back(void **state)
{
	(void)state;
	for (size_t n = 0; n < 200; n++) {
		unsigned char in[200], out[200];
		char text[BASE64URL_LEN(200) + 1];
		size_t len = 0;

		random_bytes(in, n);
		base64url_encode(in, n, text);
		assert_int_equal(base64url_decode(text, strlen(text), out, sizeof out, &len), OK);
		assert_int_equal(len, n);
		assert_memory_equal(in, out, n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_are_those_of_the_rfc),
		cmocka_unit_test(what_no_encoder_makes_is_refused),
		cmocka_unit_test(random_bytes_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
