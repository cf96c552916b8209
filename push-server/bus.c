#include "bus.h"

static size_t
publish(struct bus *b, const struct bus_entry *e)
{
	return b->take(b->ctx, e);
}

struct bus
bus_local(size_t (*take)(void *ctx, const struct bus_entry *e), void *ctx)
{
	return (struct bus){ .publish = publish, .ctx = ctx, .take = take };
}
