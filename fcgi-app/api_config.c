/* GET /api/config: what the page needs before it can do anything. Nothing secret. */
#include "app.h"

#include "json.h"
#include "limit.h"

/* null in the answer means: the page's own, through the web server's proxy of /app. */
static const char *
or_null(const char *text)
{
	return *text != '\0' ? text : NULL;
}

static json_t *
push_json(const struct config *c)
{
	bool enabled = strcmp(c->broadcast_driver, "pusher") == 0;
	json_t *port = c->public_push_port > 0 ? json_integer(c->public_push_port) : json_null();

	return json_pack("{s:b, s:s, s:s?, s:o, s:s?, s:s, s:b}", "enabled", enabled, "key",
	    c->pusher_app_key, "host", or_null(c->public_push_host), "port", port, "scheme",
	    or_null(c->public_push_scheme), "path", c->pusher_app_path, "clientEvents",
	    c->pusher_app_client_messages);
}

static void
add_model(json_t *models, const char *name, size_t n)
{
	size_t i;
	const json_t *other;

	json_array_foreach(models, i, other)
	{
		if (json_string_length(other) == n &&
		    strncmp(json_string_value(other), name, n) == 0)
			return;
	}
	if (n > 0)
		(void)json_array_append_new(models, json_stringn(name, n));
}

/* What a chat may choose (model_is_listed), the site's own first. */
static json_t *
models_json(const struct config *c)
{
	json_t *models = json_array();
	const char *list = c->ai_models;

	add_model(models, c->ai_model, strlen(c->ai_model));
	while (*list != '\0') {
		size_t n;

		list += strspn(list, ", ");
		n = strcspn(list, ", ");
		add_model(models, list, n);
		list += n;
	}
	add_model(models, c->ai_fallback_model, strlen(c->ai_fallback_model));
	return models;
}

void
api_config(struct app *a, const struct http_request *q, struct http_response *r)
{
	const struct config *c = a->config;
	bool enabled = strcmp(c->broadcast_driver, "pusher") == 0;
	json_t *limits =
	    json_pack("{s:I, s:i, s:I}", "messageBytes", (json_int_t)LIMIT_MESSAGE_BYTES,
		"messages", LIMIT_MESSAGES_PER_REQUEST, "bodyBytes", (json_int_t)LIMIT_BODY_BYTES);

	(void)q;
	http_json(r, 200,
	    json_pack("{s:s, s:b, s:[s,s], s:o, s:s?, s:o, s:o}", "appName", c->app_name, "demo",
		c->is_demo, "languages", "es", "en", "push", push_json(c), "reason",
		enabled ? NULL : "BROADCAST_DRIVER is not pusher", "limits", limits, "models",
		models_json(c)));
}
