/*
 * Any list against any branch: what the plan says is possible, nothing stored leaves the branch but
 * by rules 4 and 5 (regenerate, branch), and the clients that there are get what they mean.
 *
 * Bytes: flags, number of stored turns, number of posted turns, then a byte for each turn: its role
 * and one of four texts, so that turns repeat often.
 */
#include <stdint.h>

#include "match.h"

#define TURNS_MAX 64
#define NOW_MS 1000000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const texts[] = { "a", "b", "ab", "" };

struct lists {
	struct stored_turn stored[TURNS_MAX];
	struct posted_turn posted[TURNS_MAX];
	size_t stored_count, posted_count;
	bool is_whole;
};

static void
demand(bool is_so)
{
	if (!is_so)
		abort();
}

static struct posted_turn
turn_of(uint8_t byte)
{
	const char *text = texts[byte % 4];

	return (struct posted_turn){ byte & 4 ? ROLE_ASSISTANT : ROLE_USER, text, strlen(text) };
}

static void
read_lists(struct lists *l, const uint8_t *data, size_t size)
{
	size_t want_stored = data[1] % TURNS_MAX, want_posted = data[2] % (TURNS_MAX - 1);

	l->is_whole = data[0] & 1;
	for (size_t i = 3; i < size && l->stored_count < want_stored; i++) {
		struct posted_turn t = turn_of(data[i]);

		l->stored[l->stored_count++] =
		    (struct stored_turn){ .text = t.role == ROLE_USER ? t.text : NULL,
			    .len = t.role == ROLE_USER ? t.len : 0,
			    .role = t.role,
			    .is_running = t.role == ROLE_ASSISTANT && (data[i] & 8),
			    .created_ms = NOW_MS - (data[i] & 16 ? 1000 : MATCH_REPEAT_MS) };
	}
	for (size_t i = 3 + want_stored; i < size && l->posted_count < want_posted; i++)
		l->posted[l->posted_count++] = turn_of(data[i]);
	l->posted[l->posted_count++] = turn_of(data[0] >> 1 & 3); /* the last is user */
}

static bool
is_same(const struct posted_turn *p, const struct stored_turn *s)
{
	return p->role == s->role &&
	       (p->role == ROLE_ASSISTANT ||
		   (p->len == s->len && memcmp(p->text, s->text, p->len) == 0));
}

static size_t
common(const struct lists *l)
{
	size_t n = 0;

	while (n < l->stored_count && n < l->posted_count && is_same(&l->posted[n], &l->stored[n]))
		n++;
	return n;
}

static bool
has_user_after(const struct lists *l, size_t from)
{
	for (size_t i = from; i < l->stored_count; i++)
		if (l->stored[i].role == ROLE_USER)
			return true;
	return false;
}

/* Rule 5: only a user turn that was edited, and that stands nowhere further down. */
static void
check_branch(const struct lists *l, struct match_plan p)
{
	demand(l->is_whole && p.first > 0 && p.parent == p.first - 1 && common(l) == p.first);
	demand(p.first + 1 < l->posted_count && p.first < l->stored_count);
	demand(l->posted[p.first].role == ROLE_USER && l->stored[p.first].role == ROLE_USER);
	for (size_t i = p.first; i < l->stored_count; i++)
		demand(!is_same(&l->posted[p.first], &l->stored[i]));
}

static void
check_plan(const struct lists *l, struct match_plan p)
{
	size_t last = l->posted_count - 1;

	switch (p.action) {
	case MATCH_IMPORT:
		demand(l->stored_count == 0 && p.first == 0 && p.parent == MATCH_ROOT);
		break;
	case MATCH_APPEND: /* everything stored stays, the new turn is among what is added */
		demand(l->stored_count > 0 && p.parent == l->stored_count - 1 && p.first <= last);
		break;
	case MATCH_REPEAT:
	case MATCH_REGENERATE: /* no user turn is lost */
		demand(l->is_whole && common(l) == l->posted_count && p.parent == last);
		demand(!has_user_after(l, l->posted_count) && l->posted_count > 1);
		break;
	case MATCH_BRANCH: check_branch(l, p); break;
	}
}

/* The last `window` stored turns and a new one, as an old client posts them. */
static void
check_window_client(const struct lists *l, size_t window)
{
	struct posted_turn list[TURNS_MAX + 1];
	struct match_plan p;
	size_t from = l->stored_count - window;

	for (size_t i = 0; i < window; i++)
		list[i] = (struct posted_turn){ l->stored[from + i].role,
			l->stored[from + i].text != NULL ? l->stored[from + i].text : "whatever",
			l->stored[from + i].len };
	list[window] = (struct posted_turn){ ROLE_USER, "new", 3 };
	p = match_plan(list, window + 1, l->stored, l->stored_count, l->is_whole, NOW_MS);
	demand(p.action == MATCH_APPEND && p.first == window && p.parent == l->stored_count - 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lists l = { 0 };

	if (size < 3)
		return 0;
	read_lists(&l, data, size);
	check_plan(
	    &l, match_plan(l.posted, l.posted_count, l.stored, l.stored_count, l.is_whole, NOW_MS));
	for (size_t window = 0; window <= l.stored_count && l.stored_count > 0; window++)
		check_window_client(&l, window);
	return 0;
}
