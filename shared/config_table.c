#include "config_table.h"

#include <stddef.h>

#include "limit.h"
#include "log.h"

#define BOTH (CONFIG_APP | CONFIG_PUSH)
#define APP CONFIG_APP
#define PUSH CONFIG_PUSH
#define PORT_MAX 65535
#define DISK_MAX_MB 1048576
#define COUNT_MAX 2000000000
#define TEXT(env, alias, field, def, who, flag, grp, txt)                                          \
	{                                                                                          \
		.name = (env), .aliases = (alias), .offset = offsetof(struct config, field),       \
		.type = SETTING_TEXT, .fallback = (def), .max = LIMIT_ENV_LINE, .readers = (who),  \
		.flags = (flag), .group = (grp), .help = (txt)                                     \
	}
#define NUMBER(env, alias, field, def, lo, hi, who, grp, txt)                                      \
	{                                                                                          \
		.name = (env), .aliases = (alias), .offset = offsetof(struct config, field),       \
		.type = SETTING_NUMBER, .fallback = (def), .min = (lo), .max = (hi),               \
		.readers = (who), .group = (grp), .help = (txt)                                    \
	}
#define BOOL(env, field, def, who, grp, txt)                                                       \
	{                                                                                          \
		.name = (env), .offset = offsetof(struct config, field), .type = SETTING_BOOL,     \
		.fallback = (def), .readers = (who), .group = (grp), .help = (txt)                 \
	}

/* clang-format off */
const struct setting settings[] = {
	TEXT("APP_ENV", NULL, app_env, NULL, BOTH, 0, "General",
	    "local or production; unset: local if the credentials are \"local\" and the listener is loopback"),
	TEXT("APP_NAME", NULL, app_name, "Charla", BOTH, 0, "General", "shown as the page's title"),
	TEXT("APP_URL", NULL, app_url, "", APP, 0, "General", "public address of the site"),
	TEXT("APP_KEY", NULL, app_key, "", APP, SETTING_SECRET, "General",
	    "hashes ids of people; made and kept in VAR_DIR when empty"),
	TEXT("APP_BASE", NULL, app_base, "", APP, 0, "General",
	    "prefix that the site is mounted under, e.g. /chat"),
	NUMBER("LOG_LEVEL", NULL, log_level, "2", LOG_ERROR, LOG_DEBUG, BOTH, "General",
	    "0 error, 1 warn, 2 info, 3 debug; or Laravel's words"),

	TEXT("VAR_DIR", NULL, var_dir, NULL, BOTH, 0, "Data", "data directory; default: var/ beside .env"),
	TEXT("DB_PATH", NULL, db_path, NULL, APP, 0, "Data", "the chats; default $VAR_DIR/charla.db"),
	NUMBER("DISK_MIN_FREE_MB", NULL, disk_min_free_mb, "64", 0, DISK_MAX_MB, APP, "Data",
	    "with less free on the disk of DB_PATH nothing new is accepted (at most a twentieth of the disk); 0: no limit"),
	NUMBER("DISK_BALLAST_MB", NULL, disk_ballast_mb, "16", 0, DISK_MAX_MB, APP, "Data",
	    "kept in a file beside DB_PATH and freed when the disk is full (at most a fiftieth of the disk); 0: none"),
	TEXT("PUSH_DB_PATH", NULL, push_db_path, NULL, PUSH, 0, "Data", "statistics; default $VAR_DIR/push.db"),
	TEXT("PUSH_SOCKET", NULL, push_socket, NULL, BOTH, 0, "Data",
	    "datagram socket of the push server; default $VAR_DIR/push.sock"),
	TEXT("WORKER_SOCKET", NULL, worker_socket, NULL, APP, 0, "Data",
	    "wakes the AI worker; default $VAR_DIR/worker.sock"),

	TEXT("PUSHER_APP_ID", NULL, pusher_app_id, "local", BOTH, 0, "Push app", "id of the app"),
	TEXT("PUSHER_APP_KEY", NULL, pusher_app_key, "local", BOTH, 0, "Push app", "its public key"),
	TEXT("PUSHER_APP_SECRET", NULL, pusher_app_secret, "local", BOTH, SETTING_SECRET, "Push app",
	    "its secret: at least 16 characters in production"),
	TEXT("PUSHER_APP_NAME", NULL, pusher_app_name, NULL, PUSH, 0, "Push app", "label; default APP_NAME"),
	TEXT("PUSHER_APP_PATH", NULL, pusher_app_path, "", BOTH, 0, "Push app",
	    "prefix before /app/{key}; served with and without it"),
	NUMBER("PUSHER_APP_CAPACITY", NULL, pusher_app_capacity, "0", 0, 10000000, PUSH, "Push app",
	    "most connections; 0: no limit"),
	BOOL("PUSHER_APP_OVER_CAPACITY_IS_FINAL", pusher_app_capacity_final, "false", PUSH, "Push app",
	    "true: clients over the capacity are refused for good (4004, as by hosted Pusher); false: they come back (4100)"),
	BOOL("PUSHER_APP_ENABLE_CLIENT_MESSAGES", pusher_app_client_messages, "false", PUSH, "Push app",
	    "client events"),
	BOOL("PUSHER_APP_ENABLE_STATISTICS", pusher_app_statistics, "true", PUSH, "Push app", "statistics"),
	BOOL("PUSHER_APP_ENABLE_USER_AUTHENTICATION", pusher_app_user_authentication, "false", PUSH, "Push app",
	    "who within 30 s neither signs in nor joins a private channel is closed"),
	BOOL("PUSHER_APP_ENABLE_SUBSCRIPTION_COUNT", pusher_app_subscription_count, "false", PUSH, "Push app",
	    "subscribers are told how many they are"),

	TEXT("LARAVEL_WEBSOCKETS_HOST", "PUSH_HOST", push_bind_host, NULL, BOTH, 0, "Push server",
	    "address to bind; default 127.0.0.1 in local, 0.0.0.0 in production"),
	NUMBER("LARAVEL_WEBSOCKETS_PORT", "PUSH_PORT", push_bind_port, "6001", 0, PORT_MAX, BOTH,
	    "Push server", "port to bind"),
	TEXT("PUSH_SOCKET_USERS", NULL, push_socket_users, "", PUSH, 0, "Push server",
	    "users (names or uids, comma) who may write to PUSH_SOCKET; default: own user and root, and www-data when installed"),
	TEXT("PUSH_APPS_FILE", NULL, push_apps_file, "", PUSH, 0, "Push server", "more apps: a JSON file"),
	NUMBER("PUSH_TLS_PORT", NULL, push_tls_port, "0", 0, PORT_MAX, PUSH, "Push server",
	    "additional TLS port; 0: none"),
	TEXT("PUSH_TLS_CERT", NULL, push_tls_cert, "", PUSH, 0, "Push server", "certificate chain, PEM"),
	TEXT("PUSH_TLS_KEY", NULL, push_tls_key, "", PUSH, 0, "Push server", "private key, PEM"),
	NUMBER("PUSH_DRAIN_SECONDS", NULL, push_drain_seconds, "5", 0, LIMIT_DRAIN_SECONDS, PUSH,
	    "Push server", "time over which clients are sent away on SIGTERM"),
	NUMBER("PUSH_MAX_CONNECTIONS", NULL, push_max_connections, "65000", 128, 1000000, PUSH, "Push server",
	    "sockets at once, within the hard limit of open files; each new one costs the more, the higher this is"),
	NUMBER("PUSH_MAX_CONNECTIONS_PER_ADDRESS", NULL, push_max_per_address, "200", 0, 1000000, PUSH, "Push server",
	    "of one address (IPv6: of one /64), this machine's own not counted; 0: no limit; behind a proxy set TRUSTED_PROXIES"),
	NUMBER("PUSH_ACTIVITY_TIMEOUT", NULL, activity_timeout, "120", 5, 3600, PUSH, "Push server",
	    "activity_timeout told to clients, seconds"),
	TEXT("DASHBOARD_PASSWORD", NULL, dashboard_password, "", BOTH, SETTING_SECRET, "Push server",
	    "opens /dashboard, /metrics and /api/metrics to others than this machine"),
	NUMBER("PUSH_STATISTICS_INTERVAL", NULL, push_statistics_interval, "60", 1, 3600, PUSH,
	    "Push server", "seconds of one row of the statistics (statistics.interval_in_seconds)"),
	NUMBER("PUSH_STATISTICS_DAYS", NULL, push_statistics_days, "60", 1, 3660, PUSH, "Push server",
	    "how long statistics are kept (statistics.delete_statistics_older_than_days)"),

	TEXT("BROADCAST_DRIVER", NULL, broadcast_driver, "pusher", APP, 0, "Publishing",
	    "pusher; log or null: nothing is pushed, the page polls"),
	TEXT("PUSH_TRANSPORT", NULL, push_transport, "dgram", APP, SETTING_FILLED, "Publishing",
	    "dgram: PUSH_SOCKET; http: the signed Pusher HTTP API at PUSHER_HOST (hosted Pusher, soketi, another host)"),
	TEXT("PUSHER_HOST", NULL, pusher_host, "127.0.0.1", APP, SETTING_FILLED, "Publishing", "for PUSH_TRANSPORT=http"),
	NUMBER("PUSHER_PORT", NULL, pusher_port, "6001", 1, PORT_MAX, APP, "Publishing", "for PUSH_TRANSPORT=http"),
	TEXT("PUSHER_SCHEME", NULL, pusher_scheme, "http", APP, SETTING_FILLED, "Publishing", "for PUSH_TRANSPORT=http"),
	TEXT("PUBLIC_PUSH_HOST", NULL, public_push_host, "", APP, 0, "Publishing",
	    "where browsers find the push server; default: the page's own host, through its web server"),
	NUMBER("PUBLIC_PUSH_PORT", NULL, public_push_port, "0", 0, PORT_MAX, APP, "Publishing",
	    "same; 0: the page's own port"),
	TEXT("PUBLIC_PUSH_SCHEME", NULL, public_push_scheme, "", APP, 0, "Publishing",
	    "same: http or https; default: the page's own"),

	TEXT("AI_PROVIDER", NULL, ai_provider, "gemini", APP, SETTING_FILLED, "AI", "gemini"),
	TEXT("AI_API_KEY", "GEMINI_API_KEY GOOGLE_API_KEY", ai_api_key, "", APP, SETTING_SECRET, "AI",
	    "key of Google Gemini; empty: demonstration"),
	TEXT("AI_BASE_URL", "GOOGLE_GEMINI_BASE_URL", ai_base_url,
	    "https://generativelanguage.googleapis.com", APP, SETTING_FILLED, "AI", "the provider's address"),
	TEXT("AI_CA_FILE", NULL, ai_ca_file, "", APP, 0, "AI",
	    "certificates (PEM) that vouch for AI_BASE_URL; empty: the system's"),
	TEXT("AI_API_VERSION", NULL, ai_api_version, "v1beta", APP, SETTING_FILLED, "AI", "path segment of the API"),
	TEXT("AI_MODEL", NULL, ai_model, "gemini-3.8-flash", APP, SETTING_FILLED, "AI", "model that answers"),
	TEXT("AI_FALLBACK_MODEL", NULL, ai_fallback_model, "gemini-3.5-flash-lite", APP, 0, "AI",
	    "model when the first one does not exist or is overloaded"),
	TEXT("AI_MODELS", NULL, ai_models, "", APP, 0, "AI",
	    "more models that a chat may choose, comma; AI_MODEL and AI_FALLBACK_MODEL always may"),
	TEXT("AI_TITLE_MODEL", NULL, ai_title_model, "", APP, 0, "AI",
	    "model that names new chats after their first answer; empty: their first words are the name"),
	TEXT("AI_THINKING_LEVEL", NULL, ai_thinking_level, "", APP, 0, "AI",
	    "minimal, low, medium, high; empty: the model's own"),
	TEXT("AI_SAFETY_THRESHOLD", NULL, ai_safety_threshold, "", APP, 0, "AI",
	    "what is blocked: OFF, BLOCK_NONE, BLOCK_ONLY_HIGH, BLOCK_MEDIUM_AND_ABOVE, BLOCK_LOW_AND_ABOVE; empty: the model's own"),
	TEXT("AI_SYSTEM_PROMPT", NULL, ai_system_prompt, "", APP, 0, "AI", "the assistant's persona"),
	NUMBER("AI_MAX_REPLIES", NULL, ai_max_replies, "1024", 1, 10000, APP, "AI", "replies at once on this host"),
	NUMBER("AI_MAX_OUTPUT_TOKENS", NULL, ai_max_output_tokens, "8192", 1, 65536, APP, "AI",
	    "longest reply; thinking counts"),
	NUMBER("AI_CONTEXT_TOKENS", NULL, ai_context_tokens, "32000", 100, 1000000, APP, "AI",
	    "history sent along with a prompt"),
	TEXT("AI_WORKER", NULL, ai_worker, "auto", APP, SETTING_FILLED, "AI",
	    "auto: a worker is started when none runs; external: only fcgi-app --worker; detached, thread: that one"),
	NUMBER("AI_STOP_SECONDS", NULL, ai_stop_seconds, NULL, 0, 600, APP, "AI",
	    "time to finish replies on SIGTERM; default 20 for --worker, else 1"),

	BOOL("ALLOW_OPEN_CHATS", allow_open_chats, "true", APP, "Access",
	    "chats whose id the client chose, open to who knows it"),
	TEXT("CORS_ORIGINS", NULL, cors_origins, "*", APP, 0, "Access", "origins that may call open chats, comma"),
	TEXT("TRUSTED_PROXIES", NULL, trusted_proxies, "", BOTH, 0, "Access",
	    "addresses whose X-Forwarded-For counts, comma"),
	TEXT("JWT_SECRET", NULL, jwt_secret, "", APP, SETTING_SECRET, "Access",
	    "verifies bearer tokens (JWT, HS256); empty: none are taken"),
	TEXT("JWT_ISSUER", NULL, jwt_issuer, "", APP, 0, "Access", "the iss that a JWT must have; empty: any"),
	TEXT("JWT_AUDIENCE", NULL, jwt_audience, "", APP, 0, "Access", "the aud that a JWT must have; empty: any"),
	BOOL("TRUST_REMOTE_USER", trust_remote_user, "false", APP, "Access",
	    "the web server's own login (REMOTE_USER) says who it is"),
	NUMBER("APP_THREADS", NULL, accept_threads, "64", 1, LIMIT_ACCEPT_THREADS, APP, "Access",
	    "requests served at once by a process"),
	NUMBER("RATE_LIMIT_PER_MINUTE", NULL, rate_limit, NULL, 0, COUNT_MAX, APP, "Limits",
	    "requests that write, by identity and by address; 0: no limit; default 60 (all defaults of this group: none for this machine itself in local mode)"),
	NUMBER("RATE_LIMIT_READS_PER_MINUTE", NULL, rate_limit_reads, NULL, 0, COUNT_MAX, APP, "Limits",
	    "requests that read, likewise; default 600"),
	NUMBER("REPLIES_AT_ONCE", NULL, replies_at_once, NULL, 0, COUNT_MAX, APP, "Limits",
	    "chats of one identity that are being answered; default 2"),
	NUMBER("REPLIES_AT_ONCE_PER_ADDRESS", NULL, replies_at_once_address, NULL, 0, COUNT_MAX, APP, "Limits",
	    "the same of one address; default 8"),
	NUMBER("TOKENS_PER_DAY", NULL, tokens_per_day, NULL, 0, COUNT_MAX, APP, "Limits",
	    "tokens of the model that one identity may use a day (UTC); default 200000"),
	NUMBER("TOKENS_PER_DAY_PER_ADDRESS", NULL, tokens_per_day_address, NULL, 0, COUNT_MAX, APP, "Limits",
	    "the same of one address; default 1000000"),
	NUMBER("TOKENS_PER_DAY_SITE", NULL, tokens_per_day_site, NULL, 0, COUNT_MAX, APP, "Limits",
	    "the budget of the whole site; default 5000000"),
};
/* clang-format on */
const size_t settings_count = ARRAY_LEN(settings);

/* name is one of the words in list. */
static bool
has_word(const char *list, const char *name, size_t n)
{
	while (list != NULL && *list != '\0') {
		size_t len = strcspn(list, " ");

		if (len == n && strncmp(list, name, n) == 0)
			return true;
		list += len + (list[len] == ' ');
	}
	return false;
}

const struct setting *
setting_find(const char *name, size_t n)
{
	for (size_t i = 0; i < settings_count; i++)
		if (has_word(settings[i].name, name, n) || has_word(settings[i].aliases, name, n))
			return &settings[i];
	return NULL;
}

void
config_print_example(FILE *f)
{
	const char *group = "";

	(void)fputs("# Charla: every setting with its default. Copy to .env and uncomment what you "
		    "change.\n",
	    f);
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *s = &settings[i];

		if (strcmp(group, s->group) != 0)
			(void)fprintf(f, "\n# --- %s\n", s->group);
		group = s->group;
		(void)fprintf(f, "# %s", s->help);
		if (s->aliases != NULL)
			(void)fprintf(f, " (also: %s)", s->aliases);
		(void)fprintf(f, "\n#%s=%s\n", s->name, s->fallback != NULL ? s->fallback : "");
	}
}
