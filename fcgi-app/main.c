/*
 * fcgi-app - the chat back end. Start and stop order of its modes:
 *
 *   fcgi-app                  FastCGI on fd 0 (started by a web server or supervisor), or plain CGI
 *   fcgi-app --listen PATH    FastCGI on a socket of its own
 *   fcgi-app --worker         only the AI worker
 */
#include <errno.h>
#include <jansson.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "ai_worker.h"
#include "app.h"
#include "app_key.h"
#include "app_options.h"
#include "fcgi_server.h"
#include "log.h"
#include "maintenance.h"
#include "program.h"
#include "service.h"
#include "store_damage.h"
#include "token_command.h"
#include "worker_start.h"
#include "worker_thread.h"

#define LOCK_RETRY_MS 500
#define DRAIN_MS 15000 /* --worker --drain: work may come again soon; --drain alone: no wait */
#define STOP_SECONDS_SERVICE 20 /* AI_STOP_SECONDS unset: a supervisor waits */
#define STOP_SECONDS_SPAWNED 1  /* a web server kills what does not leave */

static int64_t
grace_ms(const struct config *c, long fallback)
{
	return 1000 * (int64_t)(c->ai_stop_seconds >= 0 ? c->ai_stop_seconds : fallback);
}

/* --- signals: blocked everywhere, taken by sigwait in main --- */

static sigset_t
block_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigaddset(&set, SIGPIPE);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	return set;
}

/* --- modes --- */

/* The lock may still be held by a detached worker that finishes: a supervised one waits. */
static enum err
take_worker_lock(const struct config *c, bool waits, const sigset_t *set, int *out_fd)
{
	struct timespec pause = { .tv_nsec = LOCK_RETRY_MS * 1000000L };
	bool told = false;
	enum err e;

	while ((e = worker_lock(c, out_fd)) == ERR_BUSY && waits) {
		int sig = sigtimedwait(set, NULL, &pause);

		if (!told)
			log_info("another worker runs: waiting");
		told = true;
		if (sig == SIGTERM || sig == SIGINT)
			return ERR_BUSY;
	}
	return e;
}

static void *
run_worker_then_term(void *arg)
{
	ai_worker_run(arg);
	(void)kill(getpid(), SIGTERM); /* drained: main waits for a signal */
	return NULL;
}

static int
serve_worker(const struct config *c, const struct app_options *from, const sigset_t *set)
{
	struct ai_worker_options o = {
		.config = c,
		.drain = from->drain,
		.drain_ms = from->worker ? DRAIN_MS : 0,
		.stop_grace_ms =
		    grace_ms(c, from->drain ? STOP_SECONDS_SPAWNED : STOP_SECONDS_SERVICE),
	};
	struct ai_worker *w = NULL;
	struct disk_room *room;
	bool check_later = false;
	int status = EXIT_FAILURE;
	auto_fd lock_fd = -1;
	pthread_t thread;

	if (take_worker_lock(c, !from->drain, set, &lock_fd) != OK)
		return EXIT_SUCCESS; /* somebody else does the work */
	if (store_damage_at_start(c->db_path, false, &check_later) != OK ||
	    writer_start(&o.writer, c->db_path) != OK) {
		log_error("the database cannot be opened path=%s", c->db_path);
		return EXIT_FAILURE;
	}
	if (check_later)
		worker_start_check(c);
	room = disk_room_new(c, true);
	writer_watch_room(o.writer, room);
	if (ai_worker_new(&w, &o) == OK &&
	    pthread_create(&thread, NULL, run_worker_then_term, w) == 0) {
		/* SIGINT comes from a person at a terminal: no long goodbye. */
		ai_worker_stop(w, service_wait_for_stop(set) == SIGINT);
		(void)pthread_join(thread, NULL);
		status = EXIT_SUCCESS;
	}
	ai_worker_free(w);
	writer_stop(o.writer);
	disk_room_free(room);
	return status;
}

/* A web server that is killed must not leave us behind with its socket (reference: fastcgi 2). */
static void
die_with_parent(void)
{
	if (getppid() != 1)
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static enum err
make_var_dir(const struct config *c)
{
	(void)umask(0007);
	if (mkdir(c->var_dir, 02750) == 0) /* which leaves the set-group-id bit out */
		return chmod(c->var_dir, 02750) == 0 ? OK : ERR_IO;
	if (errno == EEXIST)
		return OK;
	log_errno("VAR_DIR cannot be made path=%s", c->var_dir);
	return ERR_IO;
}

/* What is done and over. False: it is none of these. */
static bool
run_command(const struct config *c, const struct app_options *o, int *out_status)
{
	*out_status = EXIT_FAILURE;
	if (o->is_demo)
		*out_status = c->is_demo ? EXIT_SUCCESS : EXIT_FAILURE;
	else if (o->token_create != NULL && make_var_dir(c) == OK)
		*out_status = token_create(c, o->token_create, o->days);
	else if (o->token_revoke != NULL && make_var_dir(c) == OK)
		*out_status = token_revoke(c, o->token_revoke);
	else if (o->token_list && make_var_dir(c) == OK)
		*out_status = token_list(c);
	else if (o->migrate && make_var_dir(c) == OK)
		*out_status = maintenance_migrate(c);
	else if (o->backup != NULL)
		*out_status = maintenance_backup(c, o->backup);
	else if (o->check_database)
		*out_status = maintenance_check(c, o->detach);
	else if (o->stats)
		*out_status = maintenance_stats(c);
	else if (o->import != NULL)
		*out_status = maintenance_import(c, o->import, o->owner);
	return o->is_demo || o->token_create != NULL || o->token_revoke != NULL || o->token_list ||
	       o->migrate || o->backup != NULL || o->stats || o->check_database ||
	       o->import != NULL;
}

/* The memory of this process holds the keys: it is not to land on the disk. */
static void
forbid_core(const struct config *c)
{
	struct rlimit none = { 0, 0 };

	if (c->is_production && setrlimit(RLIMIT_CORE, &none) != 0)
		log_errno("core dumps cannot be forbidden");
}

/* A reply is a connection to the provider, and perhaps one to ask for its name; a thread has files.
 */
static void
want_descriptors(const struct config *c)
{
	(void)program_set_descriptors(
	    2 * (size_t)c->ai_max_replies + 4 * (size_t)c->accept_threads + LIMIT_FD_RESERVE);
}

/* What large bodies took goes back to the system, and does not stay with the thread that had it. */
static void
return_memory(void)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): before threads start */
	(void)mallopt(M_MMAP_THRESHOLD, 512 * 1024);
}

static int
run_mode(struct config *c, const struct app_options *o)
{
	sigset_t set = block_signals();
	int status = EXIT_FAILURE, fd = -1;

	if (make_var_dir(c) != OK)
		return status;
	forbid_core(c);
	want_descriptors(c);
	return_memory();
	if (o->listen != NULL && fcgi_listen(o->listen, &fd) != OK)
		return status;
	json_object_seed(0);
	if (app_key_ensure(c) != OK)
		return status;
	if (o->worker || o->drain) {
		status = serve_worker(c, o, &set);
	} else if (o->listen != NULL) {
		status = service_fastcgi(c, fd, grace_ms(c, STOP_SECONDS_SPAWNED), &set);
		(void)unlink(o->listen);
	} else if (fcgi_is_spawned()) {
		die_with_parent();
		status = service_fastcgi(c, STDIN_FILENO, grace_ms(c, STOP_SECONDS_SPAWNED), &set);
	} else {
		status = service_cgi(c);
	}
	close_fd(&fd);
	return status;
}

/* The starter waits for us: one more fork, and the worker is nobody's child. */
static void
detach(void)
{
	pid_t pid = fork();

	if (pid != 0)
		_exit(pid > 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static int
check_config(const struct config *c, enum err e)
{
	config_print_problems(stdout, c);
	(void)printf("%s: settings from %s, %s, %s\n", e == OK ? "ok" : "not usable",
	    c->env_file != NULL ? c->env_file : "the environment and defaults",
	    c->is_production ? "production" : "local",
	    c->is_demo ? "demo (no AI_API_KEY)" : "with an AI_API_KEY");
	return e == OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Started by a person, not by a web server: nothing to answer. */
static bool
nobody_asks(void)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): before threads start */
	return !fcgi_is_spawned() && getenv("REQUEST_METHOD") == NULL;
}

int
main(int argc, char **argv)
{
	struct app_options o;
	struct config c;
	char self[4096];
	int status = EXIT_FAILURE;
	enum err e;

	argc = app_options_own(argc, argv);
	if (argc < 0) {
		(void)fputs("Status: 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n", stdout);
		return EXIT_SUCCESS;
	}
	if (!app_options_parse(argc, argv, &o) || (argc == 1 && nobody_asks())) {
		(void)fputs(app_options_usage, stderr);
		return 2;
	}
	if (o.version)
		(void)puts("fcgi-app " CHARLA_VERSION);
	if (o.help)
		(void)fputs(app_options_usage, stdout);
	if (o.print_env)
		config_print_example(stdout);
	if (o.print_routes)
		routes_print(stdout);
	if (o.version || o.help || o.print_env || o.print_routes)
		return EXIT_SUCCESS;
	if (o.detach)
		detach();
	e = config_load(&c, CONFIG_APP, o.env, program_path(self, sizeof self));
	log_init(o.worker || o.drain ? "fcgi-app-worker" : "fcgi-app", (enum log_level)c.log_level);
	if (o.check) {
		status = check_config(&c, e);
	} else if (e != OK) {
		config_print_problems(stderr, &c);
	} else if (!run_command(&c, &o, &status)) {
		config_print_problems(stderr, &c);
		status = run_mode(&c, &o);
	}
	config_free(&c);
	return status;
}
