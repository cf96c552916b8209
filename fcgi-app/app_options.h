/*
 * app_options - what fcgi-app was called with.
 *
 * Owns:    nothing: the strings are argv's. Threads: the first one, before there are others.
 * Errors:  false: an option that there is not, or two that do not fit; the usage is the answer.
 */
#ifndef APP_OPTIONS_H
#define APP_OPTIONS_H

#include <stdbool.h>

struct app_options {
	const char *listen, *env, *token_create, *token_revoke, *days;
	const char *backup, *import, *owner;
	bool migrate, stats, check_database;
	bool worker, drain, detach, check, print_env, print_routes, is_demo, token_list;
	bool version, help;
};

extern const char app_options_usage[];

/*
 * How many of argv are ours. Under CGI the words of a query without '=' come as arguments (RFC 3875
 * 4.4; Apache does it), and a stranger's words are no commands: only an --env that stands first is
 * left, which a wrapper of the operator's puts there. -1: it may be the stranger's as well.
 */
int app_options_own(int argc, char **argv);

bool app_options_parse(int argc, char **argv, struct app_options *o);

#endif
