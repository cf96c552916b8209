/* What others ask the hub. Nothing here changes it. */
#include "hub_internal.h"

size_t
hub_channel_count(const struct hub *h)
{
	return h->channels;
}

size_t
hub_subscription_count(const struct hub *h)
{
	return h->subscriptions;
}

size_t
hub_peer_count(const struct hub *h)
{
	return h->slot_count - h->free_count;
}

static struct hub_channel
describe(const struct channel *c)
{
	return (struct hub_channel){
		.name = c->name,
		.name_len = c->name_len,
		.kind = c->kind,
		.subscriptions = c->member_count,
		.users = c->presence != NULL ? presence_users(c->presence) : 0,
	};
}

bool
hub_channel(const struct app *app, const char *name, size_t n, struct hub_channel *out)
{
	const struct channel *c = hub_channel_find(app, name, n);

	if (c == NULL)
		return false;
	*out = describe(c);
	return true;
}

size_t
hub_occupancy(const struct app *app, const char *name, size_t n)
{
	const struct channel *c = hub_channel_find(app, name, n);

	return c != NULL ? c->member_count : 0;
}

void
hub_each_channel(const struct app *app, const char *prefix,
    void (*fn)(void *ctx, const struct hub_channel *c), void *ctx)
{
	size_t n = strlen(prefix);

	if (app->hub_app == NULL)
		return;
	for (struct table_entry *e = app->hub_app->channels; e != NULL; e = table_next(e)) {
		const struct channel *c = (const struct channel *)(const void *)e;
		struct hub_channel description = describe(c);

		if ((c->kind & CHANNEL_USER) == 0 && strncmp(c->name, prefix, n) == 0)
			fn(ctx, &description);
	}
}

void
hub_each_user(const struct app *app, const char *name, size_t n,
    void (*fn)(void *ctx, const char *user_id), void *ctx)
{
	const struct channel *c = hub_channel_find(app, name, n);

	if (c != NULL && c->presence != NULL)
		presence_each(c->presence, fn, ctx);
}

void
hub_each_socket(const struct app *app, const char *name, size_t n,
    void (*fn)(void *ctx, const struct peer *p, const char *user_id), void *ctx)
{
	const struct channel *c = hub_channel_find(app, name, n);

	for (uint32_t i = 0; c != NULL && i < c->member_count; i++) {
		const struct peer *p = c->members[i].peer;

		fn(ctx, p, c->presence != NULL ? presence_user_at(c->presence, i) : hub_user_id(p));
	}
}

json_t *
hub_presence(const struct app *app, const char *name, size_t n)
{
	const struct channel *c = hub_channel_find(app, name, n);

	return c != NULL && c->presence != NULL ? presence_json(c->presence) : NULL;
}

struct frame *
hub_cached(
    const struct hub *h, const struct app *app, const char *name, size_t n, int64_t *out_ttl_ms)
{
	if (app->hub_app == NULL)
		return NULL;
	return cache_get(&app->hub_app->cache, name, n, h->now_ms, out_ttl_ms);
}
