/*
 * config - the one table of settings.
 *
 * Order: environment, then the .env found first (--env FILE, ENV_FILE, the file that app.conf
 * beside the program names, .env beside the program, .env in the current directory,
 * /etc/charla/charla.env), then the defaults of the table in config.c.
 *
 * Owns:    every string of struct config; config_free.
 * Threads: read-only after config_load.
 * Errors:  problems are collected, each with file and line, in config.problems; an error among
 *          them makes config_load return ERR_INVALID. Secrets never appear in a problem's text.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "util.h"

enum config_reader { CONFIG_APP = 1, CONFIG_PUSH = 2 };

struct config_problem {
	bool is_error; /* else a warning */
	char *text;    /* "/srv/.env:12: PUSHER_APP_SECRET: ..." */
};

struct config {
	/* general */
	char *app_env, *app_name, *app_url, *app_key, *app_base;
	bool is_production; /* decided by design 5 from APP_ENV, the bind address and credentials */
	long log_level;     /* enum log_level */
	/* data */
	char *var_dir, *db_path, *push_db_path, *push_socket, *worker_socket;
	long disk_min_free_mb, disk_ballast_mb; /* 0: off */
	/* the Pusher app of the environment */
	char *pusher_app_id, *pusher_app_key, *pusher_app_secret, *pusher_app_name,
	    *pusher_app_path;
	long pusher_app_capacity; /* 0: none */
	bool pusher_app_client_messages, pusher_app_statistics;
	bool pusher_app_capacity_final, pusher_app_user_authentication,
	    pusher_app_subscription_count;
	/* where fcgi-app publishes with PUSH_TRANSPORT=http */
	char *pusher_host, *pusher_scheme;
	long pusher_port;
	char *push_transport;   /* "dgram" or "http" */
	char *broadcast_driver; /* "pusher", "log" or "null" */
	/* what push-server binds */
	char *push_bind_host;
	long push_bind_port;
	char *push_socket_users; /* names or uids, comma; empty: own uid, root (and www-data) */
	char *push_apps_file, *push_tls_cert, *push_tls_key;
	long push_tls_port, push_max_connections, push_max_per_address, push_drain_seconds,
	    activity_timeout;
	char *dashboard_password;
	long push_statistics_interval, push_statistics_days;
	/* what browsers are told; empty: the page's own host */
	char *public_push_host, *public_push_scheme;
	long public_push_port; /* 0: decided by /api/config */
	/* AI */
	char *ai_provider, *ai_api_key, *ai_base_url, *ai_ca_file, *ai_api_version, *ai_model,
	    *ai_fallback_model, *ai_models, *ai_title_model;
	char *ai_safety_threshold, *ai_thinking_level, *ai_system_prompt;
	long ai_max_replies, ai_max_output_tokens, ai_context_tokens;
	bool is_demo;    /* no usable key: empty or the original's placeholder */
	char *ai_worker; /* "auto", "external", "detached", "thread" */
	long ai_stop_seconds;
	/* access */
	bool allow_open_chats;
	bool trust_remote_user;
	/* -1: not set (quota.h says what counts then); 0: no limit */
	long rate_limit, rate_limit_reads, replies_at_once, replies_at_once_address;
	long tokens_per_day, tokens_per_day_address, tokens_per_day_site;
	char *cors_origins, *trusted_proxies, *jwt_secret, *jwt_issuer, *jwt_audience;
	long accept_threads;

	char *env_file; /* the .env that was read, or NULL */
	struct config_problem *problems;
	size_t problem_count;
};

/*
 * env_path: from --env, or NULL. self_path: of the program, from /proc/self/exe, or NULL.
 * *out is always to be freed, also after an error (so that problems can be shown).
 */
enum err config_load(struct config *out, enum config_reader reader, const char *env_path,
    const char *self_path) MUST_CHECK;
void config_free(struct config *c);

/* conf/env.example: every setting with its help and default. */
void config_print_example(FILE *f);

/* Every problem on f, a line each. */
void config_print_problems(FILE *f, const struct config *c);

#endif
