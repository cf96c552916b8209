#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "limit.h"
#include "outbox.h"

static void
frames_come_out_as_they_went_in(void **state)
{
	struct outbox o = { .ring = NULL };
	struct frame *f[300];
	size_t in = 0, out = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(f); i++)
		f[i] = frame_new("x", 1);
	assert_null(outbox_peek(&o));
	assert_null(outbox_pop(&o));
	/* the ring wraps and grows while it is wrapped */
	for (size_t step = 1; in < ARRAY_LEN(f); step++) {
		for (size_t i = 0; i < step && in < ARRAY_LEN(f); i++)
			assert_int_equal(outbox_push(&o, f[in++]), OK);
		for (size_t i = 0; i < step / 2; i++) {
			assert_ptr_equal(outbox_peek(&o), f[out]);
			assert_ptr_equal(outbox_pop(&o), f[out]);
			frame_unref(f[out++]);
		}
		assert_int_equal(o.bytes, in - out);
	}
	while (!outbox_is_empty(&o)) {
		assert_ptr_equal(outbox_pop(&o), f[out]);
		frame_unref(f[out++]);
	}
	assert_int_equal(out, in);
	outbox_clear(&o);
	for (size_t i = 0; i < ARRAY_LEN(f); i++)
		frame_unref(f[i]);
}

static void
so_many_messages_fit_and_no_more(void **state)
{
	struct outbox o = { .ring = NULL };
	struct frame *f = frame_new("x", 1);
	struct frame *pair[2] = { f, f }, *joined = frame_join(pair, 2);

	(void)state;
	for (int i = 0; i < LIMIT_OUTBOX_FRAMES - 1; i++)
		assert_int_equal(outbox_push(&o, f), OK);
	assert_int_equal(outbox_push(&o, joined), ERR_LIMIT); /* it counts as two */
	assert_int_equal(outbox_push(&o, f), OK);
	assert_int_equal(outbox_push(&o, f), ERR_LIMIT);
	assert_int_equal(o.count, LIMIT_OUTBOX_FRAMES);
	outbox_clear(&o);
	frame_unref(joined);
	frame_unref(f);
}

static void
so_many_bytes_fit_and_no_more(void **state)
{
	struct outbox o = { .ring = NULL };
	char *text = xcalloc(1, LIMIT_OUTBOX_BYTES + 1);
	struct frame *one = frame_new("x", 1), *rest = frame_new(text, LIMIT_OUTBOX_BYTES - 1),
		     *huge = frame_new(text, LIMIT_OUTBOX_BYTES + 1);

	(void)state;
	assert_int_equal(outbox_push(&o, rest), OK);
	assert_int_equal(outbox_push(&o, one), OK);
	assert_int_equal(outbox_push(&o, one), ERR_LIMIT);
	outbox_clear(&o);
	/* what is larger than all is taken if nothing else waits */
	assert_int_equal(outbox_push(&o, huge), OK);
	assert_int_equal(outbox_push(&o, one), ERR_LIMIT);
	outbox_clear(&o);
	assert_int_equal(outbox_push(&o, one), OK);
	assert_int_equal(outbox_push(&o, huge), ERR_LIMIT);
	outbox_clear(&o);
	assert_null(o.ring);
	frame_unref(one);
	frame_unref(rest);
	frame_unref(huge);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_come_out_as_they_went_in),
		cmocka_unit_test(so_many_messages_fit_and_no_more),
		cmocka_unit_test(so_many_bytes_fit_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
