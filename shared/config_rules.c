/*
 * What depends on other settings (design 5 and 9), and the rules that refuse to start.
 */
#include "config_priv.h"

#include <arpa/inet.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "client_address.h"
#include "config_table.h"

#define SECRET_MIN_LEN 16

/* --- what depends on other settings (design 5, 9) --- */

static bool
is_loopback(const char *host)
{
	struct in_addr v4;

	if (strcasecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0)
		return true;
	return inet_pton(AF_INET, host, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127;
}

static bool
has_local_credentials(const struct config *c)
{
	return strcmp(c->pusher_app_key, "local") == 0 &&
	       strcmp(c->pusher_app_secret, "local") == 0;
}

static bool
is_unset(const char *text)
{
	return text == NULL || *text == '\0';
}

static void
decide_environment(struct config *c)
{
	static const char *const local_names[] = { "local", "testing", "development", "dev" };
	bool is_local = false;

	if (is_unset(c->app_env)) {
		is_local = has_local_credentials(c) &&
			   (is_unset(c->push_bind_host) || is_loopback(c->push_bind_host));
		free(c->app_env);
		c->app_env = xstrdup(is_local ? "local" : "production");
	}
	for (size_t i = 0; i < ARRAY_LEN(local_names) && !is_local; i++)
		is_local = strcmp(c->app_env, local_names[i]) == 0;
	c->is_production = !is_local;
	if (is_unset(c->push_bind_host)) {
		free(c->push_bind_host);
		c->push_bind_host = xstrdup(is_local ? "127.0.0.1" : "0.0.0.0");
	}
}

static void
default_path(char **field, const char *dir, const char *name)
{
	if (!is_unset(*field))
		return;
	free(*field);
	if (asprintf(field, "%s/%s", dir, name) < 0)
		abort();
}

static void
decide_paths(struct config *c)
{
	if (is_unset(c->var_dir)) {
		free(c->var_dir);
		c->var_dir = config_path_beside(c->env_file, "var");
	}
	default_path(&c->db_path, c->var_dir, "charla.db");
	default_path(&c->push_db_path, c->var_dir, "push.db");
	default_path(&c->push_socket, c->var_dir, "push.sock");
	default_path(&c->worker_socket, c->var_dir, "worker.sock");
}

/* The placeholders of the original's example, of its translations and of our README are no keys. */
static bool
is_placeholder(const char *key)
{
	static const char *const words[] = { "tu_clave", "tu clave", "your_", "your-", "your key",
		"api_key_here", "changeme", "xxxx" };

	if (*key == '\0')
		return true;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasestr(key, words[i]) != NULL)
			return true;
	return false;
}

/* "chat/" and "/chat/" are /chat, and "/" is nothing. */
static void
decide_base(struct config *c)
{
	size_t from = strspn(c->app_base, "/"), n = strlen(c->app_base);
	char *base = NULL;

	while (n > from && c->app_base[n - 1] == '/')
		n--;
	if (n == from)
		base = xstrdup("");
	else if (asprintf(&base, "/%.*s", (int)(n - from), c->app_base + from) < 0)
		abort();
	free(c->app_base);
	c->app_base = base;
}

void
config_decide(struct config *c)
{
	decide_environment(c);
	decide_paths(c);
	decide_base(c);
	c->is_demo = is_placeholder(c->ai_api_key);
	if (*c->broadcast_driver == '\0') { /* null is a driver's name, too */
		free(c->broadcast_driver);
		c->broadcast_driver = xstrdup("null");
	}
	if (is_unset(c->pusher_app_name)) {
		free(c->pusher_app_name);
		c->pusher_app_name = xstrdup(c->app_name);
	}
}

/* --- names that we do not know --- */

/* Levenshtein with two rows; names are short. */
static size_t
distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), row[65];

	if (la > 64 || lb > 64)
		return 64;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

/* Laravel's own names are no mistakes (DB_*, MAIL_*...); a near miss of ours is. */
static void
warn_near_misses(const struct config_loader *l)
{
	/* names of Laravel that are near one of ours */
	static const char *const known[] = { "APP_DEBUG", "LOG_CHANNEL", "PUSHER_APP_CLUSTER",
		"PUSHER_CLUSTER", "APP_TIMEZONE", "APP_LOCALE" };

	for (size_t i = 0; i < l->env.count; i++) {
		const struct env_entry *e = &l->env.entries[i];
		bool skip = setting_find(e->name, strlen(e->name)) != NULL;

		for (size_t k = 0; k < ARRAY_LEN(known) && !skip; k++)
			skip = strcmp(known[k], e->name) == 0;
		for (size_t k = 0; k < settings_count && !skip; k++)
			if (distance(settings[k].name, e->name) <= 2 && strlen(e->name) > 6) {
				config_problem_add(l->c, false,
				    "%s:%zu: %s is unknown: is %s meant?", l->file, e->line,
				    e->name, settings[k].name);
				skip = true;
			}
	}
}

/* --- rules that refuse --- */

static void
check_choice(struct config *c, const char *name, const char *value, const char *choices)
{
	size_t n = strlen(value);

	for (const char *p = choices; *p != '\0';) {
		size_t len = strcspn(p, " ");

		if (len == n && strncmp(p, value, n) == 0)
			return;
		p += len + (p[len] == ' ');
	}
	config_problem_add(c, true, "%s: must be one of: %s", name, choices);
}

static void
check_env_file_mode(struct config *c)
{
	struct stat st;

	if (c->env_file == NULL || stat(c->env_file, &st) != 0 || (st.st_mode & S_IROTH) == 0)
		return;
	config_problem_add(c, c->is_production,
	    "%s: is readable by every user of this machine: chmod 640 it", c->env_file);
}

/* Whoever guesses one of these is somebody else, or the site itself. */
static void
check_secrets(struct config *c)
{
	const struct {
		const char *name, *value;
	} secrets[] = {
		{ "PUSHER_APP_SECRET", c->pusher_app_secret },
		{ "JWT_SECRET", c->jwt_secret },
		{ "APP_KEY", c->app_key },
		{ "DASHBOARD_PASSWORD", c->dashboard_password },
	};

	for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
		if (*secrets[i].value != '\0' && strlen(secrets[i].value) < SECRET_MIN_LEN)
			config_problem_add(c, true,
			    "%s: shorter than %d characters: openssl rand -hex 32", secrets[i].name,
			    SECRET_MIN_LEN);
}

/* Nobody may be the app, or sign for it, by giving nothing. */
static void
check_app_is_named(struct config *c)
{
	const struct {
		const char *name, *value, *hint;
	} parts[] = {
		{ "PUSHER_APP_ID", c->pusher_app_id, "" },
		{ "PUSHER_APP_KEY", c->pusher_app_key, ": openssl rand -hex 10" },
		{ "PUSHER_APP_SECRET", c->pusher_app_secret, ": openssl rand -hex 16" },
	};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (*parts[i].value == '\0')
			config_problem_add(c, true, "%s: is empty%s", parts[i].name, parts[i].hint);
}

static void
check_credentials(struct config *c)
{
	if (!c->is_production)
		return;
	if (has_local_credentials(c))
		config_problem_add(c, true,
		    "PUSHER_APP_KEY, PUSHER_APP_SECRET: \"local\" is not for production: set your "
		    "own (openssl rand -hex 16), or APP_ENV=local");
	else
		check_secrets(c);
	if (strncmp(c->app_url, "http://", 7) == 0)
		config_problem_add(c, false,
		    "APP_URL: plain http: whoever is on the way reads every message and takes over "
		    "every session. Set up https");
}

/* The next entry of a list with commas; false at its end. */
static bool
next_entry(const char **list, const char **out, size_t *out_len)
{
	*out = *list + strspn(*list, ", \t");
	*out_len = strcspn(*out, ", \t");
	*list = *out + *out_len;
	return *out_len > 0;
}

/* Entries that hold for nobody are a mistake that nobody would find. */
static void
check_lists(struct config *c)
{
	const char *list = c->trusted_proxies, *entry;
	size_t n;

	while (next_entry(&list, &entry, &n))
		if (!client_address_is_entry(entry, n))
			config_problem_add(c, false,
			    "TRUSTED_PROXIES: %.*s is no address and no prefix (10.0.0.0/8): it is "
			    "passed over",
			    (int)n, entry);
	list = c->cors_origins;
	while (next_entry(&list, &entry, &n)) {
		const char *host = memmem(entry, n, "://", 3);

		if ((n != 1 || *entry != '*') &&
		    (host == NULL || memchr(host + 3, '/', n - (size_t)(host + 3 - entry)) != NULL))
			config_problem_add(c, false,
			    "CORS_ORIGINS: %.*s is no origin (https://host, https://host:port; no "
			    "slash at the end): it lets nobody in",
			    (int)n, entry);
	}
}

/* As it stands in Google's examples, with the version at its end: that is AI_API_VERSION. */
static void
cut_api_version(struct config *c)
{
	size_t len = strlen(c->ai_base_url), version = strlen(c->ai_api_version);

	while (len > 0 && c->ai_base_url[len - 1] == '/')
		len--;
	if (len > version && c->ai_base_url[len - version - 1] == '/' &&
	    strncmp(c->ai_base_url + len - version, c->ai_api_version, version) == 0)
		c->ai_base_url[len - version - 1] = '\0';
}

static void
check_app(struct config *c)
{
	check_lists(c);
	cut_api_version(c);
	check_choice(c, "BROADCAST_DRIVER", c->broadcast_driver, "pusher log null");
	check_choice(c, "PUSH_TRANSPORT", c->push_transport, "dgram http");
	check_choice(c, "PUSHER_SCHEME", c->pusher_scheme, "http https");
	check_choice(c, "AI_WORKER", c->ai_worker, "auto external detached thread");
	check_choice(c, "AI_PROVIDER", c->ai_provider, "gemini");
	if (*c->ai_safety_threshold != '\0')
		check_choice(c, "AI_SAFETY_THRESHOLD", c->ai_safety_threshold,
		    "OFF BLOCK_NONE BLOCK_ONLY_HIGH BLOCK_MEDIUM_AND_ABOVE BLOCK_LOW_AND_ABOVE");
	if (*c->ai_thinking_level != '\0')
		check_choice(
		    c, "AI_THINKING_LEVEL", c->ai_thinking_level, "minimal low medium high");
	if (*c->public_push_scheme != '\0')
		check_choice(c, "PUBLIC_PUSH_SCHEME", c->public_push_scheme, "http https");
	if (strncmp(c->ai_base_url, "http://", 7) != 0 &&
	    strncmp(c->ai_base_url, "https://", 8) != 0)
		config_problem_add(c, true, "AI_BASE_URL: must begin with https:// (or http://)");
	if (*c->ai_ca_file != '\0' && access(c->ai_ca_file, R_OK) != 0)
		config_problem_add(c, true, "AI_CA_FILE: %s cannot be read", c->ai_ca_file);
}

static void
check_socket_path(struct config *c, const char *name, const char *path)
{
	if (strlen(path) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
		config_problem_add(c, true,
		    "%s: a socket path has at most %zu bytes: set it to a shorter one", name,
		    sizeof((struct sockaddr_un *)NULL)->sun_path - 1);
}

void
config_check(const struct config_loader *l)
{
	struct config *c = l->c;

	check_env_file_mode(c);
	if (l->reader == CONFIG_PUSH || c->is_production ||
	    strcmp(c->broadcast_driver, "pusher") == 0)
		check_app_is_named(c);
	check_credentials(c);
	check_socket_path(c, "PUSH_SOCKET", c->push_socket);
	if (l->reader == CONFIG_APP) {
		check_socket_path(c, "WORKER_SOCKET", c->worker_socket);
		check_app(c);
	}
	warn_near_misses(l);
}
