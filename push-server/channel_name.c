#include "channel_name.h"

#include <string.h>

#include "ids.h"
#include "util.h"

/* Longest prefix first. */
static const struct {
	const char *prefix;
	unsigned kind;
} kinds[] = {
	{ "private-encrypted-cache-", CHANNEL_PRIVATE | CHANNEL_ENCRYPTED | CHANNEL_CACHE },
	{ "private-encrypted-", CHANNEL_PRIVATE | CHANNEL_ENCRYPTED },
	{ CHANNEL_USER_PREFIX, CHANNEL_USER },
	{ "presence-cache-", CHANNEL_PRIVATE | CHANNEL_PRESENCE | CHANNEL_CACHE },
	{ "private-cache-", CHANNEL_PRIVATE | CHANNEL_CACHE },
	{ "presence-", CHANNEL_PRIVATE | CHANNEL_PRESENCE },
	{ "private-", CHANNEL_PRIVATE },
	{ "cache-", CHANNEL_CACHE },
};

static bool
has_prefix(const char *p, size_t n, const char *prefix)
{
	size_t len = strlen(prefix);

	return n >= len && memcmp(p, prefix, len) == 0;
}

unsigned
channel_kind(const char *name, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (has_prefix(name, n, kinds[i].prefix))
			return kinds[i].kind;
	return CHANNEL_PUBLIC;
}

bool
channel_name_is_valid(const char *name, size_t n, size_t max_len)
{
	size_t skip = has_prefix(name, n, CHANNEL_USER_PREFIX) ? strlen(CHANNEL_USER_PREFIX) : 0;

	return n <= max_len && id_is_channel_name(name + skip, n - skip, max_len);
}
