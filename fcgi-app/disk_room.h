/*
 * disk_room - is there room on the database's disk to accept more, and the ballast that is let go
 * when there is none.
 *
 * SQLite on a full disk cannot even checkpoint or delete (reference: reliability 2, F10). So new
 * things are refused while some room is left (room_plan.h), and a file beside the database,
 * "<path>.ballast", holds blocks that are given back when that is used up. Whoever finds room again
 * makes it anew. All processes of a host share the file; its size says what holds, and flock keeps
 * two from filling it at once.
 *
 * Owns:    nothing of config, which must outlive it.
 * Threads: any. Two system calls each LIMIT_DISK_LOOK_MS, else an atomic read: it may stand before
 *          every request.
 * Errors:  what cannot be looked at counts as room, and SQLite has the last word. Each outage is
 *          logged once a process when it begins and once when it ends.
 */
#ifndef DISK_ROOM_H
#define DISK_ROOM_H

#include <stdbool.h>

#include "config.h"

struct disk_room;

/* makes_ballast: plain CGI only releases it, its processes are too short. Looks at once. */
struct disk_room *disk_room_new(const struct config *c, bool makes_ballast);
void disk_room_free(struct disk_room *r); /* NULL is allowed */

/* OK, or ERR_FULL: nothing that grows the database is to be accepted. NULL: OK. */
enum err disk_room_check(struct disk_room *r, int64_t now_ms);

/* Another process read the whole database and found it damaged (store_damage.h). NULL: no. */
bool disk_room_is_damaged(struct disk_room *r, int64_t now_ms);

/* SQLite has just said that the disk is full: the ballast goes. NULL: nothing. */
void disk_room_full(struct disk_room *r, int64_t now_ms);

struct disk_figures {
	bool is_known, is_low;
	int64_t free, min_free;          /* bytes; min_free 0: no limit */
	int64_t ballast, ballast_wanted; /* wanted 0: there is to be none */
};
void disk_room_figures(struct disk_room *r, int64_t now_ms, struct disk_figures *out);

#endif
