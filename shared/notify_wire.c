#include "notify_wire.h"

#include <stdbool.h>

#include "ids.h"
#include "json.h"

#define WIRE_VERSION 1
#define WIRE_DEPTH 3 /* object, array of channels, one to spare */

static const char *const op_names[] = {
	[NOTIFY_PUBLISH] = NULL, /* a publish carries no op */
	[NOTIFY_EVICT] = "evict",
	[NOTIFY_REFUSED] = "refused",
};

static json_t *
channels_array(const struct notify_line *line)
{
	json_t *array = json_array();

	for (size_t i = 0; i < line->channel_count; i++)
		(void)json_array_append_new(array, json_string(line->channels[i]));
	return array;
}

static json_t *
line_to_json(const struct notify_line *line)
{
	switch (line->op) {
	case NOTIFY_PUBLISH:
		return json_pack("{s:i, s:s, s:o, s:s, s:s%, s:s*, s:s*}", "v", WIRE_VERSION, "app",
		    line->app, "channels", channels_array(line), "name", line->name, "data",
		    line->data, line->data_len, "socket_id", line->socket_id, "rid", line->rid);
	case NOTIFY_EVICT:
		return json_pack("{s:i, s:s, s:s, s:s, s:s*}", "v", WIRE_VERSION, "op",
		    op_names[line->op], "app", line->app, "channel", line->channels[0], "user_id",
		    line->user_id);
	case NOTIFY_REFUSED:
		return json_pack("{s:i, s:s, s:I, s:s}", "v", WIRE_VERSION, "op",
		    op_names[line->op], "uid", (json_int_t)line->uid, "setting", line->setting);
	}
	return NULL;
}

enum err
notify_line_write(struct buf *b, const struct notify_line *line)
{
	json_auto_t *root = line_to_json(line);
	size_t before = b->len;
	enum err e;

	if (root == NULL) /* a string that is not UTF-8 */
		return ERR_INVALID;
	e = json_write(b, root);
	if (e == OK)
		e = buf_add(b, "\n", 1);
	if (e != OK && b->data != NULL) {
		b->len = before;
		b->data[before] = '\0';
	}
	return e;
}

/* An optional string: NULL when absent, ERR_INVALID when it is something else. */
static enum err
optional_string(const json_t *root, const char *key, const char **out)
{
	const json_t *value = json_object_get(root, key);

	if (value != NULL && !json_is_string(value))
		return ERR_INVALID;
	*out = json_string_value(value);
	return OK;
}

static bool
is_channel(const char *name)
{
	return name != NULL && id_is_channel_name(name, strlen(name), LIMIT_CHANNEL_NAME_LEN_MAX);
}

static bool
has_channel(const struct notify_line *line, const char *channel)
{
	for (size_t i = 0; i < line->channel_count; i++)
		if (strcmp(line->channels[i], channel) == 0)
			return true;
	return false;
}

static enum err
read_channels(const json_t *root, struct notify_line *out)
{
	const json_t *array = json_object_get(root, "channels");
	size_t n = json_array_size(array);

	if (n > LIMIT_CHANNELS_PER_EVENT)
		return ERR_LIMIT;
	if (n == 0)
		return ERR_INVALID;
	for (size_t i = 0; i < n; i++) {
		const char *channel = json_string_value(json_array_get(array, i));

		if (!is_channel(channel))
			return ERR_INVALID;
		if (!has_channel(out, channel)) /* as by HTTP: each of them once */
			out->channels[out->channel_count++] = channel;
	}
	return OK;
}

static enum err
read_publish(const json_t *root, struct notify_line *out)
{
	const json_t *data = json_object_get(root, "data");
	enum err e;

	out->app = json_member_string(root, "app");
	out->name = json_member_string(root, "name");
	out->data = json_string_value(data);
	out->data_len = json_string_length(data);
	if (out->app == NULL || out->name == NULL || *out->name == '\0' || out->data == NULL)
		return ERR_INVALID;
	if (strlen(out->app) > LIMIT_APP_FIELD_LEN || strlen(out->name) > LIMIT_EVENT_NAME_LEN)
		return ERR_LIMIT;
	if ((e = read_channels(root, out)) != OK ||
	    (e = optional_string(root, "socket_id", &out->socket_id)) != OK ||
	    (e = optional_string(root, "rid", &out->rid)) != OK)
		return e;
	if (out->socket_id != NULL && !id_is_socket_id(out->socket_id, strlen(out->socket_id)))
		return ERR_INVALID;
	if (out->rid != NULL && !id_is_request_id(out->rid, strlen(out->rid)))
		return ERR_INVALID;
	return OK;
}

static enum err
read_evict(const json_t *root, struct notify_line *out)
{
	out->app = json_member_string(root, "app");
	out->channels[0] = json_member_string(root, "channel");
	out->channel_count = 1;
	if (out->app == NULL || !is_channel(out->channels[0]))
		return ERR_INVALID;
	return optional_string(root, "user_id", &out->user_id);
}

static enum err
read_refused(const json_t *root, struct notify_line *out)
{
	out->uid = json_member_int(root, "uid", -1);
	out->setting = json_member_string(root, "setting");
	return out->uid < 0 || out->setting == NULL ? ERR_INVALID : OK;
}

static enum err
read_line(const json_t *root, struct notify_line *out)
{
	const json_t *op = json_object_get(root, "op");

	if (json_integer_value(json_object_get(root, "v")) != WIRE_VERSION)
		return ERR_INVALID;
	if (op == NULL) {
		out->op = NOTIFY_PUBLISH;
		return read_publish(root, out);
	}
	if (!json_is_string(op))
		return ERR_INVALID;
	if (strcmp(json_string_value(op), op_names[NOTIFY_EVICT]) == 0) {
		out->op = NOTIFY_EVICT;
		return read_evict(root, out);
	}
	if (strcmp(json_string_value(op), op_names[NOTIFY_REFUSED]) == 0) {
		out->op = NOTIFY_REFUSED;
		return read_refused(root, out);
	}
	return ERR_INVALID;
}

enum err
notify_line_parse(const char *p, size_t n, struct notify_line *out)
{
	json_auto_t *root = NULL;
	struct notify_line line = { .op = NOTIFY_PUBLISH };
	enum err e;

	if (n > LIMIT_DATAGRAM_BYTES)
		return ERR_LIMIT;
	if ((e = json_parse(p, n, WIRE_DEPTH, true, &root, NULL, 0)) != OK)
		return e;
	if ((e = read_line(root, &line)) != OK)
		return e;
	line.root = json_incref(root);
	*out = line;
	return OK;
}

void
notify_line_clear(struct notify_line *line)
{
	json_decref(line->root);
	*line = (struct notify_line){ .op = NOTIFY_PUBLISH };
}

int
notify_next_line(const char **p, size_t *n, const char **out_line, size_t *out_len)
{
	while (*n > 0) {
		const char *start = *p;
		const char *end = memchr(start, '\n', *n);
		size_t len = end != NULL ? (size_t)(end - start) : *n;
		size_t used = end != NULL ? len + 1 : len;

		*p += used;
		*n -= used;
		if (len > 0 && start[len - 1] == '\r')
			len--;
		if (len > 0) {
			*out_line = start;
			*out_len = len;
			return 1;
		}
	}
	return 0;
}
