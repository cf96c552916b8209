/* Paths of the server and origins of pages: which app is meant, and may it. */
#include "apps.h"

#include <string.h>
#include <strings.h>

#include "channel_name.h"

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

const char *
apps_strip_prefix(const struct apps *a, const char *path)
{
	static const char dir[] = "/apps/";
	const char *at = strstr(path, dir), *id;
	const struct app *app;

	if (at == NULL || at == path)
		return path;
	id = at + sizeof dir - 1;
	app = apps_by_id(a, id, strcspn(id, "/"));
	return app != NULL && is_prefix_of(app, path, (size_t)(at - path)) ? at : path;
}

static bool
is_printable(const char *name, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return false;
	return true;
}

bool
app_allows_channel(const struct app *app, const char *name, size_t n)
{
	size_t max = app->limits.channel_name_len;

	if (channel_name_is_valid(name, n, max))
		return true;
	return app->has_any_channel_name && n > 0 && n <= max && name[0] != '#' &&
	       is_printable(name, n);
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
