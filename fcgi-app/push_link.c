#include "push_link.h"

#include <time.h>

#include "clock.h"
#include "log.h"
#include "notify.h"
#include "outage.h"
#include "push_relay.h"

#define RETRY_AWAY_MS 250 /* the push server is restarting, or not there at all */
#define RETRY_FULL_MS 5   /* its queue is short, and so is its working off */
#define FULL_TOO_LONG_MS 2000
#define REFUSAL_MS 3000
#define FLUSH_MS 1000
#define FLUSH_LOOK_MS 5

struct push_link {
	struct notify *notify; /* NULL: BROADCAST_DRIVER says not to */
	struct push_relay
	    *relay; /* of PUSH_TRANSPORT=http, else NULL: it stands for the push server */
	enum push_state state;
	long long refused_uid;
	int64_t refused_until_ms, retry_ms;
	int64_t full_since_ms; /* 0: it is not */
	struct outage outage;
	struct notify_identity socket; /* as last seen; all zero: never */
	int64_t sent;                  /* datagrams */
	bool changed;
};

static enum err
open_relay(struct push_link *l, const struct config *c)
{
	auto_char *path = NULL;
	enum err e;

	if (asprintf(&path, "%s/relay.sock", c->var_dir) < 0)
		abort();
	e = push_relay_open(&l->relay, c, path);
	return e == OK ? notify_open(&l->notify, path) : e;
}

enum err
push_link_open(struct push_link **out, const struct config *c)
{
	struct push_link *l = xcalloc(1, sizeof *l);
	enum err e = OK;

	l->state = PUSH_OFF;
	l->changed = true;
	if (strcmp(c->broadcast_driver, "pusher") == 0) {
		l->state = PUSH_UNKNOWN;
		e = strcmp(c->push_transport, "http") == 0
			? open_relay(l, c)
			: notify_open(&l->notify, c->push_socket);
	}
	if (e == OK)
		*out = l;
	else
		push_link_close(l);
	return e;
}

void
push_link_close(struct push_link *l)
{
	if (l == NULL)
		return;
	notify_close(l->notify);
	push_relay_close(l->relay);
	free(l);
}

bool
push_link_is_on(const struct push_link *l)
{
	return l->notify != NULL;
}

bool
push_link_is_well(const struct push_link *l)
{
	return l->state != PUSH_AWAY && l->state != PUSH_REFUSED && l->state != PUSH_FULL;
}

static void
set_state(struct push_link *l, enum push_state state, long long uid)
{
	if (l->state == state && l->refused_uid == uid)
		return;
	l->state = state;
	l->refused_uid = uid;
	l->changed = true;
	switch (state) {
	case PUSH_AWAY: log_warn("push server is away"); break;
	case PUSH_FULL: log_warn("push server does not read its socket"); break;
	case PUSH_REFUSED:
		if (uid == PUSH_REFUSES_KEY)
			break; /* the relay has said it */
		if (uid >= 0)
			log_error("push server refuses us uid=%lld setting=PUSH_SOCKET_USERS", uid);
		else
			log_error("push socket may not be written: see its mode and group "
				  "setting=PUSH_SOCKET");
		break;
	case PUSH_OK: log_info("push server takes datagrams"); break;
	default: break;
	}
}

static void
on_full(struct push_link *l, int64_t now_ms)
{
	if (l->full_since_ms == 0)
		l->full_since_ms = now_ms;
	if (now_ms - l->full_since_ms > FULL_TOO_LONG_MS)
		set_state(l, PUSH_FULL, 0);
	l->retry_ms = now_ms + RETRY_FULL_MS;
}

static void
on_away(struct push_link *l, int64_t now_ms)
{
	outage_begins(&l->outage, now_ms);
	set_state(l, PUSH_AWAY, 0);
	l->retry_ms = now_ms + RETRY_AWAY_MS;
}

enum err
push_link_send(struct push_link *l, const char *p, size_t n, int64_t now_ms)
{
	enum err e = notify_send(l->notify, p, n);

	switch (e) {
	case OK:
		l->sent++;
		l->full_since_ms = 0;
		if (now_ms >= l->refused_until_ms)
			set_state(l, PUSH_OK, 0);
		return OK;
	case ERR_BUSY: on_full(l, now_ms); return e;
	case ERR_NOT_FOUND: on_away(l, now_ms); return e;
	case ERR_CONFLICT: set_state(l, PUSH_REFUSED, PUSH_REFUSES_FILE); break;
	default: break;
	}
	l->retry_ms = now_ms + RETRY_AWAY_MS;
	return e;
}

int64_t
push_link_sent(const struct push_link *l)
{
	return l->sent;
}

int64_t
push_link_taken(const struct push_link *l)
{
	return l->relay != NULL ? push_relay_done(l->relay) : l->sent;
}

void
push_link_flush(const struct push_link *l)
{
	struct timespec pause = { .tv_nsec = FLUSH_LOOK_MS * 1000000L };

	for (int64_t end_ms = clock_mono_ms() + FLUSH_MS; push_link_taken(l) < l->sent &&
							  push_relay_state(l->relay) == RELAY_OK &&
							  clock_mono_ms() < end_ms;)
		(void)nanosleep(&pause, NULL);
}

static bool
is_another(const struct notify_identity *a, const struct notify_identity *b)
{
	return a->inode != b->inode || a->device != b->device || a->made_ns != b->made_ns;
}

/* The relay's socket is always there; what counts is what stands behind it. */
static bool
look_at_relay(struct push_link *l, int64_t now_ms)
{
	switch (push_relay_state(l->relay)) {
	case RELAY_AWAY: on_away(l, now_ms); return false;
	case RELAY_REFUSED:
		set_state(l, PUSH_REFUSED, PUSH_REFUSES_KEY);
		l->retry_ms = now_ms + RETRY_AWAY_MS;
		return false;
	case RELAY_OK: break;
	}
	if (l->state == PUSH_AWAY)
		outage_ends(&l->outage, now_ms, clock_wall_ms());
	if (l->state == PUSH_AWAY || l->state == PUSH_REFUSED)
		set_state(l, PUSH_OK, 0);
	return true;
}

bool
push_link_look(struct push_link *l, int64_t now_ms)
{
	struct notify_identity seen = { 0 };
	bool was_away = l->state == PUSH_AWAY;
	enum err e;

	if (l->relay != NULL)
		return look_at_relay(l, now_ms);
	if (was_away && now_ms < l->retry_ms)
		return false;
	e = notify_look(l->notify, &seen);
	if (e == ERR_NOT_FOUND || (was_away && !notify_is_served(l->notify))) {
		on_away(l, now_ms);
		return false;
	}
	if (was_away || (l->socket.inode != 0 && is_another(&l->socket, &seen))) {
		outage_begins(&l->outage, now_ms);
		outage_ends(&l->outage, now_ms, clock_wall_ms());
	}
	if (was_away)
		set_state(l, PUSH_OK, 0);
	l->socket = seen;
	return true;
}

bool
push_link_holds(const struct push_link *l, int64_t asked_ms, int64_t now_ms)
{
	return outage_holds(&l->outage, asked_ms, now_ms);
}

int64_t
push_link_held_until_ms(const struct push_link *l)
{
	return l->outage.until_ms;
}

int64_t
push_link_retry_ms(const struct push_link *l)
{
	return l->retry_ms;
}

int64_t
push_link_refused_until_ms(const struct push_link *l, int64_t now_ms)
{
	return now_ms < l->refused_until_ms ? l->refused_until_ms : 0;
}

int
push_link_fd(const struct push_link *l)
{
	return l->notify != NULL ? notify_fd(l->notify) : -1;
}

void
push_link_read(struct push_link *l)
{
	long long uid = -1;

	if (l->notify == NULL || !notify_read(l->notify, &uid))
		return;
	l->refused_until_ms = clock_mono_ms() + REFUSAL_MS;
	set_state(l, PUSH_REFUSED, uid);
}

bool
push_link_changed(struct push_link *l)
{
	bool changed = l->changed;

	l->changed = false;
	return changed;
}

void
push_link_status(const struct push_link *l, struct worker_status *out)
{
	out->push = l->state;
	out->refused_uid = l->state == PUSH_REFUSED ? l->refused_uid : PUSH_REFUSES_FILE;
}
