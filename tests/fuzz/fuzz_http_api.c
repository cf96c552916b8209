/*
 * "[!]METHOD /path?query\nbody" as a request to the HTTP API, with a hub that has people in it.
 * Signed for the app, unless it begins with '!'. Whatever comes: a known status, a body that is
 * JSON where it says so, and to the subscribers only frames of the protocol.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "channel_name.h"
#include "http_api.h"
#include "json.h"
#include "keyed_hash.h"
#include "limit.h"
#include "sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PEERS 4
#define NOW 1353088179

static char id[] = "3", key[] = "k", secret[] = "s", name[] = "n", none[] = "";
static const struct config config = { .pusher_app_id = id,
	.pusher_app_key = key,
	.pusher_app_secret = secret,
	.pusher_app_name = name,
	.pusher_app_path = none };
static const char *const channels[] = { "c", "presence-p", "cache-x", "private-encrypted-e",
	"presence-cache-q" };

struct scene {
	struct metrics metrics;
	struct refusals refusals;
	struct apps *apps;
	struct hub *hub;
	struct peer peers[PEERS];
};

static bool
check_frame(struct peer *p, struct frame *f)
{
	size_t n;

	(void)p;
	(void)frame_ws(f, &n);
	if (frame_messages(f) == 1) {
		json_auto_t *root = json_loadb(frame_text(f), frame_len(f), JSON_ALLOW_NUL, NULL);

		if (json_string_value(json_object_get(root, "event")) == NULL)
			abort();
	}
	return true;
}

static void
ignore(struct peer *p)
{
	(void)p;
}

static const struct transport transport = { .write = check_frame, .wake = ignore, .ping = ignore };

static void
open_scene(struct scene *s)
{
	json_t *info = json_pack("{s:s}", "name", "x");

	*s = (struct scene){ .apps = NULL };
	if (apps_from_config(&config, &s->apps) != OK)
		abort();
	apps_at(s->apps, 0)->limits.api_events_per_second = 50;
	s->hub = hub_new(&s->metrics);
	hub_tick(s->hub, 1000);
	for (size_t i = 0; i < PEERS; i++) {
		char user[8];
		const struct hub_member who = { .user_id = user, .user_info = info };

		(void)snprintf(user, sizeof user, "u%zu", i / 2);
		s->peers[i].transport = &transport;
		if (hub_attach(s->hub, apps_at(s->apps, 0), &s->peers[i]) != OK)
			abort();
		for (size_t c = 0; c < ARRAY_LEN(channels); c++) {
			size_t n = strlen(channels[c]);
			bool is_presence = (channel_kind(channels[c], n) & CHANNEL_PRESENCE) != 0;

			(void)!hub_subscribe(
			    s->hub, &s->peers[i], channels[c], n, is_presence ? &who : NULL);
		}
		(void)!hub_sign_in(s->hub, &s->peers[i], user, info);
	}
	json_decref(info);
}

static void
close_scene(struct scene *s)
{
	hub_flush(s->hub);
	for (size_t i = 0; i < PEERS; i++) {
		hub_detach(s->hub, &s->peers[i]);
		outbox_clear(&s->peers[i].outbox);
	}
	if (hub_peer_count(s->hub) != 0 || hub_channel_count(s->hub) != 0 ||
	    hub_subscription_count(s->hub) != 0 || apps_at(s->apps, 0)->connections != 0)
		abort();
	hub_forget_app(s->hub, apps_at(s->apps, 0));
	hub_free(s->hub);
	apps_free(s->apps);
}

static void
lower(const char *from, char *to, size_t size)
{
	size_t i = 0;

	for (; from[i] != '\0' && i + 1 < size; i++)
		to[i] = (char)tolower((unsigned char)from[i]);
	to[i] = '\0';
}

/* The place of the smallest name that is not used yet, first come first served. */
static size_t
next_param(const struct http_request *r, const bool *used)
{
	char best[512], name_of[512];
	size_t at = r->param_count;

	for (size_t i = 0; i < r->param_count; i++) {
		if (used[i])
			continue;
		lower(r->params[i].name, name_of, sizeof name_of);
		if (at < r->param_count && strcmp(name_of, best) >= 0)
			continue;
		memcpy(best, name_of, sizeof best);
		at = i;
	}
	return at;
}

/* As a client would: sorted, in lower case, decoded. */
static void
sign(struct buf *query, const char *method, const char *path, const struct http_request *r)
{
	auto_buf text = BUF_INIT(1 << 20);
	bool used[HTTP_PARAMS_MAX] = { false };
	char hex[SIGN_HEX_SIZE], name_of[512];
	size_t at;

	(void)!buf_addf(&text, "%s\n%s\n", method, path);
	for (size_t i = 0; (at = next_param(r, used)) < r->param_count; i++) {
		used[at] = true;
		lower(r->params[at].name, name_of, sizeof name_of);
		(void)!buf_addf(&text, "%s%s=%s", i > 0 ? "&" : "", name_of, r->params[at].value);
	}
	sign_hmac_sha256(secret, text.data, text.len, hex);
	(void)!buf_addf(query, "&auth_signature=%s", hex);
}

static void
add_auth(struct buf *query, const struct http_request *r)
{
	char md5[MD5_HEX_SIZE];

	sign_md5(r->body, r->body_len, md5);
	(void)!buf_addf(query, "%sauth_key=k&auth_timestamp=%d&auth_version=1.0&body_md5=%s",
	    query->len > 0 ? "&" : "", NOW, md5);
}

static enum err
set_target(struct http_request *r, const char *method, const char *path, const struct buf *query)
{
	return http_request_set_target(r, (struct http_slice){ method, strlen(method) },
	    (struct http_slice){ path, strlen(path) },
	    (struct http_slice){ query->data != NULL ? query->data : "", query->len });
}

static void
check_response(struct http_response *out)
{
	static const int known[] = { 200, 204, 302, 400, 401, 403, 404, 405, 413, 415, 429, 503 };
	auto_buf text = BUF_INIT(HTTP_RESPONSE_MAX + 8192);
	bool is_known = false;

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		is_known |= out->status == known[i];
	if (!is_known || http_response_write(&text, out, false) != OK)
		abort();
	if (strcmp(out->content_type, "application/json") == 0) {
		json_auto_t *root = json_loadb(out->body.data, out->body.len, JSON_ALLOW_NUL, NULL);

		if (root == NULL)
			abort();
	}
	http_response_clear(out);
}

static struct stats *
no_stats(void)
{
	return stats_new(
	    &(struct stats_options){ .path = "/dev/null/none", .interval_seconds = 60 }, 0);
}

/* As of the dashboard: it takes JSON only where it says so. */
static void
handle(const struct http_api *api, struct http_request *r)
{
	struct http_response out;

	if (strstr(r->path, "dashboard") != NULL)
		r->content_type = xstrdup("application/json");
	http_api_handle(api, r, NOW, &out);
	check_response(&out);
	feed_tick(api->dash->feed, NOW * INT64_C(1000));
}

/* head: "METHOD path?query" */
static void
ask_api(const struct http_api *api, char *head, const char *body, size_t body_len, bool is_signed)
{
	struct http_request r = { .body = body, .body_len = body_len, .is_loopback = true };
	auto_buf query = BUF_INIT(1 << 20);
	char *path = strchr(head, ' '), *mark;
	enum err e = OK;

	if (path == NULL)
		return;
	*path++ = '\0';
	if ((mark = strchr(path, '?')) != NULL)
		*mark++ = '\0';
	(void)!buf_adds(&query, mark != NULL ? mark : "");
	if (is_signed) {
		add_auth(&query, &r);
		e = set_target(&r, head, path, &query);
		sign(&query, head, path, &r);
		http_request_free(&r);
		r.body = body;
		r.body_len = body_len;
	}
	if (e == OK && set_target(&r, head, path, &query) == OK)
		handle(api, &r);
	http_request_free(&r);
}

static void
ask(struct scene *s, char *head, const char *body, size_t body_len, bool is_signed)
{
	static struct stats *stats; /* without a file */
	struct operator_gate gate = { .password = NULL };
	const struct status_server status = { .metrics = &s->metrics };
	struct feed *feed = feed_new(s->hub, s->apps, &status);
	const struct dash dash = { .feed = feed,
		.stats = stats != NULL ? stats : (stats = no_stats()) };
	const struct http_api api = { .hub = s->hub,
		.apps = s->apps,
		.metrics = &s->metrics,
		.refusals = &s->refusals,
		.gate = &gate,
		.dash = &dash };

	ask_api(&api, head, body, body_len, is_signed);
	feed_free(feed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct scene s; /* one after the other */
	const char *p = (const char *)data, *lf;
	char *head;
	bool is_signed = size > 0 && data[0] != '!';

	if (size > 0 && !is_signed) {
		p++;
		size--;
	}
	lf = size > 0 ? memchr(p, '\n', size) : NULL;
	if (lf == NULL)
		return 0;
	keyed_hash_init();
	open_scene(&s);
	head = xstrndup(p, (size_t)(lf - p));
	ask(&s, head, lf + 1, size - (size_t)(lf + 1 - p), is_signed);
	free(head);
	close_scene(&s);
	return 0;
}
