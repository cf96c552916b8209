/* session_internal - what the rooms of a session share; nobody else includes it. */
#ifndef SESSION_INTERNAL_H
#define SESSION_INTERNAL_H

#include "pusher_json.h"
#include "session.h"

#define SESSION_PARAMS struct session *s, const struct pusher_message *m, int64_t now_ms

void session_on_subscribe(SESSION_PARAMS);
void session_on_unsubscribe(SESSION_PARAMS);
void session_on_signin(SESSION_PARAMS);
void session_on_client_event(SESSION_PARAMS);

static inline void
session_count(const struct session *s, enum metric which)
{
	metric_add(s->env->metrics, which, 1);
}

void session_say(struct session *s, struct frame *f); /* takes f */

/* The message was none of ours: said, counted, nothing else happens. */
void session_refuse_message(struct session *s, const char *text);

void session_end_counted(
    struct session *s, enum metric why, uint16_t code, const char *text, int64_t now_ms);

/* It has shown a signature: the timeout of unauthorised connections is over. */
void session_authorised(struct session *s);

#endif
