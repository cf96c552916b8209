/* gemini-standin: errors as the real service was captured saying them (gemini.md 6 and 12.6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "../gemini-standin/google_error.h"
#include "json.h"

/* The detail of that type; NULL if there is none. Borrowed from body. */
static const json_t *
detail(const json_t *body, const char *type)
{
	const json_t *details = json_object_get(json_object_get(body, "error"), "details");

	for (size_t i = 0; i < json_array_size(details); i++) {
		const json_t *d = json_array_get(details, i);

		if (strstr(json_member_string(d, "@type"), type) != NULL)
			return d;
	}
	return NULL;
}

static const json_t *
error_of(const json_t *body)
{
	return json_object_get(body, "error");
}

static void
each_status_has_its_name(void **state)
{
	static const struct {
		int http;
		const char *name;
	} cases[] = {
		{ 400, "INVALID_ARGUMENT" },
		{ 403, "PERMISSION_DENIED" },
		{ 404, "NOT_FOUND" },
		{ 429, "RESOURCE_EXHAUSTED" },
		{ 500, "INTERNAL" },
		{ 503, "UNAVAILABLE" },
		{ 504, "DEADLINE_EXCEEDED" },
		{ 418, "UNKNOWN" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct google_error error;
		struct directives d;
		json_auto_t *body = NULL;

		directives_init(&d);
		google_error_of_status(&error, cases[i].http, &d, "gemini-3.8-flash");
		body = google_error_json(&error);
		assert_int_equal(json_member_int(error_of(body), "code", 0), cases[i].http);
		assert_string_equal(json_member_string(error_of(body), "status"), cases[i].name);
		assert_true(strlen(json_member_string(error_of(body), "message")) > 10);
		assert_int_equal(detail(body, "QuotaFailure") != NULL, cases[i].http == 429);
	}
}

static json_t *
quota(const char *list)
{
	struct google_error error;
	struct directives d;
	char why[DIRECTIVES_WHY];

	directives_init(&d);
	assert_int_equal(directives_parse(&d, list, strlen(list), why), OK);
	google_error_of_status(&error, 429, &d, "gemini-3.8-flash");
	return google_error_json(&error);
}

static void
a_429_says_which_quota_and_when_to_come_back(void **state)
{
	json_auto_t *minute = quota("retry_delay=0.2s");
	json_auto_t *day = quota("per_day,retry_delay=none");
	json_auto_t *none = quota("limit_zero");
	const json_t *violation;

	(void)state;
	assert_string_equal(json_member_string(detail(minute, "RetryInfo"), "retryDelay"), "0.2s");
	assert_non_null(
	    strstr(json_member_string(error_of(minute), "message"), "Please retry in 0.2s."));
	violation =
	    json_array_get(json_object_get(detail(minute, "QuotaFailure"), "violations"), 0);
	assert_non_null(strstr(json_member_string(violation, "quotaId"), "PerMinute"));
	assert_string_equal(json_member_string(violation, "quotaValue"), "5");

	assert_null(detail(day, "RetryInfo"));
	violation = json_array_get(json_object_get(detail(day, "QuotaFailure"), "violations"), 0);
	assert_non_null(strstr(json_member_string(violation, "quotaId"), "PerDay"));

	assert_non_null(strstr(json_member_string(error_of(none), "message"), "limit: 0,"));
	violation = json_array_get(json_object_get(detail(none, "QuotaFailure"), "violations"), 0);
	assert_null(json_object_get(violation, "quotaValue"));
}

static void
a_bad_key_and_a_bad_field_have_their_details(void **state)
{
	struct google_error key, field;
	json_auto_t *key_body = NULL;
	json_auto_t *field_body = NULL;

	(void)state;
	google_error_bad_key(&key);
	key_body = google_error_json(&key);
	assert_int_equal(json_member_int(error_of(key_body), "code", 0), 400);
	assert_string_equal(
	    json_member_string(detail(key_body, "ErrorInfo"), "reason"), "API_KEY_INVALID");
	google_error_set(&field, 400, "no %s", "such field");
	(void)snprintf(field.field, sizeof field.field, "contents[0]");
	field_body = google_error_json(&field);
	assert_string_equal(json_member_string(error_of(field_body), "message"), "no such field");
	assert_non_null(detail(field_body, "BadRequest"));
}

static void
a_sentence_of_any_length_is_cut(void **state)
{
	char model[2 * GOOGLE_ERROR_TEXT];
	struct google_error error;
	struct directives d;

	(void)state;
	memset(model, 'm', sizeof model - 1);
	model[sizeof model - 1] = '\0';
	directives_init(&d);
	google_error_of_status(&error, 404, &d, model);
	assert_int_equal(strlen(error.message), GOOGLE_ERROR_TEXT - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_status_has_its_name),
		cmocka_unit_test(a_429_says_which_quota_and_when_to_come_back),
		cmocka_unit_test(a_bad_key_and_a_bad_field_have_their_details),
		cmocka_unit_test(a_sentence_of_any_length_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
