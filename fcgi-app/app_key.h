/*
 * app_key - APP_KEY when nobody set it: made once, kept in VAR_DIR/app.key (0640), the same for all
 * processes.
 *
 * Owns:    replaces c->app_key, which config_free frees.
 * Threads: before any.
 * Errors:  ERR_IO, logged.
 */
#ifndef APP_KEY_H
#define APP_KEY_H

#include "config.h"

enum err app_key_ensure(struct config *c) MUST_CHECK;

#endif
