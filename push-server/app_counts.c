#include "app_counts.h"

#include <time.h>

#define US INT64_C(1000)
#define MS (1000 * US)

const int64_t delivery_bounds_ns[DELIVERY_BUCKETS] = { 50 * US, 100 * US, 250 * US, 500 * US,
	1 * MS, 2500 * US, 5 * MS, 10 * MS, 25 * MS, 50 * MS, 100 * MS, 250 * MS, 1000 * MS };

int64_t
app_counts_clock_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 * MS + t.tv_nsec;
}

void
app_counts_delivered(struct app_counts *c, int64_t took_ns)
{
	size_t i = 0;

	while (i < DELIVERY_BUCKETS && took_ns > delivery_bounds_ns[i])
		i++;
	c->delivery[i]++;
	c->delivery_ns += (uint64_t)took_ns;
}
