/*
 * POST /broadcasting/auth and /broadcasting/user-auth (alias /api/broadcasting/...): what pusher-js
 * and Echo ask before they subscribe. Form or JSON. Answers are Pusher's auth strings (reference:
 * pusher 3), signed with the app's secret.
 *
 * Signed for anybody: the channels of open chats and of ids that a client may still open one under,
 * because clients subscribe before they post. Of a private chat: for its owner and members; for
 * everybody else there is no such chat.
 *
 * socket_id and channel are checked before they are signed: a ':' in them would sign something
 * else.
 */
#include "app.h"

#include <stdio.h>

#include "chat_channel.h"
#include "gate.h"
#include "json.h"
#include "refusal.h"

struct auth_request {
	char socket_id[80];
	char channel_name[LIMIT_CHANNEL_NAME_LEN + 1]; /* "": not given */
};

/* --- reading --- */

static void
copy_member(const json_t *root, const char *name, char *out, size_t size)
{
	const char *value = json_member_string(root, name);

	if (value != NULL && strlen(value) < size)
		memcpy(out, value, strlen(value) + 1);
}

/* False: answered already. */
static bool
read_request(const struct http_request *q, struct auth_request *out, struct http_response *r)
{
	struct field_error why = { .field = "socket_id",
		.text = "The socket id must be digits, a dot, digits." };
	json_auto_t *root = NULL;

	*out = (struct auth_request){ 0 };
	if (gate_is_form(q)) {
		if (!gate_body_came(q, r))
			return false;
		(void)http_query(q->body, "socket_id", out->socket_id, sizeof out->socket_id);
		(void)http_query(
		    q->body, "channel_name", out->channel_name, sizeof out->channel_name);
	} else {
		if (!gate_json_body(q, &root, r))
			return false;
		copy_member(root, "socket_id", out->socket_id, sizeof out->socket_id);
		copy_member(root, "channel_name", out->channel_name, sizeof out->channel_name);
	}
	if (id_is_socket_id(out->socket_id, strlen(out->socket_id)))
		return true;
	http_invalid(r, &why, q->rid);
	return false;
}

/* --- signing --- */

/* "key:hmac" of socket_id, between and what, joined by ':'. what may be NULL. */
static char *
auth_string(const struct app *a, const char *socket_id, const char *between, const char *what)
{
	auto_buf text = BUF_INIT(16384);
	auto_buf out = BUF_INIT(1024);
	char hex[SIGN_HEX_SIZE];
	enum err e = buf_addf(&text, "%s:%s", socket_id, between);

	if (e == OK && what != NULL)
		e = buf_addf(&text, ":%s", what);
	if (e != OK)
		return NULL;
	sign_hmac_sha256(a->config->pusher_app_secret, text.data, text.len, hex);
	e = buf_addf(&out, "%s:%s", a->config->pusher_app_key, hex);
	return e == OK ? buf_take(&out) : NULL;
}

/* Who that is to others: a person's public id, or one that this socket has and no other. */
static void
presence_id(const struct app *a, const struct http_request *q, const char *socket_id,
    char out[PUBLIC_ID_SIZE + sizeof "guest-"])
{
	char id[PUBLIC_ID_SIZE];
	bool known = identity_is_known(q->caller);

	identity_public_id(a->config->app_key, known ? q->caller->id : socket_id, id);
	(void)snprintf(out, PUBLIC_ID_SIZE + sizeof "guest-", "%s%s", known ? "" : "guest-", id);
}

static json_t *
user_info(const struct http_request *q, const char *id)
{
	return json_pack("{s:s, s:s?, s:b}", "id", id, "name",
	    q->caller->name[0] != '\0' ? q->caller->name : NULL, "guest",
	    !identity_is_known(q->caller));
}

static void
sign_channel(struct app *a, const struct http_request *q, const struct auth_request *want,
    const struct chat_channel *channel, struct http_response *r)
{
	char id[PUBLIC_ID_SIZE + sizeof "guest-"], secret[SIGN_BASE64_SIZE];
	json_auto_t *member = NULL;
	auto_char *data = NULL;
	auto_char *auth = NULL;

	if (channel->is_presence) {
		presence_id(a, q, want->socket_id, id);
		member = json_pack("{s:s, s:o}", "user_id", id, "user_info", user_info(q, id));
		data = json_text(member);
	}
	auth = auth_string(a, want->socket_id, want->channel_name, data);
	if (channel->is_encrypted)
		sign_shared_secret(a->config->app_key, want->channel_name, secret);
	http_json(r, 200,
	    json_pack("{s:s, s:s*, s:s*}", "auth", auth, "channel_data", data, "shared_secret",
		channel->is_encrypted ? secret : NULL));
}

void
api_broadcasting_auth(struct app *a, const struct http_request *q, struct http_response *r)
{
	struct auth_request want;
	struct chat_channel channel;
	enum err e;

	if (!read_request(q, &want, r))
		return;
	if (!chat_channel_parse(want.channel_name, &channel) || channel.chat_id[0] == '\0') {
		refusal_answer(q, r, 403, "not_authorized", "This site has no such channel.",
		    "channel is no chat's");
		return;
	}
	e = access_check_id(a->reader, a->config, q->caller, channel.chat_id);
	if (e == OK)
		sign_channel(a, q, &want, &channel, r);
	else if (e == ERR_NOT_FOUND)
		gate_refuse_chat(a, q, r);
	else
		http_error(r, e, q->rid);
}

void
api_broadcasting_user(struct app *a, const struct http_request *q, struct http_response *r)
{
	char id[PUBLIC_ID_SIZE + sizeof "guest-"];
	struct auth_request want;
	json_auto_t *user = NULL;
	auto_char *data = NULL;
	auto_char *auth = NULL;

	if (!read_request(q, &want, r))
		return;
	presence_id(a, q, want.socket_id, id);
	user = json_pack("{s:s, s:o}", "id", id, "user_info", user_info(q, id));
	data = json_text(user);
	auth = auth_string(a, want.socket_id, ":user:", data);
	http_json(r, 200, json_pack("{s:s, s:s}", "auth", auth, "user_data", data));
}
