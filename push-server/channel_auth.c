#include "channel_auth.h"

#include <string.h>

#include "buf.h"
#include "limit.h"
#include "sign.h"

#define TEXT_BYTES (LIMIT_WS_MESSAGE_BYTES + 512) /* it came in one message */

static bool
is_signed(const struct app *app, const struct buf *text, const char *auth)
{
	size_t key_len = strlen(app->key);
	char want[SIGN_HEX_SIZE];

	if (auth == NULL || strncmp(auth, app->key, key_len) != 0 || auth[key_len] != ':')
		return false;
	auth += key_len + 1;
	sign_hmac_sha256(app->secret, text->data, text->len, want);
	return sign_equal(auth, strlen(auth), want, sizeof want - 1);
}

bool
channel_auth_is_valid(const struct app *app, const char *socket_id, const char *channel,
    const char *channel_data, const char *auth)
{
	auto_buf text = BUF_INIT(TEXT_BYTES);

	if (buf_addf(&text, "%s:%s", socket_id, channel) != OK)
		return false;
	if (channel_data != NULL && buf_addf(&text, ":%s", channel_data) != OK)
		return false;
	return is_signed(app, &text, auth);
}

bool
user_auth_is_valid(
    const struct app *app, const char *socket_id, const char *user_data, const char *auth)
{
	auto_buf text = BUF_INIT(TEXT_BYTES);

	return buf_addf(&text, "%s::user::%s", socket_id, user_data) == OK &&
	       is_signed(app, &text, auth);
}
