#include "server.h"

#include <arpa/inet.h>
#include <event2/listener.h>
#include <netdb.h>
#include <stdio.h>

#include "answer.h"
#include "api.h"
#include "control.h"

#define BACKLOG 4096        /* a thousand clients may knock in one moment */
#define BODY_MAX (20 << 20) /* Google's limit of inline data */
#define HEADERS_MAX (64 << 10)
#define TIMEOUT_SECONDS (24 * 3600) /* a stalled reply stays stalled */

static void
on_request(struct evhttp_request *req, void *arg)
{
	struct standin *s = arg;
	const char *raw = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));
	auto_char *path = evhttp_uridecode(raw != NULL ? raw : "/", 0, NULL);

	if (path == NULL)
		answer_page(req, 400);
	else if (strncmp(path, "/control", 8) == 0)
		control_handle(s, req, path);
	else if (!api_handle(s, req, path))
		answer_page(req, 404);
}

static struct evconnlistener *
listen_on(struct event_base *base, const char *host, uint16_t port)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_PASSIVE };
	struct evconnlistener *listener;
	struct addrinfo *address;

	if (getaddrinfo(host, NULL, &hints, &address) != 0)
		return NULL;
	/* Both families keep the port in the same place. */
	((struct sockaddr_in *)(void *)address->ai_addr)->sin_port = htons(port);
	listener = evconnlistener_new_bind(base, NULL, NULL,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, BACKLOG,
	    address->ai_addr, (int)address->ai_addrlen);
	freeaddrinfo(address);
	return listener;
}

static uint16_t
port_of(struct evconnlistener *listener)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address = { .v6 = { 0 } };
	socklen_t len = sizeof address;

	if (getsockname(evconnlistener_get_fd(listener), &address.any, &len) != 0)
		return 0;
	return ntohs(
	    address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

static enum err
bind_server(struct standin *s)
{
	struct evconnlistener *listener = listen_on(s->base, s->options->host, s->options->port);

	if (listener == NULL || evhttp_bind_listener(s->http, listener) == NULL) {
		(void)fprintf(stderr, "gemini-standin: cannot listen on %s port %d\n",
		    s->options->host, (int)s->options->port);
		return ERR_IO;
	}
	s->port = port_of(listener);
	return OK;
}

enum err
server_start(struct standin *s, struct event_base *base, const struct options *options)
{
	*s = (struct standin){ .options = options, .base = base };
	catalog_init(&s->catalog, options->models);
	journal_init(&s->journal);
	s->journal.defaults = options->defaults;
	s->http = evhttp_new(base);
	if (s->http == NULL)
		abort();
	evhttp_set_allowed_methods(s->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_DELETE);
	evhttp_set_max_body_size(s->http, BODY_MAX);
	evhttp_set_max_headers_size(s->http, HEADERS_MAX);
	evhttp_set_timeout(s->http, TIMEOUT_SECONDS);
	evhttp_set_gencb(s->http, on_request, s);
	return bind_server(s);
}

void
server_stop(struct standin *s)
{
	if (s->http != NULL)
		evhttp_free(s->http);
	journal_free(&s->journal);
	catalog_free(&s->catalog);
}
