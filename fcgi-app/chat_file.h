/*
 * chat_file - a chat as a file: what GET export gives as JSON and POST import takes again, and the
 * same as Markdown for reading.
 *
 *   {"format":"charla-chat","version":1,"exportedAt":"…","chat":{"title",…,"headId"},
 *    "messages":[{"id","parentId","role","content","status","createdAt","author"?,"model"?,
 *                 "usage"?,"error"?}]}
 *
 * Parents stand before their children. Imported: ids are new, times, names and models stay; a reply
 * that ran when it was exported is a stopped one.
 *
 * Pure; the parser is fuzzed. Owns: struct chat_file owns its JSON root and arrays, texts are
 * borrowed from the root; chat_file_free after OK.
 * Errors:  ERR_INVALID with *why filled (whole file refused); ERR_LIMIT of writing: out is full.
 */
#ifndef CHAT_FILE_H
#define CHAT_FILE_H

#include <jansson.h>

#include "http.h"
#include "store.h"

/* --- writing: begin, each message in the order of their ids, end --- */

enum err chat_file_begin(struct buf *out, const struct chat *c, int64_t now_ms) MUST_CHECK;
enum err chat_file_message(struct buf *out, const struct message *m, bool is_first) MUST_CHECK;
enum err chat_file_end(struct buf *out) MUST_CHECK;

enum err chat_markdown_begin(struct buf *out, const struct chat *c) MUST_CHECK;
enum err chat_markdown_message(
    struct buf *out, const struct chat *c, const struct message *m) MUST_CHECK;

/* "charla-title-of-the-chat" of ASCII letters, digits and '-'. */
#define CHAT_FILE_NAME_SIZE 64
void chat_file_name(const char *title, char out[CHAT_FILE_NAME_SIZE]);

/* --- reading --- */

struct file_message {
	size_t parent; /* index of an earlier message; SIZE_MAX: a root */
	enum role role;
	enum message_status status;
	const char *content;
	size_t content_len;
	const char *author_name, *model, *error_type; /* may be NULL */
	bool is_notice;
	struct usage usage;
	int64_t created_ms; /* 0: not given */
};

struct chat_file {
	const char *chat_id, *title, *lang, *system_prompt, *model; /* all may be NULL */
	bool id_is_number, is_open;
	char id_text[24]; /* of a numeric id */
	struct file_message *messages;
	size_t count, head; /* head: index; SIZE_MAX: none */
	json_t *root;
};

/* root is taken over in both cases. */
enum err chat_file_read(json_t *root, struct chat_file *out, struct field_error *why) MUST_CHECK;
void chat_file_free(struct chat_file *f);

#endif
