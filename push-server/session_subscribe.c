/*
 * pusher:subscribe and pusher:unsubscribe.
 *
 * Refusals are pusher:subscription_error with the channel, as soketi sends them: the one form that
 * reaches channel.bind('pusher:subscription_error') and Echo's .error(). The socket stays.
 */
#include "session_internal.h"

#include <stdio.h>

#include "channel_auth.h"
#include "channel_name.h"
#include "json.h"
#include "limit.h"
#include "pusher_user.h"

struct subscribe {
	const char *channel, *auth, *channel_data; /* borrowed from the message */
	size_t channel_len;
	unsigned kind;
};

static void
refuse(struct session *s, enum metric why, const struct subscribe *sub, const char *type,
    const char *text, int status)
{
	session_count(s, why);
	session_say(s, pusher_subscription_error(sub->channel, type, text, status));
}

static bool
is_name_allowed(struct session *s, const struct subscribe *sub)
{
	size_t max = s->peer.app->limits.channel_name_len;

	if (sub->channel_len > max) {
		refuse(s, METRIC_SUBSCRIBE_BAD_NAME, sub, "LimitReached",
		    "The channel name is longer than allowed.", 4009);
		return false;
	}
	if (!app_allows_channel(s->peer.app, sub->channel, sub->channel_len)) {
		refuse(s, METRIC_SUBSCRIBE_BAD_NAME, sub, NULL,
		    "The channel name is not allowed. Read channel conventions.", 4009);
		return false;
	}
	return true;
}

/* The user channel is for whom it belongs to; its auth is empty. */
static bool
is_own_channel(const struct session *s, const struct subscribe *sub)
{
	const char *id = hub_user_id(&s->peer);

	return id != NULL && strcmp(sub->channel + sizeof CHANNEL_USER_PREFIX - 1, id) == 0;
}

static bool
is_authorised(struct session *s, const struct subscribe *sub)
{
	char id[SOCKET_ID_SIZE];
	bool is_presence = (sub->kind & CHANNEL_PRESENCE) != 0;

	if ((sub->kind & (CHANNEL_USER | CHANNEL_PRIVATE)) == 0)
		return true;
	if ((sub->kind & CHANNEL_USER) != 0 && is_own_channel(s, sub))
		return true;
	if ((sub->kind & CHANNEL_PRIVATE) != 0 &&
	    channel_auth_is_valid(s->peer.app, hub_socket_id(&s->peer, id), sub->channel,
		is_presence ? sub->channel_data : NULL, sub->auth))
		return true;
	refuse(
	    s, METRIC_SUBSCRIBE_BAD_AUTH, sub, "AuthError", "The connection is unauthorized.", 401);
	return false;
}

/* --- members --- */

/* From the channel_data, or from the sign-in of a connection that sends none. */
static enum err
read_member(const struct session *s, const struct subscribe *sub, struct pusher_user *out)
{
	const char *id = hub_user_id(&s->peer);

	if (sub->channel_data != NULL)
		return pusher_user_from_channel_data(sub->channel_data, out);
	if (id == NULL)
		return ERR_INVALID;
	pusher_user_set(out, id, hub_user_info(&s->peer));
	return OK;
}

static bool
is_member_allowed(struct session *s, const struct subscribe *sub, const struct pusher_user *user)
{
	size_t max = s->peer.app->limits.user_info_bytes;
	char text[96];

	if (user->info == NULL || json_dumpb(user->info, NULL, 0, PUSHER_USER_INFO_FORM) <= max)
		return true;
	(void)snprintf(text, sizeof text, "The user_info is larger than %zu bytes.", max);
	refuse(s, METRIC_SUBSCRIBE_BAD_MEMBER, sub, "LimitReached", text, 4301);
	return false;
}

static bool
join_presence(struct session *s, const struct subscribe *sub)
{
	auto_pusher_user user = { .id = "" };
	struct hub_member who;

	if (read_member(s, sub, &user) != OK) {
		refuse(s, METRIC_SUBSCRIBE_BAD_MEMBER, sub, "ServerError",
		    "A presence channel needs channel_data: JSON with a user_id.", 4302);
		return false;
	}
	if (!is_member_allowed(s, sub, &user))
		return false;
	who = (struct hub_member){ .user_id = user.id, .user_info = user.info };
	if (hub_subscribe(s->env->hub, &s->peer, sub->channel, sub->channel_len, &who) == OK)
		return true;
	refuse(s, METRIC_SUBSCRIBE_FULL, sub, "LimitReached",
	    "The presence channel has as many members as it may have.", 4100);
	return false;
}

static bool
join(struct session *s, const struct subscribe *sub)
{
	if ((sub->kind & CHANNEL_PRESENCE) != 0)
		return join_presence(s, sub);
	/* ERR_LIMIT is of presence channels only */
	return (sub->kind & CHANNEL_USER) != 0 ||
	       hub_subscribe(s->env->hub, &s->peer, sub->channel, sub->channel_len, NULL) == OK;
}

/* --- answers --- */

static void
say_subscribed(struct session *s, const struct subscribe *sub)
{
	json_auto_t *presence = hub_presence(s->peer.app, sub->channel, sub->channel_len);
	auto_char *data = presence != NULL ? json_text(presence) : NULL;

	session_say(s, pusher_subscribed(sub->channel, data != NULL ? data : "{}"));
	hub_replay(s->env->hub, &s->peer, sub->channel, sub->channel_len);
}

static bool
has_room(struct session *s, const struct subscribe *sub)
{
	size_t subs = s->peer.sub_count - (hub_user_id(&s->peer) != NULL);

	if (subs < s->peer.app->limits.channels_per_socket || (sub->kind & CHANNEL_USER) != 0 ||
	    hub_is_member(&s->peer, sub->channel, sub->channel_len))
		return true;
	refuse(s, METRIC_SUBSCRIBE_TOO_MANY, sub, "LimitReached",
	    "The connection has too many channels.", 4100);
	return false;
}

void
session_on_subscribe(SESSION_PARAMS)
{
	struct subscribe sub = {
		.channel = json_member_string(m->data, "channel"),
		.auth = json_member_string(m->data, "auth"),
		.channel_data = json_member_string(m->data, "channel_data"),
	};

	(void)now_ms;
	if (sub.channel == NULL) {
		session_refuse_message(s, "pusher:subscribe needs data.channel, a string");
		return;
	}
	sub.channel_len = strlen(sub.channel);
	sub.kind = channel_kind(sub.channel, sub.channel_len);
	if (!is_name_allowed(s, &sub) || !is_authorised(s, &sub) || !has_room(s, &sub) ||
	    !join(s, &sub))
		return;
	if (sub.kind != CHANNEL_PUBLIC && sub.kind != CHANNEL_CACHE)
		session_authorised(s);
	say_subscribed(s, &sub);
}

void
session_on_unsubscribe(SESSION_PARAMS)
{
	const char *channel = json_member_string(m->data, "channel");

	(void)now_ms;
	if (channel == NULL)
		session_refuse_message(s, "pusher:unsubscribe needs data.channel, a string");
	else
		hub_unsubscribe(s->env->hub, &s->peer, channel, strlen(channel));
}
