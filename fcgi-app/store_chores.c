#include "store_chores.h"

#include "store_search.h"
#include "store_tree.h"
#include "store_usage.h"

/* A portion takes a few milliseconds: replies that stream wait for it. */
#define INDEX_BYTES (128UL * 1024)
#define PURGE_MESSAGES 200
#define KEY_LIFE_MS (25LL * 3600 * 1000)

enum err
store_chores(struct store *s, int64_t now_ms, bool *out_more)
{
	bool more_text = false, more_chats = false;
	enum err e = store_index_some(s, INDEX_BYTES, &more_text);

	if (e == OK)
		e = store_purge_some(s, now_ms - LIMIT_UNDO_MS, PURGE_MESSAGES, &more_chats);
	if (e == OK)
		e = store_idempotency_prune(s, now_ms - KEY_LIFE_MS);
	if (e == OK)
		e = store_usage_prune(s, usage_day(now_ms) - LIMIT_USAGE_DAYS);
	*out_more = more_text || more_chats;
	return e;
}
