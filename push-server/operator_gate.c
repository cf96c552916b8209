#include "operator_gate.h"

#include "operator.h"

/* --- how often -----------------------------------------------------------------------------------
 */

/* The place of address, or the oldest one, made its. */
static size_t
place_of(struct operator_gate *g, const char *address, int64_t now_s)
{
	size_t oldest = 0;

	for (size_t i = 0; i < GATE_ADDRESSES; i++) {
		if (strcmp(g->tried[i].address, address) == 0) {
			oldest = i;
			break;
		}
		if (g->tried[i].since_s < g->tried[oldest].since_s)
			oldest = i;
	}
	if (strcmp(g->tried[oldest].address, address) != 0 ||
	    now_s - g->tried[oldest].since_s >= GATE_SECONDS) {
		memcpy(g->tried[oldest].address, address, HTTP_ADDRESS_SIZE);
		g->tried[oldest].since_s = now_s;
		g->tried[oldest].failures = 0;
	}
	return oldest;
}

static enum gate_verdict
count(struct operator_gate *g, const struct http_request *r, bool is_right, int64_t now_s)
{
	size_t at = place_of(g, r->address, now_s);

	if (g->tried[at].failures >= GATE_FAILURES)
		return GATE_WAIT;
	if (is_right)
		return GATE_IN;
	g->tried[at].failures++;
	return GATE_PASSWORD;
}

/* --- who -----------------------------------------------------------------------------------------
 */

/* Browsers name the origin of whatever may change something; what has none is no browser. */
bool
operator_gate_is_own_site(const struct http_request *r)
{
	const char *host;

	if (r->origin == NULL)
		return true;
	host = strstr(r->origin, "://");
	return host != NULL && r->host != NULL && strcasecmp(host + 3, r->host) == 0;
}

static bool
has_password(const struct operator_gate *g)
{
	return g->password != NULL && *g->password != '\0';
}

enum gate_verdict
operator_gate(struct operator_gate *g, const struct http_request *r, int64_t now_s)
{
	bool is_read = strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;

	if (!is_read && !operator_gate_is_own_site(r))
		return GATE_CROSS_SITE;
	if (!has_password(g))
		return r->is_loopback && !g->is_production ? GATE_IN : GATE_CLOSED;
	if (operator_cookie_holds(g->password, r->cookie, now_s))
		return GATE_IN;
	if (r->authorization == NULL)
		return GATE_PASSWORD;
	return count(g, r, operator_authorization_holds(g->password, r->authorization), now_s);
}

enum gate_verdict
operator_gate_try(
    struct operator_gate *g, const struct http_request *r, const char *given, int64_t now_s)
{
	if (!operator_gate_is_own_site(r))
		return GATE_CROSS_SITE;
	if (!has_password(g))
		return GATE_CLOSED;
	return count(g, r, operator_password_is(g->password, given), now_s);
}
