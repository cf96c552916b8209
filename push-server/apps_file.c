/*
 * PUSH_APPS_FILE: {"apps":[{...}]}. Three tables say what an app, its limits and its webhooks have;
 * an unknown member is a mistake, because a misspelt limit would be no limit.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "app.h"
#include "json.h"
#include "json_members.h"
#include "limit.h"

#define DEPTH 6
#define SECRET_MIN_LEN 16

/* --- limits --------------------------------------------------------------------------------------
 */

#define SIZE(field, lo, hi)                                                                        \
	{                                                                                          \
		.name = #field, .type = JSON_MEMBER_SIZE,                                          \
		.offset = offsetof(struct app_limits, field), .min = (lo), .max = (hi)             \
	}
#define LONG(field, lo, hi)                                                                        \
	{                                                                                          \
		.name = #field, .type = JSON_MEMBER_LONG,                                          \
		.offset = offsetof(struct app_limits, field), .min = (lo), .max = (hi)             \
	}
static const struct json_member limit_members[] = {
	SIZE(event_bytes, 1, LIMIT_HTTP_BODY_BYTES),
	SIZE(event_name_len, 1, 1000),
	SIZE(channel_name_len, 1, LIMIT_CHANNEL_NAME_LEN_MAX),
	SIZE(channels_per_event, 1, 10000),
	SIZE(batch_events, 1, 1000),
	SIZE(channels_per_socket, 1, 100000),
	SIZE(presence_members, 1, 100000),
	SIZE(user_info_bytes, 1, LIMIT_WS_MESSAGE_BYTES),
	LONG(client_events_per_second, 1, 1000000),
	LONG(api_events_per_second, 1, 1000000),
	LONG(cache_seconds, 1, 30L * 24 * 3600),
	LONG(user_authentication_seconds, 1, 3600),
};

static enum err
read_limits(void *object, json_t *value, const struct json_place *at)
{
	struct app *app = object;
	struct json_place in = *at;

	if (!json_is_object(value))
		return json_place_wrong(at, "limits", "must be an object");
	in.in = "limits.";
	return json_members_read(&app->limits, value, limit_members, ARRAY_LEN(limit_members), &in);
}

/* --- origins -------------------------------------------------------------------------------------
 */

static enum err
read_origins(void *object, json_t *value, const struct json_place *at)
{
	static const char sentence[] = "must be a list of host names, at most 100";
	struct app *app = object;
	size_t n = json_array_size(value);

	if (json_is_null(value))
		return OK;
	if (!json_is_array(value) || n > LIMIT_ORIGINS)
		return json_place_wrong(at, "allowed_origins", sentence);
	if (n == 0)
		return OK;
	if (app->allowed_origins != NULL)
		return OK;
	app->allowed_origins = xcalloc(n + 1, sizeof(char *));
	for (size_t i = 0; i < n; i++) {
		const char *host = json_string_value(json_array_get(value, i));

		if (host == NULL || *host == '\0' || strlen(host) > LIMIT_APP_FIELD_LEN)
			return json_place_wrong(at, "allowed_origins", sentence);
		app->allowed_origins[i] = xstrdup(host);
	}
	return OK;
}

/* --- webhooks ------------------------------------------------------------------------------------
 */

static const char *const event_names[WEBHOOK_EVENT_COUNT] = {
	[WEBHOOK_CHANNEL_OCCUPIED] = "channel_occupied",
	[WEBHOOK_CHANNEL_VACATED] = "channel_vacated",
	[WEBHOOK_MEMBER_ADDED] = "member_added",
	[WEBHOOK_MEMBER_REMOVED] = "member_removed",
	[WEBHOOK_CLIENT_EVENT] = "client_event",
	[WEBHOOK_CACHE_MISS] = "cache_miss",
	[WEBHOOK_SUBSCRIPTION_COUNT] = "subscription_count",
};

static enum err
read_event_types(void *object, json_t *value, const struct json_place *at)
{
	struct app_webhook *w = object;

	w->events = 0;
	if (!json_is_array(value))
		return json_place_wrong(at, "event_types", "must be a list of names");
	for (size_t i = 0; i < json_array_size(value); i++) {
		const char *name = json_string_value(json_array_get(value, i));
		size_t k = 0;

		while (
		    k < WEBHOOK_EVENT_COUNT && (name == NULL || strcmp(name, event_names[k]) != 0))
			k++;
		if (k == WEBHOOK_EVENT_COUNT)
			return json_place_wrong(at, "event_types", "has an unknown name");
		w->events |= 1U << k;
	}
	return OK;
}

static const struct json_member filter_members[] = {
	{ .name = "channel_name_starts_with",
	    .type = JSON_MEMBER_TEXT,
	    .offset = offsetof(struct app_webhook, starts_with),
	    .max = LIMIT_CHANNEL_NAME_LEN_MAX },
	{ .name = "channel_name_ends_with",
	    .type = JSON_MEMBER_TEXT,
	    .offset = offsetof(struct app_webhook, ends_with),
	    .max = LIMIT_CHANNEL_NAME_LEN_MAX },
};

static enum err
read_filter(void *object, json_t *value, const struct json_place *at)
{
	if (!json_is_object(value))
		return json_place_wrong(at, "filter", "must be an object");
	return json_members_read(object, value, filter_members, ARRAY_LEN(filter_members), at);
}

/* A name that HTTP allows, and none of those that are ours to say. */
static bool
is_header_name(const char *name)
{
	static const char *const ours[] = { "Content-Type", "Content-Length", "Host",
		"Transfer-Encoding", "Connection", "X-Pusher-Key", "X-Pusher-Signature", "Expect" };

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (strcasecmp(ours[i], name) == 0)
			return false;
	for (const char *p = name; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && strchr("-_.", *p) == NULL)
			return false;
	return *name != '\0' && strlen(name) <= LIMIT_APP_FIELD_LEN;
}

static bool
is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static bool
is_header_value(const char *text)
{
	return text != NULL && strlen(text) <= LIMIT_WEBHOOK_URL_LEN && is_printable(text);
}

static enum err
read_headers(void *object, json_t *value, const struct json_place *at)
{
	struct app_webhook *w = object;
	size_t n = 0;
	const char *name;
	json_t *text;

	if (!json_is_object(value) || json_object_size(value) > LIMIT_WEBHOOK_HEADERS)
		return json_place_wrong(at, "headers", "must be an object of at most 20 strings");
	if (w->headers != NULL)
		return OK;
	w->headers = xcalloc(json_object_size(value) + 1, sizeof(char *));
	json_object_foreach(value, name, text)
	{
		if (!is_header_name(name))
			return json_place_wrong(at, "headers", "has a name that is not allowed");
		if (!is_header_value(json_string_value(text)))
			return json_place_wrong(at, "headers", "has a value that is not allowed");
		if (asprintf(&w->headers[n++], "%s: %s", name, json_string_value(text)) < 0)
			abort();
	}
	return OK;
}

static const struct json_member webhook_members[] = {
	{ .name = "url",
	    .type = JSON_MEMBER_TEXT,
	    .offset = offsetof(struct app_webhook, url),
	    .max = LIMIT_WEBHOOK_URL_LEN },
	{ .name = "event_types", .type = JSON_MEMBER_OTHER, .read = read_event_types },
	{ .name = "filter", .type = JSON_MEMBER_OTHER, .read = read_filter },
	{ .name = "headers", .type = JSON_MEMBER_OTHER, .read = read_headers },
};

static enum err
read_webhook(struct app_webhook *w, json_t *value, size_t i, const struct json_place *at)
{
	char in[40];
	struct json_place here = *at;
	enum err e;

	(void)snprintf(in, sizeof in, "webhooks[%zu].", i);
	here.in = in;
	w->events = (1U << WEBHOOK_EVENT_COUNT) - 1;
	if (!json_is_object(value))
		return json_place_wrong(&here, "", "must be an object");
	e = json_members_read(w, value, webhook_members, ARRAY_LEN(webhook_members), &here);
	if (e != OK)
		return e;
	if (w->url == NULL ||
	    (strncmp(w->url, "http://", 7) != 0 && strncmp(w->url, "https://", 8) != 0))
		return json_place_wrong(&here, "url", "must begin with http:// or https://");
	return OK;
}

static enum err
read_webhooks(void *object, json_t *value, const struct json_place *at)
{
	struct app *app = object;
	size_t n = json_array_size(value);
	enum err e = OK;

	if (!json_is_array(value) || n > LIMIT_WEBHOOKS)
		return json_place_wrong(at, "webhooks", "must be a list of at most 10");
	if (app->webhooks != NULL)
		return OK;
	app->webhooks = xcalloc(n + 1, sizeof *app->webhooks);
	app->webhook_count = n;
	for (size_t i = 0; i < n && e == OK; i++)
		e = read_webhook(&app->webhooks[i], json_array_get(value, i), i, at);
	return e;
}

/* --- an app --------------------------------------------------------------------------------------
 */

#define TEXT(field)                                                                                \
	{                                                                                          \
		.name = #field, .type = JSON_MEMBER_TEXT, .offset = offsetof(struct app, field),   \
		.max = LIMIT_APP_FIELD_LEN                                                         \
	}
#define BOOL(json, field)                                                                          \
	{                                                                                          \
		.name = (json), .type = JSON_MEMBER_BOOL, .offset = offsetof(struct app, field)    \
	}
static const struct json_member app_members[] = {
	TEXT(id),
	TEXT(key),
	TEXT(secret),
	TEXT(name),
	TEXT(path),
	{ .name = "host", .type = JSON_MEMBER_IGNORED }, /* Laravel's: of its dashboard's page */
	{ .name = "capacity",
	    .type = JSON_MEMBER_LONG,
	    .offset = offsetof(struct app, capacity),
	    .min = 1,
	    .max = 10000000 },
	BOOL("enabled", is_enabled),
	BOOL("enable_client_messages", has_client_messages),
	BOOL("enable_statistics", has_statistics),
	BOOL("enable_user_authentication", has_user_authentication),
	BOOL("enable_subscription_count", has_subscription_count),
	BOOL("enable_watchlist", has_watchlist),
	BOOL("any_channel_name", has_any_channel_name),
	BOOL("enable_webhook_batching", has_webhook_batch),
	BOOL("over_capacity_is_final", is_capacity_final),
	{ .name = "allowed_origins", .type = JSON_MEMBER_OTHER, .read = read_origins },
	{ .name = "limits", .type = JSON_MEMBER_OTHER, .read = read_limits },
	{ .name = "webhooks", .type = JSON_MEMBER_OTHER, .read = read_webhooks },
};

static enum err
check_app(struct app *app, bool is_production, const struct json_place *at)
{
	if (app->id == NULL || *app->id == '\0' || strchr(app->id, '/') != NULL)
		return json_place_wrong(
		    at, "id", "must be a string that is not empty and has no slash");
	if (app->key == NULL || *app->key == '\0' || strchr(app->key, '/') != NULL)
		return json_place_wrong(
		    at, "key", "must be a string that is not empty and has no slash");
	if (app->secret == NULL || *app->secret == '\0')
		return json_place_wrong(at, "secret", "must be a string that is not empty");
	if (is_production && strlen(app->secret) < SECRET_MIN_LEN)
		return json_place_wrong(
		    at, "secret", "is shorter than 16 characters: openssl rand -hex 16");
	if (app->name == NULL)
		app->name = xstrdup(app->id);
	if (app->path == NULL)
		app->path = xstrdup("");
	return OK;
}

static enum err
read_app(struct app *app, json_t *value, size_t i, bool is_production, struct buf *why)
{
	const char *id = json_string_value(json_object_get(value, "id"));
	char text[LIMIT_APP_FIELD_LEN + 64];
	struct json_place at = { .what = text, .in = "", .why = why };
	enum err e;

	if (id != NULL && *id != '\0' && strlen(id) <= LIMIT_APP_FIELD_LEN)
		(void)snprintf(text, sizeof text, "apps[%zu] (id %s)", i, id);
	else
		(void)snprintf(text, sizeof text, "apps[%zu]", i);
	if (!json_is_object(value))
		return json_place_wrong(&at, "", "must be an object");
	e = json_members_read(app, value, app_members, ARRAY_LEN(app_members), &at);
	return e == OK ? check_app(app, is_production, &at) : e;
}

enum err
apps_file_parse(
    const char *text, size_t n, bool is_production, struct app_list *out, struct buf *why)
{
	const struct json_place file = { .what = "the file", .in = "", .why = why };
	json_auto_t *root = NULL;
	const json_t *apps;
	char reason[256] = "nested too deeply";
	enum err e = json_parse(text, n, DEPTH, true, &root, reason, sizeof reason);

	*out = (struct app_list){ .list = NULL };
	if (e != OK) {
		(void)!buf_adds(why, reason);
		return ERR_INVALID;
	}
	apps = json_object_get(root, "apps");
	if (!json_is_array(apps) || json_object_size(root) != 1)
		return json_place_wrong(
		    &file, "apps", "must be a list, and all there is: {\"apps\":[...]}");
	if (json_array_size(apps) > LIMIT_APPS)
		return json_place_wrong(&file, "apps", "are more than 10000");
	out->list = xcalloc(json_array_size(apps) + 1, sizeof(struct app *));
	for (size_t i = 0; i < json_array_size(apps) && e == OK; i++) {
		out->list[out->count] = app_new();
		e = read_app(
		    out->list[out->count++], json_array_get(apps, i), i, is_production, why);
	}
	if (e != OK)
		app_list_free(out);
	return e;
}
