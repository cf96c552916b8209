#include "session.h"

#include <stdio.h>

#include "channel_auth.h"
#include "channel_name.h"
#include "json.h"
#include "limit.h"
#include "pusher_json.h"
#include "utf8.h"

/* --- life --------------------------------------------------------------------------------------
 */

static void
count(const struct session *s, enum metric which)
{
	metric_add(s->env->metrics, which, 1);
}

static void
say(struct session *s, struct frame *f)
{
	count(s, METRIC_MESSAGES_SENT);
	if (peer_give(&s->peer, f) == OK)
		return;
	count(s, METRIC_CLOSED_SLOW);
	hub_leave_all(s->env->hub, &s->peer);
}

void
session_end(struct session *s, uint16_t code, const char *text, int64_t now_ms)
{
	if (s->peer.app != NULL)
		hub_leave_all(s->env->hub, &s->peer);
	peer_end(&s->peer, code, text);
	wheel_set(s->env->wheel, &s->timer, now_ms + SESSION_CLOSE_GRACE_MS);
}

static void
end_counted(struct session *s, enum metric why, uint16_t code, const char *text, int64_t now_ms)
{
	count(s, why);
	session_end(s, code, text, now_ms);
}

/* NULL and 5 to 7 are served; out_code says what is wrong with the rest. */
static bool
is_protocol_served(const char *protocol, uint16_t *out_code, const char **out_text)
{
	char *end;
	long version;

	if (protocol == NULL)
		return true;
	version = strtol(protocol, &end, 10);
	if (*protocol == '\0' || *end != '\0') {
		*out_code = 4006;
		*out_text = "Invalid version string format";
		return false;
	}
	*out_code = 4007;
	*out_text = "Unsupported protocol version";
	return version >= 5 && version <= 7;
}

static void
end_unknown_key(struct session *s, const struct session_request *r, int64_t now_ms)
{
	char text[LIMIT_APP_FIELD_LEN + 64] = "App key does not exist.";

	if (r->key_len <= LIMIT_APP_FIELD_LEN && utf8_is_valid(r->key, r->key_len))
		(void)snprintf(
		    text, sizeof text, "App key %.*s does not exist.", (int)r->key_len, r->key);
	end_counted(s, METRIC_REFUSED_KEY, 4001, text, now_ms);
}

static bool
may_enter(struct session *s, struct app *app, const struct session_request *r, int64_t now_ms)
{
	uint16_t code = 0;
	const char *text = NULL;

	if (app == NULL)
		end_unknown_key(s, r, now_ms);
	else if (!app->is_enabled)
		end_counted(s, METRIC_REFUSED_DISABLED, 4003, "The app is not enabled.", now_ms);
	else if (!is_protocol_served(r->protocol, &code, &text))
		end_counted(s, METRIC_REFUSED_PROTOCOL, code, text, now_ms);
	else if (!app_allows_origin(app, r->origin))
		end_counted(s, METRIC_REFUSED_ORIGIN, 4009, "The origin is not allowed.", now_ms);
	else if (s->env->is_draining)
		end_counted(s, METRIC_CLOSED_DRAIN, 4200, "Server is shutting down", now_ms);
	else if (hub_attach(s->env->hub, app, &s->peer) != OK)
		end_counted(s, METRIC_REFUSED_CAPACITY, 4100, "Over capacity", now_ms);
	else
		return true;
	return false;
}

static void
arm(struct session *s)
{
	int64_t wait_ms = s->is_asked ? LIMIT_PONG_SECONDS : s->env->activity_seconds;

	wheel_set(s->env->wheel, &s->timer, s->seen_ms + wait_ms * 1000);
}

void
session_open(struct session *s, struct session_env *env, const struct transport *t,
    const struct session_request *r, int64_t now_ms)
{
	char id[SOCKET_ID_SIZE];

	*s = (struct session){ .peer.transport = t, .env = env, .seen_ms = now_ms };
	if (!may_enter(s, apps_by_key(env->apps, r->key, r->key_len), r, now_ms))
		return;
	arm(s);
	say(s, pusher_established(hub_socket_id(&s->peer, id), env->activity_seconds));
}

void
session_seen(struct session *s, int64_t now_ms)
{
	s->seen_ms = now_ms;
	s->is_asked = false;
}

bool
session_tick(struct session *s, int64_t now_ms)
{
	if (peer_has_ended(&s->peer))
		return false;
	if (s->is_asked) {
		end_counted(
		    s, METRIC_CLOSED_SILENT, 4201, "Pong reply not received in time", now_ms);
		return true;
	}
	/* frames do not move the deadline: it is looked at when it comes */
	if (now_ms - s->seen_ms < s->env->activity_seconds * 1000) {
		arm(s);
		return true;
	}
	s->is_asked = true;
	wheel_set(s->env->wheel, &s->timer, now_ms + LIMIT_PONG_SECONDS * 1000);
	say(s, pusher_ping());
	s->peer.transport->ping(&s->peer); /* for those who do not speak pusher:ping */
	return true;
}

void
session_close(struct session *s)
{
	if (s->env == NULL) /* never opened */
		return;
	hub_detach(s->env->hub, &s->peer);
	s->peer.close_code = PEER_GONE;
	wheel_clear(&s->timer);
	outbox_clear(&s->peer.outbox);
}

/* --- subscribe ---------------------------------------------------------------------------------
 */

struct subscribe {
	const char *channel, *auth, *channel_data; /* borrowed from the message */
	size_t channel_len;
	unsigned kind;
};

static void
refuse(struct session *s, enum metric why, const struct subscribe *sub, const char *type,
    const char *text, int status)
{
	count(s, why);
	say(s, pusher_subscription_error(sub->channel, type, text, status));
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
	if (!channel_name_is_valid(sub->channel, sub->channel_len, max)) {
		refuse(s, METRIC_SUBSCRIBE_BAD_NAME, sub, NULL,
		    "The channel name is not allowed. Read channel conventions.", 4009);
		return false;
	}
	return true;
}

static bool
is_authorised(struct session *s, const struct subscribe *sub)
{
	char id[SOCKET_ID_SIZE];
	bool is_presence = (sub->kind & CHANNEL_PRESENCE) != 0;

	if ((sub->kind & CHANNEL_USER) == 0 && (sub->kind & CHANNEL_PRIVATE) == 0)
		return true;
	if ((sub->kind & CHANNEL_PRIVATE) != 0 &&
	    channel_auth_is_valid(s->peer.app, hub_socket_id(&s->peer, id), sub->channel,
		is_presence ? sub->channel_data : NULL, sub->auth))
		return true;
	refuse(
	    s, METRIC_SUBSCRIBE_BAD_AUTH, sub, "AuthError", "The connection is unauthorized.", 401);
	return false;
}

static void
on_subscribe(struct session *s, const struct pusher_message *m, int64_t now_ms)
{
	struct subscribe sub = {
		.channel = json_member_string(m->data, "channel"),
		.auth = json_member_string(m->data, "auth"),
		.channel_data = json_member_string(m->data, "channel_data"),
	};

	(void)now_ms;
	if (sub.channel == NULL) {
		count(s, METRIC_BAD_MESSAGE);
		say(s, pusher_error(0, "pusher:subscribe needs data.channel, a string"));
		return;
	}
	sub.channel_len = strlen(sub.channel);
	sub.kind = channel_kind(sub.channel, sub.channel_len);
	if (!is_name_allowed(s, &sub) || !is_authorised(s, &sub))
		return;
	if (!hub_is_member(&s->peer, sub.channel, sub.channel_len) &&
	    s->peer.sub_count >= s->peer.app->limits.channels_per_socket) {
		refuse(s, METRIC_SUBSCRIBE_TOO_MANY, &sub, "LimitReached",
		    "The connection has too many channels.", 4100);
		return;
	}
	hub_subscribe(s->env->hub, &s->peer, sub.channel, sub.channel_len);
	say(s, pusher_subscribed(sub.channel, "{}"));
}

static void
on_unsubscribe(struct session *s, const struct pusher_message *m, int64_t now_ms)
{
	const char *channel = json_member_string(m->data, "channel");

	(void)now_ms;
	if (channel != NULL)
		hub_unsubscribe(s->env->hub, &s->peer, channel, strlen(channel));
}

static void
on_ping(struct session *s, const struct pusher_message *m, int64_t now_ms)
{
	(void)m;
	(void)now_ms;
	say(s, pusher_pong());
}

static void
on_pong(struct session *s, const struct pusher_message *m, int64_t now_ms)
{
	(void)s;
	(void)m;
	(void)now_ms;
}

/* --- client events -----------------------------------------------------------------------------
 */

static bool
is_rate_kept(struct session *s, int64_t now_ms)
{
	if (now_ms - s->client_events_ms >= 1000) {
		s->client_events_ms = now_ms;
		s->client_events = 0;
	}
	return (long)++s->client_events <= s->peer.app->limits.client_events_per_second;
}

static const char *
why_not(const struct session *s, const struct pusher_message *m)
{
	const struct app_limits *limits = &s->peer.app->limits;

	if (!s->peer.app->has_client_messages)
		return "The app does not have client messaging enabled.";
	if (m->channel == NULL || m->data == NULL)
		return "A client event needs a channel and data.";
	if ((channel_kind(m->channel, strlen(m->channel)) & CHANNEL_PRIVATE) == 0)
		return "Client events are only for private and presence channels.";
	if (!hub_is_member(&s->peer, m->channel, strlen(m->channel)))
		return "The client is not a member of the specified channel.";
	if (strlen(m->event) > limits->event_name_len)
		return "The event name is longer than allowed.";
	return NULL;
}

static void
on_client_event(struct session *s, const struct pusher_message *m, int64_t now_ms)
{
	const char *text = why_not(s, m);
	enum metric why = METRIC_CLIENT_EVENT_REFUSED;
	struct frame *f;

	if (text == NULL && !is_rate_kept(s, now_ms)) {
		why = METRIC_CLIENT_EVENT_RATE;
		text = "Rate limit exceeded";
	}
	if (text != NULL) {
		count(s, why);
		say(s, pusher_error(4301, text));
		return;
	}
	/* rebuilt, never forwarded: what else the client wrote (a user_id) is not ours to vouch for
	 */
	f = pusher_event(m->event, m->channel, m->data, NULL);
	hub_publish(s->env->hub, s->peer.app, m->channel, strlen(m->channel), f, &s->peer);
	frame_unref(f);
	count(s, METRIC_EVENTS_CLIENT);
}

/* --- the table ---------------------------------------------------------------------------------
 */

/* The whole client-to-server protocol, a row an event; a name that ends in '-' is a prefix. */
static const struct {
	const char *name;
	void (*handle)(struct session *s, const struct pusher_message *m, int64_t now_ms);
} events[] = {
	{ "pusher:ping", on_ping },
	{ "pusher:pong", on_pong },
	{ "pusher:subscribe", on_subscribe },
	{ "pusher:unsubscribe", on_unsubscribe },
	{ "client-", on_client_event },
};

static bool
matches(const char *event, const char *name)
{
	size_t n = strlen(name);

	return name[n - 1] == '-' ? strncmp(event, name, n) == 0 : strcmp(event, name) == 0;
}

void
session_receive(struct session *s, const char *text, size_t len, int64_t now_ms)
{
	struct pusher_message m;

	session_seen(s, now_ms);
	if (peer_has_ended(&s->peer))
		return;
	count(s, METRIC_MESSAGES_RECEIVED);
	if (pusher_parse(text, len, &m) != OK) {
		count(s, METRIC_BAD_MESSAGE);
		say(s, pusher_error(0, "Invalid message format"));
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		if (matches(m.event, events[i].name)) {
			events[i].handle(s, &m, now_ms);
			break;
		}
	}
	pusher_message_clear(&m); /* unknown events are ignored, as the protocol asks */
}
