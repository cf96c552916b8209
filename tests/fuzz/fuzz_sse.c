/*
 * The stream at any split gives the same events, stray lines and result as in one piece.
 * The first 4 bytes seed the splits. The maximum is small, so that it is reached.
 */
#include <stdint.h>

#include "sse.h"

#define MAX_EVENT 512
#define MAX_STRAY 128
#define LOG_MAX (1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	struct sse sse;
	struct buf log;
	enum err result;
};

static enum err
log_event(void *arg, const char *data, size_t n)
{
	struct buf *log = arg;

	if (data[n] != '\0' || n > MAX_EVENT)
		abort();
	if (buf_addf(log, "%zu:", n) != OK || buf_add(log, data, n) != OK)
		abort();
	return OK;
}

static uint32_t
next_random(uint32_t *state)
{
	*state = *state * 1664525U + 1013904223U;
	return *state >> 8;
}

/* max_step 0: in one piece. */
static void
run(struct outcome *o, const char *p, size_t n, uint32_t seed, size_t max_step)
{
	sse_init(&o->sse, MAX_EVENT, MAX_STRAY);
	o->log = BUF_INIT(LOG_MAX);
	o->result = OK;
	for (size_t i = 0; i < n && o->result == OK;) {
		size_t step = max_step > 0 ? next_random(&seed) % (max_step + 1) : n;

		if (step > n - i)
			step = n - i;
		o->result = sse_feed(&o->sse, p + i, step, log_event, &o->log);
		i += step;
	}
	if (o->result == OK)
		o->result = sse_finish(&o->sse, log_event, &o->log);
}

static int
differs(const struct buf *a, const struct buf *b)
{
	return a->len != b->len || (a->len > 0 && memcmp(a->data, b->data, a->len) != 0);
}

static void
release(struct outcome *o)
{
	sse_free(&o->sse);
	buf_free(&o->log);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t max_steps[] = { 1, 3, 16, 1024 };
	struct outcome whole, split;
	uint32_t seed;

	if (size < sizeof(seed))
		return 0;
	memcpy(&seed, data, sizeof(seed));
	data += sizeof(seed);
	size -= sizeof(seed);
	run(&whole, (const char *)data, size, 0, 0);
	for (size_t i = 0; i < ARRAY_LEN(max_steps); i++) {
		run(&split, (const char *)data, size, seed, max_steps[i]);
		if (whole.result != split.result || differs(&whole.log, &split.log) ||
		    differs(&whole.sse.stray, &split.sse.stray) ||
		    whole.sse.event_count != split.sse.event_count)
			abort();
		release(&split);
	}
	release(&whole);
	return 0;
}
