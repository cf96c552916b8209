/*
 * worker_status - what the worker knows of its surroundings, told to health through the database.
 *
 * Health must not ask the push server or the provider itself: no request waits for either.
 */
#ifndef WORKER_STATUS_H
#define WORKER_STATUS_H

#include <jansson.h>

#include "store.h"

enum push_state {
	PUSH_UNKNOWN, /* nothing was sent yet */
	PUSH_OK,
	PUSH_OFF,    /* BROADCAST_DRIVER */
	PUSH_AWAY,   /* nobody has the socket */
	PUSH_FULL,   /* its queue has been full for a while */
	PUSH_REFUSED /* we may not write to it, or it does not want our user */
};

#define PUSH_REFUSES_FILE (-1) /* by the mode of the socket's file */
#define PUSH_REFUSES_KEY (-2)  /* by the app's id, key or secret */

struct worker_status {
	enum push_state push;
	long long refused_uid; /* of PUSH_REFUSED: a user, or one of PUSH_REFUSES_* */
	char note[200];        /* of the AI client: what it had to work around; "" if nothing */
};

const char *push_state_name(enum push_state st);
enum err worker_status_save(struct store *s, const struct worker_status *w) MUST_CHECK;

/* {"push": "...", "refusedUid": N?, "note": "..."?}; the caller's, NULL if there is none yet */
json_t *worker_status_load(struct store *s);

#endif
