/*
 * Everything of Gemini's that is read: an event, a whole body, an error, the list of models.
 * The first byte chooses, the next two are the HTTP status of an error.
 */
#include <stdint.h>

#include "gemini.h"
#include "utf8.h"

#define TEXT_MAX (1024 * 1024)
#define TOKENS_MAX INT64_C(1000000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
demand(bool is_so)
{
	if (!is_so)
		abort();
}

static void
check_printable(const char *s, size_t size)
{
	size_t len = strnlen(s, size);

	demand(len < size && utf8_is_valid(s, len));
	for (size_t i = 0; i < len; i++)
		demand((unsigned char)s[i] >= 0x20 && s[i] != 0x7f);
}

static void
check_failure(const struct ai_failure *f)
{
	demand((unsigned)f->kind < AI_FAIL_COUNT && f->retry_after_ms >= 0);
	check_printable(f->message, sizeof(f->message));
	demand(f->kind == AI_FAIL_NONE || f->message[0] != '\0');
}

static void
check_usage(const struct ai_usage *u)
{
	const int64_t counts[] = { u->prompt, u->output, u->thought, u->cached, u->total };

	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		demand(counts[i] >= 0 && counts[i] <= TOKENS_MAX);
}

static void
read_answer(const char *p, size_t n, bool is_event)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	struct ai_answer a = { 0 };
	enum err e = is_event ? gemini_provider.on_event(p, n, &text, &a)
			      : gemini_provider.on_unary(p, n, &text, &a);

	demand(text.len <= n && utf8_is_valid(text.data != NULL ? text.data : "", text.len));
	demand(e == OK || a.failure.kind == AI_FAIL_PROTOCOL);
	check_failure(&a.failure);
	check_usage(&a.usage);
	check_printable(a.model, sizeof(a.model));
	check_printable(a.response_id, sizeof(a.response_id));
	buf_free(&text);
}

static void
read_models(const char *p, size_t n)
{
	struct buf next = BUF_INIT(256), path = BUF_INIT(1024);
	char best[AI_MODEL_SIZE] = "";

	if (gemini_provider.on_models(p, n, best, &next) == OK && best[0] != '\0')
		demand(gemini_provider.build_path(AI_ROUTE_STREAM, "v1", best, &path) == OK);
	check_printable(best, sizeof(best));
	demand(next.len <= n);
	buf_free(&next);
	buf_free(&path);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ai_failure f;
	const char *p;

	if (size < 3)
		return 0;
	p = (const char *)data + 3;
	switch (data[0] % 4) {
	case 0: read_answer(p, size - 3, true); break;
	case 1: read_answer(p, size - 3, false); break;
	case 2: read_models(p, size - 3); break;
	default:
		gemini_provider.classify_error((data[1] << 8 | data[2]) % 700, p, size - 3, &f);
		demand(f.kind != AI_FAIL_NONE);
		check_failure(&f);
	}
	return 0;
}
