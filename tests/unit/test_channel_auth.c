#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "channel_auth.h"

#define KEY "278d425bdf160c739803"

static struct app
app_of_the_vectors(void)
{
	static char key[] = KEY, secret[] = "7ad3773142a6692b25b8";

	return (struct app){ .key = key, .secret = secret };
}

/* Computed with openssl; the presence text is Pusher's, whose printed digest is of another. */
static const struct {
	const char *channel, *channel_data, *hex;
} vectors[] = {
	{ "private-foobar", NULL,
	    "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4" },
	{ "presence-foobar", "{\"user_id\":10,\"user_info\":{\"name\":\"Mr. Channels\"}}",
	    "31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80" },
	{ "private-encrypted-foo", NULL,
	    "e85caab4331194145d44feae15aea9539ea50631afacbc593a9555ceadc42357" },
};

static void
the_vectors_are_accepted_and_nothing_near_them(void **state)
{
	struct app app = app_of_the_vectors();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		char auth[128];
		size_t n;

		(void)snprintf(auth, sizeof auth, KEY ":%s", vectors[i].hex);
		assert_true(channel_auth_is_valid(
		    &app, "1234.1234", vectors[i].channel, vectors[i].channel_data, auth));
		assert_false(channel_auth_is_valid(
		    &app, "1234.1235", vectors[i].channel, vectors[i].channel_data, auth));
		assert_false(channel_auth_is_valid(
		    &app, "1234.1234", "private-fooba", vectors[i].channel_data, auth));
		assert_false(
		    channel_auth_is_valid(&app, "1234.1234", vectors[i].channel, "{}", auth));
		n = strlen(auth);
		for (size_t at = 0; at < n; at++) {
			char was = auth[at];

			auth[at] = was == '0' ? '1' : '0';
			assert_false(channel_auth_is_valid(
			    &app, "1234.1234", vectors[i].channel, vectors[i].channel_data, auth));
			auth[at] = was;
		}
		auth[n - 1] = '\0';
		assert_false(channel_auth_is_valid(
		    &app, "1234.1234", vectors[i].channel, vectors[i].channel_data, auth));
	}
	assert_false(channel_auth_is_valid(&app, "1234.1234", "private-foobar", NULL, NULL));
	assert_false(channel_auth_is_valid(&app, "1234.1234", "private-foobar", NULL, ""));
	assert_false(channel_auth_is_valid(&app, "1234.1234", "private-foobar", NULL, KEY));
	assert_false(channel_auth_is_valid(&app, "1234.1234", "private-foobar", NULL, KEY ":"));
}

static void
a_sign_in_has_its_own_text(void **state)
{
	static const char auth[] =
	    KEY ":4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba";
	struct app app = app_of_the_vectors();

	(void)state;
	assert_true(user_auth_is_valid(&app, "1234.1234", "{\"id\":\"12345\"}", auth));
	assert_false(user_auth_is_valid(&app, "1234.1234", "{\"id\":\"12346\"}", auth));
	assert_false(user_auth_is_valid(&app, "1234.123", "{\"id\":\"12345\"}", auth));
	assert_false(user_auth_is_valid(&app, "1234.1234", "{\"id\":\"12345\"}", NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_are_accepted_and_nothing_near_them),
		cmocka_unit_test(a_sign_in_has_its_own_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
