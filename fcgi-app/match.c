#include "match.h"

#include <stdlib.h>

static bool
same_turn(const struct posted_turn *p, const struct stored_turn *s)
{
	if (p->role != s->role)
		return false;
	return p->role == ROLE_ASSISTANT ||
	       (p->len == s->len && memcmp(p->text, s->text, p->len) == 0);
}

bool
match_is_repeat(size_t posted_count, bool is_running, int64_t age_ms)
{
	/* a clock that was set back by an hour must not make an hour of it */
	return is_running || (posted_count > 1 && llabs(age_ms) < MATCH_REPEAT_MS);
}

/* Rule 3. True if the last k stored turns are the first k posted ones. */
static bool
suffix_matches(const struct posted_turn *posted, const struct stored_turn *end, size_t k)
{
	for (size_t i = 0; i < k; i++)
		if (!same_turn(&posted[i], &end[i]))
			return false;
	return true;
}

static bool
has_user(const struct posted_turn *posted, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (posted[i].role == ROLE_USER)
			return true;
	return false;
}

/* Length of the longest usable suffix, 0 for none. */
static size_t
longest_suffix(const struct posted_turn *posted, size_t posted_count,
    const struct stored_turn *stored, size_t stored_count)
{
	size_t k = stored_count < posted_count - 1 ? stored_count : posted_count - 1;

	for (; k > 0; k--)
		if ((has_user(posted, k) || posted_count - k == 1) &&
		    suffix_matches(posted, stored + stored_count - k, k))
			return k;
	return 0;
}

static size_t
common_prefix(const struct posted_turn *posted, size_t posted_count,
    const struct stored_turn *stored, size_t stored_count)
{
	size_t n = 0;

	while (n < posted_count && n < stored_count && same_turn(&posted[n], &stored[n]))
		n++;
	return n;
}

static bool
stands_later(
    const struct posted_turn *p, const struct stored_turn *stored, size_t stored_count, size_t from)
{
	for (size_t i = from; i < stored_count; i++)
		if (same_turn(p, &stored[i]))
			return true;
	return false;
}

/* Rule 4: everything posted is stored, and nothing but replies comes after it. */
static bool
is_whole_list(
    size_t common, size_t posted_count, const struct stored_turn *stored, size_t stored_count)
{
	if (common != posted_count)
		return false;
	for (size_t i = posted_count; i < stored_count; i++)
		if (stored[i].role == ROLE_USER)
			return false;
	return true;
}

struct match_plan
match_plan(const struct posted_turn *posted, size_t posted_count, const struct stored_turn *stored,
    size_t stored_count, bool is_whole, int64_t now_ms)
{
	size_t last = posted_count - 1, head = stored_count - 1, k;
	struct match_plan append = { MATCH_APPEND, last, head };

	if (stored_count == 0)
		return (struct match_plan){ MATCH_IMPORT, 0, MATCH_ROOT };
	if (posted_count == 1)
		return append;
	k = longest_suffix(posted, posted_count, stored, stored_count);
	if (k > 0)
		return (struct match_plan){ MATCH_APPEND, k, head };
	if (!is_whole)
		return append;

	k = common_prefix(posted, posted_count, stored, stored_count);
	if (is_whole_list(k, posted_count, stored, stored_count)) {
		int64_t age_ms = now_ms - stored[last].created_ms;
		bool repeat = match_is_repeat(posted_count, stored[head].is_running, age_ms);

		return (struct match_plan){ repeat ? MATCH_REPEAT : MATCH_REGENERATE, posted_count,
			last };
	}
	if (k > 0 && k < last && k < stored_count && posted[k].role == ROLE_USER &&
	    stored[k].role == ROLE_USER && !stands_later(&posted[k], stored, stored_count, k))
		return (struct match_plan){ MATCH_BRANCH, k, k - 1 };
	return append;
}
