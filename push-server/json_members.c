#include "json_members.h"

#include <stdio.h>
#include <string.h>

enum err
json_place_wrong(const struct json_place *at, const char *name, const char *text)
{
	struct buf *why = at->why;

	buf_clear(why);
	(void)!buf_addf(why, "%s: %s%.80s: %s", at->what, at->in, name, text);
	/* names are the file's: they may not make a second line of it */
	for (size_t i = 0; i < why->len; i++)
		if ((unsigned char)why->data[i] < 0x20 || why->data[i] == 0x7f)
			why->data[i] = '?';
	return ERR_INVALID;
}

static enum err
read_text(char **field, json_t *value, const struct json_member *m, const struct json_place *at)
{
	const char *text = json_string_value(value);

	if (json_is_null(value))
		return OK;
	if (text == NULL)
		return json_place_wrong(at, m->name, "must be a string");
	if (strlen(text) > (size_t)m->max)
		return json_place_wrong(at, m->name, "is too long");
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return json_place_wrong(at, m->name, "must not have control characters");
	free(*field);
	*field = xstrdup(text);
	return OK;
}

static enum err
read_number(void *field, json_t *value, const struct json_member *m, const struct json_place *at)
{
	json_int_t n = json_integer_value(value);
	char text[80];

	if (json_is_null(value))
		return OK;
	if (!json_is_integer(value) || n < m->min || n > m->max) {
		(void)snprintf(
		    text, sizeof text, "must be null or a number from %ld to %ld", m->min, m->max);
		return json_place_wrong(at, m->name, text);
	}
	if (m->type == JSON_MEMBER_SIZE)
		*(size_t *)field = (size_t)n;
	else
		*(long *)field = (long)n;
	return OK;
}

static enum err
read_member(void *object, json_t *value, const struct json_member *m, const struct json_place *at)
{
	char *field = (char *)object + m->offset;

	switch (m->type) {
	case JSON_MEMBER_TEXT: return read_text((char **)(void *)field, value, m, at);
	case JSON_MEMBER_BOOL:
		if (!json_is_boolean(value))
			return json_place_wrong(at, m->name, "must be true or false");
		*(bool *)field = json_is_true(value);
		return OK;
	case JSON_MEMBER_SIZE:
	case JSON_MEMBER_LONG: return read_number(field, value, m, at);
	case JSON_MEMBER_OTHER: return m->read(object, value, at);
	case JSON_MEMBER_IGNORED: break;
	}
	return OK;
}

enum err
json_members_read(void *object, json_t *value, const struct json_member *members, size_t count,
    const struct json_place *at)
{
	const char *name;
	json_t *member;
	enum err e = OK;

	json_object_foreach(value, name, member)
	{
		size_t i = 0;

		while (i < count && strcmp(members[i].name, name) != 0)
			i++;
		if (i == count)
			return json_place_wrong(at, name, "is unknown");
		if ((e = read_member(object, member, &members[i], at)) != OK)
			return e;
	}
	return e;
}
