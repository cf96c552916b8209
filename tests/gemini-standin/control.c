#include "control.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>

#include "answer.h"
#include "json.h"
#include "reply_text.h"

#define CONTROL_DEPTH 8

static void
refuse(struct evhttp_request *req, const char *why)
{
	answer_json(req, 400, json_pack("{s:s}", "error", why));
}

static void
get_counters(struct standin *s, struct evhttp_request *req)
{
	answer_json(req, 200, journal_counters_json(&s->journal));
}

static void
post_control(struct standin *s, struct evhttp_request *req)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(req);
	json_auto_t *body = NULL;
	char why[DIRECTIVES_WHY] = "";

	if (json_parse((const char *)evbuffer_pullup(in, -1), evbuffer_get_length(in),
		CONTROL_DEPTH, true, &body, why, sizeof why) != OK ||
	    journal_control(&s->journal, body, why) != OK) {
		refuse(req, why);
		return;
	}
	get_counters(s, req);
}

static void
delete_control(struct standin *s, struct evhttp_request *req)
{
	journal_reset(&s->journal, &s->options->defaults);
	get_counters(s, req);
}

static void
get_requests(struct standin *s, struct evhttp_request *req)
{
	answer_json(req, 200, journal_requests(&s->journal));
}

static int64_t
number_of(const struct evkeyvalq *query, const char *name, int64_t fallback)
{
	const char *text = evhttp_find_header(query, name);
	char *end;
	long long number;

	if (text == NULL || *text == '\0')
		return fallback;
	errno = 0;
	number = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0' ? number : fallback;
}

static void
get_text(struct standin *s, struct evhttp_request *req)
{
	struct evkeyvalq query;
	auto_buf b = BUF_INIT(DIRECTIVE_BYTES_MAX);
	const char *text = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req));
	int64_t bytes, seed;

	(void)s;
	if (evhttp_parse_query_str(text != NULL ? text : "", &query) != 0) {
		refuse(req, "the query cannot be read");
		return;
	}
	bytes = number_of(&query, "bytes", 0);
	seed = number_of(&query, "seed", 1);
	evhttp_clear_headers(&query);
	if (bytes < 0 || bytes > DIRECTIVE_BYTES_MAX || seed < 0 ||
	    reply_text_synthetic(&b, (size_t)bytes, (uint64_t)seed) != OK) {
		refuse(req, "out of range");
		return;
	}
	answer_bytes(req, 200, "text/plain; charset=UTF-8", &b);
}

static const struct route {
	const char *path;
	enum evhttp_cmd_type method;
	void (*handle)(struct standin *s, struct evhttp_request *req);
} routes[] = {
	{ "/control", EVHTTP_REQ_GET, get_counters },
	{ "/control", EVHTTP_REQ_POST, post_control },
	{ "/control", EVHTTP_REQ_DELETE, delete_control },
	{ "/control/requests", EVHTTP_REQ_GET, get_requests },
	{ "/control/text", EVHTTP_REQ_GET, get_text },
};

void
control_handle(struct standin *s, struct evhttp_request *req, const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (routes[i].method == evhttp_request_get_command(req) &&
		    strcmp(routes[i].path, path) == 0) {
			routes[i].handle(s, req);
			return;
		}
	}
	answer_page(req, 404);
}
