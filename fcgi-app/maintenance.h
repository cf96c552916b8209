/*
 * maintenance - what an operator does from the command line: --migrate, --backup, --check-database,
 * --stats, --import. All of it works beside running programs.
 *
 * Errors:  said on stderr; the result is what the program exits with.
 */
#ifndef MAINTENANCE_H
#define MAINTENANCE_H

#include "config.h"

int maintenance_migrate(const struct config *c);
int maintenance_backup(const struct config *c, const char *path);
/* Says what is wrong, or that nothing is. in_background: only if it is due, and only to the log. */
int maintenance_check(const struct config *c, bool in_background);
int maintenance_stats(const struct config *c); /* a name and a number each line */

/*
 * A chat that GET export gave ("-": from stdin). owner: a person's id as --stats does not show it
 * but a token's or JWT's name makes it ("t:name", "j:subject", "r:user"); NULL: an open chat under
 * the id that it had.
 */
int maintenance_import(const struct config *c, const char *path, const char *owner);

#endif
