#include "chat_channel.h"

#include <stdio.h>
#include <string.h>

#include "ids.h"
#include "util.h"

/* The longest first: "private-" is the beginning of the others. */
static const struct {
	const char *prefix;
	bool is_presence, is_encrypted;
} kinds[] = {
	{ "private-encrypted-cache-", false, true },
	{ "private-encrypted-", false, true },
	{ "private-cache-", false, false },
	{ "private-", false, false },
	{ "presence-cache-", true, false },
	{ "presence-", true, false },
};

bool
chat_channel_parse(const char *name, struct chat_channel *out)
{
	size_t n = strlen(name);

	if (!id_is_pusher_name(name, n, LIMIT_CHANNEL_NAME_LEN))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const char *rest = name + strlen(kinds[i].prefix);

		if (strncmp(name, kinds[i].prefix, strlen(kinds[i].prefix)) != 0)
			continue;
		*out = (struct chat_channel){ .is_presence = kinds[i].is_presence,
			.is_encrypted = kinds[i].is_encrypted };
		if (strncmp(rest, "chat.", 5) == 0 &&
		    id_is_pusher_name(rest + 5, strlen(rest + 5), LIMIT_CHAT_ID_LEN))
			(void)snprintf(out->chat_id, sizeof out->chat_id, "%s", rest + 5);
		return true;
	}
	return false;
}
