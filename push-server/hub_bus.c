/* Between the hub and the bus: what is published here, and what comes to this node. */
#include "hub_internal.h"

/* --- to the bus ----------------------------------------------------------------------------------
 */

bool
hub_wants(const struct hub *h, const struct app *app, const char *name, size_t n)
{
	return h->bus.has_others || hub_channel_find(app, name, n) != NULL ||
	       (channel_kind(name, n) & CHANNEL_CACHE) != 0;
}

void
hub_publish(struct hub *h, struct app *app, const char *name, size_t n, struct frame *f,
    const struct peer *except)
{
	(void)h->bus.publish(&h->bus, &(struct bus_entry){ .kind = BUS_EVENT,
					  .app = app,
					  .channel = name,
					  .channel_len = n,
					  .frame = f,
					  .except = except });
}

void
hub_publish_from(struct hub *h, const struct peer *from, const char *channel, struct frame *f)
{
	(void)h->bus.publish(&h->bus, &(struct bus_entry){ .kind = BUS_EVENT,
					  .app = from->app,
					  .channel = channel,
					  .channel_len = strlen(channel),
					  .frame = f,
					  .except = from,
					  .is_from_client = true });
}

size_t
hub_evict(struct hub *h, struct app *app, const char *name, size_t n, const char *user_id)
{
	return h->bus.publish(&h->bus, &(struct bus_entry){ .kind = BUS_EVICT,
					   .app = app,
					   .channel = name,
					   .channel_len = n,
					   .user_id = user_id });
}

size_t
hub_terminate_user(struct hub *h, struct app *app, const char *id)
{
	return h->bus.publish(
	    &h->bus, &(struct bus_entry){ .kind = BUS_TERMINATE, .app = app, .user_id = id });
}

/* --- from the bus --------------------------------------------------------------------------------
 */

static size_t
take(void *ctx, const struct bus_entry *e)
{
	switch (e->kind) {
	case BUS_EVENT: hub_deliver(ctx, e); return 0;
	case BUS_EVICT: return hub_evict_here(ctx, e);
	case BUS_TERMINATE: return hub_terminate_here(ctx, e);
	}
	return 0;
}

void
hub_join_bus(struct hub *h)
{
	h->bus = bus_local(take, h);
}
