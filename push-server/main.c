/*
 * push-server - Pusher-protocol WebSocket and HTTP server. Start: settings, apps, hub, datagram
 * socket (which is the single-instance lock), listeners. Stop: in the opposite order.
 */
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>

#include "apps_load.h"
#include "config.h"
#include "log.h"
#include "program.h"
#include "sd_notify.h"
#include "webhook_http.h"
#include "ws.h"

struct options {
	const char *host, *env;
	int port; /* -1: as set */
	bool debug, check, print_env;
};

static const char usage[] =
    "usage: push-server [serve] [--host=ADDRESS] [--port=PORT] [--debug] [--env=FILE]\n"
    "       push-server --check-config | --print-env | --version | --help\n"
    "\n"
    "Without arguments it starts from .env on port 6001.\n";

static bool
read_port(const char *text, int *out)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n < 0 || n > 65535)
		return false;
	*out = (int)n;
	return true;
}

static bool
parse_options(int argc, char **argv, struct options *o)
{
	static const struct option table[] = {
		{ "host", required_argument, NULL, 'h' },
		{ "port", required_argument, NULL, 'p' },
		{ "debug", no_argument, NULL, 'd' },
		{ "env", required_argument, NULL, 'e' },
		{ "check-config", no_argument, NULL, 'c' },
		{ "print-env", no_argument, NULL, 'P' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, '?' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1)
		switch (c) {
		case 'h': o->host = optarg; break;
		case 'p':
			if (!read_port(optarg, &o->port))
				return false;
			break;
		case 'd': o->debug = true; break;
		case 'e': o->env = optarg; break;
		case 'c': o->check = true; break;
		case 'P': o->print_env = true; break;
		case 'v':
			(void)puts("push-server " CHARLA_VERSION);
			exit(EXIT_SUCCESS); /* NOLINT */
		default: return false;
		}
	return optind == argc || (optind + 1 == argc && strcmp(argv[optind], "serve") == 0);
}

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
	struct http_api api;
	struct ingest ingest;
	struct ws *ws;
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

static enum err
start_webhooks(struct server *s)
{
	s->webhooks = webhook_http_new(&s->metrics, ws_loop(s->ws));
	s->observer = webhook_http_observer(s->webhooks);
	hub_observe(s->hub, &s->observer);
	return webhook_http_configure(s->webhooks, s->apps);
}

static enum err
start(struct server *s, const struct config *c, const struct options *o)
{
	enum err e = open_apps(c, &s->apps, &s->loader);

	if (e != OK)
		return e;
	s->hub = s->loader.hub = hub_new(&s->metrics);
	if ((e = inbox_open(
		 c->push_socket, c->push_socket_users, &s->metrics, &s->refusals, &s->inbox)) != OK)
		return e;
	s->env = (struct session_env){ .hub = s->hub,
		.apps = s->apps,
		.wheel = &s->wheel,
		.metrics = &s->metrics,
		.activity_seconds = c->activity_timeout };
	s->api = (struct http_api){ .hub = s->hub,
		.apps = s->apps,
		.metrics = &s->metrics,
		.refusals = &s->refusals,
		.operator_password = c->dashboard_password,
		.is_production = c->is_production };
	s->ingest = (struct ingest){ .hub = s->hub, .apps = s->apps, .metrics = &s->metrics };
	e = ws_new(&(struct ws_options){ .host = o->host != NULL ? o->host : c->push_bind_host,
		       .port = o->port >= 0 ? o->port : (int)c->push_bind_port,
		       .tls_port = (int)c->push_tls_port,
		       .tls_cert = c->push_tls_cert,
		       .tls_key = c->push_tls_key,
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
	return e == OK ? start_webhooks(s) : e;
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
serve(const struct config *c, const struct options *o)
{
	struct server *s = xcalloc(1, sizeof *s);
	int status = EXIT_FAILURE;

	(void)signal(SIGPIPE, SIG_IGN);
	json_object_seed(0);
	if (start(s, c, o) == OK) {
		(void)printf("push-server listening on %s:%d app=%s socket=%s\n",
		    o->host != NULL ? o->host : c->push_bind_host, ws_port(s->ws), c->pusher_app_id,
		    c->push_socket);
		(void)fflush(stdout);
		sd_notify_send("READY=1");
		ws_run(s->ws);
		status = EXIT_SUCCESS;
	}
	stop_webhooks(s);
	ws_free(s->ws);
	inbox_close(s->inbox);
	if (s->hub != NULL)
		hub_free(s->hub);
	apps_free(s->apps);
	free(s);
	return status;
}

int
main(int argc, char **argv)
{
	struct options o = { .port = -1 };
	struct config c;
	char self[4096];
	int status = EXIT_FAILURE;
	enum err e;

	if (!parse_options(argc, argv, &o)) {
		(void)fputs(usage, stderr);
		return 2;
	}
	if (o.print_env) {
		config_print_example(stdout);
		return EXIT_SUCCESS;
	}
	e = config_load(&c, CONFIG_PUSH, o.env, program_path(self, sizeof self));
	log_init("push-server", o.debug ? LOG_DEBUG : (enum log_level)c.log_level);
	config_print_problems(o.check ? stdout : stderr, &c);
	if (o.check)
		status = e == OK && check(&c) == OK ? EXIT_SUCCESS : EXIT_FAILURE;
	else if (e == OK)
		status = serve(&c, &o);
	config_free(&c);
	return status;
}
