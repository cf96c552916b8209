#include "worker_thread.h"

#include <pthread.h>

#include "ai_worker.h"
#include "worker_start.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct ai_worker_options options;
static struct ai_worker *worker; /* {lock} NULL: none in this process */
static pthread_t thread;         /* {lock} */
static int lock_fd = -1;         /* {lock} */

static void *
run(void *arg)
{
	ai_worker_run(arg);
	return NULL;
}

void
worker_thread_set_up(const struct config *c, struct writer *writer, int64_t stop_grace_ms)
{
	options = (struct ai_worker_options){
		.config = c,
		.writer = writer,
		.stop_grace_ms = stop_grace_ms,
	};
	worker_start_thread = worker_thread_start;
}

void
worker_thread_start(void)
{
	(void)pthread_mutex_lock(&lock);
	if (worker == NULL && worker_lock(options.config, &lock_fd) == OK) {
		if (ai_worker_new(&worker, &options) != OK) {
			close_fd(&lock_fd);
		} else if (pthread_create(&thread, NULL, run, worker) != 0) {
			ai_worker_free(worker);
			worker = NULL;
			close_fd(&lock_fd);
		}
	}
	(void)pthread_mutex_unlock(&lock);
}

void
worker_thread_stop(void)
{
	(void)pthread_mutex_lock(&lock);
	if (worker != NULL) {
		ai_worker_stop(worker, false);
		(void)pthread_join(thread, NULL);
		ai_worker_free(worker);
		worker = NULL;
		close_fd(&lock_fd);
	}
	(void)pthread_mutex_unlock(&lock);
}
