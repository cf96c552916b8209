#include "relay_batch.h"

#include "json.h"
#include "sign.h"
#include "util.h"

#define SIGN_TEXT_BYTES 2048

void
relay_line_free(struct relay_line *l)
{
	notify_line_clear(&l->line);
	free(l);
}

/* "private-chat.7" and "chat.7" are of chat 7. */
static const char *
chat_of(const struct relay_line *l)
{
	const char *channel = l->line.channels[l->line.channel_count - 1];
	const char *dot = strchr(channel, '.');

	return dot != NULL ? dot : channel;
}

bool
relay_same_chat(const struct relay_line *a, const struct relay_line *b)
{
	return strcmp(chat_of(a), chat_of(b)) == 0;
}

/* A line before it, of the same chat, stays where it is. */
static bool
would_overtake(const struct relay_queue *waiting, const struct relay_line *l)
{
	const struct relay_line *before;

	TAILQ_FOREACH(before, waiting, link)
	{
		if (before == l)
			return false;
		if (relay_same_chat(before, l))
			return true;
	}
	return false;
}

bool
relay_take(struct relay_queue *waiting, struct relay_queue *batch,
    bool (*is_busy)(const void *arg, const struct relay_line *l), const void *arg)
{
	struct relay_line *l = TAILQ_FIRST(waiting), *next;
	size_t entries = 0;

	for (; l != NULL && entries < LIMIT_BATCH_EVENTS; l = next) {
		size_t more = l->line.channel_count;

		next = TAILQ_NEXT(l, link);
		if ((entries > 0 && (l->goes_alone || entries + more > LIMIT_BATCH_EVENTS)) ||
		    is_busy(arg, l) || would_overtake(waiting, l))
			continue;
		entries += l->goes_alone ? LIMIT_BATCH_EVENTS : more;
		TAILQ_REMOVE(waiting, l, link);
		TAILQ_INSERT_TAIL(batch, l, link);
	}
	return entries > 0;
}

enum err
relay_body(const struct relay_queue *batch, struct buf *out)
{
	json_auto_t *list = json_array(), *root = NULL;
	const struct relay_line *l;

	TAILQ_FOREACH(l, batch, link)
	for (size_t i = 0; i < l->line.channel_count; i++) {
		json_t *entry = json_pack("{s:s, s:s, s:O, s:s*}", "name", l->line.name, "channel",
		    l->line.channels[i], "data", json_object_get(l->line.root, "data"), "socket_id",
		    l->line.socket_id);

		if (json_array_append_new(list, entry) != 0)
			return ERR_INVALID;
	}
	root = json_pack("{s:O}", "batch", list);
	return root != NULL ? json_write(out, root) : ERR_INVALID;
}

enum err
relay_path(const struct relay_app *app, const struct buf *body, int64_t now_s, struct buf *out)
{
	auto_buf text = BUF_INIT(SIGN_TEXT_BYTES);
	char md5[MD5_HEX_SIZE], signature[SIGN_HEX_SIZE];
	const char *query;
	enum err e;

	sign_md5(body->data, body->len, md5);
	e = buf_addf(&text,
	    "POST\n/apps/%s/"
	    "batch_events\nauth_key=%s&auth_timestamp=%lld&auth_version=1.0&body_md5=%s",
	    app->id, app->key, (long long)now_s, md5);
	if (e != OK)
		return e;
	sign_hmac_sha256(app->secret, text.data, text.len, signature);
	query = strrchr(text.data, '\n') + 1;
	return buf_addf(
	    out, "/apps/%s/batch_events?%s&auth_signature=%s", app->id, query, signature);
}
