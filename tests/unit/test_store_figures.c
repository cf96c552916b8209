#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_figures.h"
#include "temp_store.h"

#define NOW 1000000

/* A job whose reply ended with status, asked took_ms ago. */
static int64_t
add_reply(
    struct store *s, int64_t chat_no, const char *uid, enum message_status status, int64_t took_ms)
{
	struct message_new m = { .uid = uid,
		.chat_no = chat_no,
		.role = ROLE_ASSISTANT,
		.status = MESSAGE_QUEUED,
		.content = "",
		.seq = 1,
		.now_ms = NOW };
	struct job job;
	int64_t id;

	assert_int_equal(store_message_add(s, &m, &id), OK);
	assert_int_equal(store_job_add(s, &(struct job_new){ .uid = uid,
					      .rid = uid,
					      .chat_no = chat_no,
					      .message_id = id,
					      .now_ms = NOW - took_ms }),
	    OK);
	assert_int_equal(store_job_claim(s, "me", NOW, &job), OK);
	assert_int_equal(job.created_ms, NOW - took_ms);
	assert_int_equal(
	    store_reply_finish(s, &(struct reply_end){ .message_id = id,
				      .seq = 2,
				      .now_ms = NOW,
				      .status = status,
				      .content = "x",
				      .content_len = 1,
				      .error_type = status == MESSAGE_ERROR ? "overloaded" : NULL,
				      .model = "m",
				      .usage = { .prompt = 3, .output = 2, .total = 5 } }),
	    OK);
	assert_int_equal(store_job_finish(s, &job, "me", JOB_DONE, NULL, NOW), OK);
	return job.id;
}

static int64_t
make_chat(struct store *s)
{
	int64_t no;

	assert_int_equal(
	    store_chat_add(
		s, &(struct chat_new){ .id = "c", .title = "", .lang = "en", .now_ms = NOW }, &no),
	    OK);
	return no;
}

struct sums {
	int64_t complete, errors, prompt, in_25, sum, rows;
};

static bool
sum_up(void *arg, const char *family, const char *label, int64_t n, int64_t sum)
{
	struct sums *t = arg;

	t->rows++;
	if (strcmp(family, FIGURE_REPLIES) == 0 && strcmp(label, "complete") == 0)
		t->complete += n;
	if (strcmp(family, FIGURE_ERRORS) == 0)
		t->errors += n;
	if (strcmp(family, FIGURE_TOKENS) == 0 && strcmp(label, "prompt") == 0)
		t->prompt += n;
	if (strcmp(family, FIGURE_TOOK) == 0) {
		t->sum += sum;
		if (strcmp(label, "2.5") == 0)
			t->in_25 += n;
	}
	return true;
}

static void
each_ended_reply_is_one_more_in_its_families(void **state)
{
	struct temp_store t;
	struct sums sums = { 0 };
	int64_t chat;

	(void)state;
	temp_store_open(&t);
	chat = make_chat(t.s);
	assert_int_equal(
	    store_reply_ended(t.s, add_reply(t.s, chat, "a", MESSAGE_COMPLETE, 1000), 5, NOW), OK);
	assert_int_equal(
	    store_reply_ended(t.s, add_reply(t.s, chat, "b", MESSAGE_COMPLETE, 1001), 5, NOW), OK);
	assert_int_equal(
	    store_reply_ended(t.s, add_reply(t.s, chat, "c", MESSAGE_ERROR, 2500), -1, NOW), OK);
	assert_int_equal(store_reply_retried(t.s, "overloaded"), OK);
	assert_int_equal(store_figures(t.s, sum_up, &sums), OK);
	assert_int_equal(sums.complete, 2);
	assert_int_equal(sums.errors, 2);
	assert_int_equal(sums.prompt, 9);
	assert_int_equal(sums.in_25, 2); /* a bound belongs to its bucket: 1000 is in "1" */
	assert_int_equal(sums.sum, 4501);
	temp_store_close(&t);
}

struct seen {
	int count;
	char newest[32], oldest[32];
};

static bool
look(void *arg, const struct reply_ended *r)
{
	struct seen *seen = arg;

	if (seen->count++ == 0)
		(void)snprintf(seen->newest, sizeof seen->newest, "%s", r->rid);
	(void)snprintf(seen->oldest, sizeof seen->oldest, "%s", r->rid);
	return true;
}

static void
the_log_keeps_the_last_ones_and_not_one_more(void **state)
{
	struct temp_store t;
	struct seen seen = { 0 };
	int64_t chat;

	(void)state;
	temp_store_open(&t);
	chat = make_chat(t.s);
	assert_int_equal(store_begin(t.s, STORE_FAST), OK);
	for (int i = 0; i <= LIMIT_REPLIES_LOGGED; i++) {
		char uid[ID_SIZE];

		(void)snprintf(uid, sizeof uid, "r%d", i);
		assert_int_equal(store_reply_ended(t.s,
				     add_reply(t.s, chat, uid, MESSAGE_COMPLETE, 1), 1, NOW + i),
		    OK);
	}
	assert_int_equal(store_commit(t.s), OK);
	assert_int_equal(store_replies_ended(t.s, 0, look, &seen), OK);
	assert_int_equal(seen.count, LIMIT_REPLIES_LOGGED);
	assert_string_equal(seen.newest, "r1000");
	assert_string_equal(seen.oldest, "r1");
	seen = (struct seen){ 0 };
	assert_int_equal(store_replies_ended(t.s, NOW + 999, look, &seen), OK);
	assert_int_equal(seen.count, 2);
	temp_store_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_ended_reply_is_one_more_in_its_families),
		cmocka_unit_test(the_log_keeps_the_last_ones_and_not_one_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
