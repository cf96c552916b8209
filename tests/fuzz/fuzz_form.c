/*
 * Any bytes as a form or query: a value that was read, encoded again, is read as the same; no value
 * is longer than its room; and the name of a channel that comes out belongs to at most one chat.
 */
#include <stdint.h>

#include "chat_channel.h"
#include "http.h"
#include "ids.h"

#define VALUE_SIZE 165

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check_round_trip(const char *value)
{
	auto_buf form = BUF_INIT(4096);
	char again[VALUE_SIZE];
	enum err e = buf_adds(&form, "a=1&channel_name=");

	for (const char *p = value; *p != '\0' && e == OK; p++)
		e = buf_addf(&form, "%%%02x", (unsigned char)*p);
	must(e == OK && buf_adds(&form, "&z=") == OK);
	must(http_query(form.data, "channel_name", again, sizeof again));
	must(strcmp(value, again) == 0);
}

static void
check_channel(const char *name)
{
	struct chat_channel c;

	if (!chat_channel_parse(name, &c))
		return;
	must(strncmp(name, "private-", 8) == 0 || strncmp(name, "presence-", 9) == 0);
	must(strpbrk(name, ": \n/") == NULL);
	if (c.chat_id[0] != '\0')
		must(id_is_pusher_name(c.chat_id, strlen(c.chat_id), LIMIT_CHAT_ID_LEN) &&
		     strcmp(name + strlen(name) - strlen(c.chat_id), c.chat_id) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *form = xstrndup((const char *)data, size);
	char value[VALUE_SIZE];

	if (http_query(form, "channel_name", value, sizeof value)) {
		must(strlen(value) < sizeof value);
		check_round_trip(value);
		check_channel(value);
	}
	if (http_query(form, "socket_id", value, sizeof value) &&
	    id_is_socket_id(value, strlen(value)))
		must(strspn(value, "0123456789.") == strlen(value));
	check_channel(form);
	free(form);
	return 0;
}
