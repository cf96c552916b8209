/*
 * token_command - API tokens from the command line: --token-create, --token-list, --token-revoke.
 *
 * A token is shown once, when it is made; only its hash is kept. Works beside running programs.
 * Errors:  said on stderr; the result is what the program exits with.
 */
#ifndef TOKEN_COMMAND_H
#define TOKEN_COMMAND_H

#include "config.h"

int token_create(
    const struct config *c, const char *name, const char *days); /* days NULL: for ever */
int token_list(const struct config *c);
/* Ends all tokens of that name, or the one with that number, and the sessions started with them. */
int token_revoke(const struct config *c, const char *name_or_number);

#endif
