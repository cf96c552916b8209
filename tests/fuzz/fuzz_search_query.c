/*
 * Any text as a query: what comes out is an expression that FTS5 takes without a word, and it finds
 * nothing outside the chat that it is held to.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "limit.h"
#include "search_query.h"
#include "store_search.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct store *store;

static void
set_up(void)
{
	struct message_new m = { .uid = "m",
		.role = ROLE_USER,
		.status = MESSAGE_COMPLETE,
		.content = "hola c7 chat content and or not near",
		.seq = 1 };
	bool more;
	int64_t id;

	m.content_len = strlen(m.content);
	if (store_open(&store, ":memory:", STORE_WRITE) != OK ||
	    store_begin(store, STORE_FAST) != OK ||
	    store_chat_add(store, &(struct chat_new){ .id = "1", .title = "", .lang = "es" },
		&m.chat_no) != OK ||
	    store_message_add(store, &m, &id) != OK ||
	    store_index_some(store, 1 << 20, &more) != OK)
		abort();
}

static bool
no_hit(void *arg, int64_t message_id, int64_t chat_no)
{
	(void)arg;
	(void)message_id;
	(void)chat_no;
	abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf match = BUF_INIT(1 << 16);
	const int64_t elsewhere = 7;
	char *text;

	if (store == NULL)
		set_up();
	if (size > 2 * LIMIT_SEARCH_BYTES || memchr(data, '\0', size) != NULL ||
	    !utf8_is_valid((const char *)data, size))
		return 0;
	text = xstrndup((const char *)data, size);
	if (search_query_write(&match, text) == OK &&
	    (search_query_scope(&match, &elsewhere, 1) != OK ||
		store_search(store, match.data, 0, no_hit, NULL) != OK))
		abort();
	free(text);
	return 0;
}
