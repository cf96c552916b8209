/* What web servers say about a request, and what it is taken for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "request_env.h"
#include "util.h"

struct variable {
	const char *name, *value;
};
#define VARS(...) ((struct variable[]){ __VA_ARGS__, { NULL, NULL } })

static const char *
lookup(void *arg, const char *name)
{
	for (const struct variable *v = arg; v->name != NULL; v++)
		if (strcmp(v->name, name) == 0)
			return v->value;
	return NULL;
}

struct place {
	const char *script, *info, *file, *uri, *base;
	const char *path; /* NULL: none */
};

static const struct place places[] = {
	/* mounted side by side */
	{ "/api", "/health", NULL, NULL, "", "/api/health" },
	{ "/api/health", "", NULL, NULL, "", "/api/health" },
	{ "", "/api/health", NULL, NULL, "", "/api/health" },
	{ "/broadcasting", "/auth", "/usr/lib/charla/fcgi-app", NULL, "", "/broadcasting/auth" },
	{ "/broadcasting", "/api/health", NULL, NULL, "", "/broadcasting/api/health" },
	{ "/api", "/health", "/srv/www/api", NULL, "", "/api/health" },
	/* under the program's own name */
	{ "/cgi-bin/fcgi-app", "/api/health", "/usr/lib/cgi-bin/fcgi-app", NULL, "",
	    "/api/health" },
	{ "/cgi-bin/fcgi-app", "/other", "/usr/lib/cgi-bin/fcgi-app", NULL, "", "/other" },
	{ "/app.fcgi", "/api/health", NULL, NULL, "", "/api/health" },
	{ "/app.fcgi", "/api", "", NULL, "", "/api" },
	{ "/app.fcgi", "/broadcasting/auth", NULL, NULL, "", "/broadcasting/auth" },
	{ "/app.fcgi", "/apix/health", NULL, NULL, "", "/app.fcgi/apix/health" },
	{ "/sub", "/api/health", "/srv/www/other", NULL, "", "/sub/api/health" },
	{ "/api/health", "", "/srv/www/api/health", NULL, "", "/api/health" },
	{ "/app.fcgi", "/api/health", "/home/u/www/app.fcgi", NULL, "", "/api/health" },
	{ "/broadcasting", "/auth", "/srv/bin/broadcasting", NULL, "", "/broadcasting/auth" },
	{ "/", "/api", "/srv/", NULL, "", "//api" },
	{ "api", "/health", NULL, NULL, "", NULL },
	/* without a path behind it the name is all there is */
	{ "/app.fcgi", "", "/home/u/www/app.fcgi", NULL, "", "/app.fcgi" },
	/* under a prefix */
	{ "", "/chat/api", NULL, NULL, "/chat", "/api" },
	{ "", "/chat/chat/api", NULL, NULL, "/chat", "/chat/api" },
	{ "", "/chat", NULL, NULL, "/chat", "/chat" },
	{ "", "/api", NULL, NULL, "/chat", "/api" },
	{ NULL, NULL, NULL, "/chat/api?x", "/chat", "/api" },
	{ "/chat/api", "/health", NULL, NULL, "/chat", "/api/health" },
	{ "/chatter/api", "/health", NULL, NULL, "/chat", "/chatter/api/health" },
	/* neither of both */
	{ "", "", NULL, "/api/%68ealth?x=1", "", "/api/health" },
	{ "", "", NULL, "/api/%2", "", NULL },
	{ NULL, NULL, NULL, "/api/health?x=/y", "", "/api/health" },
	{ NULL, NULL, NULL, "/api/%2e%2E/x?", "", "/api/../x" },
	{ NULL, NULL, NULL, "/api/%00", "", NULL },
	{ NULL, NULL, NULL, "/api/%zz", "", NULL },
	{ NULL, NULL, NULL, "http://h/api", "", NULL },
	{ NULL, NULL, NULL, "*", "", NULL },
	{ NULL, NULL, NULL, "", "", NULL },
	{ "", "", NULL, NULL, "", NULL },
};

static void
the_path_is_the_public_one_however_it_is_mounted(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		const struct place *p = &places[i];
		struct variable env[] = { { "SCRIPT_NAME", p->script }, { "PATH_INFO", p->info },
			{ "SCRIPT_FILENAME", p->file }, { "REQUEST_URI", p->uri }, { NULL, NULL } };
		char path[REQUEST_PATH_MAX];
		struct http_request q;
		enum err e = request_from_env(&q, path, p->base, lookup, env);

		if (e != (p->path != NULL ? OK : ERR_INVALID))
			fail_msg("case %zu: %d", i, (int)e);
		if (p->path != NULL)
			assert_string_equal(path, p->path);
	}
}

static void
authorization_survives_an_internal_redirect(void **state)
{
	struct variable env[] = { { "SCRIPT_NAME", "/api/me" },
		{ "REDIRECT_HTTP_AUTHORIZATION", "Bearer a" }, { NULL, NULL }, { NULL, NULL } };
	char path[REQUEST_PATH_MAX];
	struct http_request q;

	(void)state;
	assert_int_equal(request_from_env(&q, path, "", lookup, env), OK);
	assert_string_equal(q.header[HTTP_AUTHORIZATION], "Bearer a");
	env[2] = (struct variable){ "HTTP_AUTHORIZATION", "Bearer b" };
	assert_int_equal(request_from_env(&q, path, "", lookup, env), OK);
	assert_string_equal(q.header[HTTP_AUTHORIZATION], "Bearer b");
}

static void
a_path_that_is_too_long_is_refused_and_not_cut(void **state)
{
	static char text[REQUEST_PATH_MAX + 1];
	char path[REQUEST_PATH_MAX];
	struct http_request q;

	(void)state;
	memset(text, 'x', REQUEST_PATH_MAX);
	text[0] = '/';
	assert_int_equal(
	    request_from_env(&q, path, "", lookup, VARS({ "PATH_INFO", text })), ERR_INVALID);
	assert_int_equal(
	    request_from_env(&q, path, "", lookup, VARS({ "REQUEST_URI", text })), ERR_INVALID);
	text[REQUEST_PATH_MAX - 1] = '\0';
	assert_int_equal(request_from_env(&q, path, "", lookup, VARS({ "PATH_INFO", text })), OK);
	assert_int_equal(strlen(q.path), REQUEST_PATH_MAX - 1);
	assert_int_equal(request_from_env(&q, path, "", lookup, VARS({ "REQUEST_URI", text })), OK);
	assert_int_equal(strlen(q.path), REQUEST_PATH_MAX - 1);
	/* the two together */
	assert_int_equal(request_from_env(&q, path, "", lookup,
			     VARS({ "SCRIPT_NAME", "/a" }, { "PATH_INFO", text })),
	    ERR_INVALID);
}

static void
what_is_not_said_is_empty_and_never_null(void **state)
{
	char path[REQUEST_PATH_MAX];
	struct http_request q;

	(void)state;
	assert_int_equal(request_from_env(&q, path, "", lookup, VARS({ "PATH_INFO", "/api" })), OK);
	assert_int_equal(q.method, HTTP_OTHER);
	assert_string_equal(q.query, "");
	assert_string_equal(q.remote_addr, "");
	for (size_t i = 0; i < HTTP_HEADER_COUNT; i++)
		assert_null(q.header[i]);
	assert_null(q.caller);
	assert_null(q.chat);
}

static void
headers_have_the_names_of_rfc_3875(void **state)
{
	static const struct {
		const char *name;
		enum http_header header;
	} cases[] = {
		{ "CONTENT_TYPE", HTTP_CONTENT_TYPE },
		{ "HTTP_ACCEPT_LANGUAGE", HTTP_ACCEPT_LANGUAGE },
		{ "HTTP_IDEMPOTENCY_KEY", HTTP_IDEMPOTENCY_KEY },
		{ "HTTP_X_SOCKET_ID", HTTP_X_SOCKET_ID },
		{ "HTTP_ORIGIN", HTTP_ORIGIN },
		{ "HTTP_ACCESS_CONTROL_REQUEST_METHOD", HTTP_REQUEST_METHOD },
		{ "HTTP_AUTHORIZATION", HTTP_AUTHORIZATION },
		{ "HTTP_IF_NONE_MATCH", HTTP_IF_NONE_MATCH },
		{ "HTTP_COOKIE", HTTP_COOKIE },
		{ "HTTP_HOST", HTTP_HOST },
		{ "HTTP_SEC_FETCH_SITE", HTTP_SEC_FETCH_SITE },
		{ "HTTP_FORWARDED", HTTP_FORWARDED },
		{ "HTTP_X_FORWARDED_FOR", HTTP_X_FORWARDED_FOR },
		{ "HTTP_X_FORWARDED_PROTO", HTTP_X_FORWARDED_PROTO },
		{ "REMOTE_USER", HTTP_REMOTE_USER },
		{ "HTTPS", HTTP_HTTPS },
		{ "REQUEST_SCHEME", HTTP_SCHEME },
	};

	(void)state;
	assert_int_equal(ARRAY_LEN(cases), HTTP_HEADER_COUNT);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char path[REQUEST_PATH_MAX];
		struct http_request q;

		assert_int_equal(request_from_env(&q, path, "", lookup,
				     VARS({ "PATH_INFO", "/" }, { "REQUEST_METHOD", "PATCH" },
					 { cases[i].name, "value" })),
		    OK);
		assert_int_equal(q.method, HTTP_PATCH);
		for (enum http_header h = 0; h < HTTP_HEADER_COUNT; h++)
			if (h == cases[i].header)
				assert_string_equal(q.header[h], "value");
			else
				assert_null(q.header[h]);
	}
}

/* A client can send any header, but none that is one of the server's own variables. */
static void
no_header_of_a_client_makes_him_a_user(void **state)
{
	char path[REQUEST_PATH_MAX];
	struct http_request q;

	(void)state;
	assert_int_equal(
	    request_from_env(&q, path, "", lookup,
		VARS({ "PATH_INFO", "/" }, { "HTTP_REMOTE_USER", "root" }, { "HTTP_HTTPS", "on" },
		    { "HTTP_REQUEST_SCHEME", "https" }, { "HTTP_PROXY", "http://x" })),
	    OK);
	for (size_t i = 0; i < HTTP_HEADER_COUNT; i++)
		assert_null(q.header[i]);
}

static void
a_request_id_is_taken_over_if_it_can_stand_in_a_log(void **state)
{
	static const char max[] =
	    "0123456789012345678901234567890123456789012345678901234567890123";
	static const char over[] =
	    "01234567890123456789012345678901234567890123456789012345678901234";
	static const struct {
		const char *server, *unique, *header, *want; /* want NULL: one of our own */
	} cases[] = {
		{ NULL, NULL, "abcdefgh", "abcdefgh" },
		{ NULL, "unique-id_1", "abcdefgh", "unique-id_1" },
		{ "server-id_1", "unique-id_1", "abcdefgh", "server-id_1" },
		{ NULL, NULL, max, max },
		{ NULL, NULL, over, NULL },
		{ NULL, NULL, "abcdefg", NULL },
		{ NULL, NULL, "abcdefgh\n", NULL },
		{ NULL, NULL, "abcd efgh", NULL },
		{ NULL, NULL, "", NULL },
		{ NULL, NULL, NULL, NULL },
		/* what cannot be used does not hide what can */
		{ "@bad@bad@", "", "abcdefgh", "abcdefgh" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char path[REQUEST_PATH_MAX], again[REQUEST_PATH_MAX];
		struct http_request q, r;
		struct variable *vars =
		    VARS({ "PATH_INFO", "/" }, { "REQUEST_ID", cases[i].server },
			{ "UNIQUE_ID", cases[i].unique }, { "HTTP_X_REQUEST_ID", cases[i].header });

		assert_int_equal(request_from_env(&q, path, "", lookup, vars), OK);
		assert_int_equal(request_from_env(&r, again, "", lookup, vars), OK);
		if (cases[i].want != NULL) {
			assert_string_equal(q.rid, cases[i].want);
			continue;
		}
		assert_int_equal(strlen(q.rid), 22);
		assert_string_not_equal(q.rid, r.rid);
	}
}

/* Also what cannot be answered has one, for the log. */
static void
a_request_without_a_path_has_an_id(void **state)
{
	char path[REQUEST_PATH_MAX];
	struct http_request q;

	(void)state;
	assert_int_equal(request_from_env(&q, path, "", lookup, VARS({ "REQUEST_ID", "abcdefgh" })),
	    ERR_INVALID);
	assert_string_equal(q.rid, "abcdefgh");
}

static void
a_length_is_digits_and_nothing_else(void **state)
{
	static const struct {
		const char *text;
		long long want;
	} cases[] = {
		{ NULL, -1 }, { "", -1 }, { "0", 0 }, { "17", 17 }, { "017", 17 },
		{ "262145", 262145 }, { "-1", -1 }, { "+1", -1 }, { " 1", -1 }, { "1 ", -1 },
		{ "1,1", -1 }, { "0x10", -1 }, { "1e3", -1 },
		{ "9223372036854775807", 9223372036854775807LL },
		{ "99999999999999999999999999", 9223372036854775807LL }, /* more than any limit */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_true(request_content_length(lookup,
				VARS({ "CONTENT_LENGTH", cases[i].text })) == cases[i].want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_path_is_the_public_one_however_it_is_mounted),
		cmocka_unit_test(authorization_survives_an_internal_redirect),
		cmocka_unit_test(a_path_that_is_too_long_is_refused_and_not_cut),
		cmocka_unit_test(what_is_not_said_is_empty_and_never_null),
		cmocka_unit_test(headers_have_the_names_of_rfc_3875),
		cmocka_unit_test(no_header_of_a_client_makes_him_a_user),
		cmocka_unit_test(a_request_id_is_taken_over_if_it_can_stand_in_a_log),
		cmocka_unit_test(a_request_without_a_path_has_an_id),
		cmocka_unit_test(a_length_is_digits_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
