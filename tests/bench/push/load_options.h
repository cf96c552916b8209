/*
 * load_options - the command line of push_load.
 *
 * Owns: nothing, the strings are those of argv.
 */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

enum publish_by { PUBLISH_NOTHING, PUBLISH_DATAGRAM, PUBLISH_HTTP };

struct load_options {
	uint16_t port;
	const char *key, *app_id, *secret;
	size_t connections, channels, connecting_at_once;
	enum publish_by publish_by;
	const char *socket; /* PUBLISH_DATAGRAM */
	const char *text;   /* of a message: %c is the channel, %d the payload */
	uint64_t messages, warmup, window;
	size_t size;
	double rate;    /* messages a second; 0: as fast as window allows */
	double idle_s;  /* before publishing */
	double give_up; /* seconds without progress */
	const char *pids;
};

/* Ends the program after --help (0) and a wrong option (2). */
void load_options_parse(int argc, char **argv, struct load_options *out);

#endif
