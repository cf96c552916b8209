/* gemini-standin - a local server with Gemini's wire behaviour, faults on demand: README.md. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "options.h"
#include "server.h"

static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)event_base_loopbreak(arg);
}

/* A thousand replies need more than the usual 1,024 descriptors. */
static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* Whoever waits for the file finds it whole: it is renamed into place. */
static enum err
write_port_file(const char *path, uint16_t port)
{
	char temporary[4096], digits[16];
	int len = snprintf(temporary, sizeof temporary, "%s.new", path);
	int n = snprintf(digits, sizeof digits, "%d\n", (int)port);
	auto_fd fd = -1;

	if (len < 0 || (size_t)len >= sizeof temporary)
		return ERR_INVALID;
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, digits, (size_t)n) != n || rename(temporary, path) != 0)
		return ERR_IO;
	return OK;
}

static enum err
announce(const struct standin *s)
{
	const struct options *o = s->options;
	bool is_v6 = strchr(o->host, ':') != NULL;

	if (o->port_file != NULL && write_port_file(o->port_file, s->port) != OK) {
		(void)fprintf(stderr, "gemini-standin: cannot write %s\n", o->port_file);
		return ERR_IO;
	}
	(void)printf("gemini-standin http://%s%s%s:%d\n", is_v6 ? "[" : "", o->host,
	    is_v6 ? "]" : "", (int)s->port);
	return fflush(stdout) == 0 ? OK : ERR_IO;
}

static enum err
run(const struct options *options)
{
	struct event_base *base = event_base_new();
	struct event *term, *interrupt;
	struct standin s;
	enum err e;

	if (base == NULL)
		abort();
	term = evsignal_new(base, SIGTERM, on_signal, base);
	interrupt = evsignal_new(base, SIGINT, on_signal, base);
	(void)event_add(term, NULL);
	(void)event_add(interrupt, NULL);
	e = server_start(&s, base, options);
	if (e == OK)
		e = announce(&s);
	if (e == OK && event_base_dispatch(base) != 0)
		e = ERR_IO;
	server_stop(&s);
	event_free(term);
	event_free(interrupt);
	event_base_free(base);
	return e;
}

int
main(int argc, char **argv)
{
	struct options options;

	if (options_parse(&options, argc, argv) != OK)
		return 2;
	if (options.wants_help) {
		options_print_help();
		return 0;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	json_object_seed(1);
	raise_descriptor_limit();
	return run(&options) == OK ? 0 : 1;
}
