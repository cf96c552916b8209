/*
 * validate - the JSON of a request -> a typed struct, or a field error in Laravel's words.
 *
 * Pure; fuzzed. Unknown members are ignored: old clients send more than we read.
 * Owns:    a struct send_message owns its JSON root, texts are borrowed from it; free it after OK.
 * Errors:  ERR_INVALID with *why filled.
 */
#ifndef VALIDATE_H
#define VALIDATE_H

#include <jansson.h>

#include "http.h"
#include "match.h"

struct send_message {
	char chat_id[LIMIT_CHAT_ID_LEN + 1];
	bool id_is_number;
	struct posted_turn *turns; /* without the system turns */
	size_t count;
	char *system; /* joined by blank lines; NULL: none */
	json_t *root;
};

/* root is taken over in both cases. */
enum err validate_send_message(
    json_t *root, struct send_message *out, struct field_error *why) MUST_CHECK;
void send_message_free(struct send_message *m);

/* The canonical bytes of the turns, for the hash that tells a repeated post. */
enum err send_message_canonical(const struct send_message *m, struct buf *out) MUST_CHECK;

#endif
