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

enum failing { LATE, FIRST }; /* with something written; before it */

struct caller {
	struct writer *writer;
	enum failing failing;
	bool is_sure; /* by writer_submit_sure */
	int number;
	enum err results[ROUNDS];
	pthread_t thread;
};

struct part {
	char id[32];
	bool fails;
	enum failing failing;
};

static bool
is_to_fail(int round)
{
	return round % 5 == 4;
}

static enum err
add_chat(struct store *s, void *arg)
{
	struct part *p = arg;
	struct chat_new c = { .id = p->id, .title = "", .lang = "es", .now_ms = 1 };
	int64_t no;
	enum err e;

	if (p->fails && p->failing == FIRST)
		return ERR_INVALID;
	e = store_chat_add(s, &c, &no);
	return p->fails ? ERR_INVALID : e;
}

static void *
write_many(void *arg)
{
	struct caller *c = arg;

	for (int i = 0; i < ROUNDS; i++) {
		struct part p = { .fails = is_to_fail(i), .failing = c->failing };
		enum store_durability d = i % 2 == 0 ? STORE_DURABLE : STORE_FAST;

		(void)snprintf(p.id, sizeof p.id, "%d-%d", c->number, i);
		c->results[i] = c->is_sure ? writer_submit_sure(c->writer, d, add_chat, &p)
					   : writer_submit(c->writer, d, add_chat, &p);
	}
	return NULL;
}

/* All at once; what each was told, and whether his chat is there, is looked at by check. */
static void
run_all(
    bool is_sure, enum failing failing, void (*check)(int round, enum err result, bool is_there))
{
	struct temp_store t;
	struct caller callers[THREADS];
	struct writer *w;

	temp_store_open(&t);
	assert_int_equal(writer_start(&w, t.path), OK);
	for (int i = 0; i < THREADS; i++) {
		callers[i] = (struct caller){
			.writer = w, .failing = failing, .is_sure = is_sure, .number = i
		};
		assert_int_equal(
		    pthread_create(&callers[i].thread, NULL, write_many, &callers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		(void)pthread_join(callers[i].thread, NULL);
	writer_stop(w);
	for (int i = 0; i < THREADS; i++)
		for (int k = 0; k < ROUNDS; k++) {
			auto_chat c = { 0 };
			char id[32];

			(void)snprintf(id, sizeof id, "%d-%d", i, k);
			check(k, callers[i].results[k], store_chat_find(t.s, id, &c) == OK);
		}
	temp_store_close(&t);
}

static void
check_own_part(int round, enum err result, bool is_there)
{
	assert_int_equal(result, is_to_fail(round) ? ERR_INVALID : OK);
	assert_int_equal(is_there, !is_to_fail(round));
}

static void
check_told_truly(int round, enum err result, bool is_there)
{
	assert_true(!is_to_fail(round) || result == ERR_INVALID);
	assert_int_equal(is_there, result == OK);
}

static void
a_failing_caller_undoes_only_his_own_part(void **state)
{
	(void)state;
	run_all(false, LATE, check_own_part);
	run_all(false, FIRST, check_own_part);
}

static void
who_looks_first_and_refuses_disturbs_nobody(void **state)
{
	(void)state;
	run_all(true, FIRST, check_own_part);
}

/* It should not; then nobody is told that his part is stored when it is not. */
static void
who_writes_and_then_fails_takes_the_batch_along(void **state)
{
	(void)state;
	run_all(true, LATE, check_told_truly);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failing_caller_undoes_only_his_own_part),
		cmocka_unit_test(who_looks_first_and_refuses_disturbs_nobody),
		cmocka_unit_test(who_writes_and_then_fails_takes_the_batch_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
