/*
 * Accepted messages a second through the handler alone (no web server, no FastCGI), at 1, 8 and 64
 * clients, beside the floor in the same run: one bare SQLite commit each, synchronous=FULL.
 *
 *   bench_accept [posts]      prints one line a number of clients: median of ROUNDS runs
 */
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>

#include "../unit/temp_store.h"
#include "app.h"
#include "clock.h"
#include "log.h"

#define ROUNDS 5
#define CLIENTS_MAX 64

struct load {
	struct app app;
	atomic_int *left, *next_chat;
	int refused;
};

static double
now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
cpu_s(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *list)
{
	qsort(list, ROUNDS, sizeof *list, by_size);
	return list[ROUNDS / 2];
}

/* --- the floor --- */

static double
bare_commits(const char *path, int count)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *insert = NULL;
	double start;

	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db,
		"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
		"CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, body TEXT)",
		NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(
		db, "INSERT INTO t(body) VALUES(zeroblob(400))", -1, &insert, NULL) != SQLITE_OK)
		abort();
	start = now_s();
	for (int i = 0; i < count; i++)
		if (sqlite3_step(insert) != SQLITE_DONE || sqlite3_reset(insert) != SQLITE_OK)
			abort();
	start = now_s() - start;
	(void)sqlite3_finalize(insert);
	(void)sqlite3_close(db);
	return count / start;
}

/* --- the handler --- */

static void
post(struct load *l, int chat)
{
	char body[200];
	struct http_request q = {
		.method = HTTP_POST,
		.path = "/api/send-message",
		.query = "",
		.header = { [HTTP_CONTENT_TYPE] = "application/json" },
		.body = body,
		.remote_addr = "127.0.0.1",
		.rid = "bench",
	};
	struct http_response r = HTTP_RESPONSE_INIT;

	q.body_len = (size_t)snprintf(body, sizeof body,
	    "{\"chatId\":\"b%d\",\"messages\":[{\"role\":\"user\",\"content\":\"How fast is "
	    "it?\"}]}",
	    chat);
	routes_run(&l->app, &q, &r);
	l->refused += r.status != 202;
	http_response_free(&r);
}

static void *
client(void *arg)
{
	struct load *l = arg;

	while (atomic_fetch_sub(l->left, 1) > 0)
		post(l, atomic_fetch_add(l->next_chat, 1));
	return NULL;
}

static double
accepted(struct writer *w, const struct config *c, size_t clients, int posts, double *out_cpu_us)
{
	static atomic_int next_chat;
	struct load loads[CLIENTS_MAX];
	pthread_t threads[CLIENTS_MAX];
	atomic_int left = posts;
	double start, cpu;
	int refused = 0;

	for (size_t i = 0; i < clients; i++) {
		loads[i] = (struct load){ { .config = c, .writer = w }, &left, &next_chat, 0 };
		if (store_open(&loads[i].app.reader, c->db_path, STORE_READ) != OK)
			abort();
	}
	start = now_s();
	cpu = cpu_s();
	for (size_t i = 0; i < clients; i++)
		if (pthread_create(&threads[i], NULL, client, &loads[i]) != 0)
			abort();
	for (size_t i = 0; i < clients; i++)
		(void)pthread_join(threads[i], NULL);
	start = now_s() - start;
	*out_cpu_us = (cpu_s() - cpu) / posts * 1e6;
	for (size_t i = 0; i < clients; i++) {
		refused += loads[i].refused;
		store_close(loads[i].app.reader);
	}
	if (refused > 0) {
		(void)fprintf(stderr, "%d of %d refused\n", refused, posts);
		exit(EXIT_FAILURE); /* NOLINT(concurrency-mt-unsafe): no other thread is left */
	}
	return posts / start;
}

int
main(int argc, char **argv)
{
	static const size_t clients[] = { 1, 8, 64 };
	int posts = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 1000;
	char dir[] = "/tmp/charla-bench-XXXXXX", floor_path[64];
	struct writer *w = NULL;
	struct config c;

	/* NOLINTBEGIN(concurrency-mt-unsafe): before threads start */
	if (mkdtemp(dir) == NULL || setenv("VAR_DIR", dir, 1) != 0 ||
	    setenv("AI_WORKER", "external", 1) != 0 || setenv("RATE_LIMIT_PER_MINUTE", "0", 1) != 0)
		abort();
	/* NOLINTEND(concurrency-mt-unsafe) */
	log_init("bench", LOG_ERROR);
	json_object_seed(0);
	if (config_load(&c, CONFIG_APP, "/dev/null", NULL) != OK) {
		config_print_problems(stderr, &c);
		return EXIT_FAILURE;
	}
	if (writer_start(&w, c.db_path) != OK)
		abort();
	(void)snprintf(floor_path, sizeof floor_path, "%s/floor.db", dir);
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		double floors[ROUNDS], rates[ROUNDS], cpus[ROUNDS], floor, rate;

		for (size_t n = 0; n < ROUNDS; n++) {
			floors[n] = bare_commits(floor_path, posts / 2);
			rates[n] = accepted(w, &c, clients[i], posts, &cpus[n]);
		}
		floor = median(floors);
		rate = median(rates);
		(void)printf(
		    "%2zu clients: %6.0f accepted a second, %4.0f us CPU each; bare commits "
		    "%6.0f a second: %.2f times the floor\n",
		    clients[i], rate, median(cpus), floor, rate / floor);
	}
	writer_stop(w);
	config_free(&c);
	return EXIT_SUCCESS;
}
