/*
 * match - a posted messages[] against what is stored: append, branch, regenerate, or the same post
 * again. Old clients send the whole conversation, a window of it, or just the new turn.
 *
 * Pure. The rules stand in the order in which they are tried; design 4 numbers them:
 *
 *   1 the same list while its reply runs, or with more than one turn within MATCH_REPEAT_MS:
 *     the same answer (a network retry is not paid twice)
 *   2 a single user turn: appended
 *   3 the longest suffix of the branch that is a prefix of the list: the rest is appended. User
 *     turns are compared by text, assistant turns by position. A suffix without any user turn
 *     says nothing about the content; it counts only when a single user turn remains.
 *   4 the whole branch up to its last user turn: regenerate (within MATCH_REPEAT_MS: rule 1)
 *   5 the list starts at the root and an earlier user turn differs: a branch from there. A turn
 *     that stands further down in the branch does not differ: somebody else wrote in between.
 *   6 else the last user turn is appended
 */
#ifndef MATCH_H
#define MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

#define MATCH_REPEAT_MS 60000
#define MATCH_BRANCH_TURNS (2 * LIMIT_MESSAGES_PER_REQUEST + 2) /* stored turns worth loading */
#define MATCH_ROOT SIZE_MAX

struct posted_turn {
	enum role role; /* user or assistant; the last one is user */
	const char *text;
	size_t len;
};

struct stored_turn {
	const char *text; /* of user turns; assistant turns are never compared */
	size_t len;
	enum role role;
	bool is_running; /* a reply that is not finished */
	int64_t created_ms;
};

enum match_action { MATCH_IMPORT, MATCH_REPEAT, MATCH_APPEND, MATCH_REGENERATE, MATCH_BRANCH };

struct match_plan {
	enum match_action action;
	size_t first;  /* posted[first..] is to be stored (import, append, branch) */
	size_t parent; /* index of the stored turn it goes under; MATCH_ROOT */
};

/* Rule 1 for a list whose hash is known: age of its post, and whether its reply runs. */
bool match_is_repeat(size_t posted_count, bool is_running, int64_t age_ms);

/*
 * stored: the active branch, oldest first; is_whole: stored[0] is its root (else it is the end of
 * a longer branch). posted_count > 0.
 */
struct match_plan match_plan(const struct posted_turn *posted, size_t posted_count,
    const struct stored_turn *stored, size_t stored_count, bool is_whole, int64_t now_ms);

#endif
