/*
 * push_options - what push-server was called with.
 *
 * Owns:    nothing: the strings are argv's. Threads: the first one, before there are others.
 * Errors:  false: an option that there is not, or two that do not fit; the usage is the answer.
 * What is wrong with a number is said on stderr.
 */
#ifndef PUSH_OPTIONS_H
#define PUSH_OPTIONS_H

#include <stdbool.h>

struct push_options {
	const char *host, *env;
	long port; /* -1: as set */
	bool debug, check, print_env, version, help;
	bool clean;            /* instead of serving */
	const char *clean_app; /* NULL: all */
	long days;             /* -1: as set */
};

extern const char push_options_usage[];

bool push_options_parse(int argc, char **argv, struct push_options *o);

#endif
