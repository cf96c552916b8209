/*
 * writer - one thread that owns the writing connection of this process and commits in batches.
 *
 * Whoever has something to write hands over a function and waits. All that wait when a commit
 * begins share it, and with it the fsync: 64 callers are served by one or two commits.
 *
 * Owns:    the store; the functions borrow it while they run.
 * Threads: writer_submit from any; the functions run in the writer's thread, one at a time.
 * Errors:  a function's error undoes its own part and nothing else. A commit that fails is the
 *          error of everybody in the batch. When fsync itself fails nobody can know what is on the
 *          disk: the process ends (reference: reliability F11), a supervisor starts it again.
 *          Nobody waits for another process's lock longer than STORE_BUSY_MS, however many stand
 *          before him. A disk that fills up is logged once, and once when it is over.
 */
#ifndef WRITER_H
#define WRITER_H

#include "disk_room.h"
#include "store.h"

struct writer;
typedef enum err (*writer_fn)(struct store *s, void *arg);

enum err writer_start(struct writer **out, const char *db_path) MUST_CHECK;
/* The disk is looked at before a batch, and told when it was full. Before the first submit. */
void writer_watch_room(struct writer *w, struct disk_room *room); /* borrowed; NULL: nobody does */
void writer_stop(struct writer *w); /* finishes what was submitted; NULL is allowed */

enum err writer_submit(
    struct writer *w, enum store_durability d, writer_fn fn, void *arg) MUST_CHECK;

/*
 * The same for a function that looks first and then writes: when it refuses, it has written
 * nothing. It gets by without a mark of its own, which costs a third of a message; should it fail
 * with something written, that is the error of the whole batch.
 */
enum err writer_submit_sure(
    struct writer *w, enum store_durability d, writer_fn fn, void *arg) MUST_CHECK;

/* How the last attempt to write went: OK, or what is wrong with the database now. Any thread. */
enum err writer_trouble(const struct writer *w);

/* Writes next to nothing, to see. */
enum err writer_probe(struct writer *w) MUST_CHECK;

#endif
