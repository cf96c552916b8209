/* What goes to the push server, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "publisher.h"
#include "temp_store.h"

#define NOW 1700000000000

static char pusher[] = "pusher", dgram[] = "dgram", key[] = "key-of-a-test", app[] = "local";

struct world {
	struct temp_store t;
	struct config config;
	char socket_path[sizeof((struct sockaddr_un *)0)->sun_path];
	int fd; /* the push server's */
	struct push_link *link;
	struct publisher *publisher;
	int64_t now_ms;
	struct buf heard;
};

static int
set_up(void **state)
{
	struct world *w = xcalloc(1, sizeof *w);
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	temp_store_open(&w->t);
	(void)snprintf(w->socket_path, sizeof w->socket_path, "%s/push.sock", w->t.dir);
	(void)snprintf(at.sun_path, sizeof at.sun_path, "%s", w->socket_path);
	w->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(w->fd, (const struct sockaddr *)&at, sizeof at), 0);
	w->config = (struct config){ .broadcast_driver = pusher,
		.push_transport = dgram,
		.push_socket = w->socket_path,
		.pusher_app_id = app,
		.app_key = key };
	assert_int_equal(push_link_open(&w->link, &w->config), OK);
	w->publisher = publisher_new(w->link, &w->config);
	w->now_ms = 1000000;
	w->heard = BUF_INIT(16UL * 1024 * 1024);
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	publisher_free(w->publisher);
	push_link_close(w->link);
	buf_free(&w->heard);
	(void)close(w->fd);
	(void)unlink(w->socket_path);
	temp_store_close(&w->t);
	free(w);
	return 0;
}

static int64_t
add_chat(struct world *w, const char *id)
{
	int64_t no;

	assert_int_equal(
	    store_chat_add(w->t.s,
		&(struct chat_new){ .id = id, .title = "", .lang = "en", .now_ms = NOW }, &no),
	    OK);
	return no;
}

static int64_t
add_message(struct world *w, int64_t chat_no)
{
	int64_t id;

	assert_int_equal(store_message_add(w->t.s,
			     &(struct message_new){ .uid = "m1",
				 .chat_no = chat_no,
				 .role = ROLE_USER,
				 .content = "hi",
				 .content_len = 2,
				 .now_ms = NOW },
			     &id),
	    OK);
	return id;
}

static void
add_row(struct world *w, int64_t chat_no, int64_t message_id, int64_t seq, const char *name)
{
	assert_int_equal(store_outbox_add(w->t.s, &(struct outbox_event){ .chat_no = chat_no,
						      .message_id = message_id,
						      .seq = seq,
						      .name = name,
						      .created_ms = NOW }),
	    OK);
}

/* A reply whose text up to seq waits to be pushed. */
static struct reply *
new_reply(struct world *w, int64_t chat_no, int64_t seq)
{
	struct job job = { .chat_no = chat_no, .uid = "j", .message_uid = "m" };
	auto_chat chat = { 0 };
	struct reply *r;

	assert_int_equal(store_chat_get(w->t.s, chat_no, &chat), OK);
	r = reply_new(&job, &chat, "p");
	assert_int_equal(buf_adds(&r->text, "text"), OK);
	r->tick.seq = seq;
	r->tick.prev = seq - 1;
	reply_text_written(r);
	return r;
}

/* A round; what it has sent is added to heard. */
static enum err
run(struct world *w, struct reply **replies, size_t count)
{
	enum err e = publisher_run(w->publisher, w->t.s, replies, count, w->now_ms);
	char bytes[LIMIT_DATAGRAM_BYTES];
	ssize_t n;

	while ((n = recv(w->fd, bytes, sizeof bytes, 0)) > 0)
		assert_int_equal(buf_add(&w->heard, bytes, (size_t)n), OK);
	return e;
}

static void
no_text_overtakes_an_event_that_waits_for_the_next_round(void **state)
{
	struct world *w = *state;
	struct reply *r;
	const char *start, *text;
	int64_t busy, late;

	assert_int_equal(store_begin(w->t.s, STORE_FAST), OK);
	busy = add_chat(w, "busy");
	late = add_chat(w, "late");
	for (int i = 1; i <= LIMIT_OUTBOX_ROUND; i++)
		add_row(w, busy, 0, i, "chat_updated");
	add_row(w, late, 0, 1, "stream_start");
	assert_int_equal(store_commit(w->t.s), OK);
	r = new_reply(w, late, 2);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(run(w, &r, 1), OK);
		w->now_ms++;
	}
	start = strstr(w->heard.data, "stream_start");
	text = strstr(w->heard.data, "text_delta");
	assert_non_null(start);
	assert_non_null(text);
	assert_true(start < text);
	reply_free(r);
}

/* Whoever posts a message waits while they are deleted. */
static void
rows_are_handed_over_for_deletion_in_portions(void **state)
{
	struct world *w = *state;
	size_t left = 3UL * LIMIT_OUTBOX_ROUND, n;
	int64_t chat;

	assert_int_equal(store_begin(w->t.s, STORE_FAST), OK);
	chat = add_chat(w, "1");
	for (size_t i = 1; i <= left; i++)
		add_row(w, chat, 0, (int64_t)i, "chat_updated");
	assert_int_equal(store_commit(w->t.s), OK);
	for (int i = 0; i < 4; i++)
		assert_int_equal(run(w, NULL, 0), OK);
	while (publisher_taken(w->publisher, &n) != NULL && n > 0) {
		assert_in_range(n, 1, LIMIT_OUTBOX_ROUND);
		publisher_deleted(w->publisher, n);
		left -= n;
	}
	assert_int_equal(left, 0);
}

static void
rename_author(struct world *w)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(w->t.path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(db, "ALTER TABLE messages RENAME author_name TO x", NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* The worker may free a reply after each round. */
static void
a_round_that_fails_holds_no_reply(void **state)
{
	struct world *w = *state;
	struct reply *r;
	int64_t chat;

	assert_int_equal(store_begin(w->t.s, STORE_FAST), OK);
	chat = add_chat(w, "1");
	add_row(w, chat, 0, 3, "chat_updated");
	add_row(w, chat, add_message(w, chat), 4, "message_created");
	assert_int_equal(store_commit(w->t.s), OK);
	rename_author(w); /* messages cannot be read any more */
	r = new_reply(w, chat, 2);
	assert_int_equal(run(w, &r, 1), ERR_IO);
	assert_false(r->is_in_packet);
	reply_free(r);
	assert_int_equal(run(w, NULL, 0), ERR_IO);
}

#define publisher_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		publisher_test(no_text_overtakes_an_event_that_waits_for_the_next_round),
		publisher_test(rows_are_handed_over_for_deletion_in_portions),
		publisher_test(a_round_that_fails_holds_no_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
