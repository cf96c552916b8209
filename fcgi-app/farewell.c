#include "farewell.h"

#include "access.h"
#include "conversation_edit.h"

#define CHATS_MAX 1000 /* of one person, in one transaction */

struct chats {
	int64_t nos[CHATS_MAX];
	size_t count;
};

static bool
note_chat(void *arg, int64_t no)
{
	struct chats *l = arg;

	l->nos[l->count++] = no;
	return l->count < CHATS_MAX;
}

static bool
note_member(void *arg, const char *person_id, const char *name, int64_t joined_ms)
{
	(void)person_id;
	(void)name;
	(void)joined_ms;
	*(bool *)arg = true;
	return false;
}

/* The person leaves the chat for ever. *out_owns: it stays theirs, because others are in it. */
static enum err
leave(struct store *s, const struct chat *chat, const struct by *by, bool *out_owns)
{
	const char *id = by->caller->id;
	bool has_members = !chat->is_private;
	int removed;
	enum err e;

	if (chat->owner_id == NULL || strcmp(chat->owner_id, id) != 0)
		return store_members_remove(s, chat->no, id, &removed);
	if ((e = store_members_list(s, chat->no, note_member, &has_members)) != OK)
		return e;
	*out_owns |= has_members;
	return has_members ? OK : conversation_delete(s, chat, by);
}

/* One chat after the other; with leaves, the person goes out of each. */
static enum err
close_chats(struct store *s, const struct by *by, bool leaves, bool *out_owns)
{
	struct chats *l = xcalloc(1, sizeof *l);
	enum err e = store_chats_of_person(s, by->caller->id, CHATS_MAX, note_chat, l);

	for (size_t i = 0; i < l->count && e == OK; i++) {
		auto_chat chat = { 0 };

		e = store_chat_get(s, l->nos[i], &chat);
		if (e == OK && leaves && chat.deleted_ms == 0)
			e = leave(s, &chat, by, out_owns);
		if (e == OK)
			e = access_evict(s, chat.id, by->rid, by->now_ms);
	}
	free(l);
	return e;
}

enum err
farewell(struct store *s, const struct by *by, bool everywhere)
{
	const char *id = by->caller->id;
	bool is_only_session = strncmp(id, "s:", 2) == 0, owns = false;
	int64_t left = 0;
	enum err e = store_sessions_count(s, id, by->now_ms, &left);

	if (e != OK || (left > 0 && !everywhere) || (!is_only_session && !everywhere))
		return e;
	if ((e = close_chats(s, by, is_only_session, &owns)) != OK || !is_only_session || owns)
		return e;
	return store_person_delete(s, id);
}
