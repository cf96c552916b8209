/*
 * store_damage - is the database whole, and what stands beside it about that. Part of store.h's
 * contract.
 *
 * "<path>.made" holds the last check that found nothing (check_due.h), "<path>.check-failed" what a
 * check found, and of which file: while that file is unchanged nobody opens it, and what runs stops
 * using it (disk_room.h looks). We never move, mend or delete it. Another file in its place, or the
 * same one mended, is checked anew, and the mark goes when that finds nothing.
 *
 * Threads: any; a check has a connection of its own and holds up nobody.
 * Errors:  ERR_STORAGE: damaged; said in the log. What cannot be checked (busy, unreadable) counts
 *          as whole: opening it tells.
 */
#ifndef STORE_DAMAGE_H
#define STORE_DAMAGE_H

#include <stdio.h>

#include "store.h"

/*
 * Before a program opens it: a small one is checked, by plain CGI only_if_due. *out_later: it is
 * large and its check is due; somebody is to run store_damage_check beside the service.
 */
enum err store_damage_at_start(const char *path, bool only_if_due, bool *out_later) MUST_CHECK;

/* Somebody found this very file damaged. Two system calls where nobody did. */
bool store_damage_is_marked(const char *path);

/*
 * Reads all of it. only_if_due: OK at once when it is not, or another process is at it. What is
 * wrong is written to report, a line each (NULL: nowhere).
 */
enum err store_damage_check(const char *path, bool only_if_due, FILE *report) MUST_CHECK;

#endif
