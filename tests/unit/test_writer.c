/* Threads that write at once: everybody's part is there, and one who fails undoes only his own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "temp_store.h"
#include "writer.h"

#define THREADS 16
#define ROUNDS 25

struct caller {
	struct writer *writer;
	int number, refused;
	pthread_t thread;
};

struct part {
	char id[32];
	bool fails;
};

static enum err
add_chat(struct store *s, void *arg)
{
	struct part *p = arg;
	struct chat_new c = { .id = p->id, .title = "", .lang = "es", .now_ms = 1 };
	int64_t no;
	enum err e = store_chat_add(s, &c, &no);

	return p->fails ? ERR_INVALID : e;
}

static void *
write_many(void *arg)
{
	struct caller *c = arg;

	for (int i = 0; i < ROUNDS; i++) {
		struct part p = { .fails = i % 5 == 4 };
		enum err e;

		(void)snprintf(p.id, sizeof p.id, "%d-%d", c->number, i);
		e = writer_submit(c->writer, i % 2 == 0 ? STORE_DURABLE : STORE_FAST, add_chat, &p);
		c->refused += e == ERR_INVALID;
	}
	return NULL;
}

static void
a_failing_caller_undoes_only_his_own_part(void **state)
{
	struct temp_store t;
	struct caller callers[THREADS] = { 0 };
	struct writer *w;

	(void)state;
	temp_store_open(&t);
	assert_int_equal(writer_start(&w, t.path), OK);
	for (int i = 0; i < THREADS; i++) {
		callers[i].writer = w;
		callers[i].number = i;
		assert_int_equal(
		    pthread_create(&callers[i].thread, NULL, write_many, &callers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		(void)pthread_join(callers[i].thread, NULL);
	writer_stop(w);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(callers[i].refused, ROUNDS / 5);
		for (int k = 0; k < ROUNDS; k++) {
			auto_chat c = { 0 };
			char id[32];

			(void)snprintf(id, sizeof id, "%d-%d", i, k);
			assert_int_equal(
			    store_chat_find(t.s, id, &c), k % 5 == 4 ? ERR_NOT_FOUND : OK);
		}
	}
	temp_store_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failing_caller_undoes_only_his_own_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
