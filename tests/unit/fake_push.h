/*
 * fake_push - a push server without sockets: a real hub and real sessions on a transport that keeps
 * what it is given, and a clock that the test moves.
 *
 * What a client was sent stands in said, a line a message: assert_said compares and forgets it.
 */
#ifndef FAKE_PUSH_H
#define FAKE_PUSH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "buf.h"
#include "json.h"
#include "limit.h"
#include "session.h"
#include "sign.h"

#define FAKE_KEY "278d425bdf160c739803"
#define FAKE_SECRET "7ad3773142a6692b25b8"
#define FAKE_SAID_MAX (16UL * 1024 * 1024)
#define FAKE_START_MS 1000000

struct world {
	struct config config; /* apps borrows it */
	struct metrics metrics;
	struct wheel wheel;
	struct apps *apps;
	struct app *app;
	struct hub *hub;
	struct session_env env;
	int64_t now_ms;
};

/* The session is first, and a session's peer is its first: one address. */
struct fake {
	struct session session;
	struct buf said;
	struct world *world;
	unsigned writes, wakes, pings;
	bool is_stuck; /* the socket takes nothing */
};

/* One line for each WebSocket frame in p. */
static inline void
fake_hear(struct fake *c, const unsigned char *p, size_t n)
{
	while (n > 0) {
		size_t head = 2, len = p[1];

		assert_int_equal(p[0], 0x81);
		if (len == 126) {
			head = 4;
			len = (size_t)p[2] << 8 | p[3];
		} else if (len == 127) {
			head = 10;
			len = 0;
			for (size_t i = 2; i < 10; i++)
				len = len << 8 | p[i];
		}
		assert_true(head + len <= n);
		assert_int_equal(buf_add(&c->said, p + head, len), OK);
		assert_int_equal(buf_add(&c->said, "\n", 1), OK);
		p += head + len;
		n -= head + len;
	}
}

static inline bool
fake_write(struct peer *p, struct frame *f)
{
	struct fake *c = (struct fake *)(void *)p;
	size_t len;
	const unsigned char *bytes;

	if (c->is_stuck)
		return false;
	c->writes++;
	bytes = frame_ws(f, &len);
	fake_hear(c, bytes, len);
	return true;
}

/* The socket takes what has waited. */
static inline void
fake_drain(struct fake *c)
{
	struct frame *f;

	while (!c->is_stuck && (f = outbox_pop(&c->session.peer.outbox)) != NULL) {
		(void)fake_write(&c->session.peer, f);
		frame_unref(f);
	}
}

static inline void
fake_wake(struct peer *p)
{
	struct fake *c = (struct fake *)(void *)p;

	c->wakes++;
	fake_drain(c);
}

static inline void
fake_ping(struct peer *p)
{
	((struct fake *)(void *)p)->pings++;
}

static const struct transport fake_transport = {
	.write = fake_write,
	.wake = fake_wake,
	.ping = fake_ping,
};

static inline void
world_open(struct world *w)
{
	static char id[] = "3", key[] = FAKE_KEY, secret[] = FAKE_SECRET;

	*w = (struct world){ .config = { .pusher_app_id = id,
				 .pusher_app_key = key,
				 .pusher_app_secret = secret,
				 .pusher_app_client_messages = true },
		.now_ms = FAKE_START_MS };
	assert_int_equal(apps_from_config(&w->config, &w->apps), OK);
	w->app = apps_at(w->apps, 0);
	w->hub = hub_new(&w->metrics);
	wheel_init(&w->wheel, w->now_ms);
	hub_tick(w->hub, w->now_ms);
	w->env = (struct session_env){ .hub = w->hub,
		.apps = w->apps,
		.wheel = &w->wheel,
		.metrics = &w->metrics,
		.activity_seconds = 120 };
}

static inline void
world_close(struct world *w)
{
	assert_int_equal(hub_peer_count(w->hub), 0);
	assert_int_equal(hub_channel_count(w->hub), 0);
	assert_int_equal(hub_subscription_count(w->hub), 0);
	hub_free(w->hub);
	apps_free(w->apps);
}

/* Time passes as the loop sees it: in ticks. */
static inline void
world_pass(struct world *w, int64_t ms)
{
	int64_t end_ms = w->now_ms + ms;

	while (w->now_ms < end_ms) {
		struct wheel_node *n;

		w->now_ms += WHEEL_TICK_MS;
		hub_tick(w->hub, w->now_ms);
		while ((n = wheel_expired(&w->wheel, w->now_ms)) != NULL)
			(void)session_tick(
			    (struct session *)(void *)((char *)n - offsetof(struct session, timer)),
			    w->now_ms);
		hub_flush(w->hub);
	}
}

static inline void
fake_open_as(struct world *w, struct fake *c, const struct session_request *r)
{
	*c = (struct fake){ .said = BUF_INIT(FAKE_SAID_MAX), .world = w };
	session_open(&c->session, &w->env, &fake_transport, r, w->now_ms);
}

/* Opened, and its greeting heard. */
static inline void
fake_open(struct world *w, struct fake *c)
{
	fake_open_as(w, c,
	    &(struct session_request){
		.key = FAKE_KEY, .key_len = strlen(FAKE_KEY), .protocol = "7" });
	buf_clear(&c->said);
}

static inline void
fake_close(struct fake *c)
{
	session_close(&c->session);
	buf_free(&c->said);
}

static inline void
fake_send(struct fake *c, const char *text)
{
	session_receive(&c->session, text, strlen(text), c->world->now_ms);
	hub_flush(c->world->hub);
}

static inline void
assert_said(struct fake *c, const char *want)
{
	assert_string_equal(c->said.data != NULL ? c->said.data : "", want);
	buf_clear(&c->said);
}

static inline void
assert_said_nothing(struct fake *c)
{
	assert_said(c, "");
}

/* "KEY:hex" over SOCKET + rest, e.g. ":private-x". */
static inline const char *
fake_auth(const struct fake *c, const char *rest)
{
	static char auth[sizeof FAKE_KEY + SIGN_HEX_SIZE];
	char id[SOCKET_ID_SIZE], hex[SIGN_HEX_SIZE];
	auto_buf text = BUF_INIT(1024UL * 1024);

	assert_int_equal(buf_addf(&text, "%s%s", hub_socket_id(&c->session.peer, id), rest), OK);
	sign_hmac_sha256(FAKE_SECRET, text.data, text.len, hex);
	(void)snprintf(auth, sizeof auth, "%s:%s", FAKE_KEY, hex);
	return auth;
}

/* Sends event with these strings as data; those that are NULL are left out. */
static inline void
fake_ask(struct fake *c, const char *event, const char *name1, const char *value1,
    const char *name2, const char *value2, const char *auth)
{
	json_auto_t *root = json_pack("{s:s, s:{s:s*, s:s*, s:s*}}", "event", event, "data", name1,
	    value1, name2, value2, "auth", auth);
	auto_char *text = json_dumps(root, JSON_COMPACT);

	assert_non_null(text);
	fake_send(c, text);
}

/* Signs where the channel needs it. channel_data may be NULL. */
static inline void
fake_subscribe(struct fake *c, const char *channel, const char *channel_data)
{
	auto_buf rest = BUF_INIT(1024UL * 1024);

	assert_int_equal(buf_addf(&rest, ":%s%s%s", channel, channel_data != NULL ? ":" : "",
			     channel_data != NULL ? channel_data : ""),
	    OK);
	fake_ask(c, "pusher:subscribe", "channel", channel, "channel_data", channel_data,
	    fake_auth(c, rest.data));
}

static inline void
fake_unsubscribe(struct fake *c, const char *channel)
{
	fake_ask(c, "pusher:unsubscribe", "channel", channel, "none", NULL, NULL);
}

static inline void
fake_sign_in(struct fake *c, const char *user_data)
{
	auto_buf rest = BUF_INIT(1024UL * 1024);

	assert_int_equal(buf_addf(&rest, "::user::%s", user_data), OK);
	fake_ask(c, "pusher:signin", "user_data", user_data, "none", NULL, fake_auth(c, rest.data));
}

/* As ingest and the HTTP API do. */
static inline void
world_publish(struct world *w, const char *channel, const char *event, const char *data,
    const struct fake *except)
{
	json_auto_t *value = json_string(data);
	json_auto_t *root =
	    json_pack("{s:s, s:s, s:O}", "event", event, "channel", channel, "data", value);
	auto_char *text = json_dumps(root, JSON_COMPACT);
	struct frame *f = frame_new(text, strlen(text));

	hub_publish(w->hub, w->app, channel, strlen(channel), f,
	    except != NULL ? &except->session.peer : NULL);
	frame_unref(f);
}

static inline void
world_say(struct world *w, const char *channel, const char *event)
{
	world_publish(w, channel, event, "x", NULL);
	hub_flush(w->hub);
}

/* --- cmocka --- */

static inline int
world_setup(void **state)
{
	struct world *w = xcalloc(1, sizeof *w);

	world_open(w);
	*state = w;
	return 0;
}

static inline int
world_teardown(void **state)
{
	world_close(*state);
	free(*state);
	return 0;
}

#define world_test(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

#endif
