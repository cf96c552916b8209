/* A chat as a file: what is written is read again as it was, and what is no such file is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "chat_file.h"
#include "json.h"
#include "limit.h"

#define WHOLE                                                                                      \
	"{\"format\":\"charla-chat\",\"version\":1,\"chat\":{\"title\":\"T\",\"lang\":\"en\","     \
	"\"chatId\":7,\"visibility\":\"open\",\"headId\":\"b\"},\"messages\":["                    \
	"{\"id\":\"a\",\"parentId\":null,\"role\":\"user\",\"content\":\"q\","                     \
	"\"createdAt\":\"2026-11-24T04:06:08.123Z\",\"author\":{\"name\":\"Ana\"}},"               \
	"{\"id\":\"b\",\"parentId\":\"a\",\"role\":\"assistant\",\"content\":\"r\","               \
	"\"status\":\"streaming\",\"model\":\"m\",\"usage\":{\"total_tokens\":5}},"                \
	"{\"id\":\"c\",\"parentId\":\"a\",\"role\":\"assistant\",\"content\":\"No.\","             \
	"\"status\":\"error\",\"error\":{\"type\":\"overloaded\",\"message\":\"No.\"}}]}"

static enum err
read_text(const char *text, struct chat_file *out, struct field_error *why)
{
	json_t *root = NULL;

	assert_int_equal(
	    json_parse(text, strlen(text), LIMIT_JSON_DEPTH, true, &root, NULL, 0), OK);
	return chat_file_read(root, out, why);
}

static void
a_whole_file_is_read(void **state)
{
	struct field_error why;
	struct chat_file f;

	(void)state;
	assert_int_equal(read_text(WHOLE, &f, &why), OK);
	assert_string_equal(f.title, "T");
	assert_string_equal(f.lang, "en");
	assert_string_equal(f.chat_id, "7");
	assert_true(f.id_is_number && f.is_open);
	assert_int_equal(f.count, 3);
	assert_int_equal(f.head, 1);
	assert_int_equal(f.messages[0].parent, SIZE_MAX);
	assert_int_equal(f.messages[2].parent, 0);
	assert_string_equal(f.messages[0].author_name, "Ana");
	assert_int_equal(f.messages[0].created_ms, 1795493168123);
	assert_int_equal(f.messages[1].status, MESSAGE_STOPPED); /* it runs no more */
	assert_int_equal(f.messages[1].usage.total, 5);
	assert_true(f.messages[2].is_notice);
	assert_int_equal(f.messages[2].status, MESSAGE_ERROR);
	chat_file_free(&f);
}

#define FILE_OF(messages)                                                                          \
	"{\"format\":\"charla-chat\",\"version\":1,\"chat\":{},\"messages\":" messages "}"
#define USER(id, parent)                                                                           \
	"{\"id\":" id ",\"parentId\":" parent ",\"role\":\"user\",\"content\":\"x\"}"

static const char *const bad[] = {
	"[]",
	"{}",
	"{\"format\":\"charla-chat\",\"version\":2,\"chat\":{},\"messages\":[]}",
	"{\"format\":\"charla-chat\",\"version\":1,\"messages\":[]}",
	"{\"format\":\"charla-chat\",\"version\":1,\"chat\":[],\"messages\":[]}",
	"{\"format\":\"charla-chat\",\"version\":1,\"chat\":{\"chatId\":\"a/b\"},\"messages\":[]}",
	FILE_OF("{}"),
	FILE_OF("[1]"),
	FILE_OF("[" USER("1", "null") "]"),
	FILE_OF("[" USER("\"\"", "null") "]"),
	FILE_OF("[" USER("\"a\"", "\"b\"") "]"),
	FILE_OF("[" USER("\"a\"", "\"a\"") "]"),
	FILE_OF("[" USER("\"a\"", "5") "]"),
	FILE_OF("[" USER("\"a\"", "null") "," USER("\"a\"", "null") "]"),
	FILE_OF("[{\"id\":\"a\",\"role\":\"user\",\"content\":\" \"}]"),
	FILE_OF("[{\"id\":\"a\",\"role\":\"user\"}]"),
	FILE_OF("[{\"id\":\"a\",\"role\":\"system\",\"content\":\"x\"}]"),
	FILE_OF("[{\"id\":\"a\",\"role\":\"user\",\"content\":\"x\",\"createdAt\":\"now\"}]"),
	FILE_OF("[{\"id\":\"a\",\"role\":\"user\",\"content\":\"x\",\"author\":{\"name\":1}}]"),
};

static void
what_is_no_such_file_is_refused_with_a_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct field_error why = { .field = "" };
		struct chat_file f;

		assert_int_equal(read_text(bad[i], &f, &why), ERR_INVALID);
		assert_string_equal(why.field, "file");
		assert_true(strlen(why.text) > 10);
	}
}

static enum err
read_many(size_t count)
{
	json_t *list = json_array();
	struct field_error why;
	struct chat_file f;
	enum err e;

	for (size_t i = 0; i < count; i++) {
		char id[24];

		(void)snprintf(id, sizeof id, "%zu", i);
		(void)json_array_append_new(
		    list, json_pack("{s:s, s:s, s:s}", "id", id, "role", "user", "content", "x"));
	}
	e = chat_file_read(json_pack("{s:s, s:i, s:{}, s:o}", "format", "charla-chat", "version", 1,
			       "chat", "messages", list),
	    &f, &why);
	if (e == OK)
		chat_file_free(&f);
	return e;
}

static void
one_message_or_byte_over_is_too_much(void **state)
{
	static const struct {
		const char *role;
		size_t max;
	} texts[] = { { "user", LIMIT_MESSAGE_BYTES }, { "assistant", LIMIT_REPLY_BYTES } };

	(void)state;
	assert_int_equal(read_many(LIMIT_IMPORT_MESSAGES), OK);
	assert_int_equal(read_many(LIMIT_IMPORT_MESSAGES + 1), ERR_INVALID);
	for (size_t i = 0; i < 2 * ARRAY_LEN(texts); i++) {
		size_t n = texts[i / 2].max + i % 2;
		auto_char *text = xcalloc(n + 1, 1);
		struct field_error why;
		struct chat_file f;
		enum err e;

		memset(text, 'x', n);
		e = chat_file_read(json_pack("{s:s, s:i, s:{}, s:[{s:s, s:s, s:s}]}", "format",
				       "charla-chat", "version", 1, "chat", "messages", "id", "a",
				       "role", texts[i / 2].role, "content", text),
		    &f, &why);
		assert_int_equal(e, i % 2 == 0 ? OK : ERR_INVALID);
		if (e == OK)
			chat_file_free(&f);
	}
}

static void
a_file_name_is_plain_ascii(void **state)
{
	static const struct {
		const char *title, *name;
	} cases[] = {
		{ "", "charla" },
		{ "Viaje a la luna", "charla-Viaje-a-la-luna" },
		{ "\"; rm -rf / \r\nX: y", "charla-rm-rf-X-y" },
		{ "\xc3\x81rbol", "charla-rbol" },
		{ "../../etc/passwd", "charla-etc-passwd" },
		{ "\xe6\x97\xa5\xe6\x9c\xac", "charla" },
	};
	char out[CHAT_FILE_NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		chat_file_name(cases[i].title, out);
		assert_string_equal(out, cases[i].name);
	}
	chat_file_name(
	    "0123456789012345678901234567890123456789012345678901234567890123456789", out);
	assert_int_equal(strlen(out), CHAT_FILE_NAME_SIZE - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_file_is_read),
		cmocka_unit_test(what_is_no_such_file_is_refused_with_a_reason),
		cmocka_unit_test(one_message_or_byte_over_is_too_much),
		cmocka_unit_test(a_file_name_is_plain_ascii),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
