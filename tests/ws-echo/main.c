/*
 * ws-echo - the push server's own WebSocket layer with an echo behind it, for conformance suites.
 *
 * Everything is the push server's: sockets, reading of HTTP, upgrade, frames, outbox, TLS. Only
 * what a message is for differs, and how long one may be.
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "limit.h"
#include "log.h"
#include "ws.h"

#define MESSAGE_MAX (16UL * 1024 * 1024)
#define FRAGMENTS_MAX 1000000 /* suites cut 16 MiB into pieces of 64 bytes */
#define TOP (1UL << 30)

static const char usage[] =
    "usage: ws-echo [--host=127.0.0.1] [--port=0] [--message-max=16777216]\n"
    "               [--fragments-max=1000000] [--body-seconds=30]\n"
    "               [--tls-port=N --tls-cert=FILE --tls-key=FILE]\n";

struct options {
	const char *host, *tls_cert, *tls_key;
	unsigned long port, message_max, fragments_max, body_seconds, tls_port;
};

/* --- echo ----------------------------------------------------------------------------------------
 */

static void
open_echo(struct session *s, struct session_env *env, const struct transport *t,
    const struct session_request *r, int64_t now_ms)
{
	(void)r;
	*s = (struct session){
		.peer = { .transport = t, .link = s->peer.link }, .env = env, .seen_ms = now_ms
	};
}

static void
receive_echo(struct session *s, const char *p, size_t n, bool is_text, int64_t now_ms)
{
	(void)now_ms;
	if (peer_give(&s->peer, frame_new_as(is_text ? WS_TEXT : WS_BINARY, p, n)) != OK)
		session_fell_behind(s);
}

/* --- options -------------------------------------------------------------------------------------
 */

static bool
read_number(const char *text, unsigned long max, unsigned long *out)
{
	char *end;

	*out = strtoul(text, &end, 10);
	return *text >= '0' && *text <= '9' && *end == '\0' && *out <= max;
}

static bool
read_option(const char *arg, struct options *o)
{
	const struct {
		const char *name;
		const char **text;
		unsigned long *number, max;
	} table[] = {
		{ "--host=", &o->host, NULL, 0 },
		{ "--port=", NULL, &o->port, UINT16_MAX },
		{ "--message-max=", NULL, &o->message_max, TOP },
		{ "--fragments-max=", NULL, &o->fragments_max, TOP },
		{ "--body-seconds=", NULL, &o->body_seconds, 3600 },
		{ "--tls-port=", NULL, &o->tls_port, UINT16_MAX },
		{ "--tls-cert=", &o->tls_cert, NULL, 0 },
		{ "--tls-key=", &o->tls_key, NULL, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		size_t n = strlen(table[i].name);

		if (strncmp(arg, table[i].name, n) != 0)
			continue;
		if (table[i].number != NULL)
			return read_number(arg + n, table[i].max, table[i].number);
		*table[i].text = arg + n;
		return true;
	}
	return false;
}

/* --- serving -------------------------------------------------------------------------------------
 */

static int
serve(const struct options *o)
{
	char name[] = "echo";
	const struct config config = {
		.pusher_app_id = name, .pusher_app_key = name, .pusher_app_secret = name
	};
	const struct ws_service service = { .message_max = o->message_max,
		.fragments_max = (unsigned)o->fragments_max,
		.is_any_path = true,
		.open = open_echo,
		.receive = receive_echo };
	struct metrics metrics = { .count = { 0 } };
	struct operator_gate gate = { .is_production = true };
	struct refusals refusals = { .count = 0 };
	static struct wheel wheel;
	struct apps *apps;
	struct ws *ws;
	struct session_env env;
	struct http_api api;
	struct ingest ingest;

	if (apps_from_config(&config, &apps) != OK)
		return EXIT_FAILURE;
	env = (struct session_env){ .hub = hub_new(&metrics),
		.apps = apps,
		.wheel = &wheel,
		.metrics = &metrics,
		.activity_seconds = LIMIT_ACTIVITY_SECONDS };
	api = (struct http_api){ .hub = env.hub,
		.apps = apps,
		.metrics = &metrics,
		.refusals = &refusals,
		.gate = &gate };
	ingest = (struct ingest){ .hub = env.hub, .apps = apps, .metrics = &metrics };
	if (ws_new(&(struct ws_options){ .host = o->host,
		       .port = (int)o->port,
		       .tls_port = (int)o->tls_port,
		       .tls_cert = o->tls_cert,
		       .tls_key = o->tls_key,
		       .max_connections = 1000,
		       .service = &service,
		       .body_seconds = (long)o->body_seconds,
		       .env = &env,
		       .api = &api,
		       .ingest = &ingest },
		&ws) != OK)
		return EXIT_FAILURE;
	(void)printf("ws-echo listening on %s:%d\n", o->host, ws_port(ws));
	(void)fflush(stdout);
	ws_run(ws);
	ws_free(ws);
	hub_free(env.hub);
	apps_free(apps);
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	struct options o = {
		.host = "127.0.0.1", .message_max = MESSAGE_MAX, .fragments_max = FRAGMENTS_MAX
	};

	for (int i = 1; i < argc; i++)
		if (!read_option(argv[i], &o)) {
			(void)fputs(usage, stderr);
			return 2;
		}
	if (o.tls_port != 0 && (o.tls_cert == NULL || o.tls_key == NULL)) {
		(void)fputs(usage, stderr);
		return 2;
	}
	log_init("ws-echo", LOG_WARN);
	return serve(&o);
}
