/* The one rule of who may do what with a chat, on a real store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "access.h"
#include "temp_store.h"
#include "token.h"

#define NOW 1700000000000

struct place {
	struct temp_store t;
	struct config open, closed; /* ALLOW_OPEN_CHATS */
};

static const struct identity stranger = { .kind = IDENTITY_NONE };
static const struct identity ana = { .kind = IDENTITY_SESSION, .id = "s:ana" };
static const struct identity bea = { .kind = IDENTITY_JWT, .id = "j:bea" };
static const struct identity eva = { .kind = IDENTITY_TOKEN, .id = "t:eva" };

static int64_t
add_chat(struct store *s, const char *id, const char *owner, bool is_private)
{
	struct chat_new c = { .id = id,
		.title = "t",
		.lang = "es",
		.owner_id = owner,
		.is_private = is_private,
		.now_ms = NOW };
	int64_t no = 0;

	assert_int_equal(store_chat_add(s, &c, &no), OK);
	return no;
}

/* Ana owns "c-priv" and "c-open", Bea is a member of both, "room" is nobody's. */
static int
set_up(void **state)
{
	struct place *p = xcalloc(1, sizeof *p);
	int64_t no;

	p->open.allow_open_chats = true;
	temp_store_open(&p->t);
	assert_int_equal(store_begin(p->t.s, STORE_FAST), OK);
	no = add_chat(p->t.s, "c-priv", "s:ana", true);
	assert_int_equal(store_member_add(p->t.s, no, "j:bea", NOW), OK);
	no = add_chat(p->t.s, "c-open", "s:ana", false);
	assert_int_equal(store_member_add(p->t.s, no, "j:bea", NOW), OK);
	(void)add_chat(p->t.s, "room", NULL, false);
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *p = *state;

	store_rollback(p->t.s);
	temp_store_close(&p->t);
	free(p);
	return 0;
}

static void
each_caller_has_what_is_theirs(void **state)
{
	static const struct {
		const char *id;
		const struct identity *who;
		enum access open, closed; /* ACCESS_NONE: ERR_NOT_FOUND */
	} cases[] = {
		{ "c-priv", &stranger, ACCESS_NONE, ACCESS_NONE },
		{ "c-priv", &eva, ACCESS_NONE, ACCESS_NONE },
		{ "c-priv", &bea, ACCESS_MEMBER, ACCESS_MEMBER },
		{ "c-priv", &ana, ACCESS_OWNER, ACCESS_OWNER },
		{ "c-open", &stranger, ACCESS_GUEST, ACCESS_NONE },
		{ "c-open", &eva, ACCESS_GUEST, ACCESS_NONE },
		{ "c-open", &bea, ACCESS_MEMBER, ACCESS_MEMBER },
		{ "c-open", &ana, ACCESS_OWNER, ACCESS_OWNER },
		{ "room", &stranger, ACCESS_GUEST, ACCESS_NONE },
		{ "room", &ana, ACCESS_GUEST, ACCESS_NONE },
		{ "nowhere", &ana, ACCESS_NONE, ACCESS_NONE },
	};
	struct place *p = *state;

	for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
		bool open = i % 2 == 0;
		enum access want = open ? cases[i / 2].open : cases[i / 2].closed,
			    got = ACCESS_NONE;
		auto_chat chat = { 0 };
		enum err e = access_find(p->t.s, open ? &p->open : &p->closed, cases[i / 2].who,
		    cases[i / 2].id, &chat, &got);

		assert_int_equal(e, want == ACCESS_NONE ? ERR_NOT_FOUND : OK);
		assert_int_equal(got, want);
		assert_int_equal(chat.no != 0, want != ACCESS_NONE);
	}
}

static void
an_id_may_be_used_before_the_chat_is_there_unless_it_is_ours_to_give(void **state)
{
	static const struct {
		const char *id;
		enum err open, closed;
	} cases[] = {
		{ "room", OK, ERR_NOT_FOUND },
		{ "new", OK, ERR_NOT_FOUND },
		{ "42", OK, ERR_NOT_FOUND },
		{ "c-priv", ERR_NOT_FOUND, ERR_NOT_FOUND },
		{ "c-new", ERR_NOT_FOUND, ERR_NOT_FOUND },
		{ "c-", ERR_NOT_FOUND, ERR_NOT_FOUND },
		{ "C-new", OK, ERR_NOT_FOUND },
	};
	struct place *p = *state;

	(void)add_chat(p->t.s, "hidden", "s:ana", true);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(
		    access_check_id(p->t.s, &p->open, &stranger, cases[i].id), cases[i].open);
		assert_int_equal(
		    access_check_id(p->t.s, &p->closed, &eva, cases[i].id), cases[i].closed);
	}
	/* no name in front, and still somebody's */
	assert_int_equal(access_check_id(p->t.s, &p->open, &eva, "hidden"), ERR_NOT_FOUND);
	assert_int_equal(access_check_id(p->t.s, &p->open, &ana, "hidden"), OK);
}

static void
needs_are_met_by_rank(void **state)
{
	static const struct {
		enum access access;
		bool is_private, has_owner, chat, manage, owner;
	} cases[] = {
		{ ACCESS_NONE, true, true, false, false, false },
		{ ACCESS_GUEST, false, false, true, true, false },
		{ ACCESS_GUEST, false, true, true, false, false },
		{ ACCESS_MEMBER, true, true, true, false, false },
		{ ACCESS_MEMBER, false, true, true, false, false },
		{ ACCESS_OWNER, true, true, true, true, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char owner[] = "s:ana";
		struct chat c = { .is_private = cases[i].is_private,
			.owner_id = cases[i].has_owner ? owner : NULL };

		assert_int_equal(access_suffices(cases[i].access, NEED_CHAT, &c), cases[i].chat);
		assert_int_equal(
		    access_suffices(cases[i].access, NEED_CHAT_MANAGE, &c), cases[i].manage);
		assert_int_equal(
		    access_suffices(cases[i].access, NEED_CHAT_OWNER, &c), cases[i].owner);
	}
}

static bool
note_event(void *arg, const struct outbox_event *e)
{
	assert_string_equal(e->name, "evict");
	assert_int_equal(e->chat_no, 0);
	assert_string_equal(e->rid, "rid-12345678");
	assert_string_equal(e->data,
	    "{\"channels\":[\"chat.c-priv\",\"private-chat.c-priv\",\"presence-chat.c-priv\","
	    "\"private-encrypted-chat.c-priv\"]}");
	*(int *)arg += 1;
	return true;
}

static void
an_eviction_waits_in_the_outbox(void **state)
{
	struct place *p = *state;
	int count = 0;

	assert_int_equal(access_evict(p->t.s, "c-priv", "rid-12345678", NOW), OK);
	assert_int_equal(store_outbox_list(p->t.s, 0, 10, note_event, &count), OK);
	assert_int_equal(count, 1);
}

static void
a_revoked_member_is_a_stranger(void **state)
{
	struct place *p = *state;
	enum access access;
	auto_chat chat = { 0 };
	int count = 0;

	assert_int_equal(access_find(p->t.s, &p->open, &bea, "c-priv", &chat, &access), OK);
	assert_int_equal(store_members_remove(p->t.s, chat.no, "j:bea", &count), OK);
	assert_int_equal(count, 1);
	chat_free(&chat);
	assert_int_equal(
	    access_find(p->t.s, &p->open, &bea, "c-priv", &chat, &access), ERR_NOT_FOUND);
}

static void
sessions_end_when_they_are_over(void **state)
{
	struct place *p = *state;
	struct session session;
	struct person person;

	assert_int_equal(store_session_add(p->t.s, "h1", "s:x", NOW, NOW + 10), ERR_CONFLICT);
	assert_int_equal(store_person_put(p->t.s, "s:x", "Xenia", NOW), OK);
	assert_int_equal(store_session_add(p->t.s, "h1", "s:x", NOW, NOW + 10), OK);
	assert_int_equal(store_session_add(p->t.s, "h2", "s:x", NOW, NOW + 99), OK);
	assert_int_equal(store_session_get(p->t.s, "h1", NOW + 9, &session), OK);
	assert_string_equal(session.person.name, "Xenia");
	assert_int_equal(store_session_get(p->t.s, "h1", NOW + 10, &session), ERR_NOT_FOUND);
	assert_int_equal(store_session_extend(p->t.s, "h1", NOW + 50), OK);
	assert_int_equal(store_session_get(p->t.s, "h1", NOW + 10, &session), OK);
	assert_int_equal(store_sessions_prune(p->t.s, NOW + 50), OK);
	assert_int_equal(store_session_get(p->t.s, "h1", NOW, &session), ERR_NOT_FOUND);
	assert_int_equal(store_session_get(p->t.s, "h2", NOW, &session), OK);
	assert_int_equal(store_sessions_end(p->t.s, "s:x", NOW + 5), OK);
	assert_int_equal(store_session_get(p->t.s, "h2", NOW, &session), ERR_NOT_FOUND);
	assert_int_equal(store_person_get(p->t.s, "s:x", &person), OK);
	assert_int_equal(person.valid_from_ms, NOW + 5);
	assert_int_equal(store_person_put(p->t.s, "s:x", NULL, NOW), OK);
	assert_int_equal(store_person_get(p->t.s, "s:x", &person), OK);
	assert_string_equal(person.name, "Xenia");
}

static void
invitations_hold_until_they_expire_or_are_withdrawn(void **state)
{
	struct place *p = *state;
	int64_t no = add_chat(p->t.s, "c-inv", "s:ana", true), found = 0;
	int count = 0;

	assert_int_equal(store_invitation_add(p->t.s, "i1", no, NOW, NOW + 10), OK);
	assert_int_equal(store_invitation_add(p->t.s, "i2", no, NOW, NOW + 20), OK);
	assert_int_equal(store_invitation_get(p->t.s, "i1", NOW + 9, &found), OK);
	assert_int_equal(found, no);
	assert_int_equal(store_invitation_get(p->t.s, "i1", NOW + 10, &found), ERR_NOT_FOUND);
	assert_int_equal(store_invitation_get(p->t.s, "i3", NOW, &found), ERR_NOT_FOUND);
	assert_int_equal(store_invitations_count(p->t.s, no, NOW + 15, &count), OK);
	assert_int_equal(count, 1);
	assert_int_equal(store_invitations_delete(p->t.s, no), OK);
	assert_int_equal(store_invitation_get(p->t.s, "i2", NOW, &found), ERR_NOT_FOUND);
}

static bool
note_token(void *arg, const struct api_token *t)
{
	*(struct api_token *)arg = *t;
	return true;
}

static void
tokens_are_revoked_by_name_or_number(void **state)
{
	struct place *p = *state;
	struct api_token t;
	int count = 0;

	assert_int_equal(store_token_add(p->t.s, "t1", "ci", NOW, 0), OK);
	assert_int_equal(store_token_add(p->t.s, "t2", "ci", NOW, NOW + 5), OK);
	assert_int_equal(store_token_add(p->t.s, "t3", "bot", NOW, 0), OK);
	assert_int_equal(store_token_get(p->t.s, "t2", note_token, &t), OK);
	assert_int_equal(t.expires_ms, NOW + 5);
	assert_int_equal(t.revoked_ms, 0);
	assert_int_equal(store_tokens_revoke(p->t.s, NULL, t.id, NOW + 1, &count), OK);
	assert_int_equal(count, 1);
	assert_int_equal(store_token_get(p->t.s, "t2", note_token, &t), OK);
	assert_int_equal(t.revoked_ms, NOW + 1);
	assert_int_equal(store_tokens_revoke(p->t.s, "ci", 0, NOW + 2, &count), OK);
	assert_int_equal(count, 1);
	assert_int_equal(store_token_get(p->t.s, "t3", note_token, &t), OK);
	assert_int_equal(t.revoked_ms, 0);
	assert_int_equal(store_token_get(p->t.s, "t4", note_token, &t), ERR_NOT_FOUND);
}

static void
tokens_have_a_form(void **state)
{
	char token[TOKEN_SIZE], other[TOKEN_SIZE], api[API_TOKEN_SIZE] = API_TOKEN_PREFIX;

	(void)state;
	token_random(token);
	token_random(other);
	assert_int_equal(strlen(token), 43);
	assert_string_not_equal(token, other);
	assert_true(token_is_one(token, 43));
	assert_false(token_is_one(token, 42));
	assert_false(api_token_is_one(token, 43));
	memcpy(api + sizeof API_TOKEN_PREFIX - 1, token, TOKEN_SIZE);
	assert_true(api_token_is_one(api, strlen(api)));
	api[0] = 'C';
	assert_false(api_token_is_one(api, strlen(api)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_caller_has_what_is_theirs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    an_id_may_be_used_before_the_chat_is_there_unless_it_is_ours_to_give, set_up,
		    tear_down),
		cmocka_unit_test(needs_are_met_by_rank),
		cmocka_unit_test_setup_teardown(an_eviction_waits_in_the_outbox, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_revoked_member_is_a_stranger, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sessions_end_when_they_are_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    invitations_hold_until_they_expire_or_are_withdrawn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    tokens_are_revoked_by_name_or_number, set_up, tear_down),
		cmocka_unit_test(tokens_have_a_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
