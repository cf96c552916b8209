/*
 * load_tally - what was expected, what came, and how long it took. Pure.
 *
 * Units: nanoseconds of the monotonic clock.
 */
#ifndef LOAD_TALLY_H
#define LOAD_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Log-linear: each power of two in HISTOGRAM_PARTS parts, so a quantile is right within 3 %. */
#define HISTOGRAM_PARTS 32
#define HISTOGRAM_SLOTS (60 * HISTOGRAM_PARTS)

struct histogram {
	uint64_t count, max, slots[HISTOGRAM_SLOTS];
};

void histogram_add(struct histogram *h, uint64_t ns);
double histogram_us(const struct histogram *h, double quantile); /* lower bound, microseconds */

struct tally {
	uint64_t expected, delivered, lost, reordered, corrupt, bytes;
	uint64_t last_ns;
	bool is_measuring; /* else latencies are not kept: warming up */
	struct histogram latency;
};

/*
 * A payload for a subscriber who waits for *next_seq. A gap counts as lost until what was missing
 * comes after all, which is reordered then; so is what comes twice.
 */
void tally_arrival(struct tally *t, uint64_t *next_seq, uint64_t seq);
void tally_latency(struct tally *t, uint64_t sent_ns, uint64_t now_ns);

/* What is still on its way. */
uint64_t tally_flying(const struct tally *t);

#endif
