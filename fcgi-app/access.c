#include "access.h"

#include <jansson.h>
#include <stdio.h>

#include "event_names.h"
#include "events.h"
#include "json.h"

#define OWN_ID_PREFIX "c-"

const char *const access_need_names[NEED_COUNT] = {
	[NEED_NOTHING] = "nothing",
	[NEED_ANYBODY] = "anybody",
	[NEED_IDENTITY] = "identity",
	[NEED_OPEN_OR_IDENTITY] = "open-or-identity",
	[NEED_CHAT] = "chat",
	[NEED_CHAT_MANAGE] = "chat-manage",
	[NEED_CHAT_OWNER] = "chat-owner",
	[NEED_OPERATOR] = "operator",
};

bool
access_may_open(const struct config *c, const char *chat_id)
{
	return c->allow_open_chats &&
	       strncmp(chat_id, OWN_ID_PREFIX, sizeof OWN_ID_PREFIX - 1) != 0;
}

enum err
access_of(struct store *s, const struct config *c, const struct identity *who,
    const struct chat *chat, enum access *out)
{
	enum err e;

	if (identity_is_known(who) && chat->owner_id != NULL &&
	    strcmp(chat->owner_id, who->id) == 0) {
		*out = ACCESS_OWNER;
		return OK;
	}
	if (identity_is_known(who)) {
		e = store_member_check(s, chat->no, who->id);
		if (e == OK)
			*out = ACCESS_MEMBER;
		if (e != ERR_NOT_FOUND)
			return e;
	}
	*out = !chat->is_private && c->allow_open_chats ? ACCESS_GUEST : ACCESS_NONE;
	return OK;
}

enum err
access_find(struct store *s, const struct config *c, const struct identity *who,
    const char *chat_id, struct chat *out, enum access *out_access)
{
	enum access access = ACCESS_NONE;
	auto_chat chat = { 0 };
	enum err e = store_chat_find(s, chat_id, &chat);

	if (e != OK || (e = access_of(s, c, who, &chat, &access)) != OK)
		return e;
	if (access == ACCESS_NONE)
		return ERR_NOT_FOUND;
	*out = chat;
	*out_access = access;
	chat = (struct chat){ 0 };
	return OK;
}

enum err
access_check_id(
    struct store *s, const struct config *c, const struct identity *who, const char *chat_id)
{
	enum access access;
	auto_chat chat = { 0 };
	enum err e = access_find(s, c, who, chat_id, &chat, &access);

	if (e != ERR_NOT_FOUND || !access_may_open(c, chat_id))
		return e;
	/* Not there yet, or there and somebody's. */
	e = store_chat_find(s, chat_id, &chat);
	return e == ERR_NOT_FOUND ? OK : e == OK ? ERR_NOT_FOUND : e;
}

bool
access_suffices(enum access access, enum access_need need, const struct chat *chat)
{
	switch (need) {
	case NEED_CHAT: return access >= ACCESS_GUEST;
	case NEED_CHAT_MANAGE:
		return access == ACCESS_OWNER ||
		       (access >= ACCESS_GUEST && !chat->is_private && chat->owner_id == NULL);
	case NEED_CHAT_OWNER: return access == ACCESS_OWNER;
	default: return true;
	}
}

enum err
access_evict(struct store *s, const char *chat_id, const char *rid, int64_t now_ms)
{
	struct event_channels channels;
	json_auto_t *names = json_array();
	char encrypted[LIMIT_CHAT_ID_LEN + sizeof "private-encrypted-chat."];
	json_auto_t *data = NULL;
	auto_char *text = NULL;
	struct outbox_event e = { .name = EVENT_EVICT, .rid = rid, .created_ms = now_ms };

	event_channels(chat_id, false, &channels);
	for (size_t i = 0; i < channels.count; i++)
		(void)json_array_append_new(names, json_string(channels.names[i]));
	(void)snprintf(encrypted, sizeof encrypted, "private-encrypted-chat.%s", chat_id);
	(void)json_array_append_new(names, json_string(encrypted));
	data = json_pack("{s:O}", "channels", names);
	text = json_text(data);
	e.data = text;
	return store_outbox_add(s, &e);
}
