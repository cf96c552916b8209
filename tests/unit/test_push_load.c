/* The load generator's own judgement: it must see what is lost, comes twice, late or changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../bench/push/load_frame.h"
#include "../bench/push/load_payload.h"
#include "../bench/push/load_tally.h"

#define SIZE 200

static void
arrive(struct tally *t, const uint64_t *seqs, size_t count)
{
	uint64_t next = 0;

	for (size_t i = 0; i < count; i++)
		tally_arrival(t, &next, seqs[i]);
}

static void
what_comes_in_order_is_fine(void **state)
{
	struct tally t = { .expected = 4 };

	(void)state;
	arrive(&t, (const uint64_t[]){ 0, 1, 2, 3 }, 4);
	assert_int_equal(t.delivered, 4);
	assert_int_equal(t.lost + t.reordered, 0);
	assert_int_equal(tally_flying(&t), 0);
}

static void
a_gap_is_a_loss(void **state)
{
	struct tally t = { .expected = 6 };

	(void)state;
	arrive(&t, (const uint64_t[]){ 0, 3, 4 }, 3);
	assert_int_equal(t.lost, 2);
	assert_int_equal(tally_flying(&t), 1);
}

static void
what_comes_late_or_twice_is_out_of_order(void **state)
{
	struct tally late = { .expected = 3 }, twice = { .expected = 2 };

	(void)state;
	arrive(&late, (const uint64_t[]){ 0, 2, 1 }, 3);
	assert_int_equal(late.reordered, 1);
	assert_int_equal(late.lost, 0);
	arrive(&twice, (const uint64_t[]){ 0, 1, 1 }, 3);
	assert_int_equal(twice.reordered, 1);
	assert_int_equal(twice.lost, 0);
	assert_int_equal(tally_flying(&twice), 0);
}

static void
a_payload_is_known_again_and_a_changed_byte_is_seen(void **state)
{
	struct payload_format f;
	char frame[SIZE + 20];
	uint64_t seq = 0, ns = 0;

	(void)state;
	payload_format_init(&f, SIZE);
	memset(frame, '.', sizeof frame);
	payload_write(&f, 0xabcdef, 0x123456789abcdef, frame + 10);
	assert_int_equal(payload_read(&f, frame, sizeof frame, &seq, &ns), PAYLOAD_WHOLE);
	assert_int_equal(seq, 0xabcdef);
	assert_int_equal(ns, 0x123456789abcdef);
	assert_int_equal(payload_read(&f, frame, SIZE + 9, &seq, &ns), PAYLOAD_CORRUPT);
	for (size_t i = 31; i < SIZE; i++) {
		frame[10 + i] ^= 1;
		assert_int_equal(payload_read(&f, frame, sizeof frame, &seq, &ns), PAYLOAD_CORRUPT);
		frame[10 + i] ^= 1;
	}
	memset(frame, '.', sizeof frame);
	assert_int_equal(payload_read(&f, frame, sizeof frame, &seq, &ns), PAYLOAD_NONE);
	payload_format_free(&f);
}

static void
quantiles_are_right_within_three_percent(void **state)
{
	static struct histogram h;

	(void)state;
	for (uint64_t us = 1; us <= 10000; us++)
		histogram_add(&h, us * 1000);
	assert_in_range((unsigned long)histogram_us(&h, 0.5), 4840, 5000);
	assert_in_range((unsigned long)histogram_us(&h, 0.99), 9590, 9900);
	assert_int_equal(h.max, 10000 * 1000);
}

static void
a_frame_is_taken_only_whole(void **state)
{
	char wire[4 + 300] = { (char)0x81, 126, 300 >> 8, 300 & 255 };
	const char masked[] = { (char)0x81, (char)0x81, 0, 0, 0, 0, 'x' };
	struct server_frame f;

	(void)state;
	for (size_t n = 0; n < sizeof wire; n++)
		assert_int_equal(server_frame_parse(wire, n, &f), 0);
	assert_int_equal(server_frame_parse(wire, sizeof wire, &f), 1);
	assert_int_equal(f.len, 300);
	assert_int_equal(f.size, sizeof wire);
	assert_int_equal(f.opcode, FRAME_TEXT);
	assert_int_equal(server_frame_parse(masked, sizeof masked, &f), -1);
	wire[0] = (char)0xc1; /* compressed: that was not agreed on */
	assert_int_equal(server_frame_parse(wire, sizeof wire, &f), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_in_order_is_fine),
		cmocka_unit_test(a_gap_is_a_loss),
		cmocka_unit_test(what_comes_late_or_twice_is_out_of_order),
		cmocka_unit_test(a_payload_is_known_again_and_a_changed_byte_is_seen),
		cmocka_unit_test(quantiles_are_right_within_three_percent),
		cmocka_unit_test(a_frame_is_taken_only_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
