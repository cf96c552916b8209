/*
 * feed - what happens in an app, told to the operators who watch it.
 *
 * An operator's page is a member of a private channel of an app of our own ("the internal app"),
 * which is in no list: so it counts in no statistic and in no capacity. While somebody is in an
 * app's channel, each tick brings the event "feed" (what happened, and how much was left out) and
 * each second "status". An app that nobody watches costs one branch a note.
 *
 * The channels of laravel-websockets' dashboard, private-websockets-dashboard-TYPE of the app
 * itself, get "log-message" in the form of version 1 or 2, and "statistics-updated".
 *
 * No data of an event is ever told, only channel and name. Pure.
 *
 * Owns:    what it keeps of watched apps. hub, apps, internal and server are borrowed.
 * Threads: the event-loop thread only.
 * Limits:  FEED_PER_KIND notes of a kind a tick; the rest is counted and told as left out.
 * Source:  reference of laravel-websockets, "Dashboard".
 */
#ifndef FEED_H
#define FEED_H

#include "hub.h"
#include "stats_db.h"
#include "status.h"

#define FEED_PER_KIND 20
#define FEED_APP_ID "charla-dashboard"
#define FEED_CHANNEL_MAX 400 /* "private-app-" and an id in base64url */

struct feed;

struct feed *feed_new(struct hub *h, struct apps *apps, const struct status_server *server);
void feed_free(struct feed *f); /* may be NULL; before hub and apps */

/* Every WHEEL_TICK_MS, by the wall clock, and before apps_sweep. */
void feed_tick(struct feed *f, int64_t now_ms);

const char *feed_name(enum hub_note_kind kind); /* "connected" ... */

/* One row of the statistics has been counted. */
void feed_statistics(struct feed *f, const struct stats_row *row);

const struct app *feed_app(const struct feed *f); /* the internal one */
void feed_channel(const struct app *app, char out[FEED_CHANNEL_MAX]);

/* Is that the name of a channel of the feed? */
bool feed_is_channel(const struct feed *f, const char *name);

#endif
