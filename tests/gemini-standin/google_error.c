#include "google_error.h"

#include <stdarg.h>
#include <stdio.h>

#define TYPE_PREFIX "type.googleapis.com/google.rpc."
#define RETRY_DELAY_DEFAULT "1s" /* the real one says up to a minute; tests would wait */
#define RETRY_DELAY_NONE "none"
#define QUOTA_VALUE "5"
#define BAD_KEY "API key not valid. Please pass a valid API key."

static const struct status {
	int http;
	const char *name, *message;
} statuses[] = {
	{ 400, "INVALID_ARGUMENT", "Request contains an invalid argument." },
	{ 401, "UNAUTHENTICATED",
	    "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
	    "cookie or other valid authentication credential." },
	{ 403, "PERMISSION_DENIED",
	    "Method doesn't allow unregistered callers (callers without established identity). "
	    "Please use API Key or other form of API consumer identity to call this API." },
	{ 404, "NOT_FOUND", "Requested entity was not found." },
	{ 408, "DEADLINE_EXCEEDED", "The request timed out. Please try again." },
	{ 409, "ABORTED", "The operation was aborted." },
	{ 429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)." },
	{ 499, "CANCELLED", "The operation was cancelled." },
	{ 500, "INTERNAL", "An internal error has occurred. Please retry." },
	{ 501, "UNIMPLEMENTED", "Operation is not implemented, or supported, or enabled." },
	{ 502, "UNAVAILABLE", "The service is currently unavailable." },
	{ 503, "UNAVAILABLE",
	    "This model is currently experiencing high demand. Spikes in demand are usually "
	    "temporary. Please try again later." },
	{ 504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete." },
};

static const struct status unknown_status = { 0, "UNKNOWN", "An unknown error has occurred." };

static const struct status *
find_status(int http)
{
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (statuses[i].http == http)
			return &statuses[i];
	return &unknown_status;
}

void
google_error_set(struct google_error *error, int http, const char *fmt, ...)
{
	va_list ap;

	*error = (struct google_error){ .http = http };
	va_start(ap, fmt);
	(void)vsnprintf(error->message, sizeof error->message, fmt, ap);
	va_end(ap);
}

void
google_error_bad_key(struct google_error *error)
{
	google_error_set(error, 400, "%s", BAD_KEY);
	error->is_key_error = true;
}

static void
set_quota(struct google_error *error, const struct directives *d)
{
	const char *delay = d->retry_delay[0] != '\0' ? d->retry_delay : RETRY_DELAY_DEFAULT;
	char retry[DIRECTIVE_WORD + 32] = "";

	if (strcmp(delay, RETRY_DELAY_NONE) != 0) {
		(void)snprintf(error->retry_delay, sizeof error->retry_delay, "%s", delay);
		(void)snprintf(retry, sizeof retry, "\nPlease retry in %s.", delay);
	}
	error->has_quota = true;
	error->per_day = d->per_day == true;
	error->limit_zero = d->limit_zero == true;
	(void)snprintf(error->message, sizeof error->message,
	    "You exceeded your current quota, please check your plan and billing details. \n"
	    "* Quota exceeded for metric: generativelanguage.googleapis.com/"
	    "generate_content_free_tier_requests, limit: %s, model: %s%s",
	    error->limit_zero ? "0" : QUOTA_VALUE, error->model, retry);
}

void
google_error_of_status(
    struct google_error *error, int http, const struct directives *d, const char *model)
{
	google_error_set(error, http, "%s", find_status(http)->message);
	error->model = model;
	if (http == 429)
		set_quota(error, d);
	if (http == 404)
		(void)snprintf(error->message, sizeof error->message,
		    "This model models/%s is no longer available to new users. Please update your "
		    "code to use a newer model, such as models/gemini-3.8-flash.",
		    model);
}

static json_t *
quota_violation(const struct google_error *error)
{
	json_t *violation = json_pack("{s:s, s:s, s:{s:s, s:s}}", "quotaMetric",
	    "generativelanguage.googleapis.com/generate_content_free_tier_requests", "quotaId",
	    error->per_day ? "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
			   : "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
	    "quotaDimensions", "location", "global", "model", error->model);

	if (!error->limit_zero) /* protobuf drops a zero */
		(void)json_object_set_new(violation, "quotaValue", json_string(QUOTA_VALUE));
	return violation;
}

static void
add_quota_details(json_t *details, const struct google_error *error)
{
	(void)json_array_append_new(
	    details, json_pack("{s:s, s:[{s:s, s:s}]}", "@type", TYPE_PREFIX "Help", "links",
			 "description", "Learn more about Gemini API quotas", "url",
			 "https://ai.google.dev/gemini-api/docs/rate-limits"));
	(void)json_array_append_new(
	    details, json_pack("{s:s, s:[o]}", "@type", TYPE_PREFIX "QuotaFailure", "violations",
			 quota_violation(error)));
	if (error->retry_delay[0] != '\0')
		(void)json_array_append_new(
		    details, json_pack("{s:s, s:s}", "@type", TYPE_PREFIX "RetryInfo", "retryDelay",
				 error->retry_delay));
}

static void
add_key_details(json_t *details)
{
	(void)json_array_append_new(
	    details, json_pack("{s:s, s:s, s:s, s:{s:s}}", "@type", TYPE_PREFIX "ErrorInfo",
			 "reason", "API_KEY_INVALID", "domain", "googleapis.com", "metadata",
			 "service", "generativelanguage.googleapis.com"));
	(void)json_array_append_new(
	    details, json_pack("{s:s, s:s, s:s}", "@type", TYPE_PREFIX "LocalizedMessage", "locale",
			 "en-US", "message", BAD_KEY));
}

json_t *
google_error_json(const struct google_error *error)
{
	json_t *details = json_array();
	json_t *body = json_pack("{s:i, s:s, s:s}", "code", error->http, "message", error->message,
	    "status", find_status(error->http)->name);

	if (error->has_quota)
		add_quota_details(details, error);
	if (error->is_key_error)
		add_key_details(details);
	if (error->field[0] != '\0')
		(void)json_array_append_new(details,
		    json_pack("{s:s, s:[{s:s, s:s}]}", "@type", TYPE_PREFIX "BadRequest",
			"fieldViolations", "field", error->field, "description", error->message));
	if (json_array_size(details) > 0)
		(void)json_object_set(body, "details", details);
	json_decref(details);
	return json_pack("{s:o}", "error", body);
}
