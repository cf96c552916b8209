#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base64url.h"
#include "jwt.h"
#include "utf8.h"

#define KEY "a-secret-of-32-characters-012345"
#define NOW 1700000000
#define HS256 "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define CLAIMS "{\"sub\":\"ana\",\"exp\":1700000060}"

static const struct jwt_rules rules = { KEY, "", "", NOW };

/* header and claims as they are, signed with secret. */
static void
make(char out[LIMIT_CREDENTIAL_BYTES], const char *header, const char *claims, const char *secret)
{
	unsigned char mac[SIGN_RAW_SIZE];
	size_t n;

	base64url_encode(header, strlen(header), out);
	n = strlen(out);
	out[n++] = '.';
	base64url_encode(claims, strlen(claims), out + n);
	n = strlen(out);
	sign_hmac_sha256_raw(secret, strlen(secret), out, n, mac);
	out[n++] = '.';
	base64url_encode(mac, sizeof mac, out + n);
}

static const char *
verify(const char *header, const char *claims, const char *secret, const struct jwt_rules *r)
{
	char text[LIMIT_CREDENTIAL_BYTES];
	struct jwt_claims out;

	make(text, header, claims, secret);
	return jwt_verify(text, strlen(text), r, &out);
}

/* Made by another implementation (node:crypto). */
static void
a_token_of_another_implementation_holds(void **state)
{
	static const char text[] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
				   "eyJzdWIiOiJhbmEiLCJleHAiOjE3MDAwMDAwNjAsIm5hbWUiOiJBbmEgw5EifQ."
				   "AUWc_CuCznCS7kkFO77yBYtNbxH9S5RIKy0_2cvdmCk";
	struct jwt_claims out = { 0 };

	(void)state;
	assert_null(jwt_verify(text, sizeof text - 1, &rules, &out));
	assert_string_equal(out.subject, "ana");
	assert_string_equal(out.name, "Ana \xc3\x91");
}

static void
a_good_token_says_who(void **state)
{
	char text[LIMIT_CREDENTIAL_BYTES];
	struct jwt_claims out = { 0 };

	(void)state;
	make(text, HS256,
	    "{\"sub\":\"ana\",\"name\":\"Ana\",\"iat\":1699999999,\"nbf\":1699999999.5,"
	    "\"exp\":1700000060,\"iss\":\"x\",\"aud\":\"y\",\"admin\":true}",
	    KEY);
	assert_true(jwt_is_one(text, strlen(text)));
	assert_null(jwt_verify(text, strlen(text), &rules, &out));
	assert_string_equal(out.subject, "ana");
	assert_string_equal(out.name, "Ana");
	assert_int_equal(out.issued_s, 1699999999);
	assert_int_equal(out.expires_s, 1700000060);
}

static void
each_fault_is_named_and_nothing_is_filled(void **state)
{
	static const struct {
		const char *header, *claims, *secret, *why;
	} cases[] = {
		{ HS256, CLAIMS, KEY, NULL },
		{ "{\"alg\":\"HS256\"}", CLAIMS, KEY, NULL },
		{ HS256, "{\"sub\":42,\"exp\":1700000060}", KEY, NULL },
		{ HS256, CLAIMS, "another-secret-of-32-characters-", "forged" },
		{ HS256, CLAIMS, "", "forged" },
		{ "{\"alg\":\"none\"}", CLAIMS, KEY, "not HS256" },
		{ "{\"alg\":\"hs256\"}", CLAIMS, KEY, "not HS256" },
		{ "{\"alg\":\"HS512\"}", CLAIMS, KEY, "not HS256" },
		{ "{\"alg\":\"RS256\"}", CLAIMS, KEY, "not HS256" },
		{ "{\"alg\":[\"HS256\"]}", CLAIMS, KEY, "not HS256" },
		{ "{\"typ\":\"JWT\"}", CLAIMS, KEY, "not HS256" },
		{ "{\"alg\":\"HS256\",\"alg\":\"none\"}", CLAIMS, KEY, "not HS256" },
		{ "{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}", CLAIMS, KEY,
		    "not HS256" },
		{ "[]", CLAIMS, KEY, "not HS256" },
		{ HS256, "{\"sub\":\"ana\",\"exp\":1700000000}", KEY, "expired" },
		{ HS256, "{\"sub\":\"ana\",\"exp\":1699999999}", KEY, "expired" },
		{ HS256, "{\"sub\":\"ana\",\"exp\":0}", KEY, "expired" },
		{ HS256, "{\"sub\":\"ana\"}", KEY, "no expiry" },
		{ HS256, "{\"sub\":\"ana\",\"exp\":\"1700000060\"}", KEY, "bad time" },
		{ HS256, "{\"sub\":\"ana\",\"exp\":-1}", KEY, "bad time" },
		{ HS256, "{\"sub\":\"ana\",\"exp\":1e300}", KEY, "bad time" },
		{ HS256, "{\"sub\":\"ana\",\"exp\":null}", KEY, "bad time" },
		{ HS256, "{\"sub\":\"ana\",\"exp\":1700000060,\"nbf\":1700000030}", KEY,
		    "not yet valid" },
		{ HS256, "{\"sub\":\"ana\",\"exp\":1700000060,\"nbf\":1700000004}", KEY, NULL },
		{ HS256, "{\"exp\":1700000060}", KEY, "no subject" },
		{ HS256, "{\"sub\":\"\",\"exp\":1700000060}", KEY, "no subject" },
		{ HS256, "{\"sub\":null,\"exp\":1700000060}", KEY, "no subject" },
		{ HS256, "{\"sub\":\"ana\",\"sub\":\"eva\",\"exp\":1700000060}", KEY, "malformed" },
		{ HS256, "[1]", KEY, "malformed" },
		{ HS256, "ana", KEY, "malformed" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *why = verify(cases[i].header, cases[i].claims, cases[i].secret, &rules);

		if (cases[i].why == NULL)
			assert_null(why);
		else if (why == NULL || strcmp(why, cases[i].why) != 0)
			fail_msg("case %zu: %s", i, why != NULL ? why : "holds");
	}
}

static void
issuer_and_audience_count_when_they_are_configured(void **state)
{
	static const struct jwt_rules r = { KEY, "https://id.example", "charla", NOW };
	static const struct {
		const char *claims, *why;
	} cases[] = {
		{ "\"iss\":\"https://id.example\",\"aud\":\"charla\"", NULL },
		{ "\"iss\":\"https://id.example\",\"aud\":[\"x\",\"charla\"]", NULL },
		{ "\"iss\":\"https://id.example\",\"aud\":[\"x\",1]", "another audience" },
		{ "\"iss\":\"https://id.example\"", "another audience" },
		{ "\"iss\":\"https://id.example\",\"aud\":\"charla2\"", "another audience" },
		{ "\"iss\":\"https://id.example.evil\",\"aud\":\"charla\"", "another issuer" },
		{ "\"iss\":[\"https://id.example\"],\"aud\":\"charla\"", "another issuer" },
		{ "\"aud\":\"charla\"", "another issuer" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char claims[256];
		const char *why;

		(void)snprintf(claims, sizeof claims, "{\"sub\":\"a\",\"exp\":1700000060,%s}",
		    cases[i].claims);
		why = verify(HS256, claims, KEY, &r);
		if (cases[i].why == NULL)
			assert_null(why);
		else
			assert_string_equal(why, cases[i].why);
	}
}

static void
every_changed_character_is_noticed(void **state)
{
	char text[LIMIT_CREDENTIAL_BYTES];
	struct jwt_claims out;
	size_t n;

	(void)state;
	make(text, HS256, CLAIMS, KEY);
	n = strlen(text);
	for (size_t i = 0; i < n; i++) {
		char was = text[i];

		text[i] = was == 'A' ? 'B' : 'A';
		assert_non_null(jwt_verify(text, n, &rules, &out));
		text[i] = was;
		assert_non_null(jwt_verify(text, i, &rules, &out)); /* cut */
	}
	assert_null(jwt_verify(text, n, &rules, &out));
}

static void
without_a_secret_nothing_holds(void **state)
{
	static const struct jwt_rules none = { "", "", "", NOW };

	(void)state;
	assert_string_equal(verify(HS256, CLAIMS, "", &none), "forged");
}

static void
forms_that_are_none(void **state)
{
	static const char *const bad[] = { "", ".", "..", "a.b", "a..c", "a.b.", ".b.c", "a.b.c.d",
		"a.b.c." };
	char big[LIMIT_CREDENTIAL_BYTES + 2];
	struct jwt_claims out;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(jwt_is_one(bad[i], strlen(bad[i])));
		assert_string_equal(jwt_verify(bad[i], strlen(bad[i]), &rules, &out), "malformed");
	}
	memset(big, 'a', sizeof big);
	big[1] = big[3] = '.';
	assert_false(jwt_is_one(big, LIMIT_CREDENTIAL_BYTES + 1));
	assert_true(jwt_is_one(big, LIMIT_CREDENTIAL_BYTES));
}

static void
long_names_are_cut_and_long_subjects_refused(void **state)
{
	char claims[1024], text[LIMIT_CREDENTIAL_BYTES];
	struct jwt_claims out = { 0 };

	(void)state;
	(void)snprintf(claims, sizeof claims,
	    "{\"sub\":\"%0*d\",\"exp\":1700000060,\"name\":\"%s\"}", LIMIT_SUBJECT_BYTES, 7,
	    "ññññññññññññññññññññññññññññññññññññññññññ");
	make(text, HS256, claims, KEY);
	assert_null(jwt_verify(text, strlen(text), &rules, &out));
	assert_int_equal(strlen(out.subject), LIMIT_SUBJECT_BYTES);
	assert_int_equal(strlen(out.name), LIMIT_NAME_BYTES);
	assert_true(utf8_is_valid(out.name, strlen(out.name)));
	(void)snprintf(claims, sizeof claims, "{\"sub\":\"%0*d\",\"exp\":1700000060}",
	    LIMIT_SUBJECT_BYTES + 1, 7);
	assert_string_equal(verify(HS256, claims, KEY, &rules), "no subject");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_of_another_implementation_holds),
		cmocka_unit_test(a_good_token_says_who),
		cmocka_unit_test(each_fault_is_named_and_nothing_is_filled),
		cmocka_unit_test(issuer_and_audience_count_when_they_are_configured),
		cmocka_unit_test(every_changed_character_is_noticed),
		cmocka_unit_test(without_a_secret_nothing_holds),
		cmocka_unit_test(forms_that_are_none),
		cmocka_unit_test(long_names_are_cut_and_long_subjects_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
