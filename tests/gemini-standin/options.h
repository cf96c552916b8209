/*
 * options - the command line.
 *
 * Owns: nothing: all strings are of argv. Errors: ERR_INVALID, already told on stderr.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "directives.h"

#define OPTIONS_KEYS 16

struct options {
	const char *host;
	uint16_t port;                  /* 0: a free one */
	const char *port_file;          /* NULL: none */
	const char *keys[OPTIONS_KEYS]; /* none: any key is good, except "invalid" */
	size_t key_count;
	const char *models; /* NULL: the usual list */
	struct directives defaults;
	bool wants_help;
};

enum err options_parse(struct options *o, int argc, char **argv) MUST_CHECK;
void options_print_help(void);

#endif
