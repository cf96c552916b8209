/*
 * Search over a million messages, and a page of a chat of ten thousand, through the handlers (no
 * web server) on a database that is built for it.
 *
 *   bench_read [messages]     one line a question: median, p99 and slowest of RUNS
 *
 * Exits 1 when a search takes more than 50 ms or a page more than 10 ms at the median.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "../unit/temp_store.h"
#include "app.h"
#include "clock.h"
#include "ids.h"
#include "log.h"
#include "store_search.h"
#include "store_tree.h"

#define RUNS 100
#define MESSAGES 1000000L
#define CHATS 1000
#define LONG_CHAT 10000
#define WORDS 30 /* a message */
#define VOCABULARY 50000
#define SEARCH_MS 50
#define PAGE_MS 10

static uint64_t seed = 88172645463325252ULL;

static uint64_t
next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Few words are common and most are rare, as in any language: rank is about 1/x of a uniform x. */
static int
next_rank(void)
{
	double u = (double)(next_random() >> 11) / 9007199254740992.0;
	double rank = 1 / (u + 1.0 / VOCABULARY);

	return (int)rank < VOCABULARY ? (int)rank : VOCABULARY - 1;
}

static void
make_text(char *out, size_t size)
{
	size_t n = 0;

	for (int i = 0; i < WORDS && n < size; i++)
		n += (size_t)snprintf(
		    out + n, size - n, "%spalabra%d", i > 0 ? " " : "", next_rank());
}

/* --- the database --- */

static void
must(enum err e)
{
	if (e != OK)
		abort();
}

static int64_t
add_chat(struct store *s, int i)
{
	char id[40], title[40];
	struct chat_new c = { .id = id, .title = title, .lang = "es", .now_ms = 1 + i };
	int64_t no;

	(void)snprintf(id, sizeof id, i == 0 ? "long" : "chat-%d", i);
	(void)snprintf(title, sizeof title, "Chat %d", i);
	/* the first hundred are one person's, private; the others are open */
	c.is_private = i > 0 && i <= 100;
	c.owner_id = c.is_private ? "j:ana" : NULL;
	must(store_chat_add(s, &c, &no));
	return no;
}

static int64_t
add_message(struct store *s, int64_t chat_no, int64_t parent, int64_t seq)
{
	char uid[ID_SIZE], text[WORDS * 16];
	struct message_new m = { .uid = uid,
		.chat_no = chat_no,
		.parent_id = parent,
		.role = seq % 2 ? ROLE_USER : ROLE_ASSISTANT,
		.status = MESSAGE_COMPLETE,
		.content = text,
		.seq = seq,
		.now_ms = seq };
	int64_t id;

	id_random(uid);
	make_text(text, sizeof text);
	m.content_len = strlen(text);
	must(store_message_add(s, &m, &id));
	return id;
}

static void
build(struct store *s, long messages)
{
	static int64_t nos[CHATS], heads[CHATS], seqs[CHATS];
	int64_t start = clock_mono_ms(), last;
	bool more = true;

	must(store_begin(s, STORE_FAST));
	for (int i = 0; i < CHATS; i++)
		nos[i] = add_chat(s, i);
	for (long i = 0; i < messages; i++) {
		int at = i < LONG_CHAT ? 0 : 1 + (int)(next_random() % (CHATS - 1));

		heads[at] = add_message(s, nos[at], heads[at], ++seqs[at]);
		if (i % 20000 == 19999) {
			must(store_commit(s));
			must(store_begin(s, STORE_FAST));
		}
	}
	for (int i = 0; i < CHATS; i++) {
		if (seqs[i] == 0)
			continue;
		must(store_chat_seq(s, nos[i], seqs[i], seqs[i], &last));
		must(store_chat_set_head(s, nos[i], heads[i]));
	}
	for (int round = 1; more; round++) {
		must(store_index_some(s, 1 << 20, &more));
		if (round % 500 == 0) {
			must(store_commit(s));
			must(store_begin(s, STORE_FAST));
		}
	}
	must(store_commit(s));
	(void)printf(
	    "built %ld messages in %.1f s\n", messages, (double)(clock_mono_ms() - start) / 1000);
}

/* --- the questions --- */

static double
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct question {
	const char *what, *path, *query;
	const char *remote_user; /* NULL: a stranger, who sees the open chats in local mode */
	double limit_ms;
};

/* False when it is too slow. */
static bool
ask(struct app *a, const struct question *qu)
{
	double times[RUNS];
	size_t bytes = 0;

	for (int i = 0; i < RUNS; i++) {
		struct http_request q = { .method = HTTP_GET,
			.path = qu->path,
			.query = qu->query,
			.body = "",
			.remote_addr = "127.0.0.1",
			.rid = "bench" };
		struct http_response r = HTTP_RESPONSE_INIT;
		double start = now_ms();

		q.header[HTTP_REMOTE_USER] = qu->remote_user;
		routes_run(a, &q, &r);
		times[i] = now_ms() - start;
		bytes = r.body.len;
		if (r.status != 200) {
			(void)printf("%s: status %d %s\n", qu->what, r.status, r.body.data);
			return false;
		}
		http_response_free(&r);
	}
	qsort(times, RUNS, sizeof *times, by_size);
	(void)printf("%-46s %8.2f ms %8.2f ms %8.2f ms %8zu bytes\n", qu->what, times[RUNS / 2],
	    times[RUNS * 99 / 100], times[RUNS - 1], bytes);
	return times[RUNS / 2] <= qu->limit_ms;
}

static const struct question questions[] = {
	{ "search: the most common word", "/api/search", "q=palabra1", NULL, SEARCH_MS },
	{ "search: a common word", "/api/search", "q=palabra10", NULL, SEARCH_MS },
	{ "search: a rare word", "/api/search", "q=palabra2000", NULL, SEARCH_MS },
	{ "search: no such word", "/api/search", "q=nothing", NULL, SEARCH_MS },
	{ "search: three common words", "/api/search", "q=palabra1+palabra2+palabra3", NULL,
	    SEARCH_MS },
	{ "search: common and rare", "/api/search", "q=palabra1+palabra2000", NULL, SEARCH_MS },
	{ "search: a phrase of common words", "/api/search", "q=%22palabra1+palabra2%22", NULL,
	    SEARCH_MS },
	{ "search: the beginning of a word", "/api/search", "q=palabra314*", NULL, SEARCH_MS },
	{ "search: common, in 100 chats of one person", "/api/search", "q=palabra1", "ana",
	    SEARCH_MS },
	{ "search: rare, in 100 chats of one person", "/api/search", "q=palabra2000", "ana",
	    SEARCH_MS },
	{ "search: common, in one chat", "/api/search", "q=palabra1&chat=long", NULL, SEARCH_MS },
	{ "history: first page of 10,000 messages", "/api/chats/long/history", "after=0", NULL,
	    PAGE_MS },
	{ "history: a page in the middle", "/api/chats/long/history", "after=5000", NULL, PAGE_MS },
	{ "history: nothing new", "/api/chats/long/history", "after=10000", NULL, PAGE_MS },
	{ "messages: the newest of 10,000", "/api/chats/long/messages", "", NULL, PAGE_MS },
	{ "chats: the newest", "/api/chats", "", NULL, PAGE_MS },
	{ "chats: of one person", "/api/chats", "", "ana", PAGE_MS },
};

static bool
note_uid(void *arg, const struct message *m)
{
	(void)snprintf(arg, ID_SIZE, "%s", m->uid);
	return false;
}

/* A page above, and one below, the message in the middle of the long chat. */
static bool
ask_in_the_middle(struct app *a)
{
	static const char *const sides[] = { "before", "after" };
	char uid[ID_SIZE] = "", query[60], what[60];
	auto_chat c = { 0 };
	bool ok = true;

	must(store_chat_find(a->reader, "long", &c));
	must(store_messages_changed(a->reader, c.no, LONG_CHAT / 2, 1, note_uid, uid));
	for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
		struct question qu = { .what = what,
			.path = "/api/chats/long/messages",
			.query = query,
			.limit_ms = PAGE_MS };

		(void)snprintf(query, sizeof query, "%s=%s", sides[i], uid);
		(void)snprintf(what, sizeof what, "messages: %s the one in the middle", sides[i]);
		ok &= ask(a, &qu);
	}
	return ok;
}

int
main(int argc, char **argv)
{
	long messages = argc > 1 ? strtol(argv[1], NULL, 10) : MESSAGES;
	struct temp_store t;
	struct config c = { 0 };
	struct app a = { .config = &c };
	struct stat st = { 0 };
	bool ok = true;

	log_init("bench", LOG_ERROR);
	temp_store_open(&t);
	build(t.s, messages);
	if (config_load(&c, CONFIG_APP, "/dev/null", NULL) != OK)
		config_print_problems(stderr, &c);
	c.db_path = t.path;
	c.trust_remote_user = true;
	c.allow_open_chats = true;
	c.is_production = false;
	c.ai_worker = (char[]){ "external" };
	must(store_open(&a.reader, t.path, STORE_READ));
	(void)stat(t.path, &st);
	(void)printf("database of %lld MiB\n%-46s %11s %11s %11s\n",
	    (long long)st.st_size / 1048576, "", "median", "p99", "slowest");
	for (size_t i = 0; i < ARRAY_LEN(questions); i++)
		ok &= ask(&a, &questions[i]);
	ok &= ask_in_the_middle(&a);
	store_close(a.reader);
	temp_store_close(&t);
	(void)puts(ok ? "within the limits" : "TOO SLOW");
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
