/*
 * dash_files - the files of the dashboard's page, compiled in: the push server is one file, and
 * needs no web server for it. The table is made by dash_embed.sh.
 *
 * Threads: any.
 */
#ifndef DASH_FILES_H
#define DASH_FILES_H

#include <stddef.h>

struct dash_file {
	const char *name; /* "dash.js", "i18n/en.js"; "" is the page itself */
	const char *text;
};

extern const struct dash_file dash_files[];
extern const size_t dash_file_count;

#endif
