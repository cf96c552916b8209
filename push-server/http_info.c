#include "http_info.h"

#include <string.h>

#include "channel_name.h"

static const struct {
	const char *name;
	unsigned bit;
} attributes[] = {
	{ "user_count", INFO_USER_COUNT },
	{ "subscription_count", INFO_SUBSCRIPTION_COUNT },
	{ "cache", INFO_CACHE },
};

static unsigned
bit_of(const char *name, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++)
		if (strlen(attributes[i].name) == n && memcmp(attributes[i].name, name, n) == 0)
			return attributes[i].bit;
	return n > 0 ? INFO_UNKNOWN : 0;
}

unsigned
http_info_parse(const char *list)
{
	unsigned info = 0;

	while (list != NULL && *list != '\0') {
		size_t n = strcspn(list, ", ");

		info |= bit_of(list, n);
		list += n + (list[n] != '\0');
	}
	return info;
}

unsigned
http_info_of_kind(unsigned info, unsigned kind)
{
	if ((kind & CHANNEL_PRESENCE) == 0)
		info &= ~(unsigned)INFO_USER_COUNT;
	if ((kind & CHANNEL_CACHE) == 0)
		info &= ~(unsigned)INFO_CACHE;
	return info & ~(unsigned)INFO_UNKNOWN;
}

/* {"data","ttl"} of the event that is remembered, or null. */
static json_t *
cached(const struct hub *h, const struct app *app, const char *channel)
{
	int64_t ttl_ms = 0;
	const struct frame *f = hub_cached(h, app, channel, strlen(channel), &ttl_ms);
	json_auto_t *event =
	    f != NULL ? json_loadb(frame_text(f), frame_len(f), JSON_ALLOW_NUL, NULL) : NULL;

	if (event == NULL)
		return json_null();
	return json_pack("{s:O*, s:I}", "data", json_object_get(event, "data"), "ttl",
	    (json_int_t)((ttl_ms + 999) / 1000));
}

void
http_info_add(
    json_t *object, const struct hub *h, const struct app *app, const char *channel, unsigned info)
{
	struct hub_channel c = { .subscriptions = 0 };

	info = http_info_of_kind(info, channel_kind(channel, strlen(channel)));
	(void)hub_channel(app, channel, strlen(channel), &c); /* else: nobody is in it */
	if ((info & INFO_USER_COUNT) != 0)
		(void)json_object_set_new(object, "user_count", json_integer((json_int_t)c.users));
	if ((info & INFO_SUBSCRIPTION_COUNT) != 0)
		(void)json_object_set_new(
		    object, "subscription_count", json_integer((json_int_t)c.subscriptions));
	if ((info & INFO_CACHE) != 0)
		(void)json_object_set_new(object, "cache", cached(h, app, channel));
}
