/*
 * validate_chat - the JSON of the routes about chats and messages -> typed fields, or a field
 * error. Pure; fuzzed. Texts are borrowed from root.
 *
 * Unknown members are ignored. Errors: ERR_INVALID with *why filled.
 */
#ifndef VALIDATE_CHAT_H
#define VALIDATE_CHAT_H

#include <jansson.h>
#include <stdint.h>

#include "http.h"

struct chat_fields { /* NULL: not given; "" of system_prompt and model: none */
	const char *title, *system_prompt, *model;
	bool has_visibility, is_private;
};
/* {"title", "systemPrompt", "model", "visibility"}; null is none, which a title cannot be. */
enum err validate_chat_fields(
    const json_t *root, struct chat_fields *out, struct field_error *why) MUST_CHECK;

/* {"content"}: what a person says, up to LIMIT_MESSAGE_BYTES, not blank. */
enum err validate_content(
    const json_t *root, const char **out_content, struct field_error *why) MUST_CHECK;

struct stop_fields {
	const char *message_uid; /* NULL: not given */
	int64_t seen_units;      /* -1: not given; what is below 0 counts as 0 */
	bool all;
};
/* {"messageId", "length" (also "seenLength"), "all"} */
enum err validate_stop(
    const json_t *root, struct stop_fields *out, struct field_error *why) MUST_CHECK;

/* {"messageId", "exact"} */
enum err validate_head(
    const json_t *root, const char **out_uid, bool *out_exact, struct field_error *why) MUST_CHECK;

/* True if name is one of the comma-separated names in list, or equals one of the two others. */
bool model_is_listed(
    const char *name, const char *list, const char *model, const char *fallback_model);

#endif
