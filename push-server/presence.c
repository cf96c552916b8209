#include "presence.h"

#include <assert.h>

#include "table.h"
#include "util.h"

struct user {
	struct table_entry entry;
	json_t *info;
	uint32_t connections;
	char id[];
};

struct presence {
	struct table_entry *users;
	struct user **places;
	uint32_t count, cap;
};

struct presence *
presence_new(void)
{
	return xcalloc(1, sizeof(struct presence));
}

static struct user *
user_of(struct table_entry *e)
{
	return (struct user *)(void *)e;
}

static void
user_free(struct presence *p, struct user *u)
{
	table_remove(&p->users, &u->entry);
	json_decref(u->info);
	free(u);
}

void
presence_free(struct presence *p)
{
	if (p == NULL)
		return;
	while (p->users != NULL)
		user_free(p, user_of(p->users));
	free(p->places);
	free(p);
}

static struct user *
user_find(const struct presence *p, const char *id)
{
	return user_of(table_find(p->users, id, strlen(id)));
}

static struct user *
user_new(struct presence *p, const char *id, json_t *info)
{
	size_t n = strlen(id);
	struct user *u = xcalloc(1, sizeof *u + n + 1);

	memcpy(u->id, id, n);
	u->info = info != NULL ? json_incref(info) : json_object();
	table_add(&p->users, &u->entry, u->id, n);
	return u;
}

bool
presence_add(struct presence *p, const char *user_id, json_t *info)
{
	struct user *u = user_find(p, user_id);

	if (u == NULL)
		u = user_new(p, user_id, info);
	if (p->count == p->cap) {
		p->cap = p->cap > 0 ? p->cap * 2 : 2;
		p->places = xrealloc(p->places, p->cap, sizeof(struct user *));
	}
	p->places[p->count++] = u;
	return ++u->connections == 1;
}

char *
presence_remove(struct presence *p, uint32_t place)
{
	struct user *u = p->places[place];
	char *id;

	assert(place < p->count);
	p->places[place] = p->places[--p->count];
	if (--u->connections > 0)
		return NULL;
	id = xstrdup(u->id);
	user_free(p, u);
	return id;
}

size_t
presence_users(const struct presence *p)
{
	return table_count(p->users);
}

bool
presence_has(const struct presence *p, const char *user_id)
{
	return user_find(p, user_id) != NULL;
}

const char *
presence_user_at(const struct presence *p, uint32_t place)
{
	assert(place < p->count);
	return p->places[place]->id;
}

void
presence_each(const struct presence *p, void (*fn)(void *ctx, const char *user_id), void *ctx)
{
	for (struct table_entry *e = p->users; e != NULL; e = table_next(e))
		fn(ctx, user_of(e)->id);
}

json_t *
presence_json(const struct presence *p)
{
	json_t *ids = json_array(), *hash = json_object();

	for (struct table_entry *e = p->users; e != NULL; e = table_next(e)) {
		const struct user *u = user_of(e);

		(void)json_array_append_new(ids, json_string(u->id));
		(void)json_object_set(hash, u->id, u->info);
	}
	return json_pack("{s:{s:o, s:o, s:I}}", "presence", "ids", ids, "hash", hash, "count",
	    (json_int_t)presence_users(p));
}
