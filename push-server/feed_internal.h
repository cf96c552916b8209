/* feed_internal - what the rooms of the feed share; nobody else includes it. */
#ifndef FEED_INTERNAL_H
#define FEED_INTERNAL_H

#include "feed.h"

#define FEED_OLD_PREFIX "private-websockets-dashboard-"

/* What a note is called: by us, and by the two versions of laravel-websockets (NULL: not told). */
struct feed_kind {
	const char *name, *v1, *v2;
};

extern const struct feed_kind feed_kinds[HUB_NOTE_KINDS];

struct entry {
	enum hub_note_kind kind;
	int64_t at_ms;
	char socket_id[SOCKET_ID_SIZE]; /* "" if there is none */
	char *channel, *event;          /* owned, or NULL */
};

struct watch {
	struct watch *prev, *next;
	char *app_id;
	struct app *app; /* NULL: there is no such app at the moment */
	bool is_live;    /* somebody is in our channel */
	bool is_old;     /* or in one of laravel-websockets' */
	struct entry entries[HUB_NOTE_KINDS * FEED_PER_KIND];
	size_t count;
	uint64_t kept[HUB_NOTE_KINDS], omitted[HUB_NOTE_KINDS];
};

struct feed {
	struct hub *hub;
	struct apps *apps;
	struct app *internal;
	const struct status_server *server;
	struct watch *watches;
	int64_t now_ms;
	unsigned ticks;
};

/* Takes data. */
void feed_publish(
    const struct feed *f, struct app *app, const char *channel, const char *event, json_t *data);
void feed_add_text(json_t *object, const char *name, const char *value); /* not if "" or NULL */

/* feed_old.c */
bool feed_has_old_watchers(const struct app *app);
void feed_tell_old(const struct feed *f, const struct watch *w);

#endif
