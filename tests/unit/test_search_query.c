/* What is typed against what is asked of FTS5, and every hostile text against a real index. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "search_query.h"
#include "store_search.h"
#include "temp_store.h"

static const struct {
	const char *typed, *match; /* NULL: nothing to search for */
} cases[] = {
	{ "hola", "content : (\"hola\" )" },
	{ "  hola   mundo ", "content : (\"hola\" \"mundo\" )" },
	{ "\"hola mundo\" ya", "content : (\"hola mundo\" \"ya\" )" },
	{ "canc*", "content : (\"canc*\" * )" },
	{ "*", NULL },
	{ "\"open phrase", "content : (\"open phrase\" )" },
	{ "a\"b c\"d", "content : (\"a\" \"b c\" \"d\" )" },
	{ "a AND b OR NOT c", "content : (\"a\" \"AND\" \"b\" \"OR\" \"NOT\" \"c\" )" },
	{ "chat:c1", "content : (\"chat:c1\" )" },
	{ "NEAR(a b, 2)", "content : (\"NEAR(a\" \"b,\" \"2)\" )" },
	{ "-- ; ' ) (", NULL },
	{ "", NULL },
	{ "\"\"", NULL },
	{ "!!! a", "content : (\"a\" )" },
	{ "\xc3\xb1", "content : (\"\xc3\xb1\" )" },
};

static void
what_is_typed_is_quoted(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_buf out = BUF_INIT(4096);
		enum err e = search_query_write(&out, cases[i].typed);

		assert_int_equal(e, cases[i].match != NULL ? OK : ERR_INVALID);
		if (e == OK)
			assert_string_equal(out.data, cases[i].match);
	}
}

static void
one_more_word_or_byte_is_too_much(void **state)
{
	char words[2 * LIMIT_SEARCH_TERMS + 3] = "", text[LIMIT_SEARCH_BYTES + 2];
	auto_buf out = BUF_INIT(4096);

	(void)state;
	for (int i = 0; i < LIMIT_SEARCH_TERMS; i++)
		(void)snprintf(words + 2 * i, 3, "a ");
	assert_int_equal(search_query_write(&out, words), OK);
	words[2 * LIMIT_SEARCH_TERMS] = 'a';
	buf_clear(&out);
	assert_int_equal(search_query_write(&out, words), ERR_LIMIT);
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	buf_clear(&out);
	assert_int_equal(search_query_write(&out, text), ERR_LIMIT);
	buf_clear(&out);
	assert_int_equal(search_query_write(&out, text + 1), OK);
}

/* --- against the index --- */

static int64_t
add(struct store *s, int64_t chat_no, const char *text)
{
	char uid[ID_SIZE];
	struct message_new m = { .uid = uid,
		.chat_no = chat_no,
		.role = ROLE_USER,
		.status = MESSAGE_COMPLETE,
		.content = text,
		.content_len = strlen(text),
		.seq = 1 };
	int64_t id;

	id_random(uid);
	assert_int_equal(store_message_add(s, &m, &id), OK);
	return id;
}

static bool
count_hit(void *arg, int64_t message_id, int64_t chat_no)
{
	(void)message_id;
	(void)chat_no;
	++*(int *)arg;
	return true;
}

static int
hits(struct store *s, const char *typed, int64_t chat_no)
{
	auto_buf match = BUF_INIT(4096);
	int count = 0;

	assert_int_equal(search_query_write(&match, typed), OK);
	if (chat_no != 0)
		assert_int_equal(search_query_scope(&match, &chat_no, 1), OK);
	assert_int_equal(store_search(s, match.data, 0, count_hit, &count), OK);
	return count;
}

static bool
keep_snippet(void *arg, int64_t message_id, const char *text)
{
	(void)message_id;
	return buf_adds(arg, text) == OK;
}

static void
words_are_found_without_accents_and_only_where_they_may(void **state)
{
	struct temp_store t;
	struct chat_new c = { .id = "1", .title = "", .lang = "es" };
	auto_buf snippet = BUF_INIT(1000);
	int64_t one, two, id;
	bool more;

	(void)state;
	temp_store_open(&t);
	assert_int_equal(store_begin(t.s, STORE_FAST), OK);
	assert_int_equal(store_chat_add(t.s, &c, &one), OK);
	c.id = "2";
	assert_int_equal(store_chat_add(t.s, &c, &two), OK);
	id = add(t.s, one, "Una Canción de cuna: el niño duerme. chat c2");
	(void)add(t.s, two, "otra cancion; '; DROP TABLE messages; --");
	assert_int_equal(store_index_some(t.s, 1 << 20, &more), OK);
	assert_int_equal(hits(t.s, "cancion", 0), 2);
	assert_int_equal(hits(t.s, "CANCIÓN", 0), 2);
	assert_int_equal(hits(t.s, "canc*", 0), 2);
	assert_int_equal(hits(t.s, "canc", 0), 0);
	assert_int_equal(hits(t.s, "cancion", one), 1);
	assert_int_equal(hits(t.s, "\"nino duerme\"", 0), 1);
	assert_int_equal(hits(t.s, "\"duerme nino\"", 0), 0);
	assert_int_equal(hits(t.s, "cancion drop", 0), 1);
	assert_int_equal(hits(t.s, "c2", two), 0); /* the chat is no content */
	assert_int_equal(hits(t.s, "chat:c1 cancion", 0), 0);
	assert_int_equal(
	    store_snippets(t.s, "content : (\"cancion\" )", &id, 1, keep_snippet, &snippet), OK);
	assert_non_null(strstr(snippet.data, "Una \x02"
					     "Canción\x03 de cuna"));
	temp_store_close(&t);
}

/* Seen with a flipped bit in the index's own settings: SQLite says "error", not "corrupt". */
static void
an_index_that_contradicts_itself_is_damage(void **state)
{
	static const char damage[] = "UPDATE messages_fts_config SET v = 99 WHERE k = 'version'";
	struct temp_store t;
	sqlite3 *db;
	int count = 0;

	(void)state;
	temp_store_open(&t);
	assert_int_equal(sqlite3_open(t.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, damage, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(
	    store_search(t.s, "content : (\"a\" )", 0, count_hit, &count), ERR_STORAGE);
	temp_store_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_typed_is_quoted),
		cmocka_unit_test(one_more_word_or_byte_is_too_much),
		cmocka_unit_test(words_are_found_without_accents_and_only_where_they_may),
		cmocka_unit_test(an_index_that_contradicts_itself_is_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
