/*
 * pusher:signin. Who cannot sign in is told so and closed with 4009, as by soketi: pusher-js gives
 * up then instead of trying the same signature for ever.
 */
#include "session_internal.h"

#include "channel_auth.h"
#include "json.h"
#include "limit.h"
#include "pusher_user.h"

static void
fail(struct session *s, const char *text, int64_t now_ms)
{
	session_end_counted(s, METRIC_CLOSED_SIGNIN, 4009, text, now_ms);
}

/* The order is that of hosted Pusher: success, then what was cut off, then who is online. */
static void
welcome(struct session *s, const char *user_data, const struct pusher_user *user)
{
	session_authorised(s);
	session_say(s, pusher_signed_in(user_data));
	if (!s->peer.app->has_watchlist)
		return;
	if (user->is_watchlist_cut) {
		session_count(s, METRIC_WATCHLIST_CUT);
		session_say(s, pusher_error(4302, "The watchlist has more than 100 users."));
	}
	if (hub_user_id(&s->peer) != NULL) /* else he did not take the above, and is out */
		hub_watch(
		    s->env->hub, &s->peer, (const char *const *)user->watchlist, user->watch_count);
}

void
session_on_signin(SESSION_PARAMS)
{
	const char *auth = json_member_string(m->data, "auth");
	const char *user_data = json_member_string(m->data, "user_data");
	auto_pusher_user user = { .id = "" };
	char id[SOCKET_ID_SIZE];

	if (user_data == NULL ||
	    !user_auth_is_valid(s->peer.app, hub_socket_id(&s->peer, id), user_data, auth))
		fail(s, "The sign-in is not authorized.", now_ms);
	else if (pusher_user_from_user_data(user_data, &user) != OK)
		fail(s, "user_data must be JSON with an id, a string.", now_ms);
	else if (hub_sign_in(s->env->hub, &s->peer, user.id, user.info) != OK)
		fail(s, "The connection is signed in as another user.", now_ms);
	else
		welcome(s, user_data, &user);
}
