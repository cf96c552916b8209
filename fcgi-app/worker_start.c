#include "worker_start.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "clock.h"
#include "limit.h"
#include "log.h"
#include "program.h"

#define MODES 2             /* options that say what a detached process does */
#define START_PAUSE_MS 1000 /* between two tries of this process */

void (*worker_start_thread)(void);

static int
open_lock(const struct config *c)
{
	char path[4096];

	(void)snprintf(path, sizeof path, "%s/worker.lock", c->var_dir);
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
}

enum err
worker_lock(const struct config *c, int *out_fd)
{
	int fd = open_lock(c);

	if (fd < 0) {
		log_errno("worker.lock cannot be opened dir=%s", c->var_dir);
		return ERR_IO;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		(void)close(fd);
		return ERR_BUSY;
	}
	*out_fd = fd;
	return OK;
}

bool
worker_is_running(const struct config *c)
{
	auto_fd fd = open_lock(c);

	/* A shared lock, so that two who look do not see each other. */
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0;
}

/* Plain CGI: a FastCGI program has this in its requests, not in its environment. */
static bool
is_cgi(void)
{
	return getenv("GATEWAY_INTERFACE") != NULL; /* NOLINT(concurrency-mt-unsafe) */
}

/* $VAR_DIR/worker.log, from the beginning again when it has become too long. */
static int
open_log(const struct config *c)
{
	char path[4096];
	struct stat st;
	int fd;

	(void)snprintf(path, sizeof path, "%s/worker.log", c->var_dir);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > (off_t)LIMIT_WORKER_LOG_BYTES &&
	    ftruncate(fd, 0) != 0)
		log_errno("worker.log cannot be shortened path=%s", path);
	return fd;
}

/*
 * The web server waits for the end of file on the sockets that it gave us, and Apache's mod_cgi on
 * stderr, too.
 */
static void
set_files(posix_spawn_file_actions_t *files, int log_fd)
{
	(void)posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_addopen(files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (log_fd >= 0)
		(void)posix_spawn_file_actions_adddup2(files, log_fd, STDERR_FILENO);
	else if (is_cgi())
		(void)posix_spawn_file_actions_addopen(
		    files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	(void)posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
}

/* A request's headers, and what says that there is one. */
static bool
is_of_request(const char *variable)
{
	return memmem(variable, strcspn(variable, "="), "HTTP_", 5) != NULL ||
	       strncmp(variable, "REQUEST_METHOD=", 15) == 0 ||
	       strncmp(variable, "QUERY_STRING=", 13) == 0;
}

/* Ours without a request's: cookies and Authorization are nothing for a worker. The caller frees
 * the array; the strings stay environ's. */
static char **
worker_environment(void)
{
	size_t count = 0, kept = 0;
	char **env;

	while (environ[count] != NULL)
		count++;
	env = xcalloc(count + 1, sizeof *env);
	for (size_t i = 0; i < count; i++)
		if (!is_of_request(environ[i]))
			env[kept++] = environ[i];
	return env;
}

/* "fcgi-app MODES --detach" in a session of its own; it forks once more by itself. */
static bool
start_detached(const struct config *c, char *modes[MODES])
{
	/* argv wants them writable */
	static char detach[] = "--detach", env_option[] = "--env";
	char self[4096];
	char *argv[MODES + 5] = { self, detach };
	size_t argc = 2;
	auto_fd log_fd = is_cgi() ? open_log(c) : -1;
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none;
	char **env;
	pid_t pid;
	int rc;

	if (program_path(self, sizeof self) == NULL)
		return false;
	for (size_t i = 0; i < MODES && modes[i] != NULL; i++)
		argv[argc++] = modes[i];
	if (c->env_file != NULL) {
		argv[argc++] = env_option;
		argv[argc] = c->env_file;
	}
	(void)sigemptyset(&none);
	(void)posix_spawnattr_init(&attributes);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	(void)posix_spawn_file_actions_init(&files);
	set_files(&files, log_fd);
	env = worker_environment();
	rc = posix_spawn(&pid, self, &files, &attributes, argv, env);
	free(env);
	(void)posix_spawn_file_actions_destroy(&files);
	(void)posix_spawnattr_destroy(&attributes);
	if (rc != 0) {
		log_warn("a process cannot be started mode=%s error=%d", modes[0], rc);
		return false;
	}
	/* The child leaves at once, its own child does the work. */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	return true;
}

static bool
start_worker(const struct config *c)
{
	static char worker[] = "--worker", drain[] = "--drain";
	char *modes[MODES] = { worker, drain };
	bool is_started = start_detached(c, modes);

	if (is_started)
		log_info("worker started mode=detached");
	return is_started;
}

void
worker_start_check(const struct config *c)
{
	static char check[] = "--check-database";
	char *modes[MODES] = { check };

	if (start_detached(c, modes))
		log_info("the database is checked for damage path=%s", c->db_path);
}

/* True at most once a START_PAUSE_MS in this process. */
static bool
may_start(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static int64_t next_ms; /* {lock} */
	int64_t now_ms = clock_mono_ms();
	bool may;

	(void)pthread_mutex_lock(&lock);
	may = now_ms >= next_ms;
	if (may)
		next_ms = now_ms + START_PAUSE_MS;
	(void)pthread_mutex_unlock(&lock);
	return may;
}

void
worker_ensure(struct app *a)
{
	const char *mode = a->config->ai_worker;
	int64_t next_ms;

	if (strcmp(mode, "external") == 0 || store_jobs_next(a->reader, &next_ms) != OK ||
	    worker_is_running(a->config) || !may_start())
		return;
	if (strcmp(mode, "thread") != 0 && start_worker(a->config))
		return;
	if (strcmp(mode, "detached") != 0 && worker_start_thread != NULL)
		worker_start_thread();
}
