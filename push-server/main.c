/*
 * push-server - Pusher-protocol WebSocket and HTTP server. Start: settings, apps, hub, datagram
 * socket (which is the single-instance lock), listeners. Stop: in the opposite order.
 */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "apps_load.h"
#include "clock.h"
#include "config.h"
#include "dash.h"
#include "log.h"
#include "program.h"
#include "push_options.h"
#include "sd_notify.h"
#include "stats.h"
#include "webhook_http.h"
#include "ws.h"

/* Everything there is, in the order in which it is made. */
struct server {
	struct metrics metrics;
	struct refusals refusals;
	struct wheel wheel;
	struct apps *apps;
	struct apps_loader loader;
	struct hub *hub;
	struct inbox *inbox;
	struct webhook_http *webhooks;
	struct hub_observer observer;
	struct session_env env;
	struct operator_gate gate;
	struct http_api api;
	struct ingest ingest;
	struct stats *stats;
	struct status_server status;
	struct feed *feed;
	struct dash dash;
	struct ws *ws;
	bool is_second; /* another one has the socket: there is nothing to do */
};

static enum err
open_apps(const struct config *c, struct apps **out_apps, struct apps_loader *out_loader)
{
	enum err e = apps_from_config(c, out_apps);

	if (e != OK) {
		log_error("PUSHER_APP_ID, PUSHER_APP_KEY and PUSHER_APP_SECRET must be set");
		return e;
	}
	*out_loader = (struct apps_loader){
		.apps = *out_apps, .path = c->push_apps_file, .is_production = c->is_production
	};
	return apps_load(out_loader);
}

static enum err
check_readable(const char *setting, const char *path)
{
	if (access(path, R_OK) == 0)
		return OK;
	log_errno("%s: cannot be read path=%s", setting, path);
	return ERR_INVALID;
}

/* --check-config: the settings are sound, now what they name. */
static enum err
check(const struct config *c)
{
	struct apps_loader loader;
	struct apps *apps = NULL;
	enum err e = open_apps(c, &apps, &loader);

	if (c->push_tls_port != 0) {
		enum err cert = check_readable("PUSH_TLS_CERT", c->push_tls_cert);
		enum err key = check_readable("PUSH_TLS_KEY", c->push_tls_key);

		e = e != OK ? e : cert != OK ? cert : key;
	}
	apps_free(apps);
	return e;
}

static void
on_hup(void *ctx)
{
	struct server *s = ctx;

	if (*s->loader.path == '\0')
		log_info("nothing to be reloaded: PUSH_APPS_FILE is not set");
	else if (apps_load(&s->loader) == OK && webhook_http_configure(s->webhooks, s->apps) == OK)
		log_info("apps reloaded path=%s", s->loader.path);
	else
		log_error("apps not reloaded, the old ones stay path=%s", s->loader.path);
}

static void
on_tick(void *ctx)
{
	const struct server *s = ctx;
	int64_t now_ms = clock_wall_ms();

	stats_tick(s->stats, now_ms);
	feed_tick(s->feed, now_ms);
	apps_load_sweep(&s->loader);
}

/* Those who are sent away come back to a successor: nobody is told that they left. */
static void
on_stop(void *ctx)
{
	struct server *s = ctx;

	s->observer.channel_vacated = NULL;
	s->observer.member_removed = NULL;
	hub_observe(s->hub, &s->observer);
	sd_notify_send("STOPPING=1");
}

static void
on_row(void *ctx, const struct stats_row *row)
{
	const struct server *s = ctx;

	feed_statistics(s->feed, row);
}

static enum err
start_webhooks(struct server *s)
{
	s->webhooks = webhook_http_new(&s->metrics, ws_loop(s->ws));
	s->observer = webhook_http_observer(s->webhooks);
	s->status.webhooks = webhook_http_queue(s->webhooks);
	hub_observe(s->hub, &s->observer);
	return webhook_http_configure(s->webhooks, s->apps);
}

/* --debug. Never what is in a message. */
static void
log_note(void *ctx, const struct hub_note *n)
{
	char id[SOCKET_ID_SIZE] = "-";

	(void)ctx;
	if (n->peer != NULL)
		(void)hub_socket_id(n->peer, id);
	log_debug("%s app=%s socket=%s channel=%s event=%s", feed_name(n->kind), n->app->id, id,
	    n->channel != NULL ? n->channel : "-", n->event != NULL ? n->event : "-");
}

static enum err
open_inbox(struct server *s, const struct config *c)
{
	enum err e =
	    inbox_open(c->push_socket, c->push_socket_users, &s->metrics, &s->refusals, &s->inbox);

	s->is_second = e == ERR_BUSY;
	return e;
}

static enum err
start(struct server *s, const struct config *c, const struct push_options *o)
{
	enum err e = open_apps(c, &s->apps, &s->loader);

	if (e != OK || (e = open_inbox(s, c)) != OK)
		return e;
	(void)mkdir(c->var_dir, 02750); /* the first start; who needs it and has none says so */
	s->stats = stats_new(&(struct stats_options){ .path = c->push_db_path,
				 .interval_seconds = c->push_statistics_interval,
				 .retention_days = c->push_statistics_days,
				 .apps = s->apps,
				 .ctx = s,
				 .on_row = on_row },
	    clock_wall_ms());
	s->hub = s->loader.hub = hub_new(&s->metrics);
	s->status = (struct status_server){ .metrics = &s->metrics, .started_ms = clock_wall_ms() };
	s->feed = feed_new(s->hub, s->apps, &s->status);
	if (o->debug || c->log_level >= LOG_DEBUG)
		hub_log_notes(s->hub, log_note);
	s->dash = (struct dash){ .feed = s->feed, .stats = s->stats };
	s->env = (struct session_env){ .hub = s->hub,
		.apps = s->apps,
		.wheel = &s->wheel,
		.metrics = &s->metrics,
		.activity_seconds = c->activity_timeout,
		.addresses.max = (size_t)c->push_max_per_address };
	s->gate.password = c->dashboard_password;
	s->gate.is_production = c->is_production;
	s->api = (struct http_api){ .hub = s->hub,
		.apps = s->apps,
		.metrics = &s->metrics,
		.refusals = &s->refusals,
		.gate = &s->gate,
		.trusted_proxies = c->trusted_proxies,
		.dash = &s->dash };
	s->ingest = (struct ingest){ .hub = s->hub, .apps = s->apps, .metrics = &s->metrics };
	e = ws_new(&(struct ws_options){ .host = c->push_bind_host,
		       .port = o->port >= 0 ? (int)o->port : (int)c->push_bind_port,
		       .tls_port = (int)c->push_tls_port,
		       .tls_cert = c->push_tls_cert,
		       .tls_key = c->push_tls_key,
		       .max_connections = (size_t)c->push_max_connections,
		       .drain_seconds = c->push_drain_seconds,
		       .env = &s->env,
		       .api = &s->api,
		       .ingest = &s->ingest,
		       .inbox = s->inbox,
		       .on_hup = on_hup,
		       .on_tick = on_tick,
		       .on_stop = on_stop,
		       .ctx = s },
	    &s->ws);
	if (e != OK)
		return e;
	s->dash.port = ws_port(s->ws);
	s->dash.tls_port = ws_tls_port(s->ws);
	return start_webhooks(s);
}

/* While the loop still is: transfers are watched by it. */
static void
stop_webhooks(struct server *s)
{
	if (s->hub != NULL)
		hub_observe(s->hub, NULL);
	webhook_http_free(s->webhooks);
}

static int
serve(const struct config *c, const struct push_options *o)
{
	struct server *s = xcalloc(1, sizeof *s);
	int status = EXIT_FAILURE;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)umask(0007); /* what we write is not for everybody */
	json_object_seed(0);
	if (start(s, c, o) == OK) {
		(void)printf("push-server listening on %s:%d app=%s socket=%s\n", c->push_bind_host,
		    ws_port(s->ws), c->pusher_app_id, c->push_socket);
		(void)fflush(stdout);
		sd_notify_send("READY=1");
		ws_run(s->ws);
		status = EXIT_SUCCESS;
	}
	if (s->is_second) /* started every minute by cron, say */
		status = EXIT_SUCCESS;
	stop_webhooks(s);
	stats_free(s->stats);
	ws_free(s->ws);
	feed_free(s->feed);
	inbox_close(s->inbox);
	if (s->hub != NULL)
		hub_free(s->hub);
	apps_free(s->apps);
	free(s);
	return status;
}

/* websockets:clean: statistics that are too old, of one app or of all. */
static int
clean(const struct config *c, const struct push_options *o)
{
	long days = o->days >= 0 ? o->days : c->push_statistics_days;
	int64_t before_s = clock_wall_ms() / 1000 - (int64_t)days * 86400, rows = 0;
	struct stats_db *db;
	enum err e = stats_db_open(c->push_db_path, &db);

	if (e != OK)
		return EXIT_FAILURE;
	if ((e = stats_db_clean(db, o->clean_app, before_s, &rows)) == OK)
		(void)printf("Deleted %lld rows of statistics.\n", (long long)rows);
	stats_db_close(db);
	return e == OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	struct push_options o;
	struct config c;
	char self[4096];
	int status = EXIT_FAILURE;
	enum err e;

	if (!push_options_parse(argc, argv, &o)) {
		(void)fputs(push_options_usage, stderr);
		return 2;
	}
	if (o.version)
		(void)puts("push-server " CHARLA_VERSION);
	if (o.help)
		(void)fputs(push_options_usage, stdout);
	if (o.print_env)
		config_print_example(stdout);
	if (o.version || o.help || o.print_env)
		return EXIT_SUCCESS;
	/* before all else: whether it is local or production depends on it */
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	if (o.host != NULL && setenv("LARAVEL_WEBSOCKETS_HOST", o.host, 1) != 0)
		abort();
	e = config_load(&c, CONFIG_PUSH, o.env, program_path(self, sizeof self));
	log_init("push-server", o.debug ? LOG_DEBUG : (enum log_level)c.log_level);
	config_print_problems(o.check ? stdout : stderr, &c);
	if (o.check)
		status = e == OK && check(&c) == OK ? EXIT_SUCCESS : EXIT_FAILURE;
	else if (e == OK && o.clean)
		status = clean(&c, &o);
	else if (e == OK)
		status = serve(&c, &o);
	config_free(&c);
	return status;
}
