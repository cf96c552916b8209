/*
 * titles - names for new chats by a model, where AI_TITLE_MODEL says so.
 *
 * After the first reply of a chat that nobody has named, the model is asked once for a name, with
 * the beginning of the question and of the answer. What comes replaces the first words, unless a
 * person was faster. Nothing waits for it, and nothing is tried again: the first words are a title.
 *
 * Owns:    the requests that run. Threads: the worker's, but for the function it hands to the
 * writer. Limits:  LIMIT_TITLES at once; TITLE_INPUT_BYTES of each text.
 */
#ifndef TITLES_H
#define TITLES_H

#include "config.h"
#include "reply.h"
#include "writer.h"

struct titles;

struct titles *titles_new(const struct config *c, struct ai_client *client);
void titles_free(struct titles *t); /* cancels what runs; NULL is allowed */

/* r has ended well: asks for a name if its chat needs one. */
void titles_consider(struct titles *t, struct store *reader, const struct reply *r);

bool titles_are_coming(const struct titles *t);

/* Stores what has come, in a transaction of its own. True: something was stored. */
bool titles_save(struct titles *t, struct writer *w);

/* What a model said -> a title, in place: one line, no quotes, marks or full stop, TITLE_MAX_BYTES
 * at most. False: nothing usable. Pure. */
#define TITLE_MAX_BYTES 80
bool title_clean(char *text);

#endif
