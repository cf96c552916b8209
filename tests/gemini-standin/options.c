#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>

static const struct option table[] = {
	{ "host", required_argument, NULL, 'h' },
	{ "port", required_argument, NULL, 'p' },
	{ "port-file", required_argument, NULL, 'f' },
	{ "key", required_argument, NULL, 'k' },
	{ "models", required_argument, NULL, 'm' },
	{ "fault", required_argument, NULL, 'd' },
	{ "help", no_argument, NULL, '?' + 256 },
	{ NULL, 0, NULL, 0 },
};

void
options_print_help(void)
{
	(void)puts("usage: gemini-standin [--host=127.0.0.1] [--port=0] [--port-file=PATH]\n"
		   "    [--key=KEY ...] [--models=ID,ID ...] [--fault=NAME[=VALUE],... ...]\n"
		   "The names of --fault stand in tests/gemini-standin/README.md.");
}

static enum err
refuse(const char *what, const char *value)
{
	(void)fprintf(stderr, "gemini-standin: %s: %s\n", what, value);
	return ERR_INVALID;
}

static enum err
set_port(struct options *o, const char *value)
{
	char *end;
	long port;

	errno = 0;
	port = strtol(value, &end, 10);
	if (errno != 0 || *value == '\0' || *end != '\0' || port < 0 || port > UINT16_MAX)
		return refuse("not a port", value);
	o->port = (uint16_t)port;
	return OK;
}

static enum err
add_key(struct options *o, const char *value)
{
	if (o->key_count == OPTIONS_KEYS)
		return refuse("too many keys, the last is", value);
	o->keys[o->key_count++] = value;
	return OK;
}

static enum err
add_faults(struct options *o, const char *value)
{
	char why[DIRECTIVES_WHY];

	if (directives_parse(&o->defaults, value, strlen(value), why) != OK)
		return refuse("--fault", why);
	return OK;
}

static enum err
take(struct options *o, int option, char *value)
{
	switch (option) {
	case 'h': o->host = value; return OK;
	case 'p': return set_port(o, value);
	case 'f': o->port_file = value; return OK;
	case 'k': return add_key(o, value);
	case 'm': o->models = value; return OK;
	case 'd': return add_faults(o, value);
	case '?' + 256: o->wants_help = true; return OK;
	default: return ERR_INVALID; /* getopt told it */
	}
}

enum err
options_parse(struct options *o, int argc, char **argv)
{
	enum err e = OK;
	int option;

	*o = (struct options){ .host = "127.0.0.1" };
	directives_init(&o->defaults);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
	while (e == OK && (option = getopt_long(argc, argv, "", table, NULL)) != -1)
		e = take(o, option, optarg);
	if (e == OK && optind < argc)
		return refuse("unexpected argument", argv[optind]);
	return e;
}
