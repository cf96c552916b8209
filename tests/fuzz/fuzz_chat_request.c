/*
 * Any bytes as the body of POST /api/send-message: what is taken keeps every limit, is the same
 * when it is written and read again, and has one canonical form for one meaning; and the list that
 * was taken is matched against the branch that its own turns would be.
 */
#include <stdint.h>

#include "ids.h"
#include "json.h"
#include "limit.h"
#include "utf8.h"
#include "validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
demand(bool is_so)
{
	if (!is_so)
		abort();
}

static void
check_limits(const struct send_message *m)
{
	demand(m->count >= 1 && m->count <= LIMIT_MESSAGES_PER_REQUEST);
	demand(m->turns[m->count - 1].role == ROLE_USER);
	demand(id_is_pusher_name(m->chat_id, strlen(m->chat_id), LIMIT_CHAT_ID_LEN));
	for (size_t i = 0; i < m->count; i++) {
		const struct posted_turn *t = &m->turns[i];

		demand(t->role == ROLE_USER || t->role == ROLE_ASSISTANT);
		demand(t->len <= LIMIT_MESSAGE_BYTES && strlen(t->text) == t->len);
		demand(utf8_is_valid(t->text, t->len));
		demand(t->role == ROLE_ASSISTANT || !utf8_is_blank(t->text, t->len));
	}
}

/* What was understood, said by ourselves. */
static json_t *
say(const struct send_message *m)
{
	json_t *messages = json_array();

	if (m->system != NULL)
		(void)json_array_append_new(
		    messages, json_pack("{s:s, s:s}", "role", "system", "content", m->system));
	for (size_t i = 0; i < m->count; i++)
		(void)json_array_append_new(
		    messages, json_pack("{s:s, s:s}", "content", m->turns[i].text, "role",
				  m->turns[i].role == ROLE_USER ? "user" : "assistant"));
	return json_pack("{s:o, s:o}", "messages", messages, "chatId",
	    m->id_is_number ? json_integer(strtoll(m->chat_id, NULL, 10))
			    : json_string(m->chat_id));
}

/* A system text of several turns joined may be longer than one turn may be. */
static bool
can_be_said(const struct send_message *m)
{
	return (m->system == NULL || strlen(m->system) <= LIMIT_MESSAGE_BYTES) &&
	       m->count + (m->system != NULL) <= LIMIT_MESSAGES_PER_REQUEST;
}

static void
check_again(const struct send_message *m)
{
	auto_buf a = BUF_INIT(2 * LIMIT_BODY_BYTES), b = BUF_INIT(2 * LIMIT_BODY_BYTES);
	auto_buf text = BUF_INIT(8 * LIMIT_BODY_BYTES);
	json_auto_t *said = NULL;
	json_t *root = NULL;
	struct send_message again;
	struct field_error why;

	demand(send_message_canonical(m, &a) == OK);
	if (!can_be_said(m))
		return;
	said = say(m);
	demand(json_write(&text, said) == OK);
	demand(json_parse(text.data, text.len, LIMIT_JSON_DEPTH, true, &root, NULL, 0) == OK);
	demand(validate_send_message(root, &again, &why) == OK);
	demand(strcmp(again.chat_id, m->chat_id) == 0 && again.id_is_number == m->id_is_number);
	demand(again.count == m->count && send_message_canonical(&again, &b) == OK);
	demand(a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
	send_message_free(&again);
}

/* The first n turns are stored, the whole list is posted. */
static void
check_match(const struct send_message *m, size_t n)
{
	struct stored_turn *stored = xcalloc(n + 1, sizeof *stored);
	struct match_plan p;

	for (size_t i = 0; i < n; i++)
		stored[i] = (struct stored_turn){
			.text = m->turns[i].text, .len = m->turns[i].len, .role = m->turns[i].role
		};
	p = match_plan(m->turns, m->count, stored, n, true, INT64_C(1) << 40);
	if (n == 0)
		demand(p.action == MATCH_IMPORT);
	else if (n < m->count)
		demand(p.action == MATCH_APPEND && p.parent == n - 1 && p.first < m->count);
	free(stored);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct send_message m;
	struct field_error why = { 0 };
	json_t *root = NULL;

	if (size > LIMIT_BODY_BYTES ||
	    json_parse((const char *)data, size, LIMIT_JSON_DEPTH, true, &root, NULL, 0) != OK)
		return 0;
	if (validate_send_message(root, &m, &why) != OK) {
		demand(why.field != NULL && why.text[0] != '\0');
		return 0;
	}
	check_limits(&m);
	check_again(&m);
	for (size_t n = 0; n <= m.count; n++)
		check_match(&m, n);
	send_message_free(&m);
	return 0;
}
