/* Client events: of members, in private and presence channels, so many a second. */
#include "session_internal.h"

#include "channel_name.h"

static bool
is_rate_kept(struct session *s, int64_t now_ms)
{
	if (now_ms - s->client_events_ms >= 1000) {
		s->client_events_ms = now_ms;
		s->client_events = 0;
	}
	return (long)++s->client_events <= s->peer.app->limits.client_events_per_second;
}

static size_t
data_len(const json_t *data)
{
	if (json_is_string(data))
		return json_string_length(data);
	return json_dumpb(data, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
}

static const char *
why_not(const struct session *s, const struct pusher_message *m)
{
	const struct app_limits *limits = &s->peer.app->limits;

	if (!s->peer.app->has_client_messages)
		return "The app does not have client messaging enabled.";
	if (m->channel == NULL)
		return "A client event needs a channel, a string.";
	if ((channel_kind(m->channel, strlen(m->channel)) & CHANNEL_PRIVATE) == 0)
		return "Client events are only for private and presence channels.";
	if (!hub_is_member(&s->peer, m->channel, strlen(m->channel)))
		return "The client is not a member of the specified channel.";
	if (strlen(m->event) > limits->event_name_len)
		return "The event name is longer than allowed.";
	if (m->data != NULL && data_len(m->data) > limits->event_bytes)
		return "The event data is larger than allowed.";
	return NULL;
}

void
session_on_client_event(SESSION_PARAMS)
{
	const char *text = why_not(s, m);
	enum metric why = METRIC_CLIENT_EVENT_REFUSED;

	if (text == NULL && !is_rate_kept(s, now_ms)) {
		why = METRIC_CLIENT_EVENT_RATE;
		text = "Rate limit exceeded";
	}
	if (text != NULL) {
		session_count(s, why);
		session_say(s, pusher_channel_error(m->channel, 4301, text));
		return;
	}
	hub_relay(s->env->hub, &s->peer, m->channel, m->event, m->data);
	session_count(s, METRIC_EVENTS_CLIENT);
}
