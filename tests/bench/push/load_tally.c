#include "load_tally.h"

void
histogram_add(struct histogram *h, uint64_t ns)
{
	int top = 63 - __builtin_clzll(ns | HISTOGRAM_PARTS);
	size_t slot = (size_t)(top - 5) * HISTOGRAM_PARTS + (size_t)(ns >> (top - 5));

	h->slots[slot]++;
	h->count++;
	if (ns > h->max)
		h->max = ns;
}

static uint64_t
slot_ns(size_t slot)
{
	size_t shift = slot / HISTOGRAM_PARTS > 0 ? slot / HISTOGRAM_PARTS - 1 : 0;

	return (uint64_t)(slot - shift * HISTOGRAM_PARTS) << shift;
}

double
histogram_us(const struct histogram *h, double quantile)
{
	uint64_t want = (uint64_t)(quantile * (double)h->count), seen = 0;

	for (size_t i = 0; i < HISTOGRAM_SLOTS; i++) {
		seen += h->slots[i];
		if (h->slots[i] > 0 && seen >= want)
			return (double)slot_ns(i) / 1e3;
	}
	return 0;
}

void
tally_arrival(struct tally *t, uint64_t *next_seq, uint64_t seq)
{
	t->delivered++;
	if (seq == *next_seq) {
		*next_seq = seq + 1;
	} else if (seq > *next_seq) {
		t->lost += seq - *next_seq;
		*next_seq = seq + 1;
	} else {
		t->reordered++;
		if (t->lost > 0)
			t->lost--;
	}
}

void
tally_latency(struct tally *t, uint64_t sent_ns, uint64_t now_ns)
{
	t->last_ns = now_ns;
	if (t->is_measuring)
		histogram_add(&t->latency, now_ns > sent_ns ? now_ns - sent_ns : 0);
}

uint64_t
tally_flying(const struct tally *t)
{
	uint64_t arrived = t->delivered + t->lost;

	return t->expected > arrived ? t->expected - arrived : 0;
}
