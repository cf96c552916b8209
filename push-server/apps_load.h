/*
 * apps_load - reads PUSH_APPS_FILE, at the start and on SIGHUP.
 *
 * Threads: the event-loop thread only. Errors: logged here, with the file's name and the mistake.
 */
#ifndef APPS_LOAD_H
#define APPS_LOAD_H

#include "apps.h"
#include "hub.h"

struct apps_loader { /* borrowed for the life of the server */
	struct apps *apps;
	struct hub *hub;  /* NULL: nobody is connected yet */
	const char *path; /* "": none, and nothing to do */
	bool is_production;
};

/* Not OK: the apps are what they were. */
enum err apps_load(struct apps_loader *l) MUST_CHECK;
void apps_load_sweep(const struct apps_loader *l); /* now and then: apps_sweep */

#endif
