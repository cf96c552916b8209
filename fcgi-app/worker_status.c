#include "worker_status.h"

#include "json.h"

#define META_KEY "worker"

static const char *const names[] = {
	[PUSH_UNKNOWN] = "unknown",
	[PUSH_OK] = "ok",
	[PUSH_OFF] = "off",
	[PUSH_AWAY] = "away",
	[PUSH_FULL] = "full",
	[PUSH_REFUSED] = "refused",
};

const char *
push_state_name(enum push_state st)
{
	return names[st];
}

enum err
worker_status_save(struct store *s, const struct worker_status *w)
{
	json_auto_t *root = json_pack("{s:s, s:I, s:s}", "push", names[w->push], "refusedUid",
	    (json_int_t)w->refused_uid, "note", w->note);
	auto_char *text = json_text(root);

	return store_meta_set(s, META_KEY, text);
}

json_t *
worker_status_load(struct store *s)
{
	auto_buf text = BUF_INIT(4096);
	json_t *root = NULL;

	if (store_meta_get(s, META_KEY, &text) != OK ||
	    json_parse(text.data, text.len, 4, true, &root, NULL, 0) != OK)
		return NULL;
	return root;
}
