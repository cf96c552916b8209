/*
 * Any bytes as PUSH_APPS_FILE, read twice over the environment's app: taken whole, or refused with
 * one line and nothing changed.
 */
#include <stdint.h>
#include <string.h>

#include "apps.h"
#include "limit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char id[] = "local", key[] = "local", secret[] = "local", name[] = "n", none[] = "";
static const struct config config = { .pusher_app_id = id,
	.pusher_app_key = key,
	.pusher_app_secret = secret,
	.pusher_app_name = name,
	.pusher_app_path = none };

static void
ended(void *ctx, struct app *app, uint16_t code, const char *text)
{
	(void)ctx;
	if (app->id == NULL || text == NULL || (code != 4003 && code != 4009))
		abort();
}

static void
forgotten(void *ctx, struct app *app)
{
	(void)ctx;
	if (app->connections != 0)
		abort();
}

static void
check_apps(const struct apps *a)
{
	const struct app *app;

	for (size_t i = 0; (app = apps_at(a, i)) != NULL; i++) {
		if (apps_by_id(a, app->id, strlen(app->id)) != app ||
		    apps_by_key(a, app->key, strlen(app->key)) != app || *app->secret == '\0' ||
		    app->name == NULL || app->path == NULL || app->capacity < 0 ||
		    app->limits.event_bytes == 0 || app->limits.event_bytes > LIMIT_HTTP_BODY_BYTES)
			abort();
		for (size_t w = 0; w < app->webhook_count; w++)
			if (strncmp(app->webhooks[w].url, "http", 4) != 0)
				abort();
		(void)app_allows_origin(app, "https://a.example:8443/x");
	}
}

static void
set(struct apps *a, const char *p, size_t n)
{
	auto_buf why = BUF_INIT(4096);
	const struct app *first = apps_at(a, 0), *second = apps_at(a, 1);

	if (apps_set_file(a, p, n, false, &why, ended, NULL) != OK &&
	    (why.len == 0 || memchr(why.data, '\n', why.len) != NULL || apps_at(a, 0) != first ||
		apps_at(a, 1) != second))
		abort();
	check_apps(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char other[] = "{\"apps\":[{\"id\":\"2\",\"key\":\"k\",\"secret\":\"s\"}]}";
	struct apps *a = NULL;

	if (apps_from_config(&config, &a) != OK)
		abort();
	set(a, (const char *)data, size);
	set(a, other, sizeof other - 1);
	set(a, (const char *)data, size);
	apps_sweep(a, forgotten, NULL);
	apps_free(a);
	return 0;
}
