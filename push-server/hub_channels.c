/* Channels come and go with their members; presence channels say who came and went. */
#include "hub_internal.h"

#include <assert.h>

/* --- channels --- */

struct channel *
hub_channel_find(const struct app *app, const char *name, size_t n)
{
	if (app->hub_app == NULL)
		return NULL;
	return (struct channel *)(void *)table_find(app->hub_app->channels, name, n);
}

static bool
is_user(const struct channel *c)
{
	return (c->kind & CHANNEL_USER) != 0;
}

static void
tell(const struct hub *h, void (*fn)(void *, struct app *, const char *), const struct channel *c)
{
	if (is_user(c))
		return;
	if (fn != NULL)
		fn(h->on.ctx, c->home->app, c->name);
}

static void
note(const struct hub *h, enum hub_note_kind kind, const struct channel *c, const struct peer *p)
{
	if (!is_user(c))
		hub_note(h, c->home->app,
		    &(struct hub_note){ .kind = kind, .channel = c->name, .peer = p });
}

struct channel *
hub_channel_get(struct hub *h, struct hub_app *home, const char *name, size_t n)
{
	struct channel *c = hub_channel_find(home->app, name, n);

	if (c != NULL)
		return c;
	c = xcalloc(1, sizeof *c + n + 1);
	c->home = home;
	c->kind = channel_kind(name, n);
	c->name_len = n;
	memcpy(c->name, name, n);
	if ((c->kind & CHANNEL_PRESENCE) != 0)
		c->presence = presence_new();
	table_add(&home->channels, &c->entry, c->name, n);
	if (!is_user(c)) {
		h->channels++;
		home->app->counts.channels++;
	}
	return c;
}

static void
channel_free(struct hub *h, struct channel *c)
{
	hub_drop_pending(h, c);
	hub_count_forget(h, c);
	table_remove(&c->home->channels, &c->entry);
	if (!is_user(c)) {
		h->channels--;
		c->home->app->counts.channels--;
	}
	presence_free(c->presence);
	free(c->members);
	free(c->pending);
	free(c);
}

struct subscription *
hub_sub_find(const struct peer *p, const struct channel *c)
{
	for (uint32_t i = 0; i < p->sub_count; i++)
		if (p->subs[i].channel == c)
			return &p->subs[i];
	return NULL;
}

/* --- joining --- */

void
hub_join(struct hub *h, struct channel *c, struct peer *p)
{
	if (c->member_count == c->member_cap) {
		c->member_cap = c->member_cap > 0 ? c->member_cap * 2 : 2;
		c->members = xrealloc(c->members, c->member_cap, sizeof *c->members);
	}
	if (p->sub_count == p->sub_cap) {
		p->sub_cap = p->sub_cap > 0 ? p->sub_cap * 2 : 1;
		p->subs = xrealloc(p->subs, p->sub_cap, sizeof *p->subs);
	}
	c->members[c->member_count] = (struct member){ .peer = p, .back = p->sub_count };
	p->subs[p->sub_count] = (struct subscription){ .channel = c, .at = c->member_count };
	c->member_count++;
	p->sub_count++;
	if (!is_user(c)) {
		h->subscriptions++;
		p->app->counts.subscriptions++;
		note(h, HUB_NOTE_SUBSCRIBED, c, p);
	}
	if (c->member_count == 1) {
		tell(h, h->on.channel_occupied, c);
		note(h, HUB_NOTE_OCCUPIED, c, NULL);
	}
	hub_count_changed(h, c);
}

/* The newcomer is not in the channel yet: this goes to the others. */
static void
announce(struct hub *h, struct channel *c, const struct hub_member *who)
{
	struct frame *f;

	if (c->member_count == 0)
		return;
	f = pusher_member_added(c->name, who->user_id, who->user_info);
	hub_fan_out(h, c, f, NULL);
	frame_unref(f);
}

static void
join_as(struct hub *h, struct channel *c, struct peer *p, const struct hub_member *who)
{
	bool is_new = !presence_has(c->presence, who->user_id);

	if (is_new)
		announce(h, c, who);
	(void)presence_add(c->presence, who->user_id, who->user_info);
	hub_join(h, c, p);
	if (is_new && h->on.member_added != NULL)
		h->on.member_added(h->on.ctx, c->home->app, c->name, who->user_id);
}

static bool
is_full(const struct channel *c, const struct hub_member *who)
{
	return presence_users(c->presence) >= c->home->app->limits.presence_members &&
	       !presence_has(c->presence, who->user_id);
}

enum err
hub_subscribe(
    struct hub *h, struct peer *p, const char *name, size_t n, const struct hub_member *who)
{
	struct channel *c = hub_channel_find(p->app, name, n);

	if (c != NULL && hub_sub_find(p, c) != NULL)
		return OK;
	if (c != NULL && who != NULL && is_full(c, who))
		return ERR_LIMIT;
	if (c == NULL)
		c = hub_channel_get(h, hub_app_get(h, p->app), name, n);
	assert((c->presence != NULL) == (who != NULL));
	hub_channel_flush(h, c); /* what was published before is not for him */
	if (who != NULL)
		join_as(h, c, p, who);
	else
		hub_join(h, c, p);
	hub_settle(h);
	return OK;
}

bool
hub_is_member(const struct peer *p, const char *name, size_t n)
{
	const struct channel *c = hub_channel_find(p->app, name, n);

	return c != NULL && hub_sub_find(p, c) != NULL;
}

/* --- leaving --- */

static void
say_removed(struct hub *h, struct channel *c, const char *user_id)
{
	if (h->on.member_removed != NULL)
		h->on.member_removed(h->on.ctx, c->home->app, c->name, user_id);
	if (c->member_count > 0)
		hub_gather(h, c, pusher_member_removed(c->name, user_id));
}

static void
say_empty(struct hub *h, struct channel *c)
{
	if (is_user(c))
		hub_tell_watchers(h, c, false);
	else
		tell(h, h->on.channel_vacated, c);
	note(h, HUB_NOTE_VACATED, c, NULL);
}

/* The last of each array fills the hole in it. */
static void
sub_remove(struct hub *h, struct peer *p, struct subscription *sub)
{
	struct channel *c = sub->channel;
	struct member *hole = &c->members[sub->at];
	auto_char *gone = c->presence != NULL ? presence_remove(c->presence, sub->at) : NULL;
	struct subscription *last_sub;

	*hole = c->members[--c->member_count];
	hole->peer->subs[hole->back].at = sub->at;
	last_sub = &p->subs[--p->sub_count];
	if (last_sub != sub) {
		*sub = *last_sub;
		sub->channel->members[sub->at].back = (uint32_t)(sub - p->subs);
	}
	if (!is_user(c)) {
		h->subscriptions--;
		p->app->counts.subscriptions--;
		note(h, HUB_NOTE_UNSUBSCRIBED, c, p);
	}
	if (gone != NULL)
		say_removed(h, c, gone);
	hub_count_changed(h, c);
	if (c->member_count > 0)
		return;
	say_empty(h, c);
	channel_free(h, c);
}

void
hub_unsubscribe(struct hub *h, struct peer *p, const char *name, size_t n)
{
	const struct channel *c = hub_channel_find(p->app, name, n);
	struct subscription *sub = c != NULL ? hub_sub_find(p, c) : NULL;

	if (sub == NULL || is_user(c))
		return; /* a user's connections are in his channel as long as they are his */
	sub_remove(h, p, sub);
	hub_settle(h);
}

void
hub_leave(struct hub *h, struct peer *p)
{
	hub_sign_out(p);
	while (p->sub_count > 0)
		sub_remove(h, p, &p->subs[p->sub_count - 1]);
	free(p->subs);
	p->subs = NULL;
	p->sub_cap = 0;
}
