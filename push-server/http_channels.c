/* The questions of the HTTP API, and ending a user's connections. Pure. */
#include <string.h>

#include "channel_name.h"
#include "http_call.h"
#include "http_info.h"
#include "limit.h"

/* --- GET /apps/ID/channels -----------------------------------------------------------------------
 */

struct listing {
	const struct http_call *call;
	unsigned info;
	json_t *channels;
};

static void
list_channel(void *ctx, const struct hub_channel *c)
{
	const struct listing *l = ctx;
	json_t *attributes = json_object();

	http_info_add(attributes, l->call->api->hub, l->call->app, c->name, l->info);
	(void)json_object_set_new(l->channels, c->name, attributes);
}

void
http_get_channels(const struct http_call *c, struct http_response *out)
{
	const char *prefix = http_request_param(c->request, "filter_by_prefix");
	struct listing l = { .call = c,
		.info = http_info_parse(http_request_param(c->request, "info")) };

	if (prefix == NULL)
		prefix = "";
	if ((l.info & (INFO_UNKNOWN | INFO_CACHE)) != 0) {
		http_answer_error(
		    c->api, out, 400, "info can be user_count or subscription_count here.");
		return;
	}
	if ((l.info & INFO_USER_COUNT) != 0 && strncmp(prefix, "presence-", 9) != 0) {
		http_answer_error(c->api, out, 400,
		    "user_count is of presence channels: ask with filter_by_prefix=presence-.");
		return;
	}
	l.channels = json_object();
	hub_each_channel(c->app, prefix, list_channel, &l);
	http_answer_json(out, 200, json_pack("{s:o}", "channels", l.channels));
}

/* --- GET /apps/ID/channels/C ---------------------------------------------------------------------
 */

static bool
has_channel(const struct http_call *c, struct http_response *out)
{
	if (c->arg != NULL && app_allows_channel(c->app, c->arg, strlen(c->arg)))
		return true;
	http_answer_error(c->api, out, 400, "This cannot be the name of a channel.");
	return false;
}

/* laravel-websockets and soketi tell the counts unasked; more than was asked for harms nobody. */
static void
answer_channel(const struct http_call *c, unsigned info, struct http_response *out)
{
	json_t *answer =
	    json_pack("{s:b}", "occupied", hub_occupancy(c->app, c->arg, strlen(c->arg)) > 0);

	http_info_add(
	    answer, c->api->hub, c->app, c->arg, info | INFO_SUBSCRIPTION_COUNT | INFO_USER_COUNT);
	http_answer_json(out, 200, answer);
}

void
http_get_channel(const struct http_call *c, struct http_response *out)
{
	unsigned info = http_info_parse(http_request_param(c->request, "info"));

	if (!has_channel(c, out))
		return;
	if (http_info_of_kind(info, channel_kind(c->arg, strlen(c->arg))) != info)
		http_answer_error(c->api, out, 400,
		    "An attribute of info does not exist, or not for this kind of channel.");
	else
		answer_channel(c, info, out);
}

/* Deprecated: everything there is to tell. */
void
http_get_channel_stats(const struct http_call *c, struct http_response *out)
{
	if (has_channel(c, out))
		answer_channel(c, 0, out);
}

/* --- users ---------------------------------------------------------------------------------------
 */

static void
list_user(void *ctx, const char *user_id)
{
	(void)json_array_append_new(ctx, json_pack("{s:s}", "id", user_id));
}

void
http_get_users(const struct http_call *c, struct http_response *out)
{
	json_t *users;

	if (!has_channel(c, out))
		return;
	if ((channel_kind(c->arg, strlen(c->arg)) & CHANNEL_PRESENCE) == 0) {
		http_answer_error(c->api, out, 400, "Only presence channels have users.");
		return;
	}
	users = json_array();
	hub_each_user(c->app, c->arg, strlen(c->arg), list_user, users);
	http_answer_json(out, 200, json_pack("{s:o}", "users", users));
}

void
http_post_terminate(const struct http_call *c, struct http_response *out)
{
	if (c->arg == NULL || *c->arg == '\0' || strlen(c->arg) > LIMIT_USER_ID_LEN) {
		http_answer_error(c->api, out, 400, "This cannot be the id of a user.");
		return;
	}
	(void)hub_terminate_user(c->api->hub, c->app, c->arg);
	http_answer_json(out, 200, json_object());
}

/* As Reverb has it. */
void
http_get_connections(const struct http_call *c, struct http_response *out)
{
	http_answer_json(
	    out, 200, json_pack("{s:I}", "connections", (json_int_t)c->app->connections));
}
