#include "apps.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "app.h"
#include "keyed_hash.h"
#include "limit.h"
#include "table.h"

/* An app under one of its two names. */
struct index_entry {
	struct table_entry entry; /* first */
	struct app *app;
};

struct apps {
	const struct config *config; /* borrowed */
	struct app *own;             /* of the environment; also in list */
	struct app *internal;        /* in no list; NULL: none */
	struct app **list;
	size_t count;
	struct index_entry *entries; /* two an app */
	struct table_entry *ids, *keys;
	struct app **retired;
	size_t retired_count;
};

/* --- two indices ---------------------------------------------------------------------------------
 */

static void
index_clear(struct apps *a)
{
	while (a->ids != NULL)
		table_remove(&a->ids, a->ids);
	while (a->keys != NULL)
		table_remove(&a->keys, a->keys);
	free(a->entries);
	a->entries = NULL;
}

static void
index_all(struct apps *a)
{
	index_clear(a);
	a->entries = xcalloc(2 * a->count, sizeof *a->entries);
	for (size_t i = 0; i < a->count; i++) {
		struct index_entry *e = &a->entries[2 * i];

		e[0].app = e[1].app = a->list[i];
		table_add(&a->ids, &e[0].entry, e->app->id, strlen(e->app->id));
		table_add(&a->keys, &e[1].entry, e->app->key, strlen(e->app->key));
	}
}

static struct app *
find(const struct table_entry *t, const char *name, size_t n)
{
	struct index_entry *e = (struct index_entry *)(void *)table_find(t, name, n);

	return e != NULL ? e->app : NULL;
}

struct app *
apps_by_key(const struct apps *a, const char *key, size_t n)
{
	struct app *app = find(a->keys, key, n);

	if (app != NULL || a->internal == NULL || strlen(a->internal->key) != n ||
	    memcmp(a->internal->key, key, n) != 0)
		return app;
	return a->internal;
}

struct app *
apps_by_id(const struct apps *a, const char *id, size_t n)
{
	return find(a->ids, id, n);
}

struct app *
apps_at(const struct apps *a, size_t i)
{
	return i < a->count ? a->list[i] : NULL;
}

/* --- life ----------------------------------------------------------------------------------------
 */

static char *
copy(const char *s)
{
	return xstrdup(s != NULL ? s : "");
}

static bool
is_field(const char *s)
{
	return s != NULL && *s != '\0' && strlen(s) <= LIMIT_APP_FIELD_LEN;
}

static struct app *
own_new(const struct config *c)
{
	struct app *app = app_new();

	app->id = copy(c->pusher_app_id);
	app->key = copy(c->pusher_app_key);
	app->secret = copy(c->pusher_app_secret);
	app->name = copy(c->pusher_app_name);
	app->path = copy(c->pusher_app_path);
	app->capacity = c->pusher_app_capacity;
	app->is_capacity_final = c->pusher_app_capacity_final;
	app->has_client_messages = c->pusher_app_client_messages;
	app->has_statistics = c->pusher_app_statistics;
	app->has_user_authentication = c->pusher_app_user_authentication;
	app->has_subscription_count = c->pusher_app_subscription_count;
	return app;
}

enum err
apps_from_config(const struct config *c, struct apps **out_apps)
{
	struct apps *a;

	if (!is_field(c->pusher_app_id) || !is_field(c->pusher_app_key) ||
	    !is_field(c->pusher_app_secret))
		return ERR_INVALID;
	keyed_hash_init();
	a = xcalloc(1, sizeof *a);
	a->config = c;
	a->own = own_new(c);
	a->list = xcalloc(1, sizeof(struct app *));
	a->list[a->count++] = a->own;
	index_all(a);
	*out_apps = a;
	return OK;
}

void
apps_free(struct apps *a)
{
	if (a == NULL)
		return;
	index_clear(a);
	for (size_t i = 0; i < a->count; i++)
		app_free(a->list[i]);
	for (size_t i = 0; i < a->retired_count; i++)
		app_free(a->retired[i]);
	if (a->internal != NULL)
		app_free(a->internal);
	free(a->list);
	free(a->retired);
	free(a);
}

struct app *
apps_add_internal(struct apps *a, const char *id, const char *key, const char *secret)
{
	struct app *app = app_new();

	app->id = copy(id);
	app->key = copy(key);
	app->secret = copy(secret);
	app->name = copy(NULL);
	app->path = copy(NULL);
	return a->internal = app;
}

/* --- the file ------------------------------------------------------------------------------------
 */

enum err
apps_read_file(const char *path, struct buf *out, struct buf *why)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	char bytes[65536];
	ssize_t n = -1;

	if (fd >= 0)
		while ((n = read(fd, bytes, sizeof bytes)) > 0)
			if (buf_add(out, bytes, (size_t)n) != OK) {
				(void)!buf_addf(why, "is longer than %zu bytes", out->max);
				return ERR_LIMIT;
			}
	if (n == 0)
		return OK;
	(void)!buf_addf(why, "cannot be read");
	return ERR_IO;
}

static enum err
clash(struct buf *why, const struct app *app, const char *text)
{
	(void)!buf_addf(why, "id %s: %s", app->id, text);
	return ERR_INVALID;
}

/* The own app is the only one that exists before the file and stays whatever it says. */
static enum err
check_names(const struct apps *a, const struct app_list *l, struct buf *why)
{
	const struct app *own = a->own;
	struct apps trial = { .own = NULL };
	enum err e = OK;

	for (size_t i = 0; i < l->count && e == OK; i++) {
		const struct app *app = l->list[i];
		bool is_own_id = strcmp(app->id, own->id) == 0;

		if (is_own_id &&
		    (strcmp(app->key, own->key) != 0 || strcmp(app->secret, own->secret) != 0))
			e = clash(why, app, "the environment's app has another key or secret");
		else if (!is_own_id && strcmp(app->key, own->key) == 0)
			e = clash(why, app, "its key is that of the environment's app");
	}
	if (e != OK || l->count == 0)
		return e;
	trial.entries = xcalloc(2 * l->count, sizeof *trial.entries);
	for (size_t i = 0; i < l->count && e == OK; i++) {
		struct app *app = l->list[i];
		struct index_entry *entry = &trial.entries[2 * i];

		entry[0].app = entry[1].app = app;
		if (find(trial.ids, app->id, strlen(app->id)) != NULL)
			e = clash(why, app, "there are two apps with this id");
		else if (find(trial.keys, app->key, strlen(app->key)) != NULL)
			e = clash(why, app, "another app has the same key");
		if (e == OK) {
			table_add(&trial.ids, &entry[0].entry, app->id, strlen(app->id));
			table_add(&trial.keys, &entry[1].entry, app->key, strlen(app->key));
		}
	}
	index_clear(&trial);
	return e;
}

static void
retire(struct apps *a, struct app *app)
{
	a->retired = xrealloc(a->retired, a->retired_count + 1, sizeof(struct app *));
	a->retired[a->retired_count++] = app;
}

static void
ignore_ended(void *ctx, struct app *app, uint16_t code, const char *text)
{
	(void)ctx;
	(void)app;
	(void)code;
	(void)text;
}

/* Those that were here take the settings and keep their place in memory. */
static struct app **
merge(struct apps *a, struct app_list *l, size_t *out_count)
{
	struct app **list = xcalloc(l->count + 1, sizeof(struct app *));
	struct app **same = xcalloc(l->count + 1, sizeof(struct app *));
	bool is_own_there = false;

	for (size_t i = 0; i < l->count; i++)
		same[i] = apps_by_id(a, l->list[i]->id, strlen(l->list[i]->id));
	index_clear(a); /* its names are freed now */
	list[(*out_count)++] = a->own;
	for (size_t i = 0; i < l->count; i++) {
		if (same[i] == NULL)
			same[i] = l->list[i];
		else
			app_take_settings(same[i], l->list[i]);
		if (same[i] == a->own)
			is_own_there = true;
		else
			list[(*out_count)++] = same[i];
	}
	if (!is_own_there)
		app_take_settings(a->own, own_new(a->config));
	free(same);
	free(l->list);
	*l = (struct app_list){ .list = NULL };
	return list;
}

static void
replace(struct apps *a, struct app_list *l, apps_ended_fn *ended, void *ctx)
{
	struct app **old = a->list;
	size_t old_count = a->count, count = 0;

	a->list = merge(a, l, &count);
	a->count = count;
	index_all(a);
	for (size_t i = 0; i < old_count; i++)
		if (apps_by_id(a, old[i]->id, strlen(old[i]->id)) != old[i]) {
			ended(ctx, old[i], 4009, "The app does not exist any more.");
			retire(a, old[i]);
		}
	for (size_t i = 0; i < count; i++)
		if (!a->list[i]->is_enabled)
			ended(ctx, a->list[i], 4003, "The app is not enabled.");
	free(old);
}

enum err
apps_set_file(struct apps *a, const char *text, size_t n, bool is_production, struct buf *why,
    apps_ended_fn *ended, void *ctx)
{
	struct app_list l = { .list = NULL };
	enum err e = apps_file_parse(text, n, is_production, &l, why);

	if (e == OK && (e = check_names(a, &l, why)) == OK)
		replace(a, &l, ended != NULL ? ended : ignore_ended, ctx);
	app_list_free(&l);
	return e;
}

void
apps_sweep(struct apps *a, void (*forget)(void *ctx, struct app *app), void *ctx)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->retired_count; i++) {
		struct app *app = a->retired[i];

		if (app->connections > 0) {
			a->retired[kept++] = app;
			continue;
		}
		forget(ctx, app);
		app_free(app);
	}
	a->retired_count = kept;
}
