#include "push_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char push_options_usage[] =
    "usage: push-server [serve] [--host=ADDRESS] [--port=PORT] [--debug] [--env=FILE]\n"
    "       push-server clean [APP_ID] [--days=N]\n"
    "       push-server --check-config | --print-env | --version | --help\n"
    "\n"
    "Without arguments it starts from .env on port 6001.\n";

static bool
read_number(const char *option, const char *text, long max, long *out)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n > max) {
		(void)fprintf(
		    stderr, "push-server: --%s: must be a number from 0 to %ld\n", option, max);
		return false;
	}
	*out = n;
	return true;
}

/* serve, or clean [APP_ID]. */
static bool
parse_command(int argc, char **argv, struct push_options *o)
{
	if (argc == 0 || (argc == 1 && strcmp(argv[0], "serve") == 0))
		return o->days < 0;
	o->clean = argc <= 2 && strcmp(argv[0], "clean") == 0;
	o->clean_app = argc == 2 ? argv[1] : NULL;
	return o->clean;
}

bool
push_options_parse(int argc, char **argv, struct push_options *o)
{
	static const struct option table[] = {
		{ "host", required_argument, NULL, 'h' },
		{ "port", required_argument, NULL, 'p' },
		{ "days", required_argument, NULL, 'D' },
		{ "debug", no_argument, NULL, 'd' },
		{ "env", required_argument, NULL, 'e' },
		{ "check-config", no_argument, NULL, 'c' },
		{ "print-env", no_argument, NULL, 'P' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'H' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	*o = (struct push_options){ .port = -1, .days = -1 };
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1)
		switch (c) {
		case 'h': o->host = optarg; break;
		case 'p':
			if (!read_number("port", optarg, 65535, &o->port))
				return false;
			break;
		case 'D':
			if (!read_number("days", optarg, 36600, &o->days))
				return false;
			break;
		case 'd': o->debug = true; break;
		case 'e': o->env = optarg; break;
		case 'c': o->check = true; break;
		case 'P': o->print_env = true; break;
		case 'v': o->version = true; break;
		case 'H': o->help = true; break;
		default: return false;
		}
	return o->help || o->version || parse_command(argc - optind, argv + optind, o);
}
