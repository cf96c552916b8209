/*
 * Three sessions on a real hub, a transport without sockets, and a clock. The input is a play: a
 * line an act. A line that begins with a digit and a letter of the table below is that act of that
 * session; any other line, and the input as a whole, is a frame that a client sends.
 *
 * Signatures are made here, so that what lies behind them is reached. Whatever is sent must be
 * whole WebSocket frames of JSON with an event; at the end nothing may be left over.
 */
#include <stdint.h>
#include <stdio.h>

#include "json.h"
#include "limit.h"
#include "session.h"
#include "sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CLIENTS 3
#define ACTS_MAX 200
#define KEY "key"
#define SECRET "secret"

struct client {
	struct session session; /* first: a peer has its address */
	bool is_open, is_stuck;
};

struct play {
	struct metrics metrics;
	struct wheel wheel;
	struct apps *apps;
	struct app *app;
	struct session_env env;
	struct client clients[CLIENTS];
	int64_t now_ms;
};

/* --- transport --- */

static void
check_message(const char *p, size_t n)
{
	json_auto_t *root = json_loadb(p, n, JSON_REJECT_DUPLICATES, NULL);

	if (json_member_string(root, "event") == NULL)
		abort();
}

static void
check_frames(const unsigned char *p, size_t n)
{
	while (n > 0) {
		size_t head = p[1] < 126 ? 2 : p[1] == 126 ? 4 : 10, len = p[1] < 126 ? p[1] : 0;

		for (size_t i = 2; i < head; i++)
			len = len << 8 | p[i];
		if (p[0] != 0x81 || head + len > n)
			abort();
		check_message((const char *)p + head, len);
		p += head + len;
		n -= head + len;
	}
}

static bool
write_frame(struct peer *p, struct frame *f)
{
	size_t n;
	const unsigned char *bytes;

	if (((struct client *)(void *)p)->is_stuck)
		return false;
	bytes = frame_ws(f, &n);
	check_frames(bytes, n);
	return true;
}

static void
wake(struct peer *p)
{
	struct frame *f;

	while (!((struct client *)(void *)p)->is_stuck && (f = outbox_pop(&p->outbox)) != NULL) {
		(void)write_frame(p, f);
		frame_unref(f);
	}
}

static void
ping(struct peer *p)
{
	(void)p;
}

static const struct transport transport = { .write = write_frame, .wake = wake, .ping = ping };

/* --- acts --- */

struct act {
	struct play *play;
	struct client *client;
	const char *first, *second; /* of the text, cut at its tab; second may be NULL */
	const char *text;
	size_t len;
};

static void
open_client(struct play *p, struct client *c, const char *protocol)
{
	*c = (struct client){ .is_open = true };
	session_open(&c->session, &p->env, &transport,
	    &(struct session_request){
		.key = KEY, .key_len = sizeof KEY - 1, .protocol = protocol },
	    p->now_ms);
}

static void
act_reopen(const struct act *a)
{
	session_close(&a->client->session);
	open_client(a->play, a->client, a->len > 0 ? a->first : NULL);
}

static void
act_frame(const struct act *a)
{
	session_receive(&a->client->session, a->text, a->len, a->play->now_ms);
}

static void
send_signed(const struct act *a, const char *event, const char *key1, const char *key2,
    const char *separator)
{
	auto_buf text = BUF_INIT(1024UL * 1024);
	char id[SOCKET_ID_SIZE], hex[SIGN_HEX_SIZE], auth[SIGN_HEX_SIZE + 8];
	json_auto_t *root = NULL;
	auto_char *frame = NULL;

	if (a->client->session.peer.app == NULL ||
	    buf_addf(&text, "%s%s%s%s%s", hub_socket_id(&a->client->session.peer, id), separator,
		a->first, a->second != NULL ? ":" : "", a->second != NULL ? a->second : "") != OK)
		return;
	sign_hmac_sha256(SECRET, text.data, text.len, hex);
	(void)snprintf(auth, sizeof auth, "%s:%s", KEY, hex);
	root = json_pack("{s:s, s:{s:s, s:s*, s:s}}", "event", event, "data", key1, a->first, key2,
	    a->second, "auth", auth);
	if (root == NULL) /* not UTF-8 */
		return;
	frame = json_text(root);
	session_receive(&a->client->session, frame, strlen(frame), a->play->now_ms);
}

static void
act_subscribe(const struct act *a)
{
	send_signed(a, "pusher:subscribe", "channel", "channel_data", ":");
}

static void
act_sign_in(const struct act *a)
{
	struct act whole = *a;

	whole.second = NULL;
	send_signed(&whole, "pusher:signin", "user_data", "none", "::user::");
}

static void
act_publish(const struct act *a)
{
	json_auto_t *data = json_string("x");
	json_auto_t *root =
	    json_pack("{s:s, s:s, s:O}", "event", "e", "channel", a->first, "data", data);
	auto_char *text = root != NULL ? json_text(root) : NULL;
	struct frame *f;

	if (text == NULL)
		return;
	f = frame_new(text, strlen(text));
	hub_publish(a->play->env.hub, a->play->app, a->first, strlen(a->first), f,
	    a->second != NULL ? &a->client->session.peer : NULL);
	frame_unref(f);
}

static void
act_evict(const struct act *a)
{
	(void)hub_evict(a->play->env.hub, a->play->app, a->first, strlen(a->first), a->second);
}

static void
act_terminate(const struct act *a)
{
	(void)hub_terminate_user(a->play->env.hub, a->play->app, a->first);
}

static void
act_stick(const struct act *a)
{
	a->client->is_stuck = !a->client->is_stuck;
	wake(&a->client->session.peer);
}

static void
act_flush(const struct act *a)
{
	hub_flush(a->play->env.hub);
}

static void
act_wait(const struct act *a)
{
	struct play *p = a->play;
	struct wheel_node *n;

	p->now_ms += 20000;
	hub_tick(p->env.hub, p->now_ms);
	while ((n = wheel_expired(&p->wheel, p->now_ms)) != NULL)
		(void)session_tick(
		    (struct session *)(void *)((char *)n - offsetof(struct session, timer)),
		    p->now_ms);
}

static const struct {
	char letter;
	void (*act)(const struct act *a);
} acts[] = {
	{ 'f', act_frame },
	{ 'o', act_reopen },
	{ 's', act_subscribe },
	{ 'i', act_sign_in },
	{ 'p', act_publish },
	{ 'e', act_evict },
	{ 't', act_terminate },
	{ 'w', act_stick },
	{ 'l', act_flush },
	{ 'z', act_wait },
};

/* text: NUL-terminated, ours to cut. */
static void
run_line(struct play *p, char *text, size_t len)
{
	struct act a = { .play = p, .client = &p->clients[0], .text = text, .len = len };
	char *tab;

	for (size_t i = 0; i < ARRAY_LEN(acts) && len >= 2; i++) {
		if (text[0] < '0' || text[0] >= '0' + CLIENTS || text[1] != acts[i].letter)
			continue;
		a.client = &p->clients[text[0] - '0'];
		a.first = a.text = text + 2;
		a.len = len - 2;
		if (acts[i].act == act_frame) {
			act_frame(&a);
			return;
		}
		tab = strchr(text, '\t');
		if (tab != NULL) {
			*tab = '\0';
			a.second = tab + 1;
		}
		acts[i].act(&a);
		return;
	}
	act_frame(&a);
}

/* --- the play --- */

static void
check_counts(const struct play *p)
{
	size_t subs = 0, attached = 0;

	for (size_t i = 0; i < CLIENTS; i++) {
		const struct peer *peer = &p->clients[i].session.peer;

		subs += peer->sub_count - (hub_user_id(peer) != NULL);
		attached += peer->app != NULL;
		if (peer_has_ended(peer) && (peer->sub_count > 0 || hub_user_id(peer) != NULL))
			abort();
	}
	if (hub_subscription_count(p->env.hub) != subs || hub_peer_count(p->env.hub) != attached ||
	    p->app->connections != attached)
		abort();
}

static void
open_play(struct play *p, uint8_t flags)
{
	struct config config = { .pusher_app_id = (char[]){ "1" },
		.pusher_app_key = (char[]){ KEY },
		.pusher_app_secret = (char[]){ SECRET },
		.pusher_app_client_messages = true,
		.pusher_app_user_authentication = (flags & 1) != 0,
		.pusher_app_subscription_count = (flags & 2) != 0 };

	*p = (struct play){ .now_ms = 1000 };
	if (apps_from_config(&config, &p->apps) != OK)
		abort();
	p->app = apps_at(p->apps, 0);
	p->app->limits.presence_members = 2;
	p->app->limits.channels_per_socket = 4;
	wheel_init(&p->wheel, p->now_ms);
	p->env = (struct session_env){ .hub = hub_new(&p->metrics),
		.apps = p->apps,
		.wheel = &p->wheel,
		.metrics = &p->metrics,
		.activity_seconds = 30 };
	hub_tick(p->env.hub, p->now_ms);
	for (size_t i = 0; i < CLIENTS; i++)
		open_client(p, &p->clients[i], "7");
}

static void
close_play(struct play *p)
{
	for (size_t i = 0; i < CLIENTS; i++)
		session_close(&p->clients[i].session);
	if (hub_peer_count(p->env.hub) != 0 || hub_channel_count(p->env.hub) != 0 ||
	    hub_subscription_count(p->env.hub) != 0)
		abort();
	hub_free(p->env.hub);
	apps_free(p->apps);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct play p;
	char *text = xcalloc(1, size + 1), *line = text;

	memcpy(text, data, size);
	open_play(&p, size > 0 ? data[size - 1] : 0);
	session_receive(&p.clients[2].session, text, size, p.now_ms);
	for (int i = 0; i < ACTS_MAX && line < text + size; i++) {
		char *end = memchr(line, '\n', (size_t)(text + size - line));
		size_t len = (size_t)((end != NULL ? end : text + size) - line);

		line[len] = '\0';
		run_line(&p, line, len);
		check_counts(&p);
		line += len + 1;
	}
	close_play(&p);
	free(text);
	return 0;
}
