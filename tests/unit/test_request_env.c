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
	/* under a prefix */
	{ "/chat/api", "/health", NULL, NULL, "/chat", "/api/health" },
	{ "/chatter/api", "/health", NULL, NULL, "/chat", "/chatter/api/health" },
	/* neither of both */
	{ "", "", NULL, "/api/%68ealth?x=1", "", "/api/health" },
	{ "", "", NULL, "/api/%2", "", NULL },
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_path_is_the_public_one_however_it_is_mounted),
		cmocka_unit_test(authorization_survives_an_internal_redirect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
