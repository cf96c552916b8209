#include "channel_auth.h"

#include <string.h>

#include "buf.h"
#include "limit.h"
#include "sign.h"

bool
channel_auth_is_valid(const struct app *app, const char *socket_id, const char *channel,
    const char *channel_data, const char *auth)
{
	auto_buf text = BUF_INIT(LIMIT_WS_MESSAGE_BYTES + 512);
	size_t key_len = strlen(app->key);
	char want[SIGN_HEX_SIZE];

	if (auth == NULL || strncmp(auth, app->key, key_len) != 0 || auth[key_len] != ':')
		return false;
	if (buf_addf(&text, "%s:%s", socket_id, channel) != OK)
		return false;
	if (channel_data != NULL && buf_addf(&text, ":%s", channel_data) != OK)
		return false;
	auth += key_len + 1;
	sign_hmac_sha256(app->secret, text.data, text.len, want);
	return sign_equal(auth, strlen(auth), want, sizeof want - 1);
}
