/* Opening, silence, ending, and the table of events. */
#include "session_internal.h"

#include <stdio.h>

#include "json.h"
#include "limit.h"
#include "utf8.h"

/* --- life --------------------------------------------------------------------------------------
 */

void
session_say(struct session *s, struct frame *f)
{
	session_count(s, METRIC_MESSAGES_SENT);
	if (s->peer.app != NULL) {
		s->peer.app->counts.now.sent++;
		s->peer.app->counts.now.sent_bytes += frame_len(f);
	}
	if (peer_give(&s->peer, f) != OK)
		session_fell_behind(s);
}

void
session_fell_behind(struct session *s)
{
	hub_count_slow(s->env->hub, &s->peer);
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

void
session_end_quietly(struct session *s, int64_t now_ms)
{
	session_end(s, PEER_GONE, NULL, now_ms);
	outbox_clear(&s->peer.outbox);
}

void
session_end_counted(
    struct session *s, enum metric why, uint16_t code, const char *text, int64_t now_ms)
{
	session_count(s, why);
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
	if (*protocol == '\0' || strchr("-0123456789", *protocol) == NULL || *end != '\0') {
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
	session_end_counted(s, METRIC_REFUSED_KEY, 4001, text, now_ms);
}

static void
end_over_capacity(struct session *s, const struct app *app, int64_t now_ms)
{
	if (app->is_capacity_final)
		session_end_counted(s, METRIC_REFUSED_CAPACITY, 4004,
		    "Application is over connection quota", now_ms);
	else
		session_end_counted(s, METRIC_REFUSED_CAPACITY, 4100, "Over capacity", now_ms);
}

static bool
may_enter(struct session *s, struct app *app, const struct session_request *r, int64_t now_ms)
{
	uint16_t code = 0;
	const char *text = NULL;

	if (app == NULL)
		end_unknown_key(s, r, now_ms);
	else if (!app->is_enabled)
		session_end_counted(
		    s, METRIC_REFUSED_DISABLED, 4003, "The app is not enabled.", now_ms);
	else if (!is_protocol_served(r->protocol, &code, &text))
		session_end_counted(s, METRIC_REFUSED_PROTOCOL, code, text, now_ms);
	else if (!app_allows_origin(app, r->origin))
		session_end_counted(
		    s, METRIC_REFUSED_ORIGIN, 4009, "The origin is not allowed.", now_ms);
	else if (s->env->is_draining)
		session_end_counted(
		    s, METRIC_CLOSED_DRAIN, 4200, "Server is shutting down", now_ms);
	else if (address_counts_add(&s->env->addresses, r->address, &s->address) != OK)
		session_end_counted(s, METRIC_REFUSED_ADDRESS, 4100,
		    "Too many connections from one address", now_ms);
	else if (hub_attach(s->env->hub, app, &s->peer) != OK)
		end_over_capacity(s, app, now_ms);
	else
		return true;
	return false;
}

static int64_t
activity_ms(const struct session *s)
{
	return s->env->activity_seconds * INT64_C(1000);
}

/* Sets the timer on what comes first: silence, or the end of the time to show a signature. */
static void
arm(struct session *s)
{
	int64_t at_ms = s->asked_until_ms != 0 ? s->asked_until_ms : s->seen_ms + activity_ms(s);

	if (s->authorise_by_ms != 0 && s->authorise_by_ms < at_ms)
		at_ms = s->authorise_by_ms;
	wheel_set(s->env->wheel, &s->timer, at_ms);
}

void
session_authorised(struct session *s)
{
	s->authorise_by_ms = 0; /* the timer is looked at when it comes */
}

void
session_refuse_message(struct session *s, const char *text)
{
	session_count(s, METRIC_BAD_MESSAGE);
	session_say(s, pusher_error(0, text));
}

void
session_open(struct session *s, struct session_env *env, const struct transport *t,
    const struct session_request *r, int64_t now_ms)
{
	char id[SOCKET_ID_SIZE];

	*s = (struct session){
		.peer = { .transport = t, .link = s->peer.link }, .env = env, .seen_ms = now_ms
	};
	if (!may_enter(s, apps_by_key(env->apps, r->key, r->key_len), r, now_ms))
		return;
	if (s->peer.app->has_user_authentication)
		s->authorise_by_ms =
		    now_ms + s->peer.app->limits.user_authentication_seconds * INT64_C(1000);
	arm(s);
	session_say(s, pusher_established(hub_socket_id(&s->peer, id), env->activity_seconds));
}

void
session_seen(struct session *s, int64_t now_ms)
{
	s->seen_ms = now_ms;
	s->asked_until_ms = 0;
}

/* Is anybody there? Asked twice: some clients do not speak pusher:ping. */
static void
ask(struct session *s, int64_t now_ms)
{
	s->asked_until_ms = now_ms + LIMIT_PONG_SECONDS * INT64_C(1000);
	arm(s);
	session_say(s, pusher_ping());
	s->peer.transport->ping(&s->peer);
}

/* Frames do not move the timer: deadlines are looked at when it comes. */
bool
session_tick(struct session *s, int64_t now_ms)
{
	if (peer_has_ended(&s->peer))
		return false;
	if (s->authorise_by_ms != 0 && now_ms >= s->authorise_by_ms)
		session_end_counted(s, METRIC_CLOSED_UNAUTHORISED, 4009,
		    "Connection not authorized within timeout.", now_ms);
	else if (s->asked_until_ms != 0 && now_ms >= s->asked_until_ms)
		session_end_counted(
		    s, METRIC_CLOSED_SILENT, 4201, "Pong reply not received in time", now_ms);
	else if (s->asked_until_ms == 0 && now_ms - s->seen_ms >= activity_ms(s))
		ask(s, now_ms);
	else
		arm(s);
	return true;
}

void
session_close(struct session *s)
{
	if (s->env == NULL) /* never opened */
		return;
	hub_detach(s->env->hub, &s->peer);
	address_counts_remove(&s->env->addresses, s->address);
	s->address = NULL;
	s->peer.close_code = PEER_GONE;
	wheel_clear(&s->timer);
	outbox_clear(&s->peer.outbox);
}

/* --- what comes in -----------------------------------------------------------------------------
 */

static void
on_ping(SESSION_PARAMS)
{
	(void)m;
	(void)now_ms;
	session_say(s, pusher_pong());
}

static void
on_pong(SESSION_PARAMS)
{
	(void)s;
	(void)m;
	(void)now_ms;
}

/* --- the table ---------------------------------------------------------------------------------
 */

/* The whole client-to-server protocol, a row an event; a name that ends in '-' is a prefix. */
static const struct {
	const char *name;
	void (*handle)(SESSION_PARAMS);
} events[] = {
	{ "pusher:ping", on_ping },
	{ "pusher:pong", on_pong },
	{ "pusher:subscribe", session_on_subscribe },
	{ "pusher:unsubscribe", session_on_unsubscribe },
	{ "pusher:signin", session_on_signin },
	{ "client-", session_on_client_event },
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
	session_count(s, METRIC_MESSAGES_RECEIVED);
	s->peer.app->counts.now.received++;
	s->peer.app->counts.now.received_bytes += len;
	if (pusher_parse(text, len, &m) != OK) {
		session_refuse_message(s, "Invalid message format");
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
