#include "apps.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "limit.h"

struct apps {
	struct app **list;
	size_t count;
};

static const struct app_limits default_limits = {
	.event_bytes = LIMIT_EVENT_BYTES,
	.event_name_len = LIMIT_EVENT_NAME_LEN,
	.channel_name_len = LIMIT_CHANNEL_NAME_LEN,
	.channels_per_event = LIMIT_CHANNELS_PER_EVENT,
	.batch_events = LIMIT_BATCH_EVENTS,
	.channels_per_socket = LIMIT_CHANNELS_PER_SOCKET,
	.presence_members = LIMIT_PRESENCE_MEMBERS,
	.user_info_bytes = LIMIT_USER_INFO_BYTES,
	.client_events_per_second = LIMIT_CLIENT_EVENTS_PER_SECOND,
	.cache_seconds = LIMIT_CACHE_SECONDS,
	.user_authentication_seconds = LIMIT_USER_AUTHENTICATION_SECONDS,
};

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

enum err
apps_from_config(const struct config *c, struct apps **out_apps)
{
	struct apps *a;
	struct app *app;

	if (!is_field(c->pusher_app_id) || !is_field(c->pusher_app_key) ||
	    !is_field(c->pusher_app_secret))
		return ERR_INVALID;
	app = xcalloc(1, sizeof *app);
	*app = (struct app){
		.id = copy(c->pusher_app_id),
		.key = copy(c->pusher_app_key),
		.secret = copy(c->pusher_app_secret),
		.name = copy(c->pusher_app_name),
		.path = copy(c->pusher_app_path),
		.capacity = c->pusher_app_capacity,
		.is_enabled = true,
		.has_client_messages = c->pusher_app_client_messages,
		.has_statistics = c->pusher_app_statistics,
		.has_user_authentication = c->pusher_app_user_authentication,
		.has_subscription_count = c->pusher_app_subscription_count,
		.has_watchlist = true,
		.limits = default_limits,
	};
	a = xcalloc(1, sizeof *a);
	a->list = xcalloc(1, sizeof(struct app *));
	a->list[a->count++] = app;
	*out_apps = a;
	return OK;
}

static void
app_free(struct app *app)
{
	assert(app->hub_app == NULL);
	for (char **o = app->allowed_origins; o != NULL && *o != NULL; o++)
		free(*o);
	free(app->allowed_origins);
	free(app->id);
	free(app->key);
	free(app->secret);
	free(app->name);
	free(app->path);
	free(app);
}

void
apps_free(struct apps *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < a->count; i++)
		app_free(a->list[i]);
	free(a->list);
	free(a);
}

static bool
equals(const char *s, const char *p, size_t n)
{
	return strlen(s) == n && memcmp(s, p, n) == 0;
}

struct app *
apps_by_key(const struct apps *a, const char *key, size_t n)
{
	for (size_t i = 0; i < a->count; i++)
		if (equals(a->list[i]->key, key, n))
			return a->list[i];
	return NULL;
}

struct app *
apps_by_id(const struct apps *a, const char *id, size_t n)
{
	for (size_t i = 0; i < a->count; i++)
		if (equals(a->list[i]->id, id, n))
			return a->list[i];
	return NULL;
}

struct app *
apps_at(const struct apps *a, size_t i)
{
	return i < a->count ? a->list[i] : NULL;
}

/* Slashes at either end of a configured prefix are a matter of taste. */
static bool
is_prefix_of(const struct app *app, const char *p, size_t n)
{
	const char *want = app->path;
	size_t len = strlen(want);

	for (; len > 0 && *want == '/'; len--)
		want++;
	while (len > 0 && want[len - 1] == '/')
		len--;
	return len > 0 && n == len + 1 && p[0] == '/' && memcmp(p + 1, want, len) == 0;
}

bool
apps_match_path(const struct apps *a, const char *path, const char **out_key, size_t *out_len)
{
	static const char app_dir[] = "/app/";
	const char *key = strrchr(path, '/');
	size_t dir_len = sizeof app_dir - 1, prefix_len;
	const struct app *app;

	if (key == NULL || key[1] == '\0')
		return false;
	key++;
	if ((size_t)(key - path) < dir_len || memcmp(key - dir_len, app_dir, dir_len) != 0)
		return false;
	prefix_len = (size_t)(key - path) - dir_len;
	app = apps_by_key(a, key, strlen(key));
	if (prefix_len > 0 && (app == NULL || !is_prefix_of(app, path, prefix_len)))
		return false;
	*out_key = key;
	*out_len = strlen(key);
	return true;
}

/* "https://a.example:8443/x" -> "a.example"; what is no URL is taken as it is. */
static void
host_of(const char *origin, const char **out_host, size_t *out_len)
{
	const char *start = strstr(origin, "://");

	*out_host = start != NULL ? start + 3 : origin;
	*out_len = start != NULL ? strcspn(start + 3, ":/") : strlen(origin);
}

bool
app_allows_origin(const struct app *app, const char *origin)
{
	const char *host;
	size_t n;

	if (app->allowed_origins == NULL)
		return true;
	if (origin == NULL)
		return false;
	host_of(origin, &host, &n);
	for (char **o = app->allowed_origins; *o != NULL; o++)
		if (strlen(*o) == n && strncasecmp(*o, host, n) == 0)
			return true;
	return false;
}
