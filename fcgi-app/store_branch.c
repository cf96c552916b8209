/*
 * Down a branch by steps: each message has one child as a rule, so that a page costs as much as it
 * is long, wherever in a long chat it stands.
 */
#include "store_tree.h"

/* The branch that ends in the head, from some message on; read when the first fork asks for it. */
struct active {
	int64_t *ids; /* rising */
	size_t count, cap;
	bool is_read;
};

static bool
note_active(void *arg, int64_t id)
{
	struct active *a = arg;

	if (a->count == a->cap) {
		a->cap = a->cap > 0 ? 2 * a->cap : 64;
		a->ids = xrealloc(a->ids, a->cap, sizeof *a->ids);
	}
	a->ids[a->count++] = id;
	return true;
}

static enum err
read_active(struct store *s, int64_t head_id, int64_t after_id, struct active *a)
{
	a->is_read = true;
	return store_branch_ids(s, head_id, after_id, note_active, a);
}

static int
by_id(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

#define FORK_MAX 64 /* children looked at; the newest ones count */

struct fork {
	int64_t ids[FORK_MAX];
	size_t count;
};

static bool
note_child(void *arg, int64_t id, const char *uid)
{
	struct fork *f = arg;

	(void)uid;
	f->ids[f->count++ % FORK_MAX] = id;
	return true;
}

/* The child of id that the branch goes on by: the head's, or else the newest. 0: there is none. */
static enum err
next_down(struct store *s, const struct chat *c, int64_t id, struct active *a, int64_t *out)
{
	struct fork f = { .count = 0 };
	enum err e = store_children(s, c->no, id, note_child, &f);

	*out = 0;
	if (e != OK || f.count == 0 || id == c->head_id)
		return e;
	*out = f.ids[(f.count - 1) % FORK_MAX];
	if (f.count == 1)
		return OK;
	if (!a->is_read && (e = read_active(s, c->head_id, id, a)) != OK)
		return e;
	for (size_t i = 0; i < f.count && i < FORK_MAX && a->count > 0; i++)
		if (bsearch(&f.ids[i], a->ids, a->count, sizeof *a->ids, by_id) != NULL)
			*out = f.ids[i];
	return OK;
}

struct walk {
	store_message_fn fn;
	void *arg;
	bool goes_on;
};

static bool
pass_on(void *arg, const struct message *m)
{
	struct walk *w = arg;

	w->goes_on = w->fn(w->arg, m);
	return w->goes_on;
}

enum err
store_branch_after(
    struct store *s, const struct chat *c, int64_t id, int limit, store_message_fn fn, void *arg)
{
	struct active active = { .count = 0 };
	struct walk w = { .fn = fn, .arg = arg, .goes_on = true };
	enum err e = OK;

	for (int i = 0; i < limit && w.goes_on && e == OK; i++) {
		if ((e = next_down(s, c, id, &active, &id)) != OK || id == 0)
			break;
		e = store_message_get(s, id, pass_on, &w);
	}
	free(active.ids);
	return e;
}
