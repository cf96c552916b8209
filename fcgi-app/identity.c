#include "identity.h"

#include <stdio.h>

#include "clock.h"
#include "cookie.h"
#include "jwt.h"
#include "token.h"
#include "utf8.h"

static const char *
or_empty(const char *text)
{
	return text != NULL ? text : "";
}

/* --- where the request comes from --- */

static bool
is_https(const struct app *a, const struct http_request *q)
{
	const char *proto = q->header[HTTP_X_FORWARDED_PROTO];

	if (strcasecmp(or_empty(q->header[HTTP_HTTPS]), "on") == 0 ||
	    strcasecmp(or_empty(q->header[HTTP_SCHEME]), "https") == 0 ||
	    strncmp(a->config->app_url, "https://", 8) == 0)
		return true;
	return proto != NULL && strcasecmp(proto, "https") == 0 &&
	       client_address_in(q->remote_addr, a->config->trusted_proxies);
}

/* "https://host:port" of a page on "host:port", or of APP_URL. */
static bool
is_own_origin(const struct app *a, const struct http_request *q, bool https)
{
	const char *origin = q->header[HTTP_ORIGIN], *url = a->config->app_url;
	const char *host = strstr(origin, "://");
	size_t n = strlen(origin);

	if (host == NULL)
		return false;
	if (strncasecmp(url, origin, n) == 0 && (url[n] == '\0' || url[n] == '/'))
		return true;
	if (https && strncmp(origin, "https://", 8) != 0)
		return false;
	return strcasecmp(host + 3, or_empty(q->header[HTTP_HOST])) == 0;
}

/* A browser says so by itself; what is no browser carries nobody's cookies about. */
static bool
is_cross_site(const struct app *a, const struct http_request *q, bool https)
{
	const char *site = q->header[HTTP_SEC_FETCH_SITE];

	if (site != NULL && *site != '\0')
		return strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
	return q->header[HTTP_ORIGIN] != NULL && !is_own_origin(a, q, https);
}

/* A name that leads a browser of this machine to this machine, and no foreign site's name for it.
 */
static bool
is_own_host(const char *host)
{
	return host == NULL || client_address_is_loopback(host) ||
	       (strncasecmp(host, "localhost", 9) == 0 && (host[9] == '\0' || host[9] == ':'));
}

/* The person at this very machine: local mode, and no proxy that speaks for somebody else. */
static bool
is_at_home(const struct app *a, const struct http_request *q)
{
	return !a->config->is_production && client_address_is_loopback(q->remote_addr) &&
	       is_own_host(q->header[HTTP_HOST]) && q->header[HTTP_FORWARDED] == NULL &&
	       q->header[HTTP_X_FORWARDED_FOR] == NULL && q->header[HTTP_X_FORWARDED_PROTO] == NULL;
}

/* --- the kinds --- */

static void
set_id(struct identity *out, enum identity_kind kind, const char *prefix, const char *subject)
{
	out->kind = kind;
	(void)snprintf(out->id, sizeof out->id, "%s%s", prefix, subject);
}

static enum err
from_remote_user(const char *user, struct identity *out, const char **why)
{
	if (strlen(user) > LIMIT_SUBJECT_BYTES || !utf8_is_valid(user, strlen(user))) {
		*why = "REMOTE_USER not usable";
		return ERR_INVALID;
	}
	set_id(out, IDENTITY_REMOTE_USER, "r:", user);
	(void)snprintf(out->name, sizeof out->name, "%.*s",
	    (int)utf8_cut(user, strlen(user), LIMIT_NAME_BYTES), user);
	return OK;
}

struct token_check {
	int64_t now_ms;
	struct identity *out;
	const char *why;
};

static bool
check_token(void *arg, const struct api_token *t)
{
	struct token_check *c = arg;

	if (t->revoked_ms != 0)
		c->why = "revoked";
	else if (t->expires_ms != 0 && t->expires_ms <= c->now_ms)
		c->why = "expired";
	else
		set_id(c->out, IDENTITY_TOKEN, "t:", t->name);
	(void)snprintf(c->out->name, sizeof c->out->name, "%s", t->name);
	c->out->expires_ms = t->expires_ms;
	return true;
}

static enum err
from_api_token(const struct app *a, const char *p, size_t n, struct identity *out, const char **why)
{
	struct token_check c = { .now_ms = clock_wall_ms(), .out = out };
	char hash[SIGN_HEX_SIZE];
	enum err e;

	sign_sha256(p, n, hash);
	e = store_token_get(a->reader, hash, check_token, &c);
	*why = e == ERR_NOT_FOUND ? "forged" : c.why;
	return e == ERR_NOT_FOUND || (e == OK && c.why != NULL) ? ERR_INVALID : e;
}

static enum err
from_jwt(const struct app *a, const char *p, size_t n, struct identity *out, const char **why)
{
	struct jwt_rules rules = {
		.secret = a->config->jwt_secret,
		.issuer = a->config->jwt_issuer,
		.audience = a->config->jwt_audience,
		.now_s = clock_wall_ms() / 1000,
	};
	struct jwt_claims claims;
	struct person person;
	enum err e;

	if ((*why = jwt_verify(p, n, &rules, &claims)) != NULL)
		return ERR_INVALID;
	set_id(out, IDENTITY_JWT, "j:", claims.subject);
	(void)snprintf(out->name, sizeof out->name, "%s", claims.name);
	out->expires_ms = claims.expires_s * 1000;
	e = store_person_get(a->reader, out->id, &person);
	if (e == OK && claims.issued_s * 1000 < person.valid_from_ms / 1000 * 1000) {
		*why = "revoked";
		return ERR_INVALID;
	}
	if (e == OK && out->name[0] == '\0')
		(void)snprintf(out->name, sizeof out->name, "%s", person.name);
	return e == ERR_NOT_FOUND ? OK : e;
}

/* The token of "Bearer x", NULL without one. */
static const char *
bearer(const struct http_request *q, size_t *out_len)
{
	const char *value = q->header[HTTP_AUTHORIZATION];

	if (value == NULL || strncasecmp(value, "Bearer", 6) != 0 ||
	    (value[6] != ' ' && value[6] != '\0'))
		return NULL;
	value += 6;
	value += strspn(value, " ");
	*out_len = strcspn(value, " \t");
	return value;
}

static bool
is_ours(const struct app *a, const char *token, size_t n)
{
	return *a->config->jwt_secret != '\0' ||
	       (n >= sizeof API_TOKEN_PREFIX - 1 &&
		   strncmp(token, API_TOKEN_PREFIX, sizeof API_TOKEN_PREFIX - 1) == 0);
}

static enum err
from_bearer(const struct app *a, const char *p, size_t n, struct identity *out, const char **why)
{
	*why = "malformed";
	if (api_token_is_one(p, n))
		return from_api_token(a, p, n, out, why);
	if (*a->config->jwt_secret != '\0' && jwt_is_one(p, n))
		return from_jwt(a, p, n, out, why);
	return ERR_INVALID;
}

static enum err
from_cookie(const struct app *a, const struct http_request *q, struct identity *out)
{
	struct session session = { 0 };
	size_t n = 0;
	const char *value =
	    cookie_find(q->header[HTTP_COOKIE], out->is_https ? COOKIE_HTTPS : COOKIE_HTTP, &n);
	enum err e;

	if (value == NULL || !token_is_one(value, n))
		return OK;
	sign_sha256(value, n, out->session_hash);
	e = store_session_get(a->reader, out->session_hash, clock_wall_ms(), &session);
	if (e != OK) {
		out->session_hash[0] = '\0';
		return e == ERR_NOT_FOUND ? OK : e;
	}
	set_id(out, IDENTITY_SESSION, "", session.person.id);
	(void)snprintf(out->name, sizeof out->name, "%s", session.person.name);
	out->expires_ms = session.expires_ms;
	return OK;
}

void
identity_place(const struct app *a, const struct http_request *q, struct identity *out)
{
	*out = (struct identity){ .is_https = is_https(a, q) };
	out->is_cross_site = is_cross_site(a, q, out->is_https);
	client_address(q->remote_addr, q->header[HTTP_X_FORWARDED_FOR], a->config->trusted_proxies,
	    out->address);
	out->is_at_home = is_at_home(a, q);
	quotas_of(a->config, out->is_at_home, &out->quotas);
}

enum err
identity_resolve(
    const struct app *a, const struct http_request *q, struct identity *out, const char **why)
{
	const char *user = q->header[HTTP_REMOTE_USER], *token;
	size_t n = 0;
	enum err e;

	identity_place(a, q, out);
	*why = NULL;
	if (a->config->trust_remote_user && user != NULL && *user != '\0' && !out->is_cross_site)
		return from_remote_user(user, out, why);
	token = bearer(q, &n);
	if (token != NULL && is_ours(a, token, n)) {
		if ((e = from_bearer(a, token, n, out, why)) != OK)
			out->kind = IDENTITY_NONE;
		return e;
	}
	return out->is_cross_site ? OK : from_cookie(a, q, out);
}

void
identity_public_id(const char *app_key, const char *person_id, char out[PUBLIC_ID_SIZE])
{
	char hex[SIGN_HEX_SIZE];

	sign_hmac_sha256(app_key, person_id, strlen(person_id), hex);
	memcpy(out, hex, PUBLIC_ID_SIZE - 1);
	out[PUBLIC_ID_SIZE - 1] = '\0';
}
