#include "writer.h"

#include <pthread.h>

#include "killpoint.h"
#include "log.h"

/* Enough for all accept threads; a longer batch only delays its first member. */
#define BATCH_MAX 64

struct task {
	writer_fn fn;
	void *arg;
	enum store_durability durability;
	enum err result;
	bool is_done;        /* {lock} */
	pthread_cond_t done; /* its own: nobody is woken for the work of others */
	struct task *next;
};

struct writer {
	struct store *store;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct task *first, **last; /* {lock} */
	bool stopping;              /* {lock} */
};

static void
enqueue(struct writer *w, struct task *t)
{
	*w->last = t;
	w->last = &t->next;
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
	return n;
}

static enum err
run_task(struct writer *w, struct task *t)
{
	enum err e = store_mark(w->store);

	if (e != OK)
		return e;
	e = t->fn(w->store, t->arg);
	if (e == OK)
		return store_unmark(w->store);
	store_back(w->store);
	return e;
}

static enum err
commit(struct writer *w)
{
	enum err e;

	killpoint("before-commit");
	e = store_commit(w->store);
	if (e == ERR_IO) {
		log_error(
		    "the database cannot be written: leaving, what was not answered is not stored");
		_exit(EXIT_FAILURE);
	}
	killpoint("after-commit");
	return e;
}

static void
run_batch(struct writer *w, struct task **batch, size_t n)
{
	enum store_durability d = STORE_FAST;
	size_t written = 0;
	enum err e;

	for (size_t i = 0; i < n; i++)
		if (batch[i]->durability == STORE_DURABLE)
			d = STORE_DURABLE;
	e = store_begin(w->store, d);
	for (size_t i = 0; i < n; i++) {
		batch[i]->result = e == OK ? run_task(w, batch[i]) : e;
		written += batch[i]->result == OK;
	}
	if (e != OK)
		return;
	if (written == 0) {
		store_rollback(w->store);
		return;
	}
	if ((e = commit(w)) == OK)
		return;
	for (size_t i = 0; i < n; i++)
		if (batch[i]->result == OK)
			batch[i]->result = e;
}

static void *
run(void *arg)
{
	struct writer *w = arg;
	struct task *batch[BATCH_MAX];

	(void)pthread_mutex_lock(&w->lock);
	for (;;) {
		size_t n;

		while (w->first == NULL && !w->stopping)
			(void)pthread_cond_wait(&w->work, &w->lock);
		if (w->first == NULL)
			break;
		n = take_batch(w, batch);
		(void)pthread_mutex_unlock(&w->lock);
		run_batch(w, batch, n);
		(void)pthread_mutex_lock(&w->lock);
		for (size_t i = 0; i < n; i++) {
			batch[i]->is_done = true;
			(void)pthread_cond_signal(&batch[i]->done);
		}
	}
	(void)pthread_mutex_unlock(&w->lock);
	return NULL;
}

enum err
writer_start(struct writer **out, const char *db_path)
{
	struct writer *w = xcalloc(1, sizeof *w);
	enum err e = store_open(&w->store, db_path, STORE_WRITE);

	if (e != OK) {
		free(w);
		return e;
	}
	w->last = &w->first;
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->work, NULL);
	if (pthread_create(&w->thread, NULL, run, w) != 0)
		abort();
	*out = w;
	return OK;
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

enum err
writer_submit(struct writer *w, enum store_durability d, writer_fn fn, void *arg)
{
	struct task t = { .fn = fn, .arg = arg, .durability = d, .done = PTHREAD_COND_INITIALIZER };

	(void)pthread_mutex_lock(&w->lock);
	enqueue(w, &t);
	(void)pthread_cond_signal(&w->work);
	while (!t.is_done)
		(void)pthread_cond_wait(&t.done, &w->lock);
	(void)pthread_mutex_unlock(&w->lock);
	(void)pthread_cond_destroy(&t.done);
	return t.result;
}
