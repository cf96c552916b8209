#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ai_client.h"
#include "clock.h"
#include "fake_http.h"
#include "log.h"

#define SILENCE_MS 300
#define PATIENCE_MS 20000 /* a test that takes longer has failed */
#define KEY_BEGIN "AQ.se"
#define KEY KEY_BEGIN "cret"

/* --- answers of the server ------------------------------------------------------------------- */

#define HEAD(status, type) "HTTP/1.1 " status "\r\nContent-Type: " type "\r\nConnection: close\r\n"
#define STREAM HEAD("200 OK", "text/event-stream") "\r\n"
#define JSON(status) HEAD(status, "application/json") "\r\n"
#define CANDIDATE(text, rest)                                                                      \
	"{\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"" text "\"}],\"role\": "        \
	"\"model\"}" rest ",\"index\": 0}],\"usageMetadata\": {\"promptTokenCount\": 9,"           \
	"\"candidatesTokenCount\": 3,\"totalTokenCount\": 12},\"modelVersion\": \"model-v\","      \
	"\"responseId\": \"r-1\"}"
#define FINISH ",\"finishReason\": \"STOP\""
#define EVENT(json) "data: " json "\r\n\r\n"
#define HEL EVENT(CANDIDATE("Hel", ""))
#define LO EVENT(CANDIDATE("lo \xF0\x9F\x8C\x8D", ""))
#define END EVENT(CANDIDATE("", FINISH))
#define HELLO "Hello \xF0\x9F\x8C\x8D"
#define GOOD STREAM HEL LO END
#define ERROR(code, message, details)                                                              \
	"{\n  \"error\": {\n    \"code\": " code ",\n    \"message\": \"" message "\",\n"          \
	"    \"details\": [" details "]\n  }\n}\n"
#define GONE                                                                                       \
	HEAD("404 Not Found", "text/event-stream")                                                 \
	"\r\n" ERROR("404", "models/x is no longer available", "")
#define NO_ROUTE HEAD("404 Not Found", "text/html") "\r\n<html>nothing here</html>"
#define NO_THINKING JSON("400 Bad Request") ERROR("400", "Thinking level is not supported", "")
#define DAILY                                                                                      \
	JSON("429 Too Many Requests")                                                              \
	ERROR("429", "Quota", "{\"violations\":[{\"quotaId\":\"RequestsPerDay\"}]}")
#define LIST                                                                                       \
	JSON("200 OK")                                                                             \
	"{\"models\":[{\"name\":\"models/gemini-9-flash\",\"supportedGenerationMethods\":"         \
	"[\"generateContent\"]}]}"

/* so many bytes */
#define FIFTY "12345678901234567890123456789012345678901234567890"
#define THIRTY "123456789012345678901234567890"

#define ASK(model) "POST /v1beta/models/" model ":streamGenerateContent?alt=sse;"
#define ASK_UNARY(model) "POST /v1beta/models/" model ":generateContent;"
#define ASK_LIST "GET /v1beta/models?pageSize=1000;"

/* --- a client and its replies ---------------------------------------------------------------- */

struct run {
	struct ai_client *client;
	struct ai_reply *reply;
	struct buf text;
	int ends;
	struct ai_outcome outcome;
	struct run *victim; /* cancelled at the first text; may be this one */
	struct run *next;   /* started at the end */
};

static void start(struct run *run, struct ai_client *client, const char *thinking);

static void
on_text(void *arg, const char *text, size_t n)
{
	struct run *run = arg;

	assert_int_equal(run->ends, 0);
	assert_true(n > 0);
	assert_int_equal(buf_add(&run->text, text, n), OK);
	if (run->victim == NULL || run->victim->reply == NULL)
		return;
	ai_client_cancel(run->client, run->victim->reply);
	run->victim->reply = NULL;
	run->victim->ends = 1; /* nothing more may come */
}

static void
on_end(void *arg, const struct ai_outcome *outcome)
{
	struct run *run = arg;

	assert_int_equal(run->ends++, 0);
	run->outcome = *outcome;
	run->reply = NULL;
	if (run->next != NULL)
		start(run->next, run->client, NULL);
}

static const struct ai_sink sink = { on_text, on_end };

static void
start(struct run *run, struct ai_client *client, const char *thinking)
{
	struct ai_turn turn = { AI_ROLE_USER, "hi", 2, NULL };
	struct ai_prompt prompt = { .turns = &turn, .count = 1, .thinking_level = thinking };

	run->client = client;
	run->text = BUF_INIT(1024 * 1024);
	run->reply = ai_client_start(client, &prompt, &sink, run);
}

static void
finish(struct ai_client *client, struct run *runs, size_t count)
{
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;

	for (size_t i = 0; i < count; i++) {
		while (runs[i].ends == 0) {
			unsigned ready;

			assert_int_equal(ai_client_poll(client, 1000, NULL, 0, &ready), OK);
			assert_true(clock_mono_ms() < end_ms);
		}
	}
}

/*
 * How long it waits for the first byte, and then for the next; 0: as long as the product. Short
 * only where the silence is the test: on a busy machine an honest answer may take a second, too.
 */
static struct ai_client *
client_with_patience(const char *url, long first_byte_ms, long idle_ms)
{
	struct ai_client *client = ai_client_new(&(struct ai_client_options){
	    .base_url = url,
	    .key = KEY,
	    .model = "one",
	    .fallback_model = "two",
	    .first_byte_ms = first_byte_ms,
	    .idle_ms = idle_ms,
	});

	assert_non_null(client);
	return client;
}

static struct ai_client *
new_client(const char *url)
{
	return client_with_patience(url, 0, 0);
}

static void
assert_text(const struct buf *b, const char *wanted)
{
	assert_string_equal(b->data != NULL ? b->data : "", wanted);
}

static void
assert_asked(struct fake_http *server, const char *wanted)
{
	pthread_mutex_lock(&server->lock);
	assert_text(&server->paths, wanted);
	pthread_mutex_unlock(&server->lock);
}

/* --- one reply at a time --------------------------------------------------------------------- */

struct scene {
	const char *name;
	struct fake_answer script[6];
	size_t answers;
	const char *thinking;
	const char *asked, *text, *note;
	enum ai_fail kind; /* AI_FAIL_NONE: ok */
	enum ai_phase phase;
	int64_t retry_ms;
	bool is_final;
};

static const struct scene scenes[] = {
	{ "a good stream", { { .bytes = GOOD } }, 1, .asked = ASK("one"), .text = HELLO },
	{ "byte by byte", { { .bytes = GOOD, .slice = 1 } }, 1, .asked = ASK("one"),
	    .text = HELLO },
	{ "comments, DONE and no last blank line",
	    { { .bytes =
		    STREAM ": ping\n\n" HEL LO "data: [DONE]\n\ndata: " CANDIDATE("!", FINISH) } },
	    1, .asked = ASK("one"), .text = HELLO "!" },

	/* the walk */
	{ "model gone", { { .bytes = GONE }, { .bytes = GOOD } }, 2, .asked = ASK("one") ASK("two"),
	    .text = HELLO, .note = "The model one does not exist; using two." },
	{ "both models gone",
	    { { .bytes = GONE }, { .bytes = GONE }, { .bytes = LIST }, { .bytes = GOOD } }, 4,
	    .asked = ASK("one") ASK("two") ASK_LIST ASK("gemini-9-flash"), .text = HELLO,
	    .note = "The configured models (one, two) do not exist; using gemini-9-flash." },
	{ "both gone and the list empty",
	    { { .bytes = GONE }, { .bytes = GONE }, { .bytes = JSON("200 OK") "{\"models\":[]}" } },
	    3, .asked = ASK("one") ASK("two") ASK_LIST, .text = "", .kind = AI_FAIL_MODEL_MISSING,
	    .note = "The configured models (one, two) do not exist, and the provider's list has no "
		    "other." },
	{ "both gone and no list", { { .bytes = GONE }, { .bytes = GONE }, { .bytes = NO_ROUTE } },
	    3, .asked = ASK("one") ASK("two") ASK_LIST, .text = "", .kind = AI_FAIL_MODEL_MISSING,
	    .note = "The configured models (one, two) do not exist, and the provider's list has no "
		    "other." },
	{ "list of two pages",
	    { { .bytes = GONE }, { .bytes = GONE },
		{ .bytes = JSON("200 OK") "{\"models\":[],\"nextPageToken\":\"a/b\"}" },
		{ .bytes = LIST }, { .bytes = GOOD } },
	    5,
	    .asked = ASK("one") ASK("two") ASK_LIST
	    "GET /v1beta/models?pageSize=1000&pageToken=a%2Fb;" ASK("gemini-9-flash"),
	    .text = HELLO,
	    .note = "The configured models (one, two) do not exist; using gemini-9-flash." },
	{ "no stream route, 404",
	    { { .bytes = NO_ROUTE }, { .bytes = JSON("200 OK") CANDIDATE("whole", FINISH) } }, 2,
	    .asked = ASK("one") ASK_UNARY("one"), .text = "whole" },
	{ "no stream route, 405",
	    { { .bytes = HEAD("405 Method Not Allowed", "text/plain") "\r\n" },
		{ .bytes = JSON("200 OK") CANDIDATE("whole", FINISH) } },
	    2, .asked = ASK("one") ASK_UNARY("one"), .text = "whole" },
	{ "no stream route, 501",
	    { { .bytes = HEAD("501 Not Implemented", "text/plain") "\r\n" },
		{ .bytes = JSON("200 OK") CANDIDATE("whole", FINISH) } },
	    2, .asked = ASK("one") ASK_UNARY("one"), .text = "whole" },
	{ "no route at all", { { .bytes = NO_ROUTE } }, 1,
	    .asked = ASK("one") ASK_UNARY("one") ASK("two") ASK_UNARY("two") ASK_LIST, .text = "",
	    .kind = AI_FAIL_NO_ROUTE,
	    .note = "The configured models (one, two) do not exist, and the provider's list has no "
		    "other." },
	{ "plain JSON on the stream route",
	    { { .bytes = JSON("200 OK") CANDIDATE("whole", FINISH) } }, 1, .asked = ASK("one"),
	    .text = "whole" },
	{ "an array on the stream route",
	    { { .bytes =
		    JSON("200 OK") "[" CANDIDATE("Hel", "") ",\r\n" CANDIDATE("lo", FINISH) "]" } },
	    1, .asked = ASK("one"), .text = "Hello" },
	{ "thinking refused", { { .bytes = NO_THINKING }, { .bytes = GOOD } }, 2, .thinking = "low",
	    .asked = ASK("one") ASK("one"), .text = HELLO },
	{ "thinking refused though none was asked", { { .bytes = NO_THINKING } }, 1,
	    .asked = ASK("one"), .text = "", .kind = AI_FAIL_THINKING },
	{ "quota of the day", { { .bytes = DAILY }, { .bytes = GOOD } }, 2,
	    .asked = ASK("one") ASK("two"), .text = HELLO },
	{ "both quotas of the day", { { .bytes = DAILY } }, 1, .asked = ASK("one") ASK("two"),
	    .text = "", .kind = AI_FAIL_EXHAUSTED, .is_final = true },

	/* refused */
	{ "429 with RetryInfo",
	    { { .bytes = JSON("429 Too Many Requests")
		    ERROR("429", "Slow", "{\"retryDelay\":\"34.4s\"}") } },
	    1, .asked = ASK("one"), .text = "", .kind = AI_FAIL_RATE_LIMITED, .retry_ms = 34400 },
	{ "429 with Retry-After",
	    { { .bytes = "HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n" } },
	    1, .asked = ASK("one"), .text = "", .kind = AI_FAIL_RATE_LIMITED, .retry_ms = 7000 },
	{ "429 with a Retry-After beyond all clocks",
	    { { .bytes = "HTTP/1.1 429 Too Many\r\nRetry-After: 9223372036854775807\r\n"
			 "Content-Length: 0\r\n\r\n" } },
	    1, .asked = ASK("one"), .text = "", .kind = AI_FAIL_RATE_LIMITED,
	    .retry_ms = 1000000000000 },
	{ "503", { { .bytes = JSON("503 Busy") ERROR("503", "high demand", "") } }, 1,
	    .asked = ASK("one"), .text = "", .kind = AI_FAIL_OVERLOADED },
	{ "503 cut in its body",
	    { { .bytes = "HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\n{\"err",
		.end = FAKE_RESET } },
	    1, .asked = ASK("one"), .text = "", .kind = AI_FAIL_OVERLOADED },
	{ "a wrong key that is repeated",
	    { { .bytes = JSON("400 Bad") ERROR("400", "API key not valid: " KEY, "") } }, 1,
	    .asked = ASK("one"), .text = "", .kind = AI_FAIL_AUTH },
	{ "a wrong key that is repeated where the message is cut",
	    { { .bytes =
		    JSON("400 Bad") ERROR("400", "API key " FIFTY FIFTY FIFTY THIRTY KEY, "") } },
	    1, .asked = ASK("one"), .text = "", .kind = AI_FAIL_AUTH },
	{ "a redirect is not followed",
	    { { .bytes =
		    "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n" } },
	    1, .asked = ASK("one"), .text = "", .kind = AI_FAIL_PROTOCOL, .is_final = true },

	/* broken in the middle */
	{ "an error event",
	    { { .bytes = STREAM HEL EVENT("{\"error\": {\"code\": 503,\"message\": \"busy\"}}") } },
	    1, .asked = ASK("one"), .text = "Hel", .kind = AI_FAIL_OVERLOADED,
	    .phase = AI_PHASE_STREAM },
	{ "an error as first event", { { .bytes = STREAM EVENT("{\"error\": {\"code\": 429}}") } },
	    1, .asked = ASK("one"), .text = "", .kind = AI_FAIL_RATE_LIMITED },
	{ "a bare error at the end", { { .bytes = STREAM HEL ERROR("503", "busy", "") } }, 1,
	    .asked = ASK("one"), .text = "Hel", .kind = AI_FAIL_OVERLOADED,
	    .phase = AI_PHASE_STREAM },
	{ "stray bytes that are no error", { { .bytes = STREAM HEL LO END "oops\r\n" } }, 1,
	    .asked = ASK("one"), .text = HELLO },
	{ "no finish", { { .bytes = STREAM HEL LO } }, 1, .asked = ASK("one"), .text = HELLO,
	    .kind = AI_FAIL_INCOMPLETE, .phase = AI_PHASE_STREAM },
	{ "reset", { { .bytes = STREAM HEL, .end = FAKE_RESET } }, 1, .asked = ASK("one"),
	    .text = "Hel", .kind = AI_FAIL_NETWORK, .phase = AI_PHASE_STREAM },
	{ "shorter than announced",
	    { { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" HEL LO END } }, 1,
	    .asked = ASK("one"), .text = HELLO, .kind = AI_FAIL_NETWORK, .phase = AI_PHASE_STREAM },
	{ "an event that is not JSON", { { .bytes = STREAM HEL EVENT("{\"candidates\"") LO END } },
	    1, .asked = ASK("one"), .text = "Hel", .kind = AI_FAIL_PROTOCOL,
	    .phase = AI_PHASE_STREAM },
	{ "a page instead of a stream", { { .bytes = JSON("200 OK") "<html>log in first</html>" } },
	    1, .asked = ASK("one"), .text = "", .kind = AI_FAIL_PROTOCOL },
	{ "an empty body", { { .bytes = STREAM } }, 1, .asked = ASK("one"), .text = "",
	    .kind = AI_FAIL_INCOMPLETE },
	{ "no HTTP", { { .bytes = "hello\r\n\r\n" } }, 1, .asked = ASK("one"), .text = "",
	    .kind = AI_FAIL_PROTOCOL },
	{ "nothing at all", { { .bytes = "", .end = FAKE_RESET } }, 1, .asked = ASK("one"),
	    .text = "", .kind = AI_FAIL_NETWORK },

	/* what the model decides */
	{ "prompt blocked",
	    { { .bytes = STREAM EVENT("{\"promptFeedback\": {\"blockReason\": \"SAFETY\"}}") } }, 1,
	    .asked = ASK("one"), .text = "", .kind = AI_FAIL_BLOCKED },
	{ "blocked in the middle",
	    { { .bytes = STREAM HEL EVENT("{\"candidates\": [{\"finishReason\": \"SAFETY\"}]}") } },
	    1, .asked = ASK("one"), .text = "Hel", .kind = AI_FAIL_BLOCKED,
	    .phase = AI_PHASE_STREAM },
	{ "finished without text", { { .bytes = STREAM END } }, 1, .asked = ASK("one"), .text = "",
	    .kind = AI_FAIL_EMPTY },
	{ "cut by length",
	    { { .bytes = STREAM HEL EVENT(CANDIDATE("", ",\"finishReason\":\"MAX_TOKENS\"")) } }, 1,
	    .asked = ASK("one"), .text = "Hel" },

	/* too slow */
	{ "no first byte", { { .bytes = STREAM, .end = FAKE_HOLD } }, 1, .asked = ASK("one"),
	    .text = "", .kind = AI_FAIL_TIMEOUT },
	{ "stall", { { .bytes = STREAM HEL, .end = FAKE_HOLD } }, 1, .asked = ASK("one"),
	    .text = "Hel", .kind = AI_FAIL_TIMEOUT, .phase = AI_PHASE_STREAM },
};

static void
play(const struct scene *s)
{
	struct fake_http server;
	struct ai_client *client;
	struct run run = { 0 };

	print_message("%s\n", s->name);
	fake_http_start(&server, s->script, s->answers);
	client = s->kind != AI_FAIL_TIMEOUT ? new_client(server.url)
		 : s->phase == AI_PHASE_STREAM
		     ? client_with_patience(server.url, 0, SILENCE_MS)
		     : client_with_patience(server.url, SILENCE_MS, SILENCE_MS);
	start(&run, client, s->thinking);
	finish(client, &run, 1);
	print_message("  %s\n", run.outcome.failure.message);
	assert_text(&run.text, s->text);
	assert_asked(&server, s->asked);
	assert_int_equal(run.outcome.failure.kind, s->kind);
	assert_int_equal(run.outcome.ok, s->kind == AI_FAIL_NONE);
	assert_int_equal(run.outcome.phase, s->kind == AI_FAIL_NONE ? AI_PHASE_STREAM : s->phase);
	assert_int_equal(run.outcome.had_text, run.text.len > 0);
	assert_int_equal(run.outcome.failure.retry_after_ms, s->retry_ms);
	assert_int_equal(run.outcome.failure.is_final, s->is_final);
	assert_null(strstr(run.outcome.failure.message, KEY_BEGIN));
	assert_int_equal(ai_client_active(client), 0);
	if (s->note != NULL)
		assert_string_equal(ai_client_note(client), s->note);
	else
		assert_null(ai_client_note(client));
	ai_client_free(client);
	fake_http_stop(&server);
	buf_free(&run.text);
}

static void
each_scene_ends_as_it_should(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(scenes); i++)
		play(&scenes[i]);
}

static void
outcome_has_usage_model_and_id(void **state)
{
	static const struct fake_answer script[] = { { .bytes = GOOD } };
	struct fake_http server;
	struct ai_client *client;
	struct run run = { 0 };

	(void)state;
	fake_http_start(&server, script, 1);
	client = new_client(server.url);
	start(&run, client, NULL);
	finish(client, &run, 1);
	assert_int_equal(run.outcome.usage.prompt, 9);
	assert_int_equal(run.outcome.usage.output, 3);
	assert_int_equal(run.outcome.usage.total, 12);
	assert_string_equal(run.outcome.model, "model-v");
	assert_string_equal(run.outcome.response_id, "r-1");
	assert_int_equal(run.outcome.finish, AI_FINISH_STOP);
	pthread_mutex_lock(&server.lock);
	assert_non_null(strstr(server.request.data, "\r\nx-goog-api-key: " KEY "\r\n"));
	assert_non_null(strstr(server.request.data, "\r\nContent-Type: application/json\r\n"));
	assert_null(strcasestr(server.request.data, "accept-encoding"));
	assert_null(strstr(server.paths.data, KEY));
	pthread_mutex_unlock(&server.lock);
	ai_client_free(client);
	fake_http_stop(&server);
	buf_free(&run.text);
}

/* --- what is remembered ---------------------------------------------------------------------- */

/* One client, replies one after the other; asked: by all of them. */
static void
play_two(const struct fake_answer *script, size_t answers, const char *thinking, const char *asked)
{
	struct fake_http server;
	struct ai_client *client;
	struct run runs[2] = { 0 };

	fake_http_start(&server, script, answers);
	client = new_client(server.url);
	for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
		start(&runs[i], client, thinking);
		finish(client, &runs[i], 1);
		assert_true(runs[i].outcome.ok);
		buf_free(&runs[i].text);
	}
	assert_asked(&server, asked);
	pthread_mutex_lock(&server.lock);
	assert_null(strstr(server.request.data, "thinking")); /* of the last reply */
	pthread_mutex_unlock(&server.lock);
	ai_client_free(client);
	fake_http_stop(&server);
}

static void
what_was_learnt_is_not_asked_twice(void **state)
{
	static const struct fake_answer gone[] = { { .bytes = GONE }, { .bytes = GOOD } };
	static const struct fake_answer list[] = { { .bytes = GONE }, { .bytes = GONE },
		{ .bytes = LIST }, { .bytes = GOOD } };
	static const struct fake_answer unary[] = { { .bytes = NO_ROUTE },
		{ .bytes = JSON("200 OK") CANDIDATE("whole", FINISH) } };
	static const struct fake_answer json[] = { { .bytes = JSON("200 OK")
							 CANDIDATE("whole", FINISH) } };
	static const struct fake_answer thinking[] = { { .bytes = NO_THINKING },
		{ .bytes = GOOD } };

	(void)state;
	play_two(gone, 2, NULL, ASK("one") ASK("two") ASK("two"));
	play_two(list, 4, NULL,
	    ASK("one") ASK("two") ASK_LIST ASK("gemini-9-flash") ASK("gemini-9-flash"));
	play_two(unary, 2, NULL, ASK("one") ASK_UNARY("one") ASK_UNARY("one"));
	play_two(json, 1, NULL, ASK("one") ASK_UNARY("one"));
	play_two(thinking, 2, "low", ASK("one") ASK("one") ASK("one"));
}

/* --- many at once ---------------------------------------------------------------------------- */

#define MANY 200

static void
many_replies_run_at_once(void **state)
{
	static const struct fake_answer script[] = { { .bytes = GOOD, .slice = 37 } };
	struct fake_http server;
	struct ai_client *client;
	struct run *runs = xcalloc(MANY, sizeof(*runs));

	(void)state;
	fake_http_start(&server, script, 1);
	client = new_client(server.url);
	for (size_t i = 0; i < MANY; i++)
		start(&runs[i], client, NULL);
	assert_int_equal(ai_client_active(client), MANY);
	finish(client, runs, MANY);
	for (size_t i = 0; i < MANY; i++) {
		if (!runs[i].outcome.ok)
			fail_msg("%zu: %s", i, runs[i].outcome.failure.message);
		assert_text(&runs[i].text, HELLO);
		buf_free(&runs[i].text);
	}
	assert_int_equal(ai_client_active(client), 0);
	ai_client_free(client);
	fake_http_stop(&server);
	free(runs);
}

/* Both models gone for all of them: the list is asked for once. */
static void
list_is_asked_once_for_all_who_wait(void **state)
{
	static const struct fake_answer script[] = {
		{ .bytes = GONE, .path = "/one:" },
		{ .bytes = GONE, .path = "/two:" },
		{ .bytes = LIST, .path = "?pageSize" },
		{ .bytes = GOOD },
	};
	struct fake_http server;
	struct ai_client *client;
	struct run runs[4] = { 0 };
	size_t lists = 0;

	(void)state;
	fake_http_start(&server, script, ARRAY_LEN(script));
	client = new_client(server.url);
	for (size_t i = 0; i < ARRAY_LEN(runs); i++)
		start(&runs[i], client, NULL);
	finish(client, runs, ARRAY_LEN(runs));
	pthread_mutex_lock(&server.lock);
	for (const char *p = server.paths.data; (p = strstr(p, ASK_LIST)) != NULL; p++)
		lists++;
	pthread_mutex_unlock(&server.lock);
	assert_int_equal(lists, 1);
	for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
		assert_true(runs[i].outcome.ok);
		buf_free(&runs[i].text);
	}
	ai_client_free(client);
	fake_http_stop(&server);
}

/* Cut at any byte, a stream never counts as whole, and its text is a prefix. */
static void
every_truncation_is_noticed(void **state)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
	static const char whole[] = HEL LO END;
	auto_buf bytes = BUF_INIT(8192);
	struct fake_answer script = { 0 };
	size_t n = sizeof(whole) - 1;
	struct fake_http server;
	struct ai_client *client;

	(void)state;
	assert_int_equal(buf_adds(&bytes, head), OK);
	assert_int_equal(buf_adds(&bytes, whole), OK);
	script.bytes = bytes.data;
	fake_http_start(&server, &script, 1);
	client = new_client(server.url);
	for (size_t cut = 0; cut < n; cut += 7) {
		struct run run = { 0 };

		pthread_mutex_lock(&server.lock);
		script.len = sizeof(head) - 1 + cut;
		pthread_mutex_unlock(&server.lock);
		start(&run, client, NULL);
		finish(client, &run, 1);
		assert_false(run.outcome.ok);
		if (run.text.len > 0)
			assert_memory_equal(HELLO, run.text.data, run.text.len);
		buf_free(&run.text);
	}
	ai_client_free(client);
	fake_http_stop(&server);
}

/* --- cancelling ------------------------------------------------------------------------------ */

static void
reply_may_cancel_itself_within_its_text(void **state)
{
	static const struct fake_answer scripts[][1] = { { { .bytes = GOOD } },
		{ { .bytes = STREAM HEL, .end = FAKE_HOLD } },
		{ { .bytes = JSON("200 OK") CANDIDATE("whole", FINISH) } },
		{ { .bytes = STREAM "data: " CANDIDATE("x", FINISH) } } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		struct fake_http server;
		struct ai_client *client;
		struct run run = { .victim = &run };

		fake_http_start(&server, scripts[i], 1);
		client = new_client(server.url);
		start(&run, client, NULL);
		finish(client, &run, 1);
		assert_int_equal(ai_client_active(client), 0);
		assert_true(run.text.len > 0 && run.text.len < sizeof(HELLO) - 1);
		ai_client_free(client);
		fake_http_stop(&server);
		buf_free(&run.text);
	}
}

static void
reply_may_cancel_another_and_start_a_third(void **state)
{
	static const struct fake_answer script[] = { { .bytes = STREAM HEL, .end = FAKE_HOLD },
		{ .bytes = GOOD } };
	struct fake_http server;
	struct ai_client *client;
	struct run runs[3] = { 0 };
	unsigned ready;

	(void)state;
	fake_http_start(&server, script, 2);
	client = new_client(server.url);
	start(&runs[0], client, NULL);
	while (runs[0].text.len == 0)
		assert_int_equal(ai_client_poll(client, 1000, NULL, 0, &ready), OK);
	runs[1].victim = &runs[0];
	runs[1].next = &runs[2];
	start(&runs[1], client, NULL);
	finish(client, runs, 3);
	assert_text(&runs[0].text, "Hel");
	assert_text(&runs[1].text, HELLO);
	assert_text(&runs[2].text, HELLO);
	assert_int_equal(ai_client_active(client), 0);
	ai_client_free(client);
	fake_http_stop(&server);
	for (size_t i = 0; i < ARRAY_LEN(runs); i++)
		buf_free(&runs[i].text);
}

static void
client_may_be_freed_while_replies_run_and_wait(void **state)
{
	static const struct fake_answer hold[] = { { .bytes = "", .len = 0, .end = FAKE_HOLD } };
	static const struct fake_answer list[] = { { .bytes = GONE }, { .bytes = GONE },
		{ .bytes = "", .end = FAKE_HOLD } };
	struct fake_http server;
	struct ai_client *client;
	struct run run = { 0 };
	unsigned ready;

	(void)state;
	fake_http_start(&server, hold, 1);
	client = new_client(server.url);
	start(&run, client, NULL);
	assert_int_equal(ai_client_poll(client, 50, NULL, 0, &ready), OK);
	ai_client_free(client);
	fake_http_stop(&server);

	fake_http_start(&server, list, 3);
	client = new_client(server.url);
	start(&run, client, NULL);
	for (size_t given = 0; given < 3;) {
		assert_int_equal(ai_client_poll(client, 10, NULL, 0, &ready), OK);
		pthread_mutex_lock(&server.lock);
		given = server.given;
		pthread_mutex_unlock(&server.lock);
	}
	ai_client_cancel(client, run.reply);
	ai_client_free(client);
	fake_http_stop(&server);
	assert_int_equal(run.ends, 0);
}

/* --- the rest -------------------------------------------------------------------------------- */

static void
closed_port_is_a_network_failure(void **state)
{
	static const struct fake_answer script[] = { { .bytes = GOOD } };
	struct fake_http server;
	struct ai_client *client;
	struct run run = { 0 };

	(void)state;
	fake_http_start(&server, script, 1);
	client = new_client(server.url);
	fake_http_stop(&server);
	start(&run, client, NULL);
	finish(client, &run, 1);
	assert_int_equal(run.outcome.failure.kind, AI_FAIL_NETWORK);
	assert_int_equal(run.outcome.failure.http_status, 0);
	ai_client_free(client);
}

static void
total_time_is_limited(void **state)
{
	static const struct fake_answer script[] = { { .bytes = STREAM HEL, .end = FAKE_HOLD } };
	struct fake_http server;
	struct ai_client *client;
	struct run run = { 0 };

	(void)state;
	fake_http_start(&server, script, 1);
	client = ai_client_new(&(struct ai_client_options){
	    .base_url = server.url, .model = "one", .total_ms = 1000 });
	start(&run, client, NULL);
	finish(client, &run, 1);
	assert_int_equal(run.outcome.failure.kind, AI_FAIL_TIMEOUT);
	assert_text(&run.text, "Hel");
	ai_client_free(client);
	fake_http_stop(&server);
	buf_free(&run.text);
}

static void
prompt_without_a_user_ends_in_the_next_poll(void **state)
{
	struct ai_client *client = new_client("http://127.0.0.1:1");
	struct run run = { .client = client };
	struct ai_prompt prompt = { 0 };
	unsigned ready;

	(void)state;
	run.reply = ai_client_start(client, &prompt, &sink, &run);
	assert_int_equal(run.ends, 0);
	assert_int_equal(ai_client_poll(client, PATIENCE_MS, NULL, 0, &ready), OK);
	assert_int_equal(run.ends, 1);
	assert_int_equal(run.outcome.failure.kind, AI_FAIL_INVALID);
	ai_client_free(client);
}

static void
other_descriptors_wake_the_poll(void **state)
{
	struct ai_client *client = new_client("http://127.0.0.1:1");
	int fds[2] = { eventfd(0, EFD_CLOEXEC), eventfd(1, EFD_CLOEXEC) };
	unsigned ready = 0;

	(void)state;
	assert_int_equal(ai_client_poll(client, PATIENCE_MS, fds, 2, &ready), OK);
	assert_int_equal(ready, 2);
	assert_int_equal(ai_client_poll(client, 0, fds, 1, &ready), OK);
	assert_int_equal(ready, 0);
	ai_client_free(client);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void
unusable_options_are_refused(void **state)
{
	static const struct ai_client_options cases[] = {
		{ .base_url = NULL },
		{ .base_url = "" },
		{ .base_url = "ftp://127.0.0.1" },
		{ .base_url = "file:///etc/passwd" },
		{ .base_url = "127.0.0.1" },
		{ .base_url = "http://user:password@127.0.0.1" },
		{ .base_url = "http://127.0.0.1/?key=1" },
		{ .base_url = "http://127.0.0.1/#a" },
		{ .base_url = "http://127.0.0.1", .key = "a\r\nX: y" },
		{ .base_url = "http://127.0.0.1", .provider = "nobody" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_null(ai_client_new(&cases[i]));
}

static void
prefix_of_the_base_url_is_kept(void **state)
{
	static const struct fake_answer script[] = { { .bytes = GOOD } };
	struct fake_http server;
	struct ai_client *client;
	struct run run = { 0 };
	char url[80];

	(void)state;
	fake_http_start(&server, script, 1);
	(void)snprintf(url, sizeof(url), "%s/proxy/x/", server.url);
	client = ai_client_new(&(struct ai_client_options){
	    .base_url = url, .api_version = "v1", .model = "models/one" });
	start(&run, client, NULL);
	finish(client, &run, 1);
	assert_true(run.outcome.ok);
	assert_asked(&server, "POST /proxy/x/v1/models/one:streamGenerateContent?alt=sse;");
	ai_client_free(client);
	fake_http_stop(&server);
	buf_free(&run.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_scene_ends_as_it_should),
		cmocka_unit_test(outcome_has_usage_model_and_id),
		cmocka_unit_test(what_was_learnt_is_not_asked_twice),
		cmocka_unit_test(many_replies_run_at_once),
		cmocka_unit_test(list_is_asked_once_for_all_who_wait),
		cmocka_unit_test(every_truncation_is_noticed),
		cmocka_unit_test(reply_may_cancel_itself_within_its_text),
		cmocka_unit_test(reply_may_cancel_another_and_start_a_third),
		cmocka_unit_test(client_may_be_freed_while_replies_run_and_wait),
		cmocka_unit_test(closed_port_is_a_network_failure),
		cmocka_unit_test(total_time_is_limited),
		cmocka_unit_test(prompt_without_a_user_ends_in_the_next_poll),
		cmocka_unit_test(other_descriptors_wake_the_poll),
		cmocka_unit_test(unusable_options_are_refused),
		cmocka_unit_test(prefix_of_the_base_url_is_kept),
	};

	log_init("test_ai_client", LOG_ERROR);
	/* A proxy of this machine's environment is not what is tested. */
	/* NOLINTBEGIN(concurrency-mt-unsafe): no thread runs yet */
	(void)unsetenv("http_proxy");
	(void)unsetenv("all_proxy");
	(void)unsetenv("ALL_PROXY");
	/* NOLINTEND(concurrency-mt-unsafe) */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
