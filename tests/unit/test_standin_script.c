/* gemini-standin: one reply as bytes, whole and broken; our own reader of Gemini reads it back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "../gemini-standin/reply_text.h"
#include "../gemini-standin/script.h"
#include "gemini.h"
#include "sse.h"
#include "utf8.h"

#define ALL_MAX (1UL << 20)
#define STEPS_MAX 20000

struct run {
	struct buf bytes;
	size_t steps;
	enum script_step last;
	bool is_broken, needs_chunks;
};

static void
run_script(struct run *r, enum script_form form, const char *directives)
{
	struct prompt p = { .text = xstrdup("hola"), .text_len = 4, .tokens = 1, .user_turns = 1 };
	auto_buf frame = BUF_INIT(SCRIPT_FRAME_MAX);
	struct directives d;
	struct script s;
	char why[DIRECTIVES_WHY];

	*r = (struct run){ .bytes = BUF_INIT(ALL_MAX) };
	directives_init(&d);
	assert_int_equal(directives_parse(&d, directives, strlen(directives), why), OK);
	script_init(&s, form, &d, "gemini-3.8-flash", &p);
	r->is_broken = script_is_broken(&s);
	r->needs_chunks = script_needs_chunks(&s);
	do {
		buf_clear(&frame);
		r->last = script_next(&s, &frame);
		if (frame.len > 0)
			assert_int_equal(buf_add(&r->bytes, frame.data, frame.len), OK);
		assert_true(++r->steps < STEPS_MAX);
	} while (r->last == SCRIPT_FRAME);
	script_free(&s);
	free(p.text);
}

/* --- read by the product's own modules --- */

struct reader {
	struct buf text;
	struct ai_answer answer;
	size_t events;
};

static enum err
on_event(void *arg, const char *data, size_t n)
{
	struct reader *r = arg;

	r->events++;
	return gemini_provider.on_event(data, n, &r->text, &r->answer);
}

static void
read_stream(struct reader *r, const struct buf *bytes)
{
	struct sse sse;

	*r = (struct reader){ .text = BUF_INIT(ALL_MAX) };
	sse_init(&sse, ALL_MAX, 4096);
	assert_int_equal(sse_feed(&sse, bytes->data, bytes->len, on_event, r), OK);
	assert_int_equal(sse_finish(&sse, on_event, r), OK);
	sse_free(&sse);
}

static void
every_shape_of_a_stream_gives_the_text(void **state)
{
	static const char *const shapes[] = { "bytes=900,seed=7", "bytes=900,seed=7,frames=3",
		"bytes=900,seed=7,frames=2000", "bytes=900,seed=7,chunk=1",
		"bytes=900,seed=7,thoughts", "bytes=900,seed=7,no_last_empty",
		"bytes=900,seed=7,finish_everywhere", "bytes=900,seed=7,lf",
		"bytes=900,seed=7,comments", "bytes=900,seed=7,ascii",
		"bytes=900,seed=7,lf,comments,ascii,chunk=5" };
	auto_buf expected = BUF_INIT(1024);

	(void)state;
	assert_int_equal(reply_text_synthetic(&expected, 900, 7), OK);
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
		struct run run;
		struct reader r;

		run_script(&run, SCRIPT_SSE, shapes[i]);
		assert_int_equal(run.last, SCRIPT_END);
		assert_false(run.is_broken);
		assert_true(run.needs_chunks);
		read_stream(&r, &run.bytes);
		assert_int_equal(r.text.len, 900);
		assert_memory_equal(r.text.data, expected.data, 900);
		assert_int_equal(r.answer.failure.kind, AI_FAIL_NONE);
		buf_free(&r.text);
		buf_free(&run.bytes);
	}
}

static void
the_number_of_frames_is_as_asked(void **state)
{
	struct run run;
	struct reader r;

	(void)state;
	run_script(&run, SCRIPT_SSE, "bytes=1000,frames=10");
	read_stream(&r, &run.bytes);
	assert_int_equal(r.events, 11); /* and the empty last one */
	buf_free(&r.text);
	buf_free(&run.bytes);
}

static void
ascii_frames_are_ascii(void **state)
{
	struct run run;

	(void)state;
	run_script(&run, SCRIPT_SSE, "bytes=5000,ascii");
	for (size_t i = 0; i < run.bytes.len; i++)
		assert_true((unsigned char)run.bytes.data[i] < 0x80);
	buf_free(&run.bytes);
}

static void
each_break_ends_as_it_says(void **state)
{
	static const struct {
		const char *directives;
		enum script_step last;
	} cases[] = {
		{ "bytes=500,chunk=50,reset_after=2", SCRIPT_RESET },
		{ "bytes=500,chunk=50,drop_after=2", SCRIPT_DROP },
		{ "bytes=500,chunk=50,cut_after=2", SCRIPT_END },
		{ "bytes=500,chunk=50,stall_after=2", SCRIPT_STALL },
		{ "bytes=500,chunk=50,error_after=2", SCRIPT_END },
		{ "bytes=500,chunk=50,bare_error_after=2", SCRIPT_END },
		{ "bytes=500,reset_after=0", SCRIPT_RESET },
		{ "bytes=10,chunk=50,drop_after=99",
		    SCRIPT_DROP }, /* after all of it at the latest */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct run run;

		run_script(&run, SCRIPT_SSE, cases[i].directives);
		assert_int_equal(run.last, cases[i].last);
		assert_true(run.is_broken);
		assert_true(run.bytes.len == 0 ||
			    memmem(run.bytes.data, run.bytes.len, "finishReason", 12) == NULL);
		buf_free(&run.bytes);
	}
}

static void
an_error_in_the_middle_is_read_as_one(void **state)
{
	struct run run;
	struct reader r;

	(void)state;
	run_script(&run, SCRIPT_SSE, "bytes=500,chunk=50,error_after=2,code=503");
	read_stream(&r, &run.bytes);
	assert_true(r.text.len >= 90 && r.text.len <= 110);
	assert_int_equal(r.answer.failure.kind, AI_FAIL_OVERLOADED);
	buf_free(&r.text);
	buf_free(&run.bytes);
}

static void
a_unary_body_is_one_json_with_the_whole_text(void **state)
{
	static const char *const shapes[] = { "bytes=900,seed=7", "bytes=900,seed=7,thoughts",
		"bytes=900,seed=7,ascii" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
		struct run run;
		struct reader r = { .text = BUF_INIT(ALL_MAX) };

		run_script(&run, SCRIPT_UNARY, shapes[i]);
		assert_false(run.needs_chunks);
		assert_int_equal(
		    gemini_provider.on_unary(run.bytes.data, run.bytes.len, &r.text, &r.answer),
		    OK);
		assert_int_equal(r.text.len, 900);
		buf_free(&r.text);
		buf_free(&run.bytes);
	}
}

static void
without_alt_sse_the_stream_is_one_json_array(void **state)
{
	struct run run;
	json_auto_t *all = NULL;

	(void)state;
	run_script(&run, SCRIPT_ARRAY, "bytes=900,frames=4");
	all = json_loadb(run.bytes.data, run.bytes.len, 0, NULL);
	assert_int_equal(json_array_size(all), 5);
	buf_free(&run.bytes);
}

static void
a_torn_frame_is_half_a_frame(void **state)
{
	struct run run;
	json_t *root;

	(void)state;
	run_script(&run, SCRIPT_UNARY, "bytes=900,torn");
	root = json_loadb(run.bytes.data, run.bytes.len, 0, NULL);
	assert_null(root);
	assert_true(run.is_broken && run.needs_chunks);
	buf_free(&run.bytes);
}

static void
the_limit_of_tokens_cuts_a_demonstration_and_not_a_size(void **state)
{
	struct prompt p = { .text = xstrdup("hola"), .text_len = 4, .max_output_tokens = 60 };
	struct directives d;
	struct script s;

	(void)state;
	directives_init(&d);
	script_init(&s, SCRIPT_SSE, &d, "m", &p);
	assert_string_equal(s.finish, "MAX_TOKENS");
	assert_true(s.len <= 240 && utf8_is_valid(s.text, s.len));
	script_free(&s);
	d.bytes = 5000;
	script_init(&s, SCRIPT_SSE, &d, "m", &p);
	assert_string_equal(s.finish, "STOP");
	assert_int_equal(s.len, 5000);
	script_free(&s);
	free(p.text);
}

static void
a_blocked_prompt_and_a_filtered_answer_have_no_text(void **state)
{
	struct run run;
	struct reader r;

	(void)state;
	run_script(&run, SCRIPT_SSE, "block=SAFETY");
	read_stream(&r, &run.bytes);
	assert_int_equal(r.text.len, 0);
	assert_int_equal(r.answer.failure.kind, AI_FAIL_BLOCKED);
	buf_free(&r.text);
	buf_free(&run.bytes);
	run_script(&run, SCRIPT_SSE, "bytes=100,finish=SAFETY");
	read_stream(&r, &run.bytes);
	assert_int_equal(r.answer.failure.kind, AI_FAIL_BLOCKED);
	buf_free(&r.text);
	buf_free(&run.bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shape_of_a_stream_gives_the_text),
		cmocka_unit_test(the_number_of_frames_is_as_asked),
		cmocka_unit_test(ascii_frames_are_ascii),
		cmocka_unit_test(each_break_ends_as_it_says),
		cmocka_unit_test(an_error_in_the_middle_is_read_as_one),
		cmocka_unit_test(a_unary_body_is_one_json_with_the_whole_text),
		cmocka_unit_test(without_alt_sse_the_stream_is_one_json_array),
		cmocka_unit_test(a_torn_frame_is_half_a_frame),
		cmocka_unit_test(the_limit_of_tokens_cuts_a_demonstration_and_not_a_size),
		cmocka_unit_test(a_blocked_prompt_and_a_filtered_answer_have_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
