/* Error bodies: a status of HTTP, google.rpc.Status with details, or whatever a proxy writes. */
#include "gemini_priv.h"
#include "json.h"
#include "limit.h"

#define MAX_WAIT_MS INT64_C(1000000000000)
#define MAX_QUOTE 40 /* a longer quotation in a message may be a person's text */

/* --- status to kind -------------------------------------------------------------------------- */

static const struct {
	const char *status;
	int code;
} rpc_codes[] = {
	{ "INVALID_ARGUMENT", 400 },
	{ "FAILED_PRECONDITION", 400 },
	{ "UNAUTHENTICATED", 401 },
	{ "PERMISSION_DENIED", 403 },
	{ "NOT_FOUND", 404 },
	{ "RESOURCE_EXHAUSTED", 429 },
	{ "CANCELLED", 499 },
	{ "INTERNAL", 500 },
	{ "UNIMPLEMENTED", 501 },
	{ "UNAVAILABLE", 503 },
	{ "DEADLINE_EXCEEDED", 504 },
};

/* The first row whose range holds the status; the body may say it more exactly. */
static const struct {
	int from, to;
	enum ai_fail kind;
} kinds[] = {
	{ 300, 399, AI_FAIL_PROTOCOL }, /* a redirect: never followed */
	{ 400, 400, AI_FAIL_INVALID },
	{ 401, 403, AI_FAIL_AUTH },
	{ 404, 404, AI_FAIL_NO_ROUTE },
	{ 405, 405, AI_FAIL_NO_ROUTE },
	{ 407, 407, AI_FAIL_AUTH }, /* the proxy's */
	{ 408, 408, AI_FAIL_TIMEOUT },
	{ 413, 413, AI_FAIL_TOO_LONG },
	{ 429, 429, AI_FAIL_RATE_LIMITED },
	{ 499, 499, AI_FAIL_OVERLOADED },
	{ 400, 499, AI_FAIL_INVALID },
	{ 501, 501, AI_FAIL_NO_ROUTE },
	{ 504, 504, AI_FAIL_TIMEOUT },
	{ 500, 599, AI_FAIL_OVERLOADED },
};

static enum ai_fail
kind_of(int http_status)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (http_status >= kinds[i].from && http_status <= kinds[i].to)
			return kinds[i].kind;
	return AI_FAIL_PROTOCOL;
}

/* In the middle of a stream the HTTP status was 200: the body's own code counts. */
static int
code_of(const json_t *error, const char *status)
{
	int64_t code = json_member_int(error, "code", 0);

	if (code >= 400 && code <= 599)
		return (int)code;
	for (size_t i = 0; i < ARRAY_LEN(rpc_codes); i++)
		if (strcmp(status, rpc_codes[i].status) == 0)
			return rpc_codes[i].code;
	return 500;
}

/* --- how long to wait ------------------------------------------------------------------------ */

static const struct {
	const char *unit; /* longer before shorter: "ms" before "m" */
	double ms;
} units[] = {
	{ "ms", 1 },
	{ "us", 1e-3 },
	{ "ns", 1e-6 },
	{ "h", 3600e3 },
	{ "m", 60e3 },
	{ "s", 1e3 },
};

/* Digits with an optional fraction, without the locale that strtod would ask. */
static double
read_number(const char **p)
{
	double value = 0, scale = 1;

	for (; **p >= '0' && **p <= '9'; (*p)++)
		value = value * 10 + (**p - '0');
	if (**p != '.')
		return value;
	for ((*p)++; **p >= '0' && **p <= '9'; (*p)++)
		value += (**p - '0') * (scale /= 10);
	return value;
}

static double
read_unit(const char **p)
{
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		size_t len = strlen(units[i].unit);

		if (strncmp(*p, units[i].unit, len) == 0) {
			*p += len;
			return units[i].ms;
		}
	}
	return 0;
}

/* "34.4s", "900ms", "1m2.5s": rounded up to whole ms; 0 if it is none of these. */
static int64_t
read_duration(const char *p)
{
	double total = 0;

	while (*p >= '0' && *p <= '9') {
		double number = read_number(&p);
		double unit = read_unit(&p);

		if (unit == 0)
			break;
		total += number * unit;
	}
	if (total >= (double)MAX_WAIT_MS)
		return MAX_WAIT_MS;
	return (int64_t)total + ((double)(int64_t)total < total);
}

static int64_t
wait_in_message(const char *message)
{
	const char *at = strcasestr(message, "retry in ");

	return at != NULL ? read_duration(at + strlen("retry in ")) : 0;
}

/* --- details --------------------------------------------------------------------------------- */

struct details {
	int64_t retry_ms;
	bool is_daily; /* a quota of the day */
	bool is_bad_key;
};

static bool
is_daily_quota(const json_t *violations)
{
	const json_t *violation;
	size_t i;

	json_array_foreach(violations, i, violation)
	{
		const char *id = json_member_string(violation, "quotaId");

		if (id != NULL && (strstr(id, "PerDay") != NULL || strstr(id, "Daily") != NULL))
			return true;
	}
	return false;
}

static struct details
read_details(const json_t *list)
{
	struct details d = { 0 };
	const json_t *detail;
	size_t i;

	json_array_foreach(list, i, detail)
	{
		const char *delay = json_member_string(detail, "retryDelay");
		const char *reason = json_member_string(detail, "reason");

		if (delay != NULL)
			d.retry_ms = read_duration(delay);
		if (reason != NULL && strncmp(reason, "API_KEY_", strlen("API_KEY_")) == 0)
			d.is_bad_key = true;
		if (is_daily_quota(json_object_get(detail, "violations")))
			d.is_daily = true;
	}
	return d;
}

/* "limit: 0", but not "limit: 05" or "limit: 0.5". */
static bool
has_zero_limit(const char *message)
{
	static const char words[] = "limit: 0";

	for (const char *p = message; (p = strstr(p, words)) != NULL;) {
		p += sizeof(words) - 1;
		if (!(*p >= '0' && *p <= '9') && !(*p == '.' && p[1] >= '0' && p[1] <= '9'))
			return true;
	}
	return false;
}

static enum ai_fail
refine(enum ai_fail kind, const char *status, const char *message, const struct details *d)
{
	switch (kind) {
	case AI_FAIL_INVALID:
		if (d->is_bad_key || strcasestr(message, "API key") != NULL ||
		    strcmp(status, "FAILED_PRECONDITION") == 0)
			return AI_FAIL_AUTH;
		if (strcasestr(message, "token count") != NULL ||
		    strcasestr(message, "number of tokens") != NULL)
			return AI_FAIL_TOO_LONG;
		return strcasestr(message, "thinking") != NULL ? AI_FAIL_THINKING : kind;
	case AI_FAIL_NO_ROUTE:
		return strcasestr(message, "model") != NULL || strcasestr(message, "entity") != NULL
			   ? AI_FAIL_MODEL_MISSING
			   : kind;
	case AI_FAIL_RATE_LIMITED:
		return d->is_daily || has_zero_limit(message) ? AI_FAIL_EXHAUSTED : kind;
	default: return kind;
	}
}

/* --- the whole ------------------------------------------------------------------------------- */

/* Copies message; what is quoted at length is left out. */
static void
copy_without_quotations(char *out, size_t size, const char *message)
{
	size_t len = 0;

	while (*message != '\0' && len + 1 < size) {
		const char *end = *message == '"' ? strchr(message + 1, '"') : NULL;

		if (*message == '"' && (end == NULL || end - message > MAX_QUOTE)) {
			(void)snprintf(out + len, size - len, "\"...\"");
			len = strlen(out);
			if (end == NULL)
				break;
			message = end + 1;
			continue;
		}
		out[len++] = *message++;
	}
	out[len] = '\0';
}

void
gemini_read_error(int http_status, const json_t *error, struct ai_failure *out)
{
	const char *status = json_member_string(error, "status");
	const char *message =
	    json_is_string(error) ? json_string_value(error) : json_member_string(error, "message");
	struct details details = read_details(json_object_get(error, "details"));
	char brief[AI_MESSAGE_SIZE];
	enum ai_fail kind;

	status = status != NULL ? status : "";
	message = message != NULL ? message : "";
	if (http_status < 300)
		http_status = code_of(error, status);
	kind = refine(kind_of(http_status), status, message, &details);
	copy_without_quotations(brief, sizeof(brief), message);
	ai_failure_set(out, kind, http_status, "%d %.40s: %s", http_status, status, brief);
	out->retry_after_ms = details.retry_ms > 0 ? details.retry_ms : wait_in_message(message);
	out->is_final = kind == AI_FAIL_EXHAUSTED || (http_status >= 300 && http_status < 400);
}

/* {"error":...}, or as the OpenAI route has it [{"error":...}]; borrowed from root. */
static const json_t *
error_member(const json_t *root)
{
	if (json_is_array(root))
		root = json_array_get(root, 0);
	return json_object_get(root, "error");
}

void
gemini_classify_error(int http_status, const char *p, size_t n, struct ai_failure *out)
{
	json_auto_t *root = NULL;
	const json_t *error = NULL;

	if (json_parse(p, n, LIMIT_JSON_DEPTH, false, &root, NULL, 0) == OK)
		error = error_member(root);
	if (error != NULL) {
		gemini_read_error(http_status, error, out);
		return;
	}
	ai_failure_set(out, kind_of(http_status), http_status,
	    "%d with %zu bytes that are no error of the API", http_status, n);
	out->is_final = http_status >= 300 && http_status < 400;
}
