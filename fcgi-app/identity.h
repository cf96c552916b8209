/*
 * identity - who sent a request, found once by the router and carried in struct http_request.
 *
 * The first that applies (design 5): REMOTE_USER where TRUST_REMOTE_USER says so; a bearer token
 * (an API token of ours, or a JWT signed with JWT_SECRET); the session cookie, except on a
 * cross-site request, where it is ignored. No credential is no identity, and no error.
 *
 * A bearer token of a kind that this site takes and that does not hold (forged, expired, revoked)
 * is an error: the router answers 401 and the caller is told, instead of being taken for a
 * stranger. A bearer token of a foreign kind (no JWT_SECRET here, not our form: an old client's
 * own) is ignored, and so is a cookie that no session has any more.
 *
 * Owns:    nothing. Threads: one request, one thread. Reads the store, never writes.
 */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "app.h"
#include "client_address.h"
#include "quotas.h"
#include "store_access.h"

enum identity_kind {
	IDENTITY_NONE,
	IDENTITY_REMOTE_USER,
	IDENTITY_JWT,
	IDENTITY_TOKEN,
	IDENTITY_SESSION
};

struct identity {
	enum identity_kind kind;
	char id[PERSON_ID_SIZE];     /* stable; "" for IDENTITY_NONE; never leaves the house */
	char name[PERSON_NAME_SIZE]; /* display name; "": none */
	char address[CLIENT_ADDRESS_SIZE]; /* whose limits a stranger counts against */
	char session_hash[SIGN_HEX_SIZE];  /* IDENTITY_SESSION; else "" */
	int64_t expires_ms;                /* of the session or JWT; 0: never */
	bool is_https, is_cross_site;
	bool is_at_home; /* local mode, at this machine, and nobody in between */
	struct quotas quotas;
};

/* Where the request comes from, nothing of who: kind is IDENTITY_NONE. */
void identity_place(const struct app *a, const struct http_request *q, struct identity *out);

/* The same and who it is. OK, or ERR_INVALID with *why: "forged", "expired", "revoked", ... for the
 * audit line. */
enum err identity_resolve(const struct app *a, const struct http_request *q, struct identity *out,
    const char **why) MUST_CHECK;

static inline bool
identity_is_known(const struct identity *who)
{
	return who->kind != IDENTITY_NONE;
}

/* The id that others may see (presence, members): a hash of it under APP_KEY. */
#define PUBLIC_ID_SIZE 33
void identity_public_id(const char *app_key, const char *person_id, char out[PUBLIC_ID_SIZE]);

#endif
