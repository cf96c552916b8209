/*
 * hub_internal - what the rooms of the hub share; nobody else includes it.
 *
 * A subscription stands twice: in its channel's members and in its peer's subs, each knowing the
 * other's index. So joining, leaving and finding cost O(1) in the size of the channel, and a
 * fan-out walks one array.
 *
 * While a fan-out runs nobody leaves: whoever overflows is put on the doomed list, and every
 * public function ends with hub_settle, in which they leave.
 */
#ifndef HUB_INTERNAL_H
#define HUB_INTERNAL_H

#include "bus.h"
#include "cache.h"
#include "channel_name.h"
#include "hub.h"
#include "keyed_hash.h"
#include "limit.h"
#include "presence.h"
#include "pusher_json.h"
#include "table.h"

#include <utlist.h>

struct member {
	struct peer *peer;
	uint32_t back; /* its place in peer->subs */
};

struct channel {
	struct table_entry entry; /* in home->channels */
	struct hub_app *home;
	struct channel *prev, *next;           /* in hub->dirty, while something is pending */
	struct channel *prev_late, *next_late; /* in hub->late */
	struct member *members;
	uint32_t member_count, member_cap;
	struct frame **pending;
	uint32_t pending_count, pending_cap;
	size_t pending_bytes;
	int64_t pending_ns;        /* when the first of them came */
	struct presence *presence; /* presence channels; its places are those of members */
	int64_t counted_ms;        /* when subscription_count was told last; 0: never */
	bool is_late;              /* a subscription_count is held back */
	unsigned kind;             /* of enum channel_kind */
	size_t name_len;
	char name[];
};

/* What the hub keeps of an app. */
struct hub_app {
	struct app *app;
	struct hub_app *prev, *next; /* in hub->apps */
	struct table_entry *channels, *watched;
	struct cache cache;
};

/* Of a peer that is signed in. */
struct signed_in {
	struct channel *channel; /* #server-to-user-ID */
	json_t *info;            /* or NULL */
	struct watch *watches;
	uint32_t watch_count, watch_cap;
};

struct hub {
	struct metrics *metrics;
	struct bus bus;
	struct hub_observer on;
	hub_note_fn *note, *log; /* NULL: nobody */
	void *note_ctx;
	struct hub_app *apps;
	struct peer **slots; /* by socket id; NULL: free */
	uint32_t *free_slots;
	uint32_t slot_count, slot_cap, free_count;
	struct channel *dirty, *late;
	struct peer *doomed;
	size_t channels, subscriptions;
	int64_t now_ms;
};

/* hub.c */
struct hub_app *hub_app_get(struct hub *h, struct app *app);
void hub_doom(struct hub *h, struct peer *p); /* he did not take a frame, and has ended */
void hub_settle(struct hub *h);
/* Ends those whom user_id means (hub_evict). Returns how many. */
size_t hub_end_members(
    struct hub *h, struct channel *c, const char *user_id, uint16_t code, const char *text);
void hub_send(struct hub *h, struct peer *p, struct frame *f); /* takes f; to him alone */
size_t hub_evict_here(struct hub *h, const struct bus_entry *e);

/* hub_channels.c */
struct channel *hub_channel_find(const struct app *app, const char *name, size_t n);
struct channel *hub_channel_get(struct hub *h, struct hub_app *home, const char *name, size_t n);
struct subscription *hub_sub_find(const struct peer *p, const struct channel *c);
void hub_join(struct hub *h, struct channel *c, struct peer *p);
void hub_leave(struct hub *h, struct peer *p); /* hub_leave_all without settling */

/* hub_fanout.c */
void hub_gather(struct hub *h, struct channel *c, struct frame *f); /* takes f */
void hub_fan_out(struct hub *h, struct channel *c, struct frame *f, const struct peer *except);
void hub_channel_flush(struct hub *h, struct channel *c);
void hub_drop_pending(struct hub *h, struct channel *c);

void hub_deliver(struct hub *h, const struct bus_entry *e);

/* hub_bus.c */
void hub_join_bus(struct hub *h);
void hub_publish_from(struct hub *h, const struct peer *from, const char *channel, struct frame *f);

/* hub_counts.c */
void hub_count_changed(struct hub *h, struct channel *c);
void hub_count_forget(struct hub *h, struct channel *c);
void hub_count_late(struct hub *h);

/* hub_users.c */
void hub_sign_out(struct peer *p); /* before he leaves his channel */
size_t hub_terminate_here(struct hub *h, const struct bus_entry *e);
void hub_tell_watchers(struct hub *h, const struct channel *user, bool is_online);

#endif
