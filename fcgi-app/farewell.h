/*
 * farewell - what a session takes along when it ends.
 *
 * A person who is nobody but their session (id "s:...") can never come back after the last one:
 * what only they could see goes with them, and so do their name and their memberships. What they
 * shared stays with its members. Whoever else logs out everywhere has all sockets of their chats
 * closed, so that one who holds a stolen session hears nothing more.
 *
 * Threads: the writer's, in the transaction that ends the session. Errors: the store's.
 */
#ifndef FAREWELL_H
#define FAREWELL_H

#include "conversation_queue.h"

enum err farewell(struct store *s, const struct by *by, bool everywhere) MUST_CHECK;

#endif
