#include "operator_access.h"

#include <stdio.h>

#include "clock.h"
#include "identity.h"
#include "log.h"
#include "operator.h"
#include "refusal.h"

static bool
refuse_password(const struct http_request *q, struct http_response *r, const char *reason)
{
	refusal_answer(
	    q, r, 401, "operators_only", "This is for operators: DASHBOARD_PASSWORD.", reason);
	http_set_header(r, "WWW-Authenticate", "Basic realm=\"charla operators\"");
	return false;
}

static bool
refuse_guessing(const struct http_request *q, struct http_response *r, int64_t wait_ms)
{
	char seconds[24];

	refusal_answer(q, r, 429, "too_many_passwords",
	    "Too many wrong passwords. Please wait a minute.", "too many wrong passwords");
	(void)snprintf(seconds, sizeof seconds, "%lld", (long long)(wait_ms + 999) / 1000);
	http_set_header(r, "Retry-After", seconds);
	return false;
}

static bool
judge_password(
    struct app *a, const struct http_request *q, const char *password, struct http_response *r)
{
	bool is_right = operator_authorization_holds(password, q->header[HTTP_AUTHORIZATION]);
	struct rate_result rate = { .is_allowed = true };
	struct rate key = { .limit = OPERATOR_FAILURES };
	enum err e = OK;

	(void)snprintf(key.key, sizeof key.key, "op:%s", q->caller->address);
	if (a->rates != NULL)
		e = is_right ? rates_look(a->rates, &key, 1, clock_mono_ms(), &rate)
			     : rates_take(a->rates, &key, 1, clock_mono_ms(), &rate);
	if (e != OK)
		log_warn("wrong passwords cannot be counted error=%d rid=%s", (int)e, q->rid);
	else if (!rate.is_allowed)
		return refuse_guessing(q, r, rate.wait_ms);
	return is_right || refuse_password(q, r, "wrong password");
}

bool
operator_pass(struct app *a, const struct http_request *q, struct http_response *r)
{
	const char *password = a->config->dashboard_password;

	if (*password != '\0') {
		if (operator_cookie_holds(password, q->header[HTTP_COOKIE], clock_wall_ms() / 1000))
			return true;
		if (q->header[HTTP_AUTHORIZATION] == NULL)
			return refuse_password(q, r, "no password");
		return judge_password(a, q, password, r);
	}
	if (q->caller->is_at_home)
		return true;
	refusal_answer(q, r, 403, "operators_only",
	    "This is for operators: from this machine itself in local mode, or with "
	    "DASHBOARD_PASSWORD.",
	    "no operator");
	return false;
}
