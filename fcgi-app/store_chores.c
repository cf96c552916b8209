#include "store_chores.h"

#include <stdio.h>

#include "store_access.h"
#include "store_priv.h"
#include "store_search.h"
#include "store_tree.h"
#include "store_usage.h"

/* A portion takes a few milliseconds: replies that stream wait for it. */
#define INDEX_BYTES (128UL * 1024)
#define PURGE_MESSAGES 200
#define KEY_LIFE_MS (25LL * 3600 * 1000)
#define TRUNCATE_PAUSE_MS 500

/*
 * A scrub's state is kept in meta, so that a new process goes on with it: scrub_at, when its next
 * step is due (store_jobs_next reads it); scrub_phase; scrub_done, when the last one was through.
 */
enum phase { PHASE_FIRST, PHASE_MERGE, PHASE_TRUNCATE, PHASE_COUNT };
static const char *const phases[PHASE_COUNT] = { "first", "merge", "truncate" };

static int64_t
read_number(struct store *s, const char *key, int64_t fallback)
{
	auto_buf text = BUF_INIT(64);

	return store_meta_get(s, key, &text) == OK ? strtoll(text.data, NULL, 10) : fallback;
}

static enum err
write_number(struct store *s, const char *key, int64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%lld", (long long)n);
	return store_meta_set(s, key, text);
}

static enum phase
read_phase(struct store *s)
{
	auto_buf text = BUF_INIT(64);

	if (store_meta_get(s, "scrub_phase", &text) == OK)
		for (int p = 0; p < PHASE_COUNT; p++)
			if (strcmp(phases[p], text.data) == 0)
				return (enum phase)p;
	return PHASE_FIRST;
}

static enum err
want_scrub(struct store *s, int64_t now_ms)
{
	int64_t at = read_number(s, "scrub_done", 0) + STORE_SCRUB_PAUSE_MS;
	enum err e;

	if (read_number(s, "scrub_at", -1) >= 0 && read_phase(s) == PHASE_FIRST)
		return OK; /* it has not begun yet */
	if (at > now_ms + STORE_SCRUB_PAUSE_MS || at < now_ms)
		at = now_ms; /* long ago, or the clock has jumped */
	if ((e = write_number(s, "scrub_at", at)) != OK)
		return e;
	return store_meta_set(s, "scrub_phase", phases[PHASE_FIRST]);
}

static enum err
end_scrub(struct store *s, int64_t now_ms)
{
	enum err e = store_meta_delete(s, "scrub_at");

	if (e == OK)
		e = store_meta_delete(s, "scrub_phase");
	return e == OK ? write_number(s, "scrub_done", now_ms) : e;
}

static enum err
truncate_log(struct store *s, int64_t now_ms)
{
	if (s->has_truncated) {
		s->has_truncated = false;
		return end_scrub(s, now_ms);
	}
	s->wants_truncate = true; /* after the commit of this very transaction */
	return write_number(s, "scrub_at", now_ms + TRUNCATE_PAUSE_MS);
}

/* One step of the scrub that is due. */
static enum err
scrub(struct store *s, int64_t now_ms)
{
	int64_t at = read_number(s, "scrub_at", -1);
	enum phase phase;
	bool done = false;
	enum err e;

	if (at < 0 || (at > now_ms && at <= now_ms + STORE_SCRUB_PAUSE_MS))
		return OK;
	phase = read_phase(s);
	if (phase == PHASE_TRUNCATE)
		return truncate_log(s, now_ms);
	s->has_truncated = false;
	if ((e = store_index_merge(s, phase == PHASE_FIRST, &done)) != OK)
		return e;
	return store_meta_set(s, "scrub_phase", phases[done ? PHASE_TRUNCATE : PHASE_MERGE]);
}

static enum err
purge(struct store *s, int64_t now_ms, bool *out_more)
{
	bool any = false;
	enum err e = store_purge_some(s, now_ms - LIMIT_UNDO_MS, PURGE_MESSAGES, &any, out_more);

	return e == OK && any ? want_scrub(s, now_ms) : e;
}

enum err
store_chores(struct store *s, int64_t now_ms, bool *out_more)
{
	bool more_text = false, more_chats = false;
	enum err e = store_index_some(s, INDEX_BYTES, &more_text);

	if (e == OK)
		e = purge(s, now_ms, &more_chats);
	if (e == OK)
		e = store_idempotency_prune(s, now_ms - KEY_LIFE_MS);
	if (e == OK)
		e = store_usage_prune(s, usage_day(now_ms) - LIMIT_USAGE_DAYS);
	if (e == OK)
		e = store_spending_prune(s, usage_day(now_ms) - 2);
	*out_more = more_text || more_chats;
	if (e == OK && !*out_more)
		e = scrub(s, now_ms);
	return e;
}
