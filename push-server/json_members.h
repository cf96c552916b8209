/*
 * json_members - the members of a JSON object, read by a table into a struct. Pure.
 *
 * An unknown member is a mistake: misspelt, it would silently not count.
 *
 * Owns:    nothing; texts are copied into the struct, whose owner frees them.
 * Threads: any.
 * Errors:  ERR_INVALID, with one line in place->why: "apps[2] (id 7): limits.event_bytes: ...".
 */
#ifndef JSON_MEMBERS_H
#define JSON_MEMBERS_H

#include <jansson.h>
#include <stdbool.h>

#include "buf.h"

/* Where we are in the file, for the mistake's line. */
struct json_place {
	const char *what; /* "apps[2] (id 7)" */
	const char *in;   /* "limits." or "webhooks[0]." */
	struct buf *why;
};

enum json_member_type {
	JSON_MEMBER_TEXT,  /* char *, at most max bytes, no control characters; null: stays */
	JSON_MEMBER_BOOL,  /* bool */
	JSON_MEMBER_SIZE,  /* size_t, min to max; null: stays */
	JSON_MEMBER_LONG,  /* long, the same */
	JSON_MEMBER_OTHER, /* read does it */
	JSON_MEMBER_IGNORED,
};

struct json_member {
	const char *name;
	enum json_member_type type;
	size_t offset; /* in the struct */
	long min, max;
	enum err (*read)(void *object, json_t *value, const struct json_place *at);
};

enum err json_members_read(void *object, json_t *value, const struct json_member *members,
    size_t count, const struct json_place *at) MUST_CHECK;

/* ERR_INVALID, with "what: in.name: text" in why. */
enum err json_place_wrong(const struct json_place *at, const char *name, const char *text);

#endif
