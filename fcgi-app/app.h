/*
 * app - what handlers work with: settings and the ways to the stored data.
 *
 * Owns:    main owns all of it. Threads: one struct app a thread, because reader is one thread's;
 *          the rest is shared and safe for that.
 */
#ifndef APP_H
#define APP_H

#include <stdio.h>

#include "config.h"
#include "disk_room.h"
#include "http.h"
#include "store.h"
#include "store_rates.h"
#include "writer.h"

struct app {
	const struct config *config;
	struct store
	    *reader; /* this thread's; NULL: the database could not be opened, see trouble */
	enum err trouble;
	struct writer *writer;
	struct rates *rates;    /* NULL: requests are not counted */
	struct disk_room *room; /* NULL: nobody watches the disk */
};

/* Handlers fill the response; they never wait for AI, DNS or the push server. */
typedef void (*api_fn)(struct app *a, const struct http_request *q, struct http_response *r);

void api_send_message(struct app *a, const struct http_request *q, struct http_response *r);
void api_chats_list(struct app *a, const struct http_request *q, struct http_response *r);
void api_chat_create(struct app *a, const struct http_request *q, struct http_response *r);
void api_chat_get(struct app *a, const struct http_request *q, struct http_response *r);
void api_chat_change(struct app *a, const struct http_request *q, struct http_response *r);
void api_chat_delete(struct app *a, const struct http_request *q, struct http_response *r);
void api_chat_restore(struct app *a, const struct http_request *q, struct http_response *r);
void api_messages(struct app *a, const struct http_request *q, struct http_response *r);
void api_stop(struct app *a, const struct http_request *q, struct http_response *r);
void api_regenerate(struct app *a, const struct http_request *q, struct http_response *r);
void api_edit(struct app *a, const struct http_request *q, struct http_response *r);
void api_message_delete(struct app *a, const struct http_request *q, struct http_response *r);
void api_head(struct app *a, const struct http_request *q, struct http_response *r);
void api_search(struct app *a, const struct http_request *q, struct http_response *r);
void api_export(struct app *a, const struct http_request *q, struct http_response *r);
void api_import(struct app *a, const struct http_request *q, struct http_response *r);
void api_usage(struct app *a, const struct http_request *q, struct http_response *r);
void api_history(struct app *a, const struct http_request *q, struct http_response *r);
void api_share(struct app *a, const struct http_request *q, struct http_response *r);
void api_share_end(struct app *a, const struct http_request *q, struct http_response *r);
void api_join(struct app *a, const struct http_request *q, struct http_response *r);
void api_members(struct app *a, const struct http_request *q, struct http_response *r);
void api_member_remove(struct app *a, const struct http_request *q, struct http_response *r);
void api_me(struct app *a, const struct http_request *q, struct http_response *r);
void api_session_start(struct app *a, const struct http_request *q, struct http_response *r);
void api_session_end(struct app *a, const struct http_request *q, struct http_response *r);
void api_broadcasting_auth(struct app *a, const struct http_request *q, struct http_response *r);
void api_broadcasting_user(struct app *a, const struct http_request *q, struct http_response *r);
void api_config(struct app *a, const struct http_request *q, struct http_response *r);
void api_health(struct app *a, const struct http_request *q, struct http_response *r);
void api_metrics(struct app *a, const struct http_request *q, struct http_response *r);
void api_operator(struct app *a, const struct http_request *q, struct http_response *r);

/* Finds the route of the request and runs it; answers 404, 405, preflights and HEAD itself. */
void routes_run(struct app *a, struct http_request *q, struct http_response *r);

/* The largest body that the request's route takes; to be asked before the body is read. */
size_t routes_body_limit(const struct http_request *q);

/* Its body or its answer may have LIMIT_EXPORT_BYTES: see large.h. Before the body is read. */
bool routes_is_large(const struct http_request *q);

/* --print-routes: method, pattern, what it needs, flags; tab-separated, one route a line. */
void routes_print(FILE *f);

#endif
