#include "app.h"

#include <assert.h>

#include "limit.h"

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

struct app *
app_new(void)
{
	struct app *app = xcalloc(1, sizeof *app);

	app->is_enabled = app->has_statistics = app->has_watchlist = true;
	app->limits = default_limits;
	return app;
}

static void
free_texts(char **list)
{
	for (char **t = list; t != NULL && *t != NULL; t++)
		free(*t);
	free(list);
}

static void
free_settings(struct app *app)
{
	for (size_t i = 0; i < app->webhook_count; i++) {
		free(app->webhooks[i].url);
		free(app->webhooks[i].starts_with);
		free(app->webhooks[i].ends_with);
		free_texts(app->webhooks[i].headers);
	}
	free(app->webhooks);
	free_texts(app->allowed_origins);
	free(app->id);
	free(app->key);
	free(app->secret);
	free(app->name);
	free(app->path);
}

void
app_free(struct app *app)
{
	if (app == NULL)
		return;
	assert(app->hub_app == NULL);
	free_settings(app);
	free(app);
}

void
app_take_settings(struct app *to, struct app *from)
{
	struct app state = *to;

	free_settings(to);
	*to = *from;
	to->hub_app = state.hub_app;
	to->connections = state.connections;
	to->counts = state.counts;
	to->watch = state.watch;
	to->api_second = state.api_second;
	to->api_events = state.api_events;
	free(from);
}

void
app_list_free(struct app_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		app_free(l->list[i]);
	free(l->list);
	*l = (struct app_list){ .list = NULL };
}
