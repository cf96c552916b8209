#include "writer.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "clock.h"
#include "killpoint.h"
#include "log.h"

/* Enough for all accept threads; a longer batch only delays its first member. */
#define BATCH_MAX 64
/*
 * Whoever came with the last batch is likely to come again, while his answer is on its way: so
 * long is waited for as many. As PostgreSQL's commit_delay, a fraction of what a commit takes; who
 * is alone never waits.
 */
#define GATHER_US 300
#define PROBE_MS 100 /* whoever asks for health has not much time */

struct task {
	writer_fn fn;
	void *arg;
	enum store_durability durability;
	bool looks_first;
	int64_t give_up_ms; /* monotonic */
	enum err result;
	sem_t done; /* its own, and no lock: nobody is woken for others, or only to wait again */
	struct task *next;
};

struct writer {
	struct store *store;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct task *first, **last; /* {lock} */
	size_t queued, wanted;      /* {lock} how many wait; the thread is woken when so many do */
	bool stopping;              /* {lock} */
	struct disk_room *room;     /* borrowed, may be NULL */
	atomic_int trouble;         /* enum err: how the last batch went */
};

static void
enqueue(struct writer *w, struct task *t)
{
	*w->last = t;
	w->last = &t->next;
	if (++w->queued >= w->wanted)
		(void)pthread_cond_signal(&w->work);
}

/* {lock} Moves up to BATCH_MAX tasks into batch. */
static size_t
take_batch(struct writer *w, struct task **batch)
{
	size_t n = 0;

	while (w->first != NULL && n < BATCH_MAX) {
		batch[n++] = w->first;
		w->first = w->first->next;
	}
	if (w->first == NULL)
		w->last = &w->first;
	w->queued -= n;
	return n;
}

/*
 * One of several. False: the transaction is no more, with all that it had.
 *
 * A mark costs: SQLite keeps a copy of every page that is changed after it.
 */
static bool
run_task(struct writer *w, struct task *t)
{
	int64_t before = store_changes(w->store);

	if (!t->looks_first && (t->result = store_mark(w->store)) != OK)
		return true;
	t->result = t->fn(w->store, t->arg);
	if (t->looks_first)
		return t->result == OK || store_changes(w->store) == before;
	if (t->result != OK)
		return store_back(w->store);
	t->result = store_unmark(w->store);
	return true;
}

/* The disk failed: nobody knows what is on it. */
static void
leave(void)
{
	log_error("the database cannot be written: leaving, what was not answered is not stored");
	_exit(EXIT_FAILURE);
}

static enum err
commit(struct writer *w)
{
	enum err e;

	killpoint("before-commit");
	e = store_commit(w->store);
	if (e == ERR_IO)
		leave();
	killpoint("after-commit");
	return e;
}

/* For the next batch: the ballast's blocks, and the log's, which can then be written over. */
static void
make_room(struct writer *w, int64_t now_ms)
{
	disk_room_full(w->room, now_ms);
	if (store_checkpoint(w->store) == ERR_IO)
		leave();
}

/* The transaction around them; what they come to stands in their results when it is OK. */
static enum err
run_tasks(struct writer *w, struct task **batch, size_t n)
{
	size_t written = 0;

	if (n == 1) /* what fails takes nobody with it */
		batch[0]->result = batch[0]->fn(w->store, batch[0]->arg);
	for (size_t i = 0; i < n; i++) {
		if (n > 1 && !run_task(w, batch[i])) {
			store_rollback(w->store);
			return batch[i]->result;
		}
		written += batch[i]->result == OK;
	}
	if (written > 0)
		return commit(w);
	store_rollback(w->store);
	return n == 1 && batch[0]->result == ERR_FULL ? ERR_FULL : OK;
}

static enum store_durability
durability_of(struct task **batch, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (batch[i]->durability == STORE_DURABLE)
			return STORE_DURABLE;
	return STORE_FAST;
}

static void
note_trouble(struct writer *w, enum err e)
{
	enum err before = (enum err)atomic_exchange(&w->trouble, (int)e);

	if (e == before)
		return;
	if (e == OK)
		log_info("the database can be written again");
	else
		log_warn("the database cannot be written error=%d reason=\"%s\"", (int)e,
		    e == ERR_FULL   ? "the disk is full"
		    : e == ERR_BUSY ? "another process holds its lock"
				    : "see above");
}

static void
run_batch(struct writer *w, struct task **batch, size_t n)
{
	int64_t now_ms = clock_mono_ms(), give_up_ms = batch[0]->give_up_ms;
	enum err e;

	for (size_t i = 1; i < n; i++)
		if (batch[i]->give_up_ms < give_up_ms)
			give_up_ms = batch[i]->give_up_ms;
	/* what was let in is written, room or not */
	store_set_thrift(w->store, disk_room_check(w->room, now_ms) != OK);
	store_set_patience(w->store, give_up_ms > now_ms ? give_up_ms - now_ms : 0);
	e = disk_room_is_damaged(w->room, now_ms) ? ERR_STORAGE
						  : store_begin(w->store, durability_of(batch, n));
	if (e == OK)
		e = run_tasks(w, batch, n);
	note_trouble(w, e);
	if (e == ERR_FULL)
		make_room(w, now_ms);
	for (size_t i = 0; i < n && e != OK; i++)
		batch[i]->result = e;
}

/* {lock} Until so many wait, or GATHER_US are over. */
static void
gather(struct writer *w, size_t wanted)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += GATHER_US * 1000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	w->wanted = wanted;
	while (w->queued < wanted && !w->stopping)
		if (pthread_cond_timedwait(&w->work, &w->lock, &until) != 0)
			break;
	w->wanted = 1;
}

static void *
run(void *arg)
{
	struct writer *w = arg;
	struct task *batch[BATCH_MAX];
	size_t n = 0;

	(void)pthread_mutex_lock(&w->lock);
	for (;;) {
		while (w->first == NULL && !w->stopping)
			(void)pthread_cond_wait(&w->work, &w->lock);
		if (w->first == NULL)
			break;
		if (n > 1)
			gather(w, n);
		n = take_batch(w, batch);
		(void)pthread_mutex_unlock(&w->lock);
		run_batch(w, batch, n);
		for (size_t i = 0; i < n; i++)
			(void)sem_post(&batch[i]->done);
		(void)pthread_mutex_lock(&w->lock);
	}
	(void)pthread_mutex_unlock(&w->lock);
	return NULL;
}

enum err
writer_start(struct writer **out, const char *db_path)
{
	struct writer *w = xcalloc(1, sizeof *w);
	pthread_condattr_t monotonic;
	enum err e = store_open(&w->store, db_path, STORE_WRITE);

	if (e != OK) {
		free(w);
		return e;
	}
	atomic_init(&w->trouble, OK);
	w->last = &w->first;
	(void)pthread_mutex_init(&w->lock, NULL);
	w->wanted = 1;
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&w->work, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	if (pthread_create(&w->thread, NULL, run, w) != 0)
		abort();
	*out = w;
	return OK;
}

void
writer_watch_room(struct writer *w, struct disk_room *room)
{
	w->room = room;
}

void
writer_stop(struct writer *w)
{
	if (w == NULL)
		return;
	(void)pthread_mutex_lock(&w->lock);
	w->stopping = true;
	(void)pthread_cond_signal(&w->work);
	(void)pthread_mutex_unlock(&w->lock);
	(void)pthread_join(w->thread, NULL);
	store_close(w->store);
	(void)pthread_cond_destroy(&w->work);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}

static enum err
submit(struct writer *w, struct task *t, int64_t patience_ms)
{
	t->give_up_ms = clock_mono_ms() + patience_ms;
	(void)sem_init(&t->done, 0, 0);
	(void)pthread_mutex_lock(&w->lock);
	enqueue(w, t);
	(void)pthread_mutex_unlock(&w->lock);
	while (sem_wait(&t->done) != 0)
		continue; /* a signal came */
	(void)sem_destroy(&t->done);
	return t->result;
}

enum err
writer_submit(struct writer *w, enum store_durability d, writer_fn fn, void *arg)
{
	return submit(w, &(struct task){ .fn = fn, .arg = arg, .durability = d }, STORE_BUSY_MS);
}

enum err
writer_submit_sure(struct writer *w, enum store_durability d, writer_fn fn, void *arg)
{
	return submit(w,
	    &(struct task){ .fn = fn, .arg = arg, .durability = d, .looks_first = true },
	    STORE_BUSY_MS);
}

enum err
writer_trouble(const struct writer *w)
{
	return (enum err)atomic_load(&w->trouble);
}

static enum err
probe(struct store *s, void *arg)
{
	char text[24];

	(void)arg;
	/* what stands there already would not be written */
	(void)snprintf(text, sizeof text, "%lld", (long long)clock_mono_ms());
	return store_meta_set(s, "probe", text);
}

enum err
writer_probe(struct writer *w)
{
	return submit(w, &(struct task){ .fn = probe, .durability = STORE_DURABLE }, PROBE_MS);
}
