#include "service.h"

#include <stdio.h>
#include <time.h>

#include "app.h"
#include "cgi.h"
#include "fcgi_server.h"
#include "log.h"
#include "store_damage.h"
#include "worker_start.h"
#include "worker_thread.h"

#define DB_RETRY_SECONDS 2

int
service_wait_for_stop(const sigset_t *set)
{
	int sig = 0;

	while (sigwait(set, &sig) != 0 || (sig != SIGTERM && sig != SIGINT))
		continue;
	return sig;
}

/* Beside the database. Without it requests are not counted, and that is in the log. */
static struct rates *
open_rates(const struct config *c)
{
	struct rates *rates = NULL;
	char path[4160];

	(void)snprintf(path, sizeof path, "%s/rates.db", c->var_dir);
	return rates_open(&rates, path) == OK ? rates : NULL;
}

/* What answers requests in this process. */
struct service {
	const struct config *config;
	int listen_fd;
	struct app base;
	struct fcgi_server *server;
};

static enum err
service_open(struct service *s)
{
	bool check_later = false;
	enum err e = store_damage_at_start(s->config->db_path, false, &check_later);

	if (e == OK)
		e = writer_start(&s->base.writer, s->config->db_path);
	if (e != OK)
		return e;
	if (check_later)
		worker_start_check(s->config);
	writer_watch_room(s->base.writer, s->base.room);
	return OK;
}

static enum err
service_start(struct service *s)
{
	enum err e = fcgi_server_start(&s->server, s->listen_fd, &s->base);

	if (e != OK) {
		writer_stop(s->base.writer);
		s->base.writer = NULL;
	}
	return e;
}

/*
 * The database cannot be opened: requests are told so until it can, or until we are to stop. An
 * operator who mends the file need not know how to restart us. Whoever tells is gone before
 * somebody serves: after the first good answer there is no other.
 */
static enum err
service_wait(struct service *s, enum err trouble, const sigset_t *set, bool *out_stop)
{
	struct app told = { .config = s->config, .trouble = trouble };
	struct timespec pause = { .tv_sec = DB_RETRY_SECONDS };
	struct fcgi_server *server = NULL;
	enum err e = fcgi_server_start(&server, s->listen_fd, &told);

	log_error(
	    "the database cannot be opened: requests are told so path=%s", s->config->db_path);
	*out_stop = e != OK;
	while (!*out_stop && (e = service_open(s)) != OK) {
		int sig = sigtimedwait(set, NULL, &pause);

		*out_stop = sig == SIGTERM || sig == SIGINT;
	}
	fcgi_server_stop(server);
	return *out_stop && server != NULL ? ERR_BUSY : e;
}

int
service_fastcgi(const struct config *c, int listen_fd, int64_t stop_grace_ms, const sigset_t *set)
{
	struct service s = { c, listen_fd,
		{ .config = c, .rates = open_rates(c), .room = disk_room_new(c, true) }, NULL };
	enum err e = service_open(&s);
	bool stop = false;

	if (e == OK)
		e = service_start(&s);
	while (e != OK && !stop)
		if ((e = service_wait(&s, e, set, &stop)) == OK)
			e = service_start(&s);
	if (e == OK) {
		worker_thread_set_up(c, s.base.writer, stop_grace_ms);
		if (strcmp(c->ai_worker, "thread") == 0)
			worker_thread_start();
		log_info(
		    "serving threads=%ld db=%s demo=%d", c->accept_threads, c->db_path, c->is_demo);
		(void)service_wait_for_stop(set);
	}
	fcgi_server_stop(s.server);
	worker_thread_stop();
	writer_stop(s.base.writer);
	rates_close(s.base.rates);
	disk_room_free(s.base.room);
	log_info("stopped");
	return e == OK || e == ERR_BUSY ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
service_cgi(const struct config *c)
{
	struct app a = { .config = c, .rates = open_rates(c), .room = disk_room_new(c, false) };
	bool is_large;
	int status;

	/* large: the worker that it starts has it checked */
	a.trouble = store_damage_at_start(c->db_path, true, &is_large);
	if (a.trouble == OK)
		a.trouble = writer_start(&a.writer, c->db_path);
	if (a.trouble == OK)
		writer_watch_room(a.writer, a.room);
	if (a.trouble == OK)
		a.trouble = store_open(&a.reader, c->db_path, STORE_READ);
	status = cgi_run(&a);
	rates_close(a.rates);
	store_close(a.reader);
	writer_stop(a.writer);
	disk_room_free(a.room);
	return status;
}
