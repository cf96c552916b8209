/* A reply and its transfer: which model is asked, and what of a long text is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "conversation.h"
#include "fake_http.h"
#include "reply_stream.h"
#include "temp_store.h"

#define PATIENCE_MS 20000
#define EURO "\xe2\x82\xac" /* three bytes */

static char model[] = "one", fallback[] = "two", nothing[] = "";

struct world {
	struct temp_store t;
	struct config config;
	struct fake_http server;
	struct ai_client *client;
	struct reply *reply;
};

/* A question in the store, and the reply that was claimed for it. */
static void
claim(struct world *w, bool is_swapped)
{
	struct identity caller = { 0 };
	struct posted_turn turn = { ROLE_USER, "hi", 2 };
	struct accepted a;
	struct post p = { .config = &w->config,
		.chat_id = "1",
		.turns = &turn,
		.count = 1,
		.lang = "en",
		.by = { .caller = &caller, .rid = "rid-12345678", .now_ms = 1 } };
	auto_chat chat = { 0 };
	struct job job;

	assert_int_equal(store_begin(w->t.s, STORE_FAST), OK);
	assert_int_equal(conversation_post(w->t.s, &p, &a), OK);
	assert_int_equal(store_job_claim(w->t.s, "W", 1, &job), OK);
	assert_int_equal(store_chat_get(w->t.s, job.chat_no, &chat), OK);
	assert_int_equal(store_commit(w->t.s), OK);
	job.is_swapped = is_swapped;
	w->reply = reply_new(&job, &chat, "");
}

static void
set_up(struct world *w, const struct fake_answer *script, size_t n, bool is_swapped)
{
	*w = (struct world){ .config = { .allow_open_chats = true,
				 .ai_model = model,
				 .ai_fallback_model = fallback,
				 .ai_system_prompt = nothing,
				 .ai_thinking_level = nothing,
				 .ai_safety_threshold = nothing,
				 .ai_context_tokens = LIMIT_CONTEXT_TOKENS } };
	temp_store_open(&w->t);
	fake_http_start(&w->server, script, n);
	w->client = ai_client_new(&(struct ai_client_options){
	    .base_url = w->server.url, .model = model, .fallback_model = fallback });
	assert_non_null(w->client);
	claim(w, is_swapped);
	reply_stream_start(w->reply, &w->config, w->t.s, w->client);
}

/* As the worker polls. */
static void
finish(struct world *w)
{
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;

	while (!w->reply->has_ended) {
		unsigned ready;

		assert_int_equal(ai_client_poll(w->client, 1000, NULL, 0, &ready), OK);
		reply_stream_check(w->reply, w->client);
		assert_true(clock_mono_ms() < end_ms);
	}
}

static void
tear_down(struct world *w)
{
	ai_client_free(w->client);
	fake_http_stop(&w->server);
	reply_free(w->reply);
	temp_store_close(&w->t);
}

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
#define EVENT(text, rest)                                                                          \
	"data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"" text     \
	"\"}]}" rest "}]}\r\n\r\n"
#define GOOD HEAD EVENT("yes", ",\"finishReason\":\"STOP\"")
#define GONE                                                                                       \
	"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n"                                      \
	"{\"error\":{\"code\":404,\"message\":\"models/x is not found\"}}"

static void
a_swapped_reply_asks_the_fallback_model_first_and_then_its_own(void **state)
{
	static const struct fake_answer script[] = { { .bytes = GONE }, { .bytes = GOOD } };
	struct world w;

	(void)state;
	set_up(&w, script, ARRAY_LEN(script), true);
	finish(&w);
	assert_true(w.reply->outcome.ok);
	assert_string_equal(w.server.paths.data,
	    "POST /v1beta/models/two:streamGenerateContent?alt=sse;"
	    "POST /v1beta/models/one:streamGenerateContent?alt=sse;");
	tear_down(&w);
}

/* The cut falls into a character; what comes after it in the same bytes would fit again. */
static void
a_text_that_is_cut_has_no_hole(void **state)
{
	auto_buf bytes = BUF_INIT(1024UL * 1024), text = BUF_INIT(LIMIT_REPLY_BYTES);
	struct fake_answer script = { 0 };
	struct world w;

	(void)state;
	for (size_t i = 0; i < LIMIT_REPLY_BYTES - 1; i++)
		assert_int_equal(buf_adds(&text, "x"), OK);
	assert_int_equal(buf_adds(&bytes, HEAD), OK);
	assert_int_equal(
	    buf_addf(&bytes, EVENT("%s", "") EVENT(EURO, "") EVENT("y", ""), text.data), OK);
	assert_int_equal(buf_adds(&bytes, EVENT("z", ",\"finishReason\":\"STOP\"")), OK);
	script.bytes = bytes.data;
	set_up(&w, &script, 1, false);
	finish(&w);
	assert_true(w.reply->is_cut);
	assert_true(w.reply->outcome.ok);
	assert_int_equal(w.reply->text.len, text.len);
	assert_memory_equal(w.reply->text.data, text.data, text.len);
	tear_down(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_swapped_reply_asks_the_fallback_model_first_and_then_its_own),
		cmocka_unit_test(a_text_that_is_cut_has_no_hole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
