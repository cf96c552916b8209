#include "pusher_user.h"

#include <stdio.h>

#include "ids.h"
#include "json.h"

/* Copies a string or an integer as an id. */
static enum err
read_id(const json_t *value, char out[LIMIT_USER_ID_LEN + 1])
{
	int n;

	if (json_is_integer(value))
		n = snprintf(
		    out, LIMIT_USER_ID_LEN + 1, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_string(value))
		n = snprintf(out, LIMIT_USER_ID_LEN + 1, "%s", json_string_value(value));
	else
		return ERR_INVALID;
	return n > 0 && n <= LIMIT_USER_ID_LEN ? OK : ERR_INVALID;
}

static enum err
parse(const char *text, struct pusher_user *out)
{
	*out = (struct pusher_user){ .root = NULL };
	if (json_parse(text, strlen(text), LIMIT_PUSHER_DEPTH, false, &out->root, NULL, 0) != OK ||
	    !json_is_object(out->root))
		return ERR_INVALID;
	out->info = json_object_get(out->root, "user_info");
	if (json_is_null(out->info))
		out->info = NULL;
	return OK;
}

enum err
pusher_user_from_channel_data(const char *text, struct pusher_user *out)
{
	if (parse(text, out) == OK && read_id(json_object_get(out->root, "user_id"), out->id) == OK)
		return OK;
	pusher_user_clear(out);
	return ERR_INVALID;
}

static enum err
read_watchlist(struct pusher_user *u)
{
	const json_t *list = json_object_get(u->root, "watchlist");
	size_t n = json_array_size(list);
	char id[LIMIT_USER_ID_LEN + 1];

	if (list != NULL && !json_is_null(list) && !json_is_array(list))
		return ERR_INVALID;
	u->is_watchlist_cut = n > LIMIT_WATCHLIST;
	for (size_t i = 0; i < n && i < LIMIT_WATCHLIST; i++) {
		if (read_id(json_array_get(list, i), id) != OK)
			return ERR_INVALID;
		u->watchlist[u->watch_count++] = xstrdup(id);
	}
	return OK;
}

enum err
pusher_user_from_user_data(const char *text, struct pusher_user *out)
{
	const json_t *id;

	if (parse(text, out) == OK && (id = json_object_get(out->root, "id"), json_is_string(id)) &&
	    id_is_channel_name(json_string_value(id), json_string_length(id), LIMIT_USER_ID_LEN) &&
	    read_id(id, out->id) == OK && read_watchlist(out) == OK)
		return OK;
	pusher_user_clear(out);
	return ERR_INVALID;
}

void
pusher_user_set(struct pusher_user *u, const char *id, json_t *info)
{
	*u = (struct pusher_user){ .root = json_incref(info), .info = info };
	(void)snprintf(u->id, sizeof u->id, "%s", id);
}

void
pusher_user_clear(struct pusher_user *u)
{
	for (size_t i = 0; i < u->watch_count; i++)
		free(u->watchlist[i]);
	json_decref(u->root);
	*u = (struct pusher_user){ .root = NULL };
}
