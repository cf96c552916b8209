#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "config.h"
#include "config_table.h"
#include "log.h"

/* The environment is read and set before any thread: there is none here. */
/* NOLINTBEGIN(concurrency-mt-unsafe) */

#define SECRET "a-secret-of-32-characters-012345"
#define CREDENTIALS "PUSHER_APP_ID=7\nPUSHER_APP_KEY=key\nPUSHER_APP_SECRET=" SECRET "\n"

/* The original's example, as it stands. */
#define ORIGINAL                                                                                   \
	"PUSHER_APP_ID=local\n"                                                                    \
	"PUSHER_APP_KEY=local\n"                                                                   \
	"PUSHER_APP_SECRET=local\n"                                                                \
	"PUSHER_HOST=127.0.0.1\n"                                                                  \
	"PUSHER_PORT=6001\n"                                                                       \
	"PUSHER_SCHEME=http\n"                                                                     \
	"LARAVEL_WEBSOCKETS_PORT=6001\n"                                                           \
	"LARAVEL_WEBSOCKETS_HOST=127.0.0.1\n"                                                      \
	"BROADCAST_DRIVER=pusher\n"                                                                \
	"AI_API_KEY=tu_clave_api_de_google_gemini\n"

/* A directory of its own, which is also the current one, and an environment without settings. */
struct place {
	char dir[64], old[4096], env[96];
};

static int
set_up(void **state)
{
	struct place *p = xcalloc(1, sizeof *p);

	for (size_t i = 0; i < settings_count; i++)
		(void)unsetenv(settings[i].name);
	(void)unsetenv("ENV_FILE");
	(void)unsetenv("GEMINI_API_KEY");
	(void)unsetenv("GOOGLE_API_KEY");
	(void)unsetenv("PUSH_PORT");
	(void)snprintf(p->dir, sizeof p->dir, "/tmp/charla-config-XXXXXX");
	if (mkdtemp(p->dir) == NULL || getcwd(p->old, sizeof p->old) == NULL || chdir(p->dir) != 0)
		return -1;
	(void)snprintf(p->env, sizeof p->env, "%s/.env", p->dir);
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = { ".env", "bin/.env", "bin/app.conf", "other.env",
		"bin" };
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		(void)remove(names[i]);
	if (chdir(p->old) != 0 || rmdir(p->dir) != 0)
		return -1;
	free(p);
	return 0;
}

static void
write_file(const char *path, const char *text, mode_t mode)
{
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
}

/* The text of all problems, the caller's. */
static char *
problems_of(const struct config *c)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	config_print_problems(f, c);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void
an_empty_machine_is_a_local_demonstration(void **state)
{
	struct config c;

	(void)state;
	assert_int_equal(config_load(&c, CONFIG_APP, NULL, NULL), OK);
	assert_int_equal(c.problem_count, 0);
	assert_null(c.env_file);
	assert_false(c.is_production);
	assert_true(c.is_demo);
	assert_string_equal(c.pusher_app_key, "local");
	assert_string_equal(c.push_bind_host, "127.0.0.1");
	assert_int_equal(c.push_bind_port, 6001);
	config_free(&c);
}

static void
the_originals_env_loads_as_it_stands(void **state)
{
	static const enum config_reader readers[] = { CONFIG_APP, CONFIG_PUSH };
	const struct place *p = *state;
	char want[128];

	write_file(".env", ORIGINAL, 0600);
	for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
		struct config c;

		assert_int_equal(config_load(&c, readers[i], NULL, NULL), OK);
		assert_int_equal(c.problem_count, 0);
		assert_true(c.is_demo);
		assert_false(c.is_production);
		assert_string_equal(c.app_env, "local");
		assert_string_equal(c.broadcast_driver, "pusher");
		config_free(&c);
	}
	/* data lies beside the .env that was named */
	{
		struct config c;

		assert_int_equal(config_load(&c, CONFIG_APP, p->env, NULL), OK);
		(void)snprintf(want, sizeof want, "%s/var/charla.db", p->dir);
		assert_string_equal(c.db_path, want);
		config_free(&c);
	}
}

static void
the_providers_address_may_end_with_the_version(void **state)
{
	static const char *const ends[] = { "", "/", "/v1beta", "/v1beta/" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct config c;
		char text[96];

		(void)snprintf(text, sizeof text, "AI_BASE_URL=https://x.example/p%s\n", ends[i]);
		write_file(".env", text, 0600);
		assert_int_equal(config_load(&c, CONFIG_APP, NULL, NULL), OK);
		assert_int_equal(strncmp(c.ai_base_url, "https://x.example/p", 19), 0);
		assert_null(strstr(c.ai_base_url, "v1beta"));
		config_free(&c);
	}
}

static void
a_name_that_stands_twice_is_told_and_the_last_one_counts(void **state)
{
	const struct place *p = *state;
	struct config c;
	char want[192];

	write_file(".env", "APP_NAME=one\nLOG_LEVEL=1\nLOG_LEVEL=1\nAPP_NAME=two\n", 0600);
	assert_int_equal(config_load(&c, CONFIG_APP, NULL, NULL), OK);
	assert_string_equal(c.app_name, "two");
	assert_int_equal(c.problem_count, 1); /* the same again says nothing */
	assert_false(c.problems[0].is_error);
	(void)snprintf(want, sizeof want,
	    "%s:4: APP_NAME stands there again: this one counts, not line 1", p->env);
	assert_string_equal(strstr(c.problems[0].text, ".env:4"), strstr(want, ".env:4"));
	config_free(&c);
}

/* What a new Laravel comes with, and laravel-websockets' own names: nothing of it is a mistake. */
static void
laravels_whole_env_loads_as_it_stands(void **state)
{
	static const char text[] =
	    "APP_NAME=Laravel\nAPP_ENV=local\nAPP_KEY=base64:"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
	    "APP_DEBUG=true\nAPP_URL=http://localhost\n\nLOG_CHANNEL=stack\n"
	    "LOG_DEPRECATIONS_CHANNEL=null\nLOG_LEVEL=debug\n\nDB_CONNECTION=mysql\n"
	    "DB_HOST=127.0.0.1\nDB_PORT=3306\nDB_DATABASE=laravel\nDB_USERNAME=root\n"
	    "DB_PASSWORD=\n\nBROADCAST_DRIVER=pusher\nCACHE_DRIVER=file\nFILESYSTEM_DISK=local\n"
	    "QUEUE_CONNECTION=sync\nSESSION_DRIVER=file\nSESSION_LIFETIME=120\n"
	    "MEMCACHED_HOST=127.0.0.1\nREDIS_HOST=127.0.0.1\nREDIS_PASSWORD=null\n"
	    "MAIL_MAILER=smtp\nMAIL_FROM_NAME=\"${APP_NAME}\"\nAWS_BUCKET=\n"
	    "PUSHER_APP_ID=local\nPUSHER_APP_KEY=local\nPUSHER_APP_SECRET=local\nPUSHER_HOST=\n"
	    "PUSHER_PORT=443\nPUSHER_SCHEME=https\nPUSHER_APP_CLUSTER=mt1\n"
	    "PUSHER_APP_ENABLE_CLIENT_MESSAGES=null\n"
	    "MIX_PUSHER_APP_KEY=\"${PUSHER_APP_KEY}\"\nVITE_PUSHER_HOST=\"${PUSHER_HOST}\"\n"
	    "LARAVEL_WEBSOCKETS_PORT=6001\nLARAVEL_WEBSOCKETS_SSL_LOCAL_CERT=\n";
	static const enum config_reader readers[] = { CONFIG_APP, CONFIG_PUSH };

	(void)state;
	write_file(".env", text, 0600);
	for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
		struct config c;
		auto_char *said = NULL;

		assert_int_equal(config_load(&c, readers[i], NULL, NULL), OK);
		said = problems_of(&c);
		assert_string_equal(said, "");
		assert_int_equal(c.log_level, LOG_DEBUG);
		assert_false(c.pusher_app_client_messages);
		config_free(&c);
	}
}

static void
environment_wins_over_env_file_and_that_over_the_default(void **state)
{
	struct config c;

	(void)state;
	write_file(".env", "APP_NAME=file\nLOG_LEVEL=1\nAI_MODEL=\n", 0600);
	assert_int_equal(setenv("APP_NAME", "environment", 1), 0);
	assert_int_equal(config_load(&c, CONFIG_APP, NULL, NULL), OK);
	(void)unsetenv("APP_NAME");
	assert_string_equal(c.app_name, "environment");
	assert_int_equal(c.log_level, 1);
	assert_int_equal(c.accept_threads, 64);
	config_free(&c);
	assert_int_equal(config_load(&c, CONFIG_APP, NULL, NULL), OK);
	assert_string_equal(c.app_name, "file");
	config_free(&c);
}

/* --env, ENV_FILE, app.conf beside the program, .env beside it, .env here: each wins in turn. */
static void
the_first_env_file_found_is_the_one(void **state)
{
	const struct place *p = *state;
	char self[128], other[128], conf[160];
	struct config c;

	(void)snprintf(self, sizeof self, "%s/bin/fcgi-app", p->dir);
	(void)snprintf(other, sizeof other, "%s/other.env", p->dir);
	(void)snprintf(conf, sizeof conf, "ENV_FILE=%s\n", other);
	assert_int_equal(mkdir("bin", 0700), 0);

	write_file(".env", "APP_NAME=here\n", 0600);
	assert_int_equal(config_load(&c, CONFIG_APP, NULL, self), OK);
	assert_string_equal(c.app_name, "here");
	config_free(&c);

	write_file("bin/.env", "APP_NAME=beside\n", 0600);
	assert_int_equal(config_load(&c, CONFIG_APP, NULL, self), OK);
	assert_string_equal(c.app_name, "beside");
	config_free(&c);

	write_file("other.env", "APP_NAME=named by app.conf\n", 0600);
	write_file("bin/app.conf", conf, 0600);
	assert_int_equal(config_load(&c, CONFIG_APP, NULL, self), OK);
	assert_string_equal(c.app_name, "named by app.conf");
	config_free(&c);

	assert_int_equal(setenv("ENV_FILE", p->env, 1), 0);
	assert_int_equal(config_load(&c, CONFIG_APP, NULL, self), OK);
	assert_string_equal(c.app_name, "here");
	config_free(&c);

	assert_int_equal(config_load(&c, CONFIG_APP, other, self), OK);
	assert_string_equal(c.app_name, "named by app.conf");
	config_free(&c);
	(void)unsetenv("ENV_FILE");
}

static void
an_empty_setting_leaves_the_default(void **state)
{
	struct config c, plain;

	(void)state;
	assert_int_equal(config_load(&plain, CONFIG_APP, NULL, NULL), OK);
	write_file(".env",
	    "PUSHER_PORT=\nPUSHER_HOST=\nAI_MODEL=\nAI_STOP_SECONDS=\nAPP_NAME=\n"
	    "APP_ENV=\nLARAVEL_WEBSOCKETS_HOST=\nLOG_LEVEL=\n",
	    0600);
	assert_int_equal(config_load(&c, CONFIG_APP, NULL, NULL), OK);
	assert_int_equal(c.pusher_port, 6001);
	assert_string_equal(c.pusher_host, "127.0.0.1");
	assert_string_equal(c.ai_model, plain.ai_model);
	assert_int_equal(c.ai_stop_seconds, -1);
	assert_string_equal(c.push_bind_host, "127.0.0.1");
	assert_false(c.is_production);
	assert_int_equal(c.log_level, plain.log_level);
	assert_string_equal(c.app_name, ""); /* a text may be empty */
	config_free(&c);
	config_free(&plain);
}

static void
a_mount_is_the_same_with_or_without_slashes(void **state)
{
	static const char *const cases[][2] = { { "APP_BASE=/chat\n", "/chat" },
		{ "APP_BASE=chat\n", "/chat" }, { "APP_BASE=/chat/\n", "/chat" },
		{ "APP_BASE=//a/b//\n", "/a/b" }, { "APP_BASE=/\n", "" }, { "APP_BASE=\n", "" } };
	struct config c;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		write_file(".env", cases[i][0], 0600);
		assert_int_equal(config_load(&c, CONFIG_APP, NULL, NULL), OK);
		assert_string_equal(c.app_base, cases[i][1]);
		config_free(&c);
	}
}

/* text: the .env; reader; what is said ("" : nothing), and whether the program may start */
struct rule {
	const char *text;
	mode_t mode;
	enum config_reader reader;
	enum err want;
	const char *says;
};

static const struct rule rules[] = {
	/* production */
	{ "APP_ENV=production\n", 0600, CONFIG_APP, ERR_INVALID,
	    "\"local\" is not for production" },
	{ "APP_ENV=production\n", 0600, CONFIG_PUSH, ERR_INVALID,
	    "\"local\" is not for production" },
	{ "APP_ENV=production\n" CREDENTIALS, 0600, CONFIG_APP, OK, "" },
	{ "APP_ENV=production\nPUSHER_APP_KEY=k\nPUSHER_APP_SECRET=fifteen-charact\n", 0600,
	    CONFIG_APP, ERR_INVALID, "PUSHER_APP_SECRET: shorter than 16" },
	{ "APP_ENV=production\nPUSHER_APP_KEY=k\nPUSHER_APP_SECRET=sixteen-characte\n", 0600,
	    CONFIG_APP, OK, "" },
	{ "PUSHER_APP_KEY=k\nPUSHER_APP_SECRET=short\n", 0600, CONFIG_APP, ERR_INVALID,
	    "shorter than 16" }, /* own credentials: production */
	{ "LARAVEL_WEBSOCKETS_HOST=0.0.0.0\n", 0600, CONFIG_PUSH, ERR_INVALID,
	    "\"local\" is not for production" }, /* reachable from outside: production */
	{ "LARAVEL_WEBSOCKETS_HOST=::1\n", 0600, CONFIG_PUSH, OK, "" },
	{ "APP_ENV=local\nLARAVEL_WEBSOCKETS_HOST=0.0.0.0\n", 0600, CONFIG_PUSH, OK, "" },
	{ "JWT_SECRET=short\n" CREDENTIALS, 0600, CONFIG_APP, ERR_INVALID, "JWT_SECRET: shorter" },
	{ "APP_KEY=fifteen-charact\n" CREDENTIALS, 0600, CONFIG_APP, ERR_INVALID,
	    "APP_KEY: shorter" },
	{ "APP_KEY=sixteen-characte\n" CREDENTIALS, 0600, CONFIG_APP, OK, "" },
	{ "DASHBOARD_PASSWORD=fifteen-charact\n" CREDENTIALS, 0600, CONFIG_PUSH, ERR_INVALID,
	    "DASHBOARD_PASSWORD: shorter" },
	{ "JWT_SECRET=short\n", 0600, CONFIG_APP, OK, "" }, /* local */
	{ "APP_ENV=production\nPUSHER_APP_KEY=k\nPUSHER_APP_SECRET=\n", 0600, CONFIG_APP,
	    ERR_INVALID, "PUSHER_APP_SECRET: is empty" },
	{ "APP_URL=http://chat.example\n" CREDENTIALS, 0600, CONFIG_APP, OK,
	    "APP_URL: plain http" },
	{ "APP_URL=https://chat.example\n" CREDENTIALS, 0600, CONFIG_APP, OK, "" },
	{ "RATE_LIMIT_PER_MINUTE=-1\n", 0600, CONFIG_APP, ERR_INVALID, "must be a number from 0" },
	/* who may read the file */
	{ CREDENTIALS, 0644, CONFIG_APP, ERR_INVALID, "readable by every user" },
	{ CREDENTIALS, 0640, CONFIG_APP, OK, "" },
	{ ORIGINAL, 0644, CONFIG_APP, OK, "warning" },
	/* bad values name file and line */
	{ "\nLARAVEL_WEBSOCKETS_PORT=65536\n", 0600, CONFIG_PUSH, ERR_INVALID,
	    "/.env:2: LARAVEL_WEBSOCKETS_PORT: must be a number from 0 to 65535" },
	{ "LARAVEL_WEBSOCKETS_PORT=-1\n", 0600, CONFIG_PUSH, ERR_INVALID, "/.env:1: " },
	{ "LARAVEL_WEBSOCKETS_PORT=6001x\n", 0600, CONFIG_PUSH, ERR_INVALID, "/.env:1: " },
	{ "LARAVEL_WEBSOCKETS_PORT=99999999999999999999\n", 0600, CONFIG_PUSH, ERR_INVALID,
	    "/.env:1: " },
	{ "ALLOW_OPEN_CHATS=perhaps\n", 0600, CONFIG_APP, ERR_INVALID,
	    "/.env:1: ALLOW_OPEN_CHATS: must be true or false" },
	{ "BROADCAST_DRIVER=redis\n", 0600, CONFIG_APP, ERR_INVALID,
	    "must be one of: pusher log null" },
	{ "BROADCAST_DRIVER=null\n", 0600, CONFIG_APP, OK, "" },
	{ "BROADCAST_DRIVER=log\n", 0600, CONFIG_APP, OK, "" },
	{ "AI_BASE_URL=ftp://x\n", 0600, CONFIG_APP, ERR_INVALID, "AI_BASE_URL" },
	{ "AI_CA_FILE=/nowhere/ca.pem\n", 0600, CONFIG_APP, ERR_INVALID, "AI_CA_FILE" },
	/* nothing is the default, where nothing is no value */
	{ "AI_STOP_SECONDS=\nPUSHER_PORT=\nPUSHER_HOST=\nPUSHER_SCHEME=\"\"\nAI_BASE_URL=\n"
	  "AI_WORKER=\nAI_MODEL=null\nPUSH_TRANSPORT=\nTOKENS_PER_DAY=null\nRATE_LIMIT_PER_MINUTE="
	  "\n",
	    0600, CONFIG_APP, OK, "" },
	/* Laravel's own .env, as it comes with a new application */
	{ "APP_ENV=local\nLOG_LEVEL=debug\nLOG_DEPRECATIONS_CHANNEL=null\nBROADCAST_DRIVER=log\n"
	  "PUSHER_APP_ID=\nPUSHER_APP_KEY=\nPUSHER_APP_SECRET=\nPUSHER_HOST=\nPUSHER_PORT=443\n"
	  "PUSHER_SCHEME=https\nPUSHER_APP_CLUSTER=mt1\nMIX_PUSHER_APP_KEY=\"${PUSHER_APP_KEY}\"\n",
	    0600, CONFIG_APP, OK, "" },
	{ "APP_ENV=local\nPUSHER_APP_ID=\n", 0600, CONFIG_PUSH, ERR_INVALID,
	    "PUSHER_APP_ID: is empty" },
	{ "APP_ENV=local\nPUSHER_APP_KEY=\n", 0600, CONFIG_APP, ERR_INVALID,
	    "PUSHER_APP_KEY: is empty" },
	{ "LOG_LEVEL=Warning\n", 0600, CONFIG_PUSH, OK, "" },
	{ "LOG_LEVEL=loud\n", 0600, CONFIG_PUSH, ERR_INVALID, "must be a number from 0 to 3" },
	{ "LOG_LEVEL=4\n", 0600, CONFIG_PUSH, ERR_INVALID, "must be a number from 0 to 3" },
	/* lists whose entries hold for nobody */
	{ "TRUSTED_PROXIES=127.0.0.1, 10.0.0.0/8,2001:db8::/32\n"
	  "CORS_ORIGINS=https://a.example,http://b.example:8080\n",
	    0600, CONFIG_APP, OK, "" },
	{ "TRUSTED_PROXIES=*\n", 0600, CONFIG_APP, OK, "TRUSTED_PROXIES: * is no address" },
	{ "TRUSTED_PROXIES=10.0.0.0/33\n", 0600, CONFIG_APP, OK, "10.0.0.0/33 is no address" },
	{ "CORS_ORIGINS=https://a.example/\n", 0600, CONFIG_APP, OK,
	    "https://a.example/ is no origin" },
	{ "CORS_ORIGINS=https://b.example,a.example\n", 0600, CONFIG_APP, OK,
	    "CORS_ORIGINS: a.example is no origin" },
	{ "no assignment\n", 0600, CONFIG_APP, ERR_INVALID, "/.env:1: " },
	/* names that are not ours */
	{ "PUSHER_APP_SECRETS=x\n", 0600, CONFIG_APP, OK,
	    "PUSHER_APP_SECRETS is unknown: is PUSHER_APP_SECRET meant?" },
	{ "AI_APIKEY=x\n", 0600, CONFIG_APP, OK, "is AI_API_KEY meant?" },
	{ "DB_CONNECTION=mysql\nMAIL_HOST=x\nAPP_DEBUG=true\nLOG_CHANNEL=stack\nPUSHER_APP_CLUSTER="
	  "mt1\n"
	  "VITE_PUSHER_APP_KEY=${PUSHER_APP_KEY}\n",
	    0600, CONFIG_APP, OK, "" },
};

static void
each_rule_is_said_and_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		const struct rule *r = &rules[i];
		struct config c;
		enum err e;
		auto_char *said = NULL;
		const struct place *p = *state;

		write_file(".env", r->text, r->mode);
		e = config_load(&c, r->reader, p->env, NULL);
		said = problems_of(&c);
		if (e != r->want ||
		    (*r->says == '\0' ? *said != '\0' : strstr(said, r->says) == NULL))
			fail_msg("%s: %d, said: %s", r->text, e, said);
		config_free(&c);
	}
}

static void
a_problem_never_shows_a_secret(void **state)
{
	auto_char *said = NULL;
	struct config c;

	(void)state;
	write_file(".env",
	    "APP_ENV=production\nPUSHER_APP_SECRET=hunter2\nJWT_SECRET=hunter2\nDASHBOARD_PASSWORD="
	    "hunter2\nAI_API_KEY='hunter2\n",
	    0644);
	assert_int_equal(config_load(&c, CONFIG_APP, NULL, NULL), ERR_INVALID);
	said = problems_of(&c);
	assert_null(strstr(said, "hunter2"));
	config_free(&c);
}

static void
other_names_of_a_setting_are_taken(void **state)
{
	static const struct {
		const char *text, *key;
		bool is_demo;
	} cases[] = {
		{ "AI_API_KEY=a\n", "a", false },
		{ "GEMINI_API_KEY=b\n", "b", false },
		{ "GOOGLE_API_KEY=c\n", "c", false },
		{ "AI_API_KEY=a\nGOOGLE_API_KEY=c\n", "a", false },
		{ "AI_API_KEY=\nGEMINI_API_KEY=b\n", "b", false },
		{ "AI_API_KEY=your_gemini_api_key\n", "your_gemini_api_key", true },
		{ "AI_API_KEY=your key from Google AI Studio\n", NULL, true },
		{ "AI_API_KEY=tu clave de Google AI Studio\n", NULL, true },
		{ "AI_API_KEY=null\n", NULL, true },
	};
	struct config c;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		write_file(".env", cases[i].text, 0600);
		assert_int_equal(config_load(&c, CONFIG_APP, NULL, NULL), OK);
		if (cases[i].key != NULL)
			assert_string_equal(c.ai_api_key, cases[i].key);
		if (c.is_demo != cases[i].is_demo)
			fail_msg("%s", cases[i].text);
		config_free(&c);
	}
	write_file(".env", "AI_API_KEY=of-the-file\n", 0600);
	assert_int_equal(setenv("AI_API_KEY", "", 1), 0);
	assert_int_equal(setenv("GOOGLE_API_KEY", "x", 1), 0);
	assert_int_equal(config_load(&c, CONFIG_APP, NULL, NULL), OK);
	assert_string_equal(c.ai_api_key, "x");
	config_free(&c);
	(void)unsetenv("GOOGLE_API_KEY");
	assert_int_equal(config_load(&c, CONFIG_APP, NULL, NULL), OK);
	assert_string_equal(c.ai_api_key, ""); /* the environment wins */
	config_free(&c);
	(void)unsetenv("AI_API_KEY");
	write_file(".env", "LARAVEL_WEBSOCKETS_PORT=6001\n", 0600);
	assert_int_equal(setenv("PUSH_PORT", "7001", 1), 0);
	assert_int_equal(config_load(&c, CONFIG_PUSH, NULL, NULL), OK);
	(void)unsetenv("PUSH_PORT");
	assert_int_equal(c.push_bind_port, 7001);
	config_free(&c);
}

static void
a_named_file_must_be_there(void **state)
{
	auto_char *said = NULL;
	struct config c;

	(void)state;
	assert_int_equal(config_load(&c, CONFIG_APP, "/nonexistent/.env", NULL), ERR_INVALID);
	said = problems_of(&c);
	assert_non_null(strstr(said, "/nonexistent/.env: does not exist"));
	config_free(&c);
}

static void
a_socket_path_that_the_kernel_cannot_take_is_refused(void **state)
{
	char path[120];
	struct config c;

	(void)state;
	memset(path, 'x', sizeof path);
	path[0] = '/';
	path[108] = '\0';
	assert_int_equal(setenv("PUSH_SOCKET", path, 1), 0);
	assert_int_equal(config_load(&c, CONFIG_PUSH, NULL, NULL), ERR_INVALID);
	config_free(&c);
	path[107] = '\0';
	assert_int_equal(setenv("PUSH_SOCKET", path, 1), 0);
	assert_int_equal(config_load(&c, CONFIG_PUSH, NULL, NULL), OK);
	config_free(&c);
	(void)unsetenv("PUSH_SOCKET");
}

#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(an_empty_machine_is_a_local_demonstration),
		test(the_originals_env_loads_as_it_stands),
		test(a_name_that_stands_twice_is_told_and_the_last_one_counts),
		test(the_providers_address_may_end_with_the_version),
		test(laravels_whole_env_loads_as_it_stands),
		test(environment_wins_over_env_file_and_that_over_the_default),
		test(the_first_env_file_found_is_the_one),
		test(an_empty_setting_leaves_the_default),
		test(a_mount_is_the_same_with_or_without_slashes),
		test(each_rule_is_said_and_kept),
		test(a_problem_never_shows_a_secret),
		test(other_names_of_a_setting_are_taken),
		test(a_named_file_must_be_there),
		test(a_socket_path_that_the_kernel_cannot_take_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
/* NOLINTEND(concurrency-mt-unsafe) */
